"""`logging` as the Lambda runtime sets it up, one state (root logger, levels, handlers) per Lambda environment."""

import sys

from rehearsal import kernel

FORMAT = "[%(levelname)s]\t%(asctime)s.%(msecs)03dZ\t%(aws_request_id)s\t%(message)s\n"

_logging = None


def patch_logging(module):
    global _logging
    _logging = module
    module.Formatter.converter = staticmethod(__import__("time").gmtime)
    kernel.activate_hooks.append(activate)
    if kernel.current is not None:
        activate(kernel.current)


def activate(invocation):
    """Puts the environment's own loggers in the places where the module looks for them."""
    environment = invocation.environment
    if environment is None:
        return
    if environment.loggers is None:
        environment.loggers = make_loggers(environment.function.is_script)
    _logging.root = environment.loggers
    _logging.Logger.root = environment.loggers
    _logging.Logger.manager = environment.loggers.manager


def make_loggers(is_script):
    root = _logging.RootLogger(_logging.WARNING)
    root.manager = _logging.Manager(root)
    if is_script:
        return root
    handler = make_handler_class()()
    handler.setFormatter(_logging.Formatter(FORMAT, "%Y-%m-%dT%H:%M:%S"))
    root.handlers.append(handler)
    return root


_handler_class = None


def make_handler_class():
    global _handler_class
    if _handler_class is None:

        class LambdaLoggerHandler(_logging.Handler):
            def emit(self, record):
                record.aws_request_id = kernel.current.request_id
                sys.stdout.write(self.format(record))

        _handler_class = LambdaLoggerHandler
    return _handler_class

"""The Lambda runtime: environments, the handler's import, its call, and what becomes of its result or exception.

Texts and error types are those of AWS's Python runtime interface client. Stack traces keep the user's frames only, so
that they do not depend on the interpreter that happens to be installed.
"""

import gc
import os
import sys
import _signal as signal
from _contextvars import Context
from json import JSONEncoder, dumps, loads
from types import ModuleType

from rehearsal import clock, code, entropy, files, kernel, logs, process

TASK_ROOT = "/var/task"
# What `Traceback` prints of one frame repeated in a row (traceback._RECURSIVE_CUTOFF).
REPEATED_FRAMES_MAX = 3
ORPHAN_CHECK_SECONDS = 2.0
# Objects between two collections: the default of 700 costs more than it frees in short handlers.
COLLECT_AFTER_OBJECTS = 20_000

functions = []
environments = {}
# The environment whose modules stand in `sys.modules`.
active = None


class Function:
    """A function of the template, or a script; its code is compiled once, on first use."""

    __slots__ = ("index", "name", "handler", "variables", "path", "module_name", "files", "is_script")

    def __init__(self, index, source):
        self.index = index
        self.name = source["name"]
        self.handler = source["handler"]
        self.variables = source["environment"]
        self.is_script = source["is_script"]
        self.path = source["file"]
        self.files = code.CodeFiles(source["folders"], source["files"])
        self.module_name = "__main__" if self.is_script else self.module_of(self.path)

    def module_of(self, path):
        for folder in self.files.folders:
            if path.startswith(folder):
                path = path[len(folder):]
                break
        return path.removesuffix(".py").replace("/", ".")


class Environment:
    """A Lambda execution environment, or a script's process: module state, variables, loggers, seeded randomness,
    context variables."""

    __slots__ = (
        "key", "function", "variables", "arguments", "module", "modules", "handler", "random", "loggers", "context",
        "files",
    )

    def __init__(self, function, number, variables, arguments):
        self.key = (function.index, number)
        self.function = function
        self.variables = variables
        self.arguments = arguments
        self.module = ModuleType(function.module_name)
        self.module.__file__ = function.path
        self.modules = code.Modules(function.module_name, self.module)
        self.handler = self.random = self.loggers = None
        self.context = Context()
        self.files = {}


def lambda_variables(function, number, memory_mb, arn):
    parts = arn.split(":")
    region = parts[3] if len(parts) > 3 else "us-east-1"
    year, month, day = clock._gmtime(kernel.now_ms // 1000)[:3]
    stream = entropy.mix(number + 1)
    return {
        "AWS_REGION": region,
        "AWS_DEFAULT_REGION": region,
        "AWS_ACCESS_KEY_ID": "ASIAREHEARSAL0000000",
        "AWS_SECRET_ACCESS_KEY": "rehearsal",
        "AWS_SESSION_TOKEN": "rehearsal",
        "AWS_EXECUTION_ENV": "AWS_Lambda_python3.13",
        "AWS_LAMBDA_FUNCTION_NAME": function.name,
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(memory_mb),
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "AWS_LAMBDA_LOG_GROUP_NAME": "/aws/lambda/" + function.name,
        "AWS_LAMBDA_LOG_STREAM_NAME": "%04d/%02d/%02d/[$LATEST]%032x" % (year, month, day, stream),
        "AWS_LAMBDA_RUNTIME_API": "127.0.0.1:9001",
        "_HANDLER": function.handler,
        "LAMBDA_TASK_ROOT": TASK_ROOT,
        "LAMBDA_RUNTIME_DIR": "/var/runtime",
        "LANG": "en_US.UTF-8",
        "PATH": "/var/lang/bin:/usr/local/bin:/usr/bin/:/bin:/opt/bin",
        "TZ": ":UTC",
        **function.variables,
    }


def script_variables(arn, given):
    """What a script finds at the desk of whoever runs it."""
    region = arn.split(":")[3] if arn.count(":") > 3 else "us-east-1"
    return {
        "AWS_REGION": region,
        "AWS_DEFAULT_REGION": region,
        "HOME": process.SCRIPT_FOLDER,
        "LANG": "en_US.UTF-8",
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "TZ": ":UTC",
        **given,
    }


class LambdaContext:
    def __init__(self, invocation, arn):
        variables = invocation.environment.variables
        self.aws_request_id = invocation.request_id
        self.log_group_name = variables.get("AWS_LAMBDA_LOG_GROUP_NAME")
        self.log_stream_name = variables.get("AWS_LAMBDA_LOG_STREAM_NAME")
        self.function_name = variables.get("AWS_LAMBDA_FUNCTION_NAME")
        self.memory_limit_in_mb = variables.get("AWS_LAMBDA_FUNCTION_MEMORY_SIZE")
        self.function_version = variables.get("AWS_LAMBDA_FUNCTION_VERSION")
        self.invoked_function_arn = arn
        self.tenant_id = self.client_context = None
        self.identity = CognitoIdentity()
        self._deadline_ms = invocation.deadline_ms

    def get_remaining_time_in_millis(self):
        return max(0, self._deadline_ms - kernel.read_clock())

    def log(self, message):
        kernel.log(str(message))

    def __repr__(self):
        names = (
            "aws_request_id", "log_group_name", "log_stream_name", "function_name", "memory_limit_in_mb",
            "function_version", "invoked_function_arn", "client_context", "identity", "tenant_id",
        )
        return "LambdaContext([" + ",".join("%s=%s" % (name, getattr(self, name)) for name in names) + "])"


class CognitoIdentity:
    cognito_identity_id = cognito_identity_pool_id = None

    def __repr__(self):
        return "CognitoIdentity([cognito_identity_id=None,cognito_identity_pool_id=None])"


class Fault(Exception):
    """An error of the runtime itself; its type does not come from a Python class."""

    def __init__(self, kind, message, trace=(), request_id=""):
        self.payload = error_payload(kind, message, list(trace), request_id)


def main(settings, patches):
    """Takes the process over; never returns."""
    input_fd, output_fd = os.dup(0), os.dup(1)
    null = os.open(os.devnull, os.O_RDWR)
    os.dup2(null, 0)
    os.dup2(null, 1)
    pin(settings["cpu"], settings["caller"])
    functions.extend(Function(index, source) for index, source in enumerate(settings["functions"]))
    patches.update(
        datetime=clock.patch_datetime,
        random=entropy.patch_random,
        uuid=entropy.patch_uuid,
        logging=logs.patch_logging,
        signal=process.patch_signal,
        tempfile=files.patch_tempfile,
        threading=process.patch_threading,
    )
    patches["concurrent.futures.thread"] = process.patch_thread_pool
    patches["asyncio.unix_events"] = patch_event_loop
    leave_with_parent()
    readable = [folder for folder in sys.path if folder]
    readable += ["/usr/share/zoneinfo/", "/usr/lib/zoneinfo/", "/usr/share/lib/zoneinfo/", "/etc/zoneinfo/"]
    clock.install(settings["epoch_ms"])
    entropy.install()
    process.install()
    code.install()
    files.install()
    process.guard(readable)
    kernel.activate_hooks.append(activate)
    gc.collect()
    gc.freeze()
    gc.set_threshold(COLLECT_AFTER_OBJECTS)
    kernel.serve(input_fd, output_fd, run, discard, environments.clear)


def patch_event_loop(module):
    # Few handlers use asyncio, so its part is compiled when one does.
    from rehearsal import loops

    loops.patch_policy(module)


def pin(cpu, caller):
    """Strands that hand over to each other on one processor do it ten times faster than across two."""
    if not hasattr(os, "sched_setaffinity"):
        return
    allowed = sorted(os.sched_getaffinity(0))
    place = {allowed[cpu % len(allowed)]}
    try:
        os.sched_setaffinity(0, place)
        if caller is not None:
            os.sched_setaffinity(caller, place)
    except OSError:
        # A container may forbid it; that costs speed, nothing else.
        pass


def leave_with_parent():
    """A handler in an endless loop must not outlive the program that started it."""
    parent, getppid, leave = os.getppid(), os.getppid, os._exit

    def check(number, frame):
        if getppid() != parent:
            leave(0)

    signal.signal(signal.SIGINT, signal.SIG_DFL)
    signal.signal(signal.SIGALRM, check)
    signal.setitimer(signal.ITIMER_REAL, ORPHAN_CHECK_SECONDS, ORPHAN_CHECK_SECONDS)


def activate(invocation):
    global active
    environment = invocation.environment
    process.environ.data = environment.variables
    if active is not environment:
        if active is not None:
            active.modules.leave()
        active = environment
        environment.modules.enter()
        sys.argv = environment.arguments


def run(invocation, text):
    """Runs one invocation to its end; returns the kind and text of the frame that reports it."""
    index, number, fresh, deadline_ms, seed, memory_mb, request_id, arn, event = kernel.decode(text)
    function = functions[index]
    invocation.function = function
    invocation.request_id, invocation.deadline_ms, invocation.entropy = request_id, deadline_ms, seed
    invocation.arn = arn
    environment = None if fresh else environments.get((index, number))
    if environment is None:
        if function.is_script:
            variables, arguments = script_variables(arn, event["environment"]), [function.path, *event["arguments"]]
        else:
            variables, arguments = lambda_variables(function, number, memory_mb, arn), ["/var/runtime/bootstrap.py"]
        environment = environments[index, number] = Environment(function, number, variables, arguments)
    invocation.environment = environment
    kernel.activate(invocation)
    try:
        if function.is_script:
            return environment.context.run(run_script, environment)
        return environment.context.run(invoke, invocation, event, arn)
    except kernel.Abandoned:
        return None, ""
    except SystemExit as exit:
        discard(invocation)
        return kernel.EXITED, str(exit_status(exit.code))
    except BaseException as error:
        discard(invocation)
        report(error_payload(type(error).__name__, describe(error), trace(error, function), request_id))
        return kernel.EXITED, "1"


def discard(invocation):
    """The invocation's environment is gone; the next one in its place starts cold."""
    environment = invocation.environment
    if environment is not None and environments.get(environment.key) is environment:
        del environments[environment.key]


def run_script(environment):
    """Runs a script as `python3 FILE ARGUMENTS` would. An exception that nobody catches ends it with its traceback."""
    function = environment.function
    try:
        exec(function.files.code(function.path), environment.module.__dict__)
    except Exception as error:
        tell_missing(error, function)
        lines = trace(error, function)
        if isinstance(error, SyntaxError) and error.filename in function.files.texts:
            lines.append('  File "%s", line %s\n    %s\n' % (error.filename, error.lineno, (error.text or "").strip()))
        kind = type(error)
        name = kind.__name__ if kind.__module__ in ("builtins", "__main__") else kind.__module__ + "." + kind.__name__
        message = describe(error)
        kernel.log("Traceback (most recent call last):\n%s%s\n" % ("".join(lines), name + ": " * bool(message) + message))
        return kernel.FAILED, dumps(error_payload(kind.__name__, message, lines, ""))
    return kernel.RETURNED, "null"


def invoke(invocation, event, arn):
    environment = invocation.environment
    function = environment.function
    try:
        if environment.handler is None:
            try:
                environment.handler = load(environment)
            except BaseException:
                # AWS: after a failed init the process is gone, and the next invocation imports the module again.
                discard(invocation)
                raise
        try:
            response = environment.handler(event, LambdaContext(invocation, arn))
        except Exception as error:
            payload = error_payload(
                type(error).__name__, describe(error), trace(error, function), invocation.request_id
            )
            return failed(payload)
        return kernel.RETURNED, marshal(response, invocation.request_id)
    except Fault as fault:
        return failed(fault.payload)


def load(environment):
    """Imports the module and finds the handler."""
    function = environment.function
    module_name, dot, name = function.handler.rpartition(".")
    if not dot:
        raise Fault(
            "Runtime.MalformedHandlerName",
            "Bad handler '%s': not enough values to unpack (expected 2, got 1)" % function.handler,
        )
    if module_name.split(".")[0] in sys.builtin_module_names:
        message = "Cannot use built-in module %s as a handler module" % module_name
        raise Fault("Runtime.BuiltInModuleConflict", message)
    if function.files.find(module_name.replace("/", ".")) is None:
        message = "Unable to import module '%s': No module named '%s'" % (module_name, module_name.replace("/", "."))
        raise Fault("Runtime.ImportModuleError", message)
    try:
        exec(function.files.code(function.path), environment.module.__dict__)
    except ImportError as error:
        tell_missing(error, function)
        message = "Unable to import module '%s': %s" % (module_name, describe(error))
        raise Fault("Runtime.ImportModuleError", message) from None
    except SyntaxError as error:
        where = '  File "%s" Line %s\n    %s' % (error.filename, error.lineno, error.text)
        message = "Syntax error in module '%s': %s" % (module_name, describe(error))
        raise Fault("Runtime.UserCodeSyntaxError", message, [where]) from None
    except Exception as error:
        fault = Fault("", "")
        fault.payload = error_payload(type(error).__name__, describe(error), trace(error, function), "")
        raise fault from None
    try:
        return getattr(environment.module, name)
    except AttributeError:
        message = "Handler '%s' missing on module '%s'" % (name, module_name)
        raise Fault("Runtime.HandlerNotFound", message) from None


def tell_missing(error, function):
    """Says of a module that is nowhere what to do about it."""
    if not isinstance(error, ModuleNotFoundError) or not error.name:
        return
    place, step = None, error.__traceback__
    while step is not None:
        path = step.tb_frame.f_code.co_filename
        if path in function.files.texts:
            place = (path, step.tb_lineno)
        step = step.tb_next
    process.notice("import", "imports '%s'" % error.name, place)


def marshal(response, request_id):
    """The result as JSON text. AWS: the runtime writes a Decimal as a number."""
    try:
        if isinstance(response, bytes):
            text = response.decode()
            try:
                loads(text)
            except ValueError:
                text = dumps(text)
        else:
            text = result_encoder.encode(response)
        if "\\ud" in text:
            text = dumps(loads(dumps(loads(text), ensure_ascii=False).encode("utf-8", "replace")))
        return text
    except Exception as error:
        message = "Unable to marshal response: " + describe(error)
        raise Fault("Runtime.MarshalError", message, (), request_id) from None


def plain(value):
    decimal = sys.modules.get("decimal")
    if decimal is not None and isinstance(value, decimal.Decimal):
        return int(value) if value == value and value.as_tuple().exponent == 0 else float(value)
    raise TypeError("Object of type %s is not JSON serializable" % type(value).__name__)


result_encoder = JSONEncoder(separators=(",", ":"), allow_nan=False, default=plain)


def failed(payload):
    report(payload)
    return kernel.FAILED, dumps(payload)


def error_payload(kind, message, trace, request_id):
    return {"errorMessage": message, "errorType": kind, "requestId": request_id, "stackTrace": trace}


def report(payload):
    """The runtime's own log of an error."""
    head = "[ERROR] " + payload["errorType"]
    if payload["errorMessage"]:
        head += ": " + payload["errorMessage"]
    kernel.log(head + "\nTraceback (most recent call last):\n" + "".join(payload["stackTrace"]))


def describe(error):
    try:
        return str(error)
    except Exception:
        return ""


def trace(error, function):
    """The user's frames, formatted as `traceback.format_list` does."""
    lines, last, repeats = [], None, 0
    texts = function.files.texts
    step = error.__traceback__
    while step is not None:
        code = step.tb_frame.f_code
        path = code.co_filename
        if path in texts:
            frame = (path, step.tb_lineno, code.co_name)
            if frame != last:
                fold(lines, repeats)
                last, repeats = frame, 0
            repeats += 1
            if repeats <= REPEATED_FRAMES_MAX:
                source = function.files.line(path, step.tb_lineno)
                text = '  File "%s", line %s, in %s\n' % (path, step.tb_lineno, code.co_name)
                lines.append(text + "    %s\n" % source if source else text)
        step = step.tb_next
    fold(lines, repeats)
    return lines


def fold(lines, repeats):
    hidden = repeats - REPEATED_FRAMES_MAX
    if hidden > 0:
        lines.append("  [Previous line repeated %d more time%s]\n" % (hidden, "s" if hidden > 1 else ""))


def exit_status(code):
    """AWS: `sys.exit("text")` prints the text and leaves with 1."""
    if code is None:
        return 0
    if isinstance(code, int):
        return code & 0xFF
    kernel.log("%s\n" % (code,))
    return 1

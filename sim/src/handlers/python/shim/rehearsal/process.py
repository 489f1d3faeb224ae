"""What a handler can reach of the process: variables, output, identity, exits; and a guard against the rest.

Threads, processes, sockets and written files are outside the world's control. They are refused with the exception that
the operating system would give, and a notice tells the host.
"""

import errno
import os
import sys
import _thread
from _collections_abc import MutableMapping
from json import dumps

from rehearsal import code, kernel

PROCESS_ID = 8
# A script's paths begin here.
SCRIPT_FOLDER = "/home/client"
# Different notices of one worker; file names could make any number.
NOTICES_MAX = 1000
WRITING_FLAGS = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND


class Environ(MutableMapping):
    """`os.environ` of the environment that runs; `data` is swapped when another one does."""

    def __init__(self):
        self.data = {}

    def __getitem__(self, key):
        return self.data[key]

    def __setitem__(self, key, value):
        for text in (key, value):
            if not isinstance(text, str):
                raise TypeError("str expected, not %s" % type(text).__name__)
        self.data[key] = value

    def __delitem__(self, key):
        del self.data[key]

    def __iter__(self):
        return iter(list(self.data))

    def __len__(self):
        return len(self.data)

    def __contains__(self, key):
        return key in self.data

    def __repr__(self):
        return "environ(%r)" % (self.data,)

    def get(self, key, default=None):
        return self.data.get(key, default)

    def copy(self):
        return dict(self.data)

    def __or__(self, other):
        return {**self.data, **other}

    def __ror__(self, other):
        return {**other, **self.data}


class Output:
    """`sys.stdout` and `sys.stderr`: text goes to the invocation's log."""

    encoding, errors, closed, newlines, mode, name = "utf-8", "strict", False, None, "w", "<log>"

    def __init__(self, binary=None):
        self.buffer = binary or BinaryOutput()

    def write(self, text):
        if not isinstance(text, str):
            raise TypeError("write() argument must be str, not %s" % type(text).__name__)
        kernel.log(text)
        return len(text)

    def writelines(self, lines):
        for line in lines:
            self.write(line)

    def flush(self):
        pass

    def isatty(self):
        return False

    def readable(self):
        return False

    def writable(self):
        return True

    def reconfigure(self, **settings):
        pass


class BinaryOutput:
    def write(self, data):
        kernel.log(bytes(data).decode("utf-8", "replace"))
        return len(data)

    def flush(self):
        pass


environ = Environ()


_told = set()


def notice(kind, detail, place=None):
    """Tells the host of behaviour that the world does not control: of each kind a function's first, and its place."""
    invocation = kernel.current
    if invocation is None or invocation.dead:
        return
    subject = (invocation.function.index, kind, detail if kind == "unsupported" else "")
    if subject not in _told and len(_told) < NOTICES_MAX:
        _told.add(subject)
        path, line = place or code.user_frame(sys._getframe(1)) or (invocation.function.path, 0)
        kernel.enclose(kernel.NOTICE, dumps([invocation.function.index, kind, detail, path, line]))


def install():
    os.environ = environ
    os.putenv = environ.__setitem__
    os.unsetenv = lambda key: environ.data.pop(key, None)
    os.getpid = lambda: PROCESS_ID
    os.getppid = lambda: 1
    os.cpu_count = lambda: 2
    os.getcwd = working_folder
    os._exit = lambda status: leave(status)
    os.abort = lambda: leave(134)
    os.kill = kill
    sys.stdin = None
    sys.stdout = Output()
    sys.stderr = Output(sys.stdout.buffer)
    sys.__stdout__, sys.__stderr__ = sys.stdout, sys.stderr
    _thread.start_new_thread = refuse_thread
    if hasattr(_thread, "start_joinable_thread"):
        _thread.start_joinable_thread = refuse_thread


def working_folder():
    """AWS: a function's is that of its code. A script is run where its path begins."""
    invocation = kernel.current
    is_script = invocation is not None and invocation.function is not None and invocation.function.is_script
    return SCRIPT_FOLDER if is_script else "/var/task"


def leave(status):
    """`os._exit`: the process is gone at once, no `finally` runs."""
    invocation = kernel.current
    if not invocation.dead:
        kernel.post(kernel.EXITED, str(status))
        kernel.bury(invocation)
    kernel.refuse(invocation)


def kill(process_id, signal):
    if process_id == PROCESS_ID and signal:
        leave(128 + int(signal))
    raise ProcessLookupError(errno.ESRCH, "No such process")


def refuse_thread(*args, **kwargs):
    notice("thread", "started a thread")
    raise RuntimeError("can't start new thread")


def patch_signal(module):
    def refuse(*args, **kwargs):
        notice("signal", "used the module signal")
        raise PermissionError(errno.EPERM, "Operation not permitted")

    for name in ("alarm", "setitimer", "signal", "raise_signal", "pthread_kill"):
        if hasattr(module, name):
            setattr(module, name, refuse)


def patch_threading(module):
    # An invocation runs on any thread of the pool; the handler believes, as in Lambda, that it is the main one.
    module.current_thread = module.main_thread
    module.currentThread = module.main_thread
    def start(self):
        """A thread does all its work where it is started: one order of many, and always the same one."""
        if "_rehearsal_started" in self.__dict__:
            raise RuntimeError("threads can only be started once")
        notice("thread", "started a thread; its work was done at once")
        self.__dict__["_rehearsal_started"] = True
        try:
            self.run()
        except SystemExit:
            pass
        except Exception:
            from traceback import format_exc

            kernel.log("Exception in thread %s:\n%s" % (self.name, format_exc()))

    def join(self, timeout=None):
        if "_rehearsal_started" not in self.__dict__:
            raise RuntimeError("cannot join thread before it is started")

    def wait(self, timeout=None):
        """Nobody else runs meanwhile, so nobody notifies."""
        if timeout is None:
            raise RuntimeError("waits for ever: no other thread runs that could end it")
        kernel.sleep(max(0, int(timeout * 1000)))
        return False

    module.Thread.start, module.Thread.join, module.Thread.is_alive = start, join, lambda self: False
    module.Condition.wait = wait


def patch_thread_pool(module):
    """A thread pool runs each piece of work where it is handed in: one order of many, and always the same one."""

    def submit(self, function, /, *args, **kwargs):
        notice("thread", "handed work to a thread pool; it was run at once, in order")
        future = module._base.Future()
        future.set_running_or_notify_cancel()
        try:
            future.set_result(function(*args, **kwargs))
        except Exception as error:
            future.set_exception(error)
        return future

    module.ThreadPoolExecutor.submit = submit


def guard(readable_folders):
    """Watches what the interpreter does outside itself. Files may be read below `readable_folders` only."""
    readable = tuple(readable_folders)

    def hook(event, args):
        handle = watched.get(event)
        if handle is None:
            if not event.startswith(families):
                return
            handle = watched[event.split(".", 1)[0] + "."]
        if kernel.current is not None:
            handle(event, args)

    def opened(event, args):
        path, mode, flags = args
        if isinstance(path, int):
            return
        path = os.fsdecode(path)
        writes = mode is not None and set(mode) & set("wax+") or mode is None and flags & WRITING_FLAGS
        if writes:
            notice("file", "opened %s for writing" % path)
            raise OSError(errno.EROFS, "Read-only file system", path)
        if path.startswith("/var/task/") and path.endswith(".py"):
            # The interpreter looks for the line of a syntax error: nothing that the handler did.
            raise FileNotFoundError(errno.ENOENT, "No such file or directory", path)
        if not path.startswith(readable):
            notice("file", "read %s" % path)
            raise FileNotFoundError(errno.ENOENT, "No such file or directory", path)

    def changed(event, args):
        notice("file", "called %s" % event)
        raise OSError(errno.EROFS, "Read-only file system", str(args[0]) if args else None)

    def spawned(event, args):
        notice("process", "started a process (%s)" % event)
        raise PermissionError(errno.EPERM, "Operation not permitted")

    def connected(event, args):
        notice("network", "used the network (%s)" % event)
        raise OSError(errno.ENETUNREACH, "Network is unreachable")

    def foreign(event, args):
        notice("foreign code", "loaded foreign code (%s)" % event)
        raise PermissionError(errno.EPERM, "Operation not permitted")

    def listed(event, args):
        path = os.fsdecode(args[0]) if args and isinstance(args[0], (str, bytes)) else "."
        if not (path + "/").startswith(readable):
            notice("file", "listed %s" % path)
            raise FileNotFoundError(errno.ENOENT, "No such file or directory", path)

    watched = {"os.listdir": listed, "os.scandir": listed, "open": opened, "socket.": connected, "ctypes.": foreign, "subprocess.": spawned, "shutil.": changed}
    families = ("socket.", "ctypes.", "subprocess.", "shutil.")
    for event in ("system", "exec", "fork", "forkpty", "posix_spawn", "spawn"):
        watched["os." + event] = spawned
    for event in ("remove", "rename", "mkdir", "rmdir", "truncate", "link", "symlink", "chmod", "chown", "utime"):
        watched["os." + event] = changed
    sys.addaudithook(hook)

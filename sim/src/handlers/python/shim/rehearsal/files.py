"""The files that a handler may touch: those of its own code, read-only, and `/tmp`, in memory.

AWS: `/tmp` belongs to the environment and stays as long as it does. Here it is a dictionary of the environment, so that
two runs see the same, and nothing is written to the host. Everything else is left to the guard, which refuses it.
"""

import builtins
import errno
import io
import os
import stat

from rehearsal import kernel

ROOT = "/tmp"
# A link from paths as `os.path` normalises them to what is there: bytes of a file, None of a folder.
_real = {}
BLOCK_BYTES = 512


def tree():
    """The running environment's `/tmp`; None where no handler runs."""
    invocation = kernel.current
    return None if invocation is None or invocation.environment is None else invocation.environment.files


def place(path):
    """The path below `/tmp`, or None for one that is elsewhere."""
    if isinstance(path, int) or kernel.current is None:
        return None
    path = absolute(path)
    return path if path == ROOT or path.startswith(ROOT + "/") else None


def absolute(path):
    path = os.fsdecode(path)
    return os.path.normpath(path if path.startswith("/") else os.getcwd() + "/" + path)


def texts():
    """The files of who runs, and the folder that their paths are relative to: none for functions, theirs are whole."""
    function = kernel.current.function
    return function.files.texts, os.getcwd() + "/" if function.is_script else ""


def bundled(path):
    """The text of a file of the function's own code."""
    if isinstance(path, int) or kernel.current is None or kernel.current.function is None:
        return None
    known, folder = texts()
    path = absolute(path)
    return known.get(path[len(folder):]) if path.startswith(folder) else None


def below(path):
    """The names in a folder of the function's own code; None where there is no such folder."""
    if isinstance(path, int) or kernel.current is None or kernel.current.function is None:
        return None
    known, folder = texts()
    prefix = absolute(path).rstrip("/") + "/"
    whole = (folder + path for path in known)
    return sorted({path[len(prefix):].split("/")[0] for path in whole if path.startswith(prefix)}) or None


def fail(code, path):
    raise OSError(code, os.strerror(code), str(path))


class Stored(io.BytesIO):
    """An open file of `/tmp`; what is written is there when it is flushed or closed."""

    def __init__(self, files, path, data, readable, writable, append):
        super().__init__(data)
        self.name, self.mode = path, "rb+" if writable else "rb"
        self._files, self._path, self._append = files, path, append
        self._readable, self._writable = readable, writable

    def readable(self):
        return self._readable

    def writable(self):
        return self._writable

    def read(self, size=-1):
        if not self._readable:
            raise io.UnsupportedOperation("not readable")
        return super().read(size)

    def write(self, data):
        if not self._writable:
            raise io.UnsupportedOperation("not writable")
        if self._append:
            self.seek(0, io.SEEK_END)
        return super().write(data)

    def flush(self):
        super().flush()
        if self._writable and self._path in self._files:
            self._files[self._path] = self.getvalue()

    def close(self):
        if not self.closed:
            self.flush()
        super().close()


def open_file(file, mode="r", buffering=-1, encoding=None, errors=None, newline=None, closefd=True, opener=None):
    path = place(file) if opener is None else None
    if path is None:
        text = bundled(file)
        if text is None or set(mode) & set("wax+"):
            return _real["open"](file, mode, buffering, encoding, errors, newline, closefd, opener)
        raw = io.BytesIO(text.encode())
    else:
        raw = stored(path, mode)
    if "b" in mode:
        return raw
    return io.TextIOWrapper(raw, encoding or "utf-8", errors, newline)


def stored(path, mode):
    files = tree()
    kind = next((letter for letter in mode if letter in "rwax"), "")
    if not kind or len(set(mode) & set("rwax")) != 1:
        raise ValueError("invalid mode: %r" % mode)
    known = files.get(path, False)
    if known is None or path == ROOT:
        fail(errno.EISDIR, path)
    if kind == "r" and known is False:
        fail(errno.ENOENT, path)
    if kind == "x" and known is not False:
        fail(errno.EEXIST, path)
    if known is False:
        need_folder(files, path)
    data = known if kind in "ra" and known is not False else b""
    writable = kind != "r" or "+" in mode
    if writable:
        files[path] = data
    opened = Stored(files, path, data, kind == "r" or "+" in mode, writable, kind == "a")
    return opened


def need_folder(files, path):
    folder = os.path.dirname(path)
    if folder != ROOT and files.get(folder, False) is not None:
        fail(errno.ENOENT, path)


def remove(path, *args, **kwargs):
    here = place(path)
    if here is None:
        return _real["remove"](path, *args, **kwargs)
    files = tree()
    if files.get(here, False) is False:
        fail(errno.ENOENT, path)
    if files[here] is None:
        fail(errno.EISDIR, path)
    del files[here]


def mkdir(path, mode=0o777, **kwargs):
    here = place(path)
    if here is None:
        return _real["mkdir"](path, mode, **kwargs)
    files = tree()
    if here == ROOT or here in files:
        fail(errno.EEXIST, path)
    need_folder(files, here)
    files[here] = None


def rmdir(path, **kwargs):
    here = place(path)
    if here is None:
        return _real["rmdir"](path, **kwargs)
    files = tree()
    if files.get(here, False) is not None:
        fail(errno.ENOENT if here not in files else errno.ENOTDIR, path)
    if names(files, here):
        fail(errno.ENOTEMPTY, path)
    del files[here]


def rename(source, target, **kwargs):
    here, there = place(source), place(target)
    if here is None or there is None:
        return _real["rename"](source, target, **kwargs)
    files = tree()
    if here not in files:
        fail(errno.ENOENT, source)
    need_folder(files, there)
    for path in [path for path in files if path == here or path.startswith(here + "/")]:
        files[there + path[len(here):]] = files.pop(path)


def names(files, folder):
    return sorted(path[len(folder) + 1:] for path in files if os.path.dirname(path) == folder)


def listdir(path="."):
    here = place(path)
    if here is None:
        known = below(path)
        return _real["listdir"](path) if known is None else known
    files = tree()
    if here != ROOT and files.get(here, False) is not None:
        fail(errno.ENOENT if here not in files else errno.ENOTDIR, path)
    return names(files, here)


class Entry:
    """What `os.scandir` tells of a name."""

    def __init__(self, folder, name):
        self.name, self.path = name, os.path.join(folder, name)

    def stat(self, *, follow_symlinks=True):
        return os.stat(self.path)

    def is_dir(self, *, follow_symlinks=True):
        return stat.S_ISDIR(self.stat().st_mode)

    def is_file(self, *, follow_symlinks=True):
        return stat.S_ISREG(self.stat().st_mode)

    def is_symlink(self):
        return False

    def is_junction(self):
        return False

    def inode(self):
        return 0

    def __fspath__(self):
        return self.path

    def __repr__(self):
        return "<DirEntry %r>" % self.name


class Scan:
    def __init__(self, folder):
        self._entries = iter([Entry(folder, name) for name in listdir(folder)])

    def __iter__(self):
        return self

    def __next__(self):
        return next(self._entries)

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.close()

    def close(self):
        self._entries = iter(())


def scandir(path="."):
    if place(path) is None and below(path) is None:
        return _real["scandir"](path)
    return Scan(os.fsdecode(path))


def status(name):
    def function(path, *args, **kwargs):
        here = place(path)
        text = bundled(path) if here is None else None
        if here is None and text is None and below(path) is None:
            return _real[name](path, *args, **kwargs)
        if here is None:
            data = None if text is None else text.encode()
        else:
            data = None if here == ROOT else tree().get(here, False)
        if data is False:
            fail(errno.ENOENT, path)
        mode = stat.S_IFDIR | 0o755 if data is None else stat.S_IFREG | 0o644
        size, now = len(data or b""), kernel.now_ms // 1000
        return os.stat_result((mode, 0, 0, 1, 0, 0, size, now, now, now))

    return function


def patch_tempfile(module):
    """Temporary files without descriptors; names come from the keyed entropy, as everything random does."""
    def name(suffix, prefix, folder):
        folder = folder or ROOT
        return os.path.join(folder, (prefix or "tmp") + next(module._get_candidate_names()) + (suffix or ""))

    class Temporary:
        def __init__(self, path, mode, encoding, delete):
            self.name, self._delete = path, delete
            self.file = open_file(path, mode, encoding=encoding)

        def __getattr__(self, attribute):
            return getattr(self.__dict__["file"], attribute)

        def __enter__(self):
            return self

        def __iter__(self):
            return iter(self.file)

        def __exit__(self, *exception):
            self.close()

        def close(self):
            self.file.close()
            if self._delete and self.name in (tree() or ()):
                remove(self.name)

    def named(mode="w+b", buffering=-1, encoding=None, newline=None, suffix=None, prefix=None, dir=None, delete=True,
              **settings):
        return Temporary(name(suffix, prefix, dir), mode, encoding, delete)

    def mkdtemp(suffix=None, prefix=None, dir=None):
        path = name(suffix, prefix, dir)
        os.mkdir(path)
        return path

    module.NamedTemporaryFile = module.TemporaryFile = named
    module.mkdtemp = mkdtemp
    module.gettempdir = lambda: ROOT
    module.tempdir = ROOT


def install():
    _real["open"] = builtins.open
    builtins.open = io.open = open_file
    for function in (remove, mkdir, rmdir, rename, listdir, scandir):
        _real[function.__name__] = getattr(os, function.__name__)
        setattr(os, function.__name__, function)
    os.unlink, os.replace = remove, rename
    for name in ("stat", "lstat"):
        _real[name] = getattr(os, name)
        setattr(os, name, status(name))

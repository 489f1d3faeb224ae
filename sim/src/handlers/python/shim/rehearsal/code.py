"""The files of a function or a script: found by module name, compiled once, executed anew in every environment.

A function's own modules stand in `sys.modules` only while one of its environments runs: `Modules` puts them there and
takes them away again, so that two functions may each have a module `common`, and each environment its own state of it.
"""

import sys
from importlib.machinery import ModuleSpec

from rehearsal import kernel


class CodeFiles:
    """Texts by the path that the user's code sees, below the folders that modules are looked for in, in order."""

    __slots__ = ("folders", "texts", "_compiled", "_lines", "_packages")

    def __init__(self, folders, texts):
        self.folders = folders
        self.texts = texts
        self._compiled = {}
        self._lines = {}
        self._packages = set()
        for path in texts:
            while "/" in path and path.endswith((".py", "/")):
                path = path.rstrip("/").rpartition("/")[0] + "/"
                self._packages.add(path)
                if path == "/":
                    break

    def code(self, path):
        code = self._compiled.get(path)
        if code is None:
            code = self._compiled[path] = compile(self.texts[path], path, "exec", dont_inherit=True)
        return code

    def line(self, path, number):
        lines = self._lines.get(path)
        if lines is None:
            lines = self._lines[path] = self.texts[path].splitlines()
        return lines[number - 1].strip() if number and number <= len(lines) else ""

    def find(self, name):
        """The path of a module and whether it is a package; a folder without `__init__.py` has no path."""
        below = name.replace(".", "/")
        for folder in self.folders:
            place = folder + below
            if place + "/__init__.py" in self.texts:
                return place + "/__init__.py", True
            if place + ".py" in self.texts:
                return place + ".py", False
        if any(folder + below + "/" in self._packages for folder in self.folders):
            return None, True
        return None


class Modules:
    """The modules that an environment has made so far."""

    __slots__ = ("_names", "_modules")

    def __init__(self, name, module):
        self._names = [name]
        self._modules = {name: module}

    def expect(self, name):
        if name not in self._names:
            self._names.append(name)

    def enter(self):
        sys.modules.update(self._modules)

    def leave(self):
        for name in self._names:
            module = sys.modules.pop(name, None)
            if module is None:
                # Its import failed: the next one tries again.
                self._modules.pop(name, None)
            else:
                self._modules[name] = module


class Finder:
    """Finds the modules of whoever runs."""

    @staticmethod
    def find_spec(name, path=None, target=None):
        invocation = kernel.current
        if invocation is None or invocation.environment is None:
            return None
        found = invocation.function.files.find(name)
        if found is None:
            return None
        invocation.environment.modules.expect(name)
        spec = ModuleSpec(name, Loader, origin=found[0], is_package=found[1])
        spec.has_location = found[0] is not None
        return spec


class Loader:
    @staticmethod
    def create_module(spec):
        return None

    @staticmethod
    def exec_module(module):
        place = module.__spec__.origin
        if place is not None:
            exec(kernel.current.function.files.code(place), module.__dict__)

    @staticmethod
    def get_data(path):
        with open(path, "rb") as file:
            return file.read()

    @staticmethod
    def get_resource_reader(name):
        try:
            from importlib.readers import FileReader
        except ImportError:
            # Python 3.9 reads the files by their paths.
            return None
        path = kernel.current.function.files.find(name)[0]
        return None if path is None else FileReader(Place(path))


class Place:
    """What `importlib.resources` asks the loader of a package for."""

    def __init__(self, path):
        self.path = path


class NoLock:
    """Stands where the import system locks a module. One strand runs at a time; a lock that one of them holds while it
    waits for the world would stop another that imports a module of the same name for ever."""

    def __init__(self, name):
        pass

    def __enter__(self):
        pass

    def __exit__(self, *exception):
        pass


def install():
    # After the embedded modules: a `boto3` that lies in a function's folder is the virtual one all the same.
    sys.meta_path.insert(1, Finder)
    bootstrap = sys.modules["_frozen_importlib"]
    bootstrap._ModuleLockManager = NoLock
    bootstrap._lock_unlock_module = lambda name: None


def user_frame(frame):
    """The innermost frame of the user's code at or above `frame`: path and line, None where there is none."""
    invocation = kernel.current
    texts = invocation.function.files.texts
    while frame is not None:
        path = frame.f_code.co_filename
        if path in texts:
            return path, frame.f_lineno
        frame = frame.f_back
    return None

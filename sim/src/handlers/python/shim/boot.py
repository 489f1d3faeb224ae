"""The first code that the worker runs, handed over with `-c`.

Reads one length-prefixed JSON message (sources of the other modules, functions, settings), makes those sources
importable, and gives control to the Lambda runtime. Nothing is read from a site directory or the current folder.
"""

import sys

sys.path[:] = [folder for folder in sys.path if folder]
sys.dont_write_bytecode = True

import os
from importlib.machinery import ModuleSpec, PathFinder
from json import loads

SOURCES = {}
# Standard modules that are made virtual the moment somebody imports them: name -> function(module).
PATCHES = {}


class Embedded:
    """Finds the embedded modules, and wraps the import of standard modules that need a patch."""

    @staticmethod
    def find_spec(name, path=None, target=None):
        if name in SOURCES:
            is_package = any(other.startswith(name + ".") for other in SOURCES)
            return ModuleSpec(name, Source, origin="rehearsal", is_package=is_package)
        if name in PATCHES:
            spec = PathFinder.find_spec(name, path, target)
            if spec is not None and spec.loader is not None:
                spec.loader = Patching(spec.loader, PATCHES[name])
            return spec
        return None


class Source:
    @staticmethod
    def create_module(spec):
        return None

    @staticmethod
    def exec_module(module):
        name = module.__name__
        code = compile(SOURCES[name], "<rehearsal>/" + name, "exec", dont_inherit=True, optimize=2)
        exec(code, module.__dict__)


class Patching:
    def __init__(self, loader, patch):
        self.loader = loader
        self.patch = patch

    def create_module(self, spec):
        return self.loader.create_module(spec)

    def exec_module(self, module):
        module.__loader__ = module.__spec__.loader = self.loader
        # Only the first import executes the module, so it must not read an invocation's clock or entropy.
        kernel = sys.modules["rehearsal.kernel"]
        invocation, kernel.current = kernel.current, None
        try:
            self.loader.exec_module(module)
        finally:
            kernel.current = invocation
        self.patch(module)


def read_exactly(size):
    chunks = []
    while size:
        chunk = os.read(0, size)
        if not chunk:
            os._exit(0)
        chunks.append(chunk)
        size -= len(chunk)
    return b"".join(chunks)


message = read_exactly(int.from_bytes(read_exactly(4), "little"))
if sys.version_info < (3, 9):
    # The host refuses this version by its name; the modules need not even compile here.
    version = b"H%d.%d" % sys.version_info[:2]
    os.write(1, len(version).to_bytes(4, "little") + version)
    sys.exit()

settings = loads(message)
SOURCES.update(settings["sources"])
sys.meta_path.insert(0, Embedded)

from rehearsal import runtime

runtime.main(settings, PATCHES)

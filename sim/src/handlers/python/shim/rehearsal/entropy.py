"""Entropy and randomness.

`os.urandom`, `uuid`, `secrets` and unseeded `Random` objects are keyed: value n of an invocation (n counts from 1) is
the splitmix64 output for the state entropy + n * GAMMA; bytes are those values big-endian, the last one cut. The
functions of the module `random` are decisions: each derives from draws that the world answers, until the handler
calls `random.seed`.
"""

import os

from rehearsal import kernel

GAMMA = 0x9E3779B97F4A7C15
MASK = 0xFFFFFFFFFFFFFFFF
# 100 ns intervals between 1582-10-15 and 1970-01-01 (RFC 9562, version 1).
GREGORIAN_OFFSET = 0x01B21DD213814000
# The largest power of two below which every integer is a double.
DOUBLE_BITS = 53


def mix(state):
    state = ((state ^ (state >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    state = ((state ^ (state >> 27)) * 0x94D049BB133111EB) & MASK
    return state ^ (state >> 31)


def next_u64():
    invocation = kernel.current
    if invocation is None:
        return 0
    invocation.drawn += 1
    return mix((invocation.entropy + invocation.drawn * GAMMA) & MASK)


def urandom(size):
    if size < 0:
        raise ValueError("negative argument not allowed")
    return b"".join([next_u64().to_bytes(8, "big") for _ in range((size + 7) // 8)])[:size]


def install():
    os.urandom = urandom
    os.getrandom = lambda size, flags=0: urandom(size)


def patch_uuid(module):
    """`uuid4` reads `os.urandom`; `uuid1` would read the host's clock and network card."""

    def getnode():
        return 0x02_00_00_00_00_01

    def uuid1(node=None, clock_seq=None):
        value = next_u64()
        moment = kernel.read_clock() * 10_000 + GREGORIAN_OFFSET + value % 10_000
        if clock_seq is None:
            clock_seq = (value >> 48) & 0x3FFF
        fields = (
            moment & 0xFFFFFFFF,
            (moment >> 32) & 0xFFFF,
            (moment >> 48) & 0x0FFF,
            (clock_seq >> 8) & 0x3F,
            clock_seq & 0xFF,
            getnode() if node is None else node,
        )
        return module.UUID(fields=fields, version=1)

    module.getnode, module.uuid1 = getnode, uuid1


def patch_random(module):
    Original = module.Random

    class Random(Original):
        def seed(self, a=None, version=2):
            if a is None:
                a = int.from_bytes(urandom(32), "big")
            super().seed(a, version)

    class World(Original):
        def random(self):
            return kernel.draw()

        def _randbelow(self, limit):
            if limit > 1 << DOUBLE_BITS:
                return self.getrandbits(limit.bit_length() + 64) % limit
            return min(int(self.random() * limit), limit - 1)

        def getrandbits(self, bits):
            if bits < 0:
                raise ValueError("number of bits must be non-negative")
            if bits <= DOUBLE_BITS:
                return int(self.random() * (1 << bits))
            # One draw is one decision: more bits than it carries are stretched from it.
            state = int(self.random() * (1 << DOUBLE_BITS))
            words = [mix((state + n * GAMMA) & MASK) for n in range(1, (bits + 63) // 64 + 1)]
            value = 0
            for word in words:
                value = value << 64 | word
            return value >> (64 * len(words) - bits)

        def seed(self, a=None, version=2):
            pass

        def getstate(self):
            return ("world",)

    Random.__module__, Random.__qualname__ = "random", "Random"
    module.Random = Random
    module._urandom = urandom
    world = World()

    def generator():
        invocation = kernel.current
        return world if invocation is None else invocation.environment.random or world

    def seed(a=None, version=2):
        kernel.current.environment.random = None if a is None else seeded(a, version)

    def seeded(a, version):
        random = Random(0)
        random.seed(a, version)
        return random

    def setstate(state):
        random = None
        if state != ("world",):
            random = Random(0)
            random.setstate(state)
        kernel.current.environment.random = random

    def delegate(name):
        def function(*args, **kwargs):
            random = generator()
            if random is world:
                # A second value that `gauss` keeps would leak into another invocation.
                random.gauss_next = None
            return getattr(random, name)(*args, **kwargs)

        function.__name__ = name
        return function

    for name in dir(module):
        if getattr(getattr(module, name), "__self__", None) is module._inst:
            setattr(module, name, delegate(name))
    module.seed, module.setstate, module._inst = seed, setstate, world

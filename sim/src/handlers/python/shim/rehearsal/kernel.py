"""Frames, strands and invocations: who runs, and how a handler asks the world.

Every invocation runs on a strand, an operating system thread of a pool. Exactly one strand runs at a time: the one
that holds the baton. It writes its step, reads the next command itself, and goes on when the command is its own;
otherwise it opens the gate of the strand that the command is for and waits at its own gate. So a lone invocation never
pays for a thread switch, and the order is decided by the commands alone.
"""

import os
import sys
import _thread
from heapq import heappop, heappush
from json import JSONDecoder, JSONEncoder
from json.encoder import c_make_encoder, encode_basestring_ascii
from struct import Struct

# Commands, from the host.
START, RESPONSE, ERROR, WOKE, DRAWN, ABANDON, RESET = b"SREWDAZ"
# Internal: take the baton and read the next command.
SERVE = 0
# Frames to the host. The last four of a line end the host's read; log and notice come before them.
READY, CALL, SLEEP, RANDOM, RETURNED, FAILED, EXITED, LOG, NOTICE = b"HCSRDFXLN"

COMMAND_HEAD = Struct("<IBIQ")
COMMAND_HEAD_BYTES = COMMAND_HEAD.size
STEP_HEAD = Struct("<IB")
READ_BYTES = 1 << 16
# What Linux gives a main thread; elsewhere other threads get less, too little for deep recursion.
STRAND_STACK_BYTES = 8 << 20
# What an abandoned handler may still try (in `finally`, `except`) before its thread is left behind for good.
REFUSALS_MAX = 100
# Clock reads without a step after which a millisecond passes, so that a handler that spins on the clock ends.
CLOCK_READS_MAX = 1000
# Log text kept of one invocation.
LOG_CHARACTERS_MAX = 1 << 20

_read, _write, _exit = os.read, os.write, os._exit
_start_thread = _thread.start_new_thread

now_ms = 0
# The invocation whose code runs.
current = None
# Called with an invocation when another one ran before it: environment variables, modules, logging.
activate_hooks = []

_input = _output = -1
_buffer = b""
_outbox = []
_idle = []
_idle_strands = {}
_strands = 0
_flying = {}
_doomed = []
_run = _bury = _reset = None


class Abandoned(BaseException):
    """Unwinds a handler whose invocation the world has given up."""


class Strand:
    __slots__ = ("number", "gate", "mail")

    def __init__(self):
        global _strands
        self.number = _strands
        self.gate = _thread.allocate_lock()
        self.gate.acquire()
        self.mail = None
        _strands += 1


class Invocation:
    __slots__ = (
        "number", "strand", "function", "environment", "request_id", "deadline_ms", "entropy", "drawn", "calls",
        "clock_reads", "dead", "refusals", "log_characters", "arn",
    )

    def __init__(self, number, strand):
        self.number = number
        self.strand = strand
        self.environment = None
        self.arn = ""
        self.drawn = self.calls = self.clock_reads = self.refusals = self.log_characters = 0
        self.dead = False


def serve(input_fd, output_fd, run, bury_hook, reset_hook):
    """Serves commands for ever, on this thread and the strands it starts; `run(invocation, text)` runs a handler."""
    global _input, _output, _run, _bury, _reset
    _input, _output, _run, _bury, _reset = input_fd, output_fd, run, bury_hook, reset_hook
    _thread.stack_size(STRAND_STACK_BYTES)
    post(READY, "%d.%d" % sys.version_info[:2])
    _live(Strand(), None)


def post(kind, text):
    """Writes one frame, and whatever log and notices wait before it."""
    data = text.encode("ascii", "backslashreplace")
    frame = STEP_HEAD.pack(len(data) + 1, kind) + data
    if _outbox:
        _outbox.append(frame)
        frame = b"".join(_outbox)
        _outbox.clear()
    written = _write(_output, frame)
    while written < len(frame):
        frame = frame[written:]
        written = _write(_output, frame)


def enclose(kind, text):
    """Lets a log or notice frame travel with the next step."""
    data = text.encode("utf-8", "replace")
    _outbox.append(STEP_HEAD.pack(len(data) + 1, kind) + data)


def step(kind, text):
    """Asks the world on behalf of the running invocation; returns the answer's kind and text."""
    invocation = current
    if invocation.dead:
        refuse(invocation)
    invocation.clock_reads = 0
    post(kind, text)
    answer = _wait(invocation.strand)
    if current is not invocation:
        activate(invocation)
    if answer[0] == ABANDON:
        bury(invocation)
        raise Abandoned
    return answer


def log(text):
    """Keeps what the running invocation prints."""
    invocation = current
    if invocation is None or invocation.dead:
        return
    room = LOG_CHARACTERS_MAX - invocation.log_characters
    if room > 0:
        invocation.log_characters += len(text)
        enclose(LOG, text[:room])


def read_clock():
    """Virtual milliseconds since 1970; every thousandth read in a row lets a millisecond pass."""
    invocation = current
    if invocation is not None:
        invocation.clock_reads += 1
        if invocation.clock_reads >= CLOCK_READS_MAX:
            step(SLEEP, "1")
    return now_ms


def make_encoder(default):
    """A function that writes compact JSON; `default` replaces what JSON has no word for."""
    encoder = JSONEncoder(separators=(",", ":"), allow_nan=False, default=default)
    if c_make_encoder is None:
        return encoder.encode
    # `JSONEncoder.encode` makes this object anew for every value.
    chunks = c_make_encoder(None, default, encode_basestring_ascii, None, ":", ",", False, False, False)
    return lambda value: "".join(chunks(value, 0))


_scan = JSONDecoder().scan_once


def decode(text):
    """Reads JSON that the host wrote: compact, so without white space to look for."""
    return _scan(text, 0)[0]


def sleep(ms):
    if current is not None:
        step(SLEEP, str(ms))


def draw():
    """One draw of the world, at least 0 and below 1."""
    return float(step(RANDOM, "")[1]) if current is not None else 0.5


def bury(invocation):
    """Marks an invocation as given up. AWS: a crash or a timeout takes the Lambda environment with it."""
    invocation.dead = True
    _bury(invocation)


def refuse(invocation):
    """Unwinds an abandoned handler that tries to go on; one that never gives up is left behind at its gate."""
    invocation.refusals += 1
    if invocation.refusals > REFUSALS_MAX:
        _flying.pop(invocation.number, None)
        _hand_over(_take_idle(), (SERVE, ""))
        while True:
            invocation.strand.gate.acquire()
    raise Abandoned


def activate(invocation):
    global current
    current = invocation
    for hook in activate_hooks:
        hook(invocation)


def _live(strand, mail):
    """A strand's life: run an invocation, then wait for the next."""
    global current
    while True:
        if mail is not None and mail[0] == START:
            number = mail[2]
            invocation = Invocation(number, strand)
            _flying[number] = invocation
            current = invocation
            kind, text = _run(invocation, mail[1])
            _flying.pop(number, None)
            current = None
            if not invocation.dead:
                post(kind, text)
            # A local name would keep the handler's last exception and frames alive until the next invocation.
            invocation = mail = None
        heappush(_idle, strand.number)
        _idle_strands[strand.number] = strand
        mail = _wait(strand)


def _wait(me):
    """Serves commands until there is mail for `me`."""
    global now_ms
    while True:
        if _doomed:
            invocation = _doomed.pop()
            target, mail = invocation.strand, (ABANDON, "")
        else:
            kind, number, now, text = _next_command()
            now_ms = now
            if kind == START:
                target, mail = _take_idle(), (START, text, number)
            elif kind == RESET:
                _doomed.extend(invocation for _, invocation in sorted(_flying.items(), reverse=True))
                _reset()
                continue
            else:
                invocation = _flying.get(number)
                if invocation is None:
                    continue
                target, mail = invocation.strand, (kind, text)
        if target is me:
            return mail
        _hand_over(target, mail)
        me.gate.acquire()
        return me.mail


def _hand_over(target, mail):
    target.mail = mail
    target.gate.release()


def _take_idle():
    """The idle strand of the lowest number (so that the choice does not depend on earlier runs), or a new one."""
    if _idle:
        return _idle_strands.pop(heappop(_idle))
    strand = Strand()
    _start_thread(_enter, (strand,))
    return strand


def _enter(strand):
    strand.gate.acquire()
    _live(strand, strand.mail)


def _next_command():
    global _buffer
    buffer = _buffer
    while len(buffer) < COMMAND_HEAD_BYTES:
        more = _read(_input, READ_BYTES)
        if not more:
            _exit(0)
        buffer = buffer + more if buffer else more
    size, kind, number, now = COMMAND_HEAD.unpack_from(buffer)
    end = COMMAND_HEAD_BYTES + size
    missing = end - len(buffer)
    if missing > 0:
        chunks = [buffer]
        while missing > 0:
            more = _read(_input, max(missing, READ_BYTES))
            if not more:
                _exit(0)
            chunks.append(more)
            missing -= len(more)
        buffer = b"".join(chunks)
    _buffer = buffer[end:]
    return kind, number, now, buffer[COMMAND_HEAD_BYTES:end].decode()

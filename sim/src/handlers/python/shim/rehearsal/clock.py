"""The virtual clock under `time` and `datetime`. The time zone is UTC, as in Lambda."""

import time

from rehearsal import kernel

read_clock = kernel.read_clock

_gmtime, _asctime, _strftime = time.gmtime, time.asctime, time.strftime


def install(epoch_ms):
    """Patches the module `time` in place; `epoch_ms` is where the monotonic clocks begin."""

    def seconds():
        return read_clock() / 1000

    def nanoseconds():
        return read_clock() * 1_000_000

    def elapsed():
        return (read_clock() - epoch_ms) / 1000

    def elapsed_ns():
        return (read_clock() - epoch_ms) * 1_000_000

    def sleep(seconds):
        # Whole nanoseconds first: 2.3 * 1000 must not become 2301 ms.
        nanoseconds = round(seconds * 1_000_000_000)
        if nanoseconds < 0:
            raise ValueError("sleep length must be non-negative")
        kernel.sleep(-(-nanoseconds // 1_000_000))

    def gmtime(seconds=None):
        return _gmtime(read_clock() // 1000 if seconds is None else seconds)

    def asctime(moment=None):
        return _asctime(gmtime() if moment is None else moment)

    def ctime(seconds=None):
        return _asctime(gmtime(seconds))

    def strftime(format, moment=None):
        return _strftime(format, gmtime() if moment is None else moment)

    def clock_gettime(clock):
        return seconds() if clock == time.CLOCK_REALTIME else elapsed()

    def clock_gettime_ns(clock):
        return nanoseconds() if clock == time.CLOCK_REALTIME else elapsed_ns()

    for function in (sleep, gmtime, asctime, ctime, strftime, clock_gettime, clock_gettime_ns):
        setattr(time, function.__name__, function)
    time.time, time.time_ns, time.localtime = seconds, nanoseconds, gmtime
    for name in ("monotonic", "perf_counter", "process_time", "thread_time"):
        setattr(time, name, elapsed)
        setattr(time, name + "_ns", elapsed_ns)


def patch_datetime(module):
    """Replaces `date` and `datetime` by subclasses that read the virtual clock and pass for the originals."""
    real_date, real_datetime = module.date, module.datetime

    class Virtual(type):
        def __instancecheck__(cls, instance):
            if cls is datetime:
                return isinstance(instance, real_datetime)
            if cls is date:
                return isinstance(instance, real_date)
            return type.__instancecheck__(cls, instance)

        def __subclasscheck__(cls, other):
            if cls is datetime:
                return issubclass(other, real_datetime)
            if cls is date:
                return issubclass(other, real_date)
            return type.__subclasscheck__(cls, other)

    class date(real_date, metaclass=Virtual):
        @classmethod
        def today(cls):
            return cls.fromtimestamp(read_clock() / 1000)

        def __repr__(self):
            return "datetime." + super().__repr__()

    class datetime(real_datetime, metaclass=Virtual):
        @classmethod
        def now(cls, tz=None):
            return cls.fromtimestamp(read_clock() / 1000, tz)

        @classmethod
        def utcnow(cls):
            return cls.fromtimestamp(read_clock() / 1000)

        @classmethod
        def today(cls):
            return cls.fromtimestamp(read_clock() / 1000)

        def __repr__(self):
            return "datetime." + super().__repr__()

    for cls in (date, datetime):
        cls.__module__, cls.__qualname__ = "datetime", cls.__name__
    module.date, module.datetime = date, datetime

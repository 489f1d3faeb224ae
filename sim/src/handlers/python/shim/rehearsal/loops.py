"""`asyncio` without sockets: the event loop's waiting is a sleep of the invocation."""

from rehearsal import kernel


class Selector:
    """Stands where the loop polls its sockets; there are none, so only time can wake it."""

    def select(self, timeout=None):
        if timeout is None:
            raise RuntimeError("the event loop waits for something that no simulated event can bring")
        if timeout > 0:
            kernel.sleep(-(-round(timeout * 1_000_000_000) // 1_000_000))
        return []

    def close(self):
        pass


def patch_policy(module):
    """Gives the default policy (of `asyncio.unix_events`) a loop of ours."""
    from asyncio.base_events import BaseEventLoop

    class VirtualEventLoop(BaseEventLoop):
        def __init__(self):
            super().__init__()
            self._selector = Selector()

        def _process_events(self, events):
            pass

        def _write_to_self(self):
            pass

        async def shutdown_default_executor(self, timeout=None):
            # Pools have no threads here, see process.patch_thread_pool.
            pass

    for name in ("_UnixDefaultEventLoopPolicy", "_DefaultEventLoopPolicy"):
        policy = getattr(module, name, None)
        if policy is not None:
            policy._loop_factory = VirtualEventLoop
    if hasattr(module, "EventLoop"):
        # `asyncio.run(…)` of Python 3.14 makes the loop without asking a policy.
        module.EventLoop = VirtualEventLoop

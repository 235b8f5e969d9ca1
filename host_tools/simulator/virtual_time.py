"""An event loop in which waiting costs nothing: its clock stands still while anybody works, and
jumps to the next timer as soon as everybody waits.

What the real world does meanwhile (processes, sockets, threads) is looked at only when nothing
else is ready at this moment of virtual time, so its speed changes neither times nor order.
"""

import asyncio
import selectors
from collections.abc import Coroutine
from concurrent.futures import Executor
from typing import Any, TypeVar

PATIENCE = 10.0
"""Real seconds without a sign of life after which someone at work no longer holds time up: a
firmware in an endless loop must not keep its watchdog from biting."""

# Seconds: far above the rounding of times, far below anything that is timed here.
_RESOLUTION = 1e-7
# A task that asks again and again whether the real world did something must see it in the end.
_DEAF_ROUNDS = 1000

_T = TypeVar("_T")


class Deadlock(RuntimeError):
    """Every task waits, nothing is scheduled and nobody is at work: this would hang for ever."""


class VirtualTimeLoop(asyncio.SelectorEventLoop):
    """time() begins at 0 and moves only when there is nothing else to do.

    `patience`: see PATIENCE. Real I/O that nobody declares as `Work` is served when it happens to
    be there; time does not wait for it.
    """

    def __init__(self, patience: float = PATIENCE) -> None:
        self.patience = patience
        self._now = 0.0
        self._at_work = 0
        super().__init__(_Selector(self))
        self._clock_resolution = _RESOLUTION

    def time(self) -> float:
        return self._now

    def busy(self) -> "Work":
        """Hold time still while something real goes on: `with loop.busy(): ...`"""
        return Work(self)

    def run_in_executor(  # type: ignore[override]
        self, executor: Executor | None, func: Any, *args: Any
    ) -> "asyncio.Future[Any]":
        future = super().run_in_executor(executor, func, *args)
        work = Work(self)
        work.resume()
        future.add_done_callback(lambda _: work.end())
        return future

    async def shutdown_default_executor(self, timeout: float | None = None) -> None:  # noqa: ASYNC109
        with self.busy():
            await super().shutdown_default_executor()

    def _deadlock(self) -> Deadlock:
        waiting = (
            getattr(task.get_coro(), "__qualname__", "?") for task in asyncio.all_tasks(self)
        )
        return Deadlock(
            f"at {self._now:.6f} s every task waits and nothing will wake one:"
            f" {', '.join(sorted(waiting))}"
        )


class Work:
    """What somebody does in real time, a process say; on a VirtualTimeLoop time stands still from
    `resume` to `pause`, any number of times, until `end`. Begins paused; as a context manager it
    is resumed, and ends with it."""

    def __init__(self, loop: asyncio.AbstractEventLoop | None = None) -> None:
        """`loop`: the running one by default; on any but a VirtualTimeLoop this does nothing."""
        loop = loop or asyncio.get_running_loop()
        self._loop = loop if isinstance(loop, VirtualTimeLoop) else None
        self._goes_on = False

    def __enter__(self) -> "Work":
        self.resume()
        return self

    def __exit__(self, *_: object) -> None:
        self.end()

    def resume(self) -> None:
        if self._loop is not None and not self._goes_on:
            self._goes_on = True
            self._loop._at_work += 1

    def pause(self) -> None:
        if self._loop is not None and self._goes_on:
            self._goes_on = False
            self._loop._at_work -= 1

    def end(self) -> None:
        """It never holds time up again."""
        self.pause()
        self._loop = None


def is_virtual() -> bool:
    """Whether the running loop is one of virtual time."""
    return isinstance(asyncio.get_running_loop(), VirtualTimeLoop)


def run(main: Coroutine[Any, Any, _T], *, patience: float = PATIENCE) -> _T:
    """asyncio.run() in virtual time."""
    with asyncio.Runner(loop_factory=lambda: VirtualTimeLoop(patience)) as runner:
        return runner.run(main)


class _Selector(selectors.DefaultSelector):
    def __init__(self, loop: VirtualTimeLoop) -> None:
        super().__init__()
        self._loop = loop
        self._deaf_rounds = 0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """Called by the loop with 0 while anything is ready, else with the time to the next timer,
        None without one."""
        loop = self._loop
        if timeout is not None and timeout <= 0:
            self._deaf_rounds += 1
            if self._deaf_rounds < _DEAF_ROUNDS:
                return []
            self._deaf_rounds = 0
            return super().select(0)
        self._deaf_rounds = 0
        events = super().select(loop.patience if loop._at_work else 0)
        if not events:
            if timeout is None:
                raise loop._deadlock()
            loop._now += timeout
        return events

"""The virtual chip's watchdog: whoever stops feeding it is reset."""

import asyncio
from collections.abc import Callable


class Watchdog:
    """Counts on the event loop's clock, so it bites whatever the firmware is doing."""

    def __init__(self, bite: Callable[[], None]) -> None:
        self._bite = bite
        self._seconds = 0.0
        self._timer: asyncio.TimerHandle | None = None

    def start(self, ms: int) -> None:
        """Bite after `ms` without food; a watchdog that runs takes over the new time."""
        self._seconds = ms / 1000
        self._wind()

    def feed(self) -> None:
        """Begin the time anew; does nothing to a watchdog that does not run."""
        if self._timer is not None:
            self._wind()

    def stop(self) -> None:
        """What only a reset, a deep sleep and a power cut can do."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _wind(self) -> None:
        self.stop()
        self._timer = asyncio.get_running_loop().call_later(self._seconds, self._expire)

    def _expire(self) -> None:
        self._timer = None
        self._bite()

"""The chip's own idea of the time: what `time.time_ns()` is made of."""

import asyncio


class WallClock:
    """Seconds since the power came on, through resets and deep sleep, during which the chip counts
    on its RC oscillator; `drift_ppm` is how much too fast that is, from the next sleep on."""

    def __init__(self, drift_ppm: float = 0.0) -> None:
        self.drift_ppm = drift_ppm
        self._rate = 1.0
        self._since = 0.0
        self._reading = 0.0

    def start(self) -> None:
        """The power comes on: begin at zero."""
        self._set(0.0, 1.0)

    def fall_asleep(self) -> None:
        self._set(self.now(), 1 + self.drift_ppm / 1_000_000)

    def wake(self) -> None:
        self._set(self.now(), 1.0)

    def skip(self, seconds: float) -> None:
        """Have so many seconds gone by at once."""
        self._set(self.now() + seconds * self._rate, self._rate)

    def now(self) -> float:
        return self._reading + (asyncio.get_running_loop().time() - self._since) * self._rate

    def when(self, reading: float) -> float:
        """The loop's time at which this clock will show `reading`, as it runs now."""
        return self._since + (reading - self._reading) / self._rate

    def _set(self, reading: float, rate: float) -> None:
        self._reading, self._rate = reading, rate
        self._since = asyncio.get_running_loop().time()

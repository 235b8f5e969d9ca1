"""Interference with single indications (or notifications)."""

from __future__ import annotations

import random

from host_tools.simulator.car.link import MAX_MESSAGE
from host_tools.simulator.faults.interference import Interference


class OnIndications(Interference):
    """Strikes at `times` indications from number `first` on, counted since it was made."""

    def __init__(self, first: int = 0, *, times: int = 1) -> None:
        self._first = first
        self._times = times
        self._seen = 0

    @property
    def struck(self) -> bool:
        """Whether it had its way as often as it should."""
        return self._seen >= self._first + self._times

    def on_indication(self, data: bytes) -> list[tuple[float, bytes]]:
        index, self._seen = self._seen, self._seen + 1
        if 0 <= index - self._first < self._times:
            return self.spoil(data)
        return [(0.0, data)]

    def spoil(self, data: bytes) -> list[tuple[float, bytes]]:
        raise NotImplementedError


class Duplicate(OnIndications):
    """Sends it twice."""

    def spoil(self, data: bytes) -> list[tuple[float, bytes]]:
        return [(0.0, data), (0.0, data)]


class Drop(OnIndications):
    """Sends nothing."""

    def spoil(self, data: bytes) -> list[tuple[float, bytes]]:
        return []


class Truncate(OnIndications):
    """Sends its first `keep` bytes."""

    def __init__(self, first: int = 0, *, keep: int = 3, times: int = 1) -> None:
        super().__init__(first, times=times)
        self._keep = keep

    def spoil(self, data: bytes) -> list[tuple[float, bytes]]:
        return [(0.0, data[: self._keep])]


class Garbage(OnIndications):
    """Sends as many random bytes."""

    def __init__(self, first: int = 0, *, seed: int = 0, times: int = 1) -> None:
        super().__init__(first, times=times)
        self._random = random.Random(seed)

    def spoil(self, data: bytes) -> list[tuple[float, bytes]]:
        return [(0.0, self._random.randbytes(len(data)))]


class Oversize(OnIndications):
    """Announces a message one byte longer than any may be."""

    def spoil(self, data: bytes) -> list[tuple[float, bytes]]:
        return [(0.0, (MAX_MESSAGE + 1).to_bytes(2, "big") + data[2:])]


class Late(OnIndications):
    """Sends it `delay` seconds later; those behind it do not wait."""

    def __init__(self, first: int = 0, *, delay: float = 1.0, times: int = 1) -> None:
        super().__init__(first, times=times)
        self._delay = delay

    def spoil(self, data: bytes) -> list[tuple[float, bytes]]:
        return [(self._delay, data)]


class Reorder(Interference):
    """Holds indication number `first` back until the next one has gone; lost if none comes."""

    def __init__(self, first: int = 0) -> None:
        self._until_held = first
        self._held: bytes | None = None

    @property
    def struck(self) -> bool:
        """Whether two changed places."""
        return self._until_held < 0 and self._held is None

    def on_indication(self, data: bytes) -> list[tuple[float, bytes]]:
        if self._held is not None:
            held, self._held = self._held, None
            return [(0.0, data), (0.0, held)]
        self._until_held -= 1
        if self._until_held == -1:
            self._held = data
            return []
        return [(0.0, data)]

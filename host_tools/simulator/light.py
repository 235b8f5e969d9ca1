"""The fob's light, watched the way a person does: which pattern was that? Its buzzer and its motor,
which go along with the light, likewise.

Recognition knows the patterns only from their description (the times below), never from the
firmware's code.
"""

import asyncio
import contextlib
import math
from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass

LIT = 0.02
"""A level above this is seen as on."""

TOLERANCE = 0.4
"""A time this much longer than its pattern's is still taken for it, and as much shorter if the
pattern does not say otherwise."""


@dataclass(frozen=True)
class Pattern:
    """Times in ms, on first, alternating. A repeating one counts once seen `units` times over; any
    other is complete when the light has then stayed off for `quiet` ms. `early` is how much
    shorter a time may be."""

    name: str
    steps: tuple[int, ...]
    repeats: bool = False
    units: int = 1
    quiet: int = 0
    early: float = TOLERANCE


PATTERNS = (
    Pattern("working", (100, 100), repeats=True, units=2),
    Pattern("done", (700,), quiet=250),
    # A busy chip is late, never early: what is much shorter than this is a late "working".
    Pattern("failed", (150, 150, 150, 150, 150), quiet=250, early=0.18),
    Pattern("needs laptop", (600, 150, 150, 600), repeats=True),
    Pattern("battery low", (300, 300, 300), quiet=450),
    Pattern("something open", (700, 150, 700), quiet=250),
)
VERDICTS = frozenset({"done", "failed", "needs laptop", "something open"})
"""Patterns that end an action: seeing another one than expected settles the matter."""


CAR_FLASH = (80, 320)
"""One of the flashes that tell the number of the car chosen: ms on, and off until the next."""
MOST_CARS = 4
CARS = tuple(f"car {number}" for number in range(1, MOST_CARS + 1))
"""What as many of these flashes say; dark for a while comes before the first."""
_DARK_BEFORE_CAR = 450

NAMES = frozenset(pattern.name for pattern in PATTERNS) | set(CARS)


@dataclass(frozen=True)
class Sample:
    """The light changed to `level` (0 dark .. 1 brightest) at `time` (s, the loop's clock)."""

    time: float
    level: float


@dataclass(frozen=True)
class Sighting:
    """A pattern, recognised between two times (s, the loop's clock)."""

    pattern: str
    start: float
    end: float


class UnexpectedLight(AssertionError):
    """The light did not show what was awaited; the text tells what it did show."""


def recognise(samples: Sequence[Sample], now: float) -> list[Sighting]:
    """Every pattern in a record, oldest first; `now` bounds what is still lasting.

    What may yet become one of several patterns is left out until it is decided.
    """
    stretches = _stretches(samples, now)
    sightings: list[Sighting] = []
    at = 0
    while at < len(stretches):
        found = _match_at(stretches, at)
        if found is None:
            break
        pattern, used = found
        if pattern is None:
            at += 1
            continue
        start = stretches[at].start
        at += used
        # Only what lies behind counts: a repeating pattern's last dark step may go on for ever.
        sightings.append(Sighting(pattern, start, stretches[at - 1].end))
    return _merged(sightings)


@dataclass(frozen=True)
class _Stretch:
    start: float
    end: float
    on: bool
    open: bool

    @property
    def ms(self) -> float:
        return (self.end - self.start) * 1000


def _stretches(samples: Sequence[Sample], now: float) -> list[_Stretch]:
    edges: list[tuple[float, bool]] = []
    for sample in samples:
        on = sample.level > LIT
        if (edges and edges[-1][1] != on) or (not edges and on):
            edges.append((sample.time, on))
    ends = [*(start for start, _ in edges), now][1:]
    return [
        _Stretch(start, end, on, open=index == len(edges) - 1)
        for index, ((start, on), end) in enumerate(zip(edges, ends, strict=True))
    ]


def _match_at(stretches: list[_Stretch], at: int) -> tuple[str | None, int] | None:
    """The best pattern that starts here and how many stretches it takes; (None, 1) if none does,
    None as long as that is undecided."""
    if not stretches[at].on:
        return None, 1
    if at and stretches[at - 1].ms >= _DARK_BEFORE_CAR:
        flashes, decided = _car_flashes(stretches[at : at + 2 * MOST_CARS])
        if not decided:
            return None
        if flashes:
            return CARS[flashes - 1], 2 * flashes - 1
    complete: list[tuple[float, Pattern, int]] = []
    pending: list[float] = []
    for pattern in PATTERNS:
        error, used, decided = _compare(pattern, stretches, at)
        if error is None:
            continue
        if decided:
            complete.append((error, pattern, used))
        else:
            pending.append(error)
    if not complete:
        return None if pending else (None, 1)
    error, pattern, used = min(complete, key=lambda match: match[0])
    if pending and min(pending) < error:
        return None
    return pattern.name, used


def _car_flashes(stretches: list[_Stretch]) -> tuple[int, bool]:
    """How many flashes of a car's number these begin with, and whether that is decided."""
    on, off = CAR_FLASH
    for index in range(0, len(stretches), 2):
        flash, *dark = stretches[index : index + 2]
        ratio = flash.ms / on
        if ratio > 1 + TOLERANCE or (not flash.open and ratio < 1 - TOLERANCE):
            return index // 2, True
        if not dark or (dark[0].open and dark[0].ms <= off * (1 + TOLERANCE)):
            return index // 2, False
        if dark[0].ms < off * (1 - TOLERANCE):
            return index // 2, True
        if dark[0].ms > off * (1 + TOLERANCE):
            return index // 2 + 1, True
    return len(stretches) // 2, True


def _compare(
    pattern: Pattern, stretches: list[_Stretch], at: int
) -> tuple[float | None, int, bool]:
    """How far the stretches are from the pattern (mean |log ratio|, None if it is not the one),
    how many it takes, and whether it is complete."""
    steps = pattern.steps * pattern.units
    # The last dark step of a repeating pattern ends with whatever follows; only a light that
    # comes on again too early speaks against it.
    errors: list[float] = []
    for index, step in enumerate(steps):
        if at + index >= len(stretches):
            return _mean(errors), index, False
        stretch = stretches[at + index]
        ratio = stretch.ms / step
        if stretch.open and ratio <= 1 + TOLERANCE:
            return _mean(errors), index, False
        last_dark = pattern.repeats and index == len(steps) - 1
        if ratio < 1 - pattern.early or (ratio > 1 + TOLERANCE and not last_dark):
            return None, 0, False
        errors.append(min(abs(math.log(ratio)), math.log(1 + TOLERANCE)))
    used = len(steps)
    if pattern.repeats:
        return _mean(errors), used, True
    if at + used >= len(stretches):
        return _mean(errors), used, False
    dark = stretches[at + used]
    if dark.ms >= pattern.quiet:
        return _mean(errors), used, True
    return (_mean(errors), used, False) if dark.open else (None, 0, False)


def _mean(errors: list[float]) -> float:
    return sum(errors) / len(errors) if errors else 0.0


def _merged(sightings: list[Sighting]) -> list[Sighting]:
    repeating = {pattern.name for pattern in PATTERNS if pattern.repeats}
    merged: list[Sighting] = []
    for sighting in sightings:
        if merged and merged[-1].pattern == sighting.pattern and sighting.pattern in repeating:
            merged[-1] = Sighting(sighting.pattern, merged[-1].start, sighting.end)
        else:
            merged.append(sighting)
    return merged


def _now() -> float:
    return asyncio.get_running_loop().time()


class LightWatch:
    """Records a light, or `what` it is, and waits for patterns."""

    def __init__(
        self, on_change: Callable[[Sample], None] | None = None, *, what: str = "light"
    ) -> None:
        self.samples: list[Sample] = []
        self.level = 0.0
        self._on_change = on_change
        self._what = what
        self._since = -math.inf
        self._changed = asyncio.Event()
        self._broken: BaseException | None = None

    def record(self, at: float, level: float) -> None:
        """The light is `level` bright since `at` (s, the loop's clock)."""
        if level != self.level:
            self.level = level
            self.samples.append(Sample(at, level))
            self._changed.set()
            if self._on_change is not None:
                self._on_change(self.samples[-1])

    def break_off(self, reason: BaseException | None) -> None:
        """From now on every wait raises `reason`; None takes that back."""
        self._broken = reason
        self._changed.set()

    def look_away(self) -> None:
        """What was shown until now no longer counts for `shows`."""
        self._since = _now()

    def since(self, time: float) -> list[Sample]:
        """The changes from a time on."""
        return self.samples[bisect_left(self.samples, time, key=lambda sample: sample.time) :]

    def seen(self) -> list[Sighting]:
        """The patterns since the light was last looked away from."""
        return recognise(self.since(self._since), _now())

    async def shows(self, *patterns: str, timeout: float = 5.0) -> str:  # noqa: ASYNC109
        """Wait until the light shows one of `patterns`; return which.

        Counts what it showed since a button was last pushed or the last pattern was returned.
        Raises UnexpectedLight after `timeout` seconds, or at once if it shows another verdict;
        and whatever ended the board, if it stops meanwhile.
        """
        unknown = set(patterns) - NAMES
        if unknown or not patterns:
            raise ValueError(f"there is no such pattern: {', '.join(sorted(unknown))}")
        deadline = _now() + timeout
        while True:
            self._changed.clear()
            for sighting in self.seen():
                if sighting.pattern in patterns:
                    self._since = sighting.end
                    return sighting.pattern
                if sighting.pattern in VERDICTS:
                    raise UnexpectedLight(self._report(patterns))
            if self._broken is not None:
                raise self._broken
            left = deadline - _now()
            if left <= 0:
                raise UnexpectedLight(f"{self._report(patterns)} (waited {timeout:g} s)")
            # Darkness that goes on decides patterns too, without any change to wake for.
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(min(left, 0.05)):
                    await self._changed.wait()

    def _report(self, patterns: Sequence[str]) -> str:
        seen = [sighting.pattern for sighting in self.seen()]
        times = [
            f"{'on' if stretch.on else 'off'} {stretch.ms:.0f}"
            for stretch in _stretches(self.since(self._since), _now())[-12:]
        ]
        return (
            f"the {self._what} did not show {' or '.join(map(repr, patterns))}"
            f" but {', '.join(seen) or 'no pattern'}"
            f" [{', '.join(times) or 'no change'}, in ms]"
        )

"""What the radio and the light do in each course of a stay awake, in virtual time.

The fob tells every call that its firmware makes of `bluetooth`, so that no part of the firmware has
to be known, and neither has the bench's radio.
"""

import asyncio
import math
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any, Self

import click

from host_tools.energy.courses import (
    ARMED,
    COLD,
    MISSED,
    NIGHT,
    PATH,
    STUCK,
    UNMET,
    WARM,
    Course,
    written,
)
from host_tools.simulator import virtual_time
from host_tools.simulator.bench import Bench
from host_tools.simulator.car import Vintage
from host_tools.simulator.moments import Moment

VINTAGES: dict[Vintage, str] = {"2021": "legacy", "2026": "signed"}
"""The cars that are pressed at, by the protocol they speak."""
SHIPPED: tuple[Vintage, ...] = ("2026",)
"""With which of them the tools reckon, for people who do not know what their car speaks: what it
takes with the other differs by less than a tenth."""

_AWHILE = 600.0
_NIGHT = 8 * 3600.0
_SETTLING = 5.0
_MINUTE = 60.0
# The doublings of the timer's naps, from 5 s to 320 s, and two of the longest.
_STUCK = 1000.0
# Minutes, over which the pauses between searches even out.
_ALONE = 4
_SPENT = ("idle", "resting", "listening", "connected", "light")
PRESSES = 6

_PASSIVE = {"level": 1, "minutes": 15, "secure_at_end": False, "form": "auto"}

# In place of main.py: it tells what the radio does from when on, the rest is the firmware's own.
_MAIN = b"""
import bluetooth, machine
BLE = bluetooth.BLE
def tell(doing):
    print("RADIO", doing)
tell("idle")
scan, connect, irq, active = BLE.gap_scan, BLE.gap_connect, BLE.irq, BLE.active
def gap_scan(self, duration, *rest):
    tell("resting" if duration is None else "listening")
    return scan(self, duration, *rest)
def gap_connect(self, addr_type, *rest):
    tell("resting" if addr_type is None else "listening")
    return connect(self, addr_type, *rest)
def watched(self, handler):
    def heard(event, data):
        if event == 7:
            tell("connected")
        elif event in (6, 8):
            tell("resting")
        handler(event, data)
    irq(self, heard)
def switched(self, *on):
    if on:
        tell("resting" if on[0] else "idle")
    return active(self, *on)
BLE.gap_scan, BLE.gap_connect, BLE.irq, BLE.active = gap_scan, gap_connect, watched, switched
def asleep(*times, deepsleep=machine.deepsleep):
    tell("asleep")
    deepsleep(*times)
machine.deepsleep = asleep
import life
life.main()
"""


class _Watched:
    """A bench, and all that its fob told of the radio; use as an async context manager."""

    def __init__(self, seed: int = 1, **options: Any) -> None:
        self.bench = Bench(
            radio="direct",
            heap="2M",
            seed=seed,
            files={"/main.py": _MAIN},
            on_moment=self._notice,
            **options,
        )
        self._told: list[tuple[float, str]] = []

    async def __aenter__(self) -> Self:
        await self.bench.__aenter__()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.bench.__aexit__()

    def _notice(self, moment: Moment) -> None:
        told, _, doing = moment.text.partition(" ")
        if moment.who == "console" and told == "RADIO":
            self._told.append((self.bench.now, doing))

    @property
    def wakes(self) -> list[float]:
        """When main.py began."""
        before = [("", "asleep"), *self._told]
        return [at for (_, was), (at, _) in pairwise(before) if was == "asleep"]

    def course(self, case: str, protocol: str, began: float, end: float = math.inf) -> Course:
        """What was told from `began` on, to `end` or to the sleep that follows."""
        spent: dict[str, float] = defaultdict(float)
        for (since, doing), (until, _) in pairwise([*self._told, (self.bench.now, "")]):
            if doing != "asleep":
                spent[doing] += max(0.0, min(until, end) - max(since, began))
        return Course(
            case,
            protocol,
            idle=spent["idle"],
            resting=spent["resting"],
            listening=spent["listening"],
            connected=spent["connected"],
            light=self._lit(began, end),
        )

    def _lit(self, began: float, end: float) -> float:
        samples = [(s.time, s.level) for s in self.bench.board.light.since(began)]
        return sum(
            max(0.0, min(until, end) - since) * level
            for (since, level), (until, _) in pairwise([*samples, (self.bench.now, 0.0)])
        )


def measure_courses(presses: int, vintages: Iterable[Vintage] = VINTAGES) -> list[Course]:
    """Every course, with a car of each of these years where that makes a difference.

    presses     so many times each button, for means: where in its interval a car advertises is
                chance.
    """
    found = []
    for vintage in vintages:
        found += virtual_time.run(measure_presses(vintage, presses))
        found.append(virtual_time.run(measure_cold(vintage)))
    found += [virtual_time.run(measure_stuck()), virtual_time.run(measure_armed(True))]
    return [*found, virtual_time.run(measure_armed(False))]


async def measure_presses(vintage: Vintage, presses: int) -> list[Course]:
    """WARM, NIGHT and MISSED, with a car of this year."""
    protocol = VINTAGES[vintage]
    async with _Watched(vintage=vintage) as watch:
        bench = watch.bench
        await bench.pair()
        await bench.asleep()

        async def measured(case: str, before: Callable[[], Awaitable[None]]) -> Course:
            stays = []
            for button in ("lock", "unlock") * presses:
                await before()
                began = bench.now
                await bench.press(button)
                await bench.asleep()
                stays.append(watch.course(case, protocol, began))
            return _divided(_sum(stays), len(stays))

        async def awhile() -> None:
            await bench.let_time_pass(_AWHILE)

        async def night() -> None:
            await bench.let_time_pass(_NIGHT)

        # At first the fob learns where the car is, and how its own clock runs.
        await measured(NIGHT, night)
        found = [await measured(WARM, awhile), await measured(NIGHT, night)]
        bench.walk()
        began = bench.now
        await bench.board.press("unlock")
        await bench.board.light.shows("failed", timeout=30)
        await bench.asleep()
        return [*found, watch.course(MISSED, protocol, began)]


async def measure_cold(vintage: Vintage) -> Course:
    """COLD, with a car of this year that knows the fob's key already."""
    stays = []
    for seed, button in enumerate(("lock", "unlock")):
        async with _Watched(vintage=vintage, enrolled=True, seed=seed) as watch:
            bench = watch.bench
            await bench.asleep()
            began = bench.now
            await bench.press(button)
            await bench.asleep()
            stays.append(watch.course(COLD, VINTAGES[vintage], began))
    return _divided(_sum(stays), len(stays))


async def measure_stuck() -> Course:
    """STUCK, once the timer has doubled as often as it does."""
    async with _Watched(enrolled=True) as watch:
        await watch.bench.asleep()
        watch.bench.board.push("lock")
        await watch.bench.let_time_pass(_STUCK)
        *_, before, last = watch.wakes
        return replace(watch.course(STUCK, "any", before, last), every=last - before)


async def measure_armed(near: bool) -> Course:
    """ARMED, or UNMET where the car is not near."""
    async with _Watched(vintage="2026", enrolled=True, settings={"passive": _PASSIVE}) as watch:
        bench = watch.bench
        await bench.press("lock")
        await bench.asleep()
        await bench.press("unlock")
        await asyncio.sleep(_SETTLING)
        if not near:
            bench.walk()
            await asyncio.sleep(_MINUTE)
        began = bench.now
        minutes = 1 if near else _ALONE
        await asyncio.sleep(minutes * _MINUTE)
        return _divided(watch.course(ARMED if near else UNMET, "any", began, bench.now), minutes)


def _sum(stays: Sequence[Course]) -> Course:
    totals = {name: sum(getattr(each, name) for each in stays) for name in _SPENT}
    return replace(stays[0], **totals)


def _divided(stay: Course, by: float) -> Course:
    return replace(stay, **{name: getattr(stay, name) / by for name in _SPENT})


@click.command()
def main() -> None:
    """Measure anew what the tools reckon with, and write it."""
    PATH.write_text(written(measure_courses(PRESSES, SHIPPED)), "utf-8")


if __name__ == "__main__":
    main()

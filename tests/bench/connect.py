"""How to find a car that was met before: dial its address first, or listen for it first.

The firmware dials an address that lasts and listens where it is one of those that change. So the
kind of the address is what makes it follow either strategy here, with its program as it is.
"""

import asyncio
import random
import statistics
from dataclasses import dataclass

from host_tools.simulator import virtual_time
from host_tools.simulator.bench import Bench
from host_tools.simulator.radio.direct import DirectRadio
from tests.bench.press_figures import Finding

DIAL_FIRST = "dial 400 ms, then listen"
LISTEN_FIRST = "listen first"

_INTERVALS = (0.02, 0.1, 0.2)
"""Seconds between advertisements: cars are told to advertise every 20 to 200 ms."""

_PRESSES = 6
_QUICK_PRESSES = 2


@dataclass(frozen=True)
class _Way:
    """resolvable: the car's address says that it changes, so that the fob listens first. changes:
    it does, before each press."""

    resolvable: bool
    changes: bool

    @property
    def strategy(self) -> str:
        return LISTEN_FIRST if self.resolvable else DIAL_FIRST


# What the owner meets, whether the address has changed since, and what the firmware does then.
_SITUATIONS = (
    ("public address", False, DIAL_FIRST),
    ("resolvable, the same", False, LISTEN_FIRST),
    ("resolvable, a new one", True, LISTEN_FIRST),
)


def measure_finding(quick: bool = False) -> list[Finding]:
    """Both strategies in every situation, at the same moments of pressing."""
    presses = _QUICK_PRESSES if quick else _PRESSES
    findings = []
    for interval in _INTERVALS[1:2] if quick else _INTERVALS:
        times = {
            way: virtual_time.run(_presses(way, interval, presses))
            for way in (
                _Way(resolvable, changes)
                for resolvable in (False, True)
                for changes in (False, True)
            )
        }
        findings += [
            Finding(
                situation=situation,
                advertising_ms=interval * 1000,
                strategy=way.strategy,
                chosen=way.strategy == chosen,
                presses=presses,
                median_ms=statistics.median(taken),
                slowest_ms=max(taken),
            )
            for situation, changes, chosen in _SITUATIONS
            for way, taken in times.items()
            if way.changes == changes
        ]
    order = [situation for situation, _, _ in _SITUATIONS]
    return sorted(findings, key=lambda each: order.index(each.situation))


async def _presses(way: _Way, interval: float, presses: int) -> list[float]:
    moments = random.Random(interval)
    times = []
    async with Bench(
        radio="direct",
        enrolled=True,
        heap="2M",
        seed=1,
        address="random" if way.resolvable else "public",
        advertising_interval=interval,
    ) as bench:
        radio = bench.radio
        assert isinstance(radio, DirectRadio)
        await bench.press("unlock")
        for index in range(presses):
            await bench.asleep()
            if way.changes:
                await radio.change_address(resolvable=way.resolvable)
            await asyncio.sleep(1 + moments.random())
            times.append((await bench.press("unlock" if index % 2 else "lock")).ms)
    return times

"""How to find a car that was met before: dial its address first, or listen for it first."""

import asyncio
import random
import statistics
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from host_tools.simulator import virtual_time
from host_tools.simulator.bench import Bench

Situation = Literal["public address", "resolvable, the same", "resolvable, a new one"]
SITUATIONS: tuple[Situation, ...] = (
    "public address",
    "resolvable, the same",
    "resolvable, a new one",
)
INTERVALS = (0.02, 0.1, 0.2)
"""Seconds between advertisements: cars are told to advertise every 20 to 200 ms."""

DIAL_FIRST = "dial 400 ms, then listen"
LISTEN_FIRST = "listen first"
_CONDITION = "if peer and not _rotates(peer):"
_STRATEGIES = {DIAL_FIRST: "if peer:", LISTEN_FIRST: "if False:"}

_VEHICLE = Path(__file__).resolve().parents[2] / "firmware" / "fob" / "vehicle.py"
_PRESSES = 12


@dataclass(frozen=True)
class Finding:
    """Presses on a warm session: ms of virtual time from the finger's release to acceptance.

    chosen: what the firmware does in this situation.
    """

    situation: Situation
    advertising_ms: float
    strategy: str
    chosen: bool
    presses: int
    median_ms: float
    slowest_ms: float


def measure_finding() -> list[Finding]:
    """Every strategy in every situation, at the same moments of pressing."""
    return [
        virtual_time.run(_presses(situation, interval, strategy))
        for situation in SITUATIONS
        for interval in INTERVALS
        for strategy in _STRATEGIES
    ]


async def _presses(situation: Situation, interval: float, strategy: str) -> Finding:
    moments = random.Random(interval)
    times = []
    public = situation == "public address"
    async with Bench(
        radio="direct",
        enrolled=True,
        heap="2M",
        seed=1,
        files={"/fob/vehicle.py": _vehicle(strategy)},
        address="public" if public else "random",
        advertising_interval=interval,
    ) as bench:
        await bench.press("unlock")
        for index in range(_PRESSES):
            await bench.asleep()
            if situation == "resolvable, a new one":
                await bench.radio.change_address()
            await asyncio.sleep(1 + moments.random())
            times.append((await bench.press("unlock" if index % 2 else "lock")).ms)
    return Finding(
        situation=situation,
        advertising_ms=interval * 1000,
        strategy=strategy,
        chosen=public == (strategy == DIAL_FIRST),
        presses=len(times),
        median_ms=statistics.median(times),
        slowest_ms=max(times),
    )


def _vehicle(strategy: str) -> bytes:
    """The firmware's vehicle.py, made to follow one strategy always."""
    source = _VEHICLE.read_text("utf-8")
    if source.count(_CONDITION) != 1:
        raise RuntimeError(f"{_VEHICLE.name} does not choose by {_CONDITION!r} any more")
    return source.replace(_CONDITION, _STRATEGIES[strategy]).encode()

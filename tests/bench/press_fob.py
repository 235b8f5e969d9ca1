"""Presses of the real firmware: on the virtual board, in virtual time, sniffed at the car."""

import asyncio
import random

from host_tools.simulator.bench import Bench
from host_tools.simulator.car import Vintage
from host_tools.simulator.radio.direct import DirectRadio
from host_tools.simulator.radio.on_air import OnAir
from tests.bench.press_air import Press, read_press
from tests.bench.press_figures import Protocol, State
from tests.bench.press_peer import leave_unlocked

VINTAGES: dict[Protocol, Vintage] = {"legacy": "2021", "signed": "2026"}
_AWHILE = 60.0
# Seconds that a finger is down, so that its release falls anywhere between two looks at the button.
_FINGER = 0.1
_VARIES = 0.01


async def fob_presses(
    state: State, protocol: Protocol, mtu: int, interval: float, presses: int
) -> list[Press]:
    """So many presses of `lock` with a car that is unlocked; interval: the connection's, seconds.

    warm: one after the other, from deep sleep, behind one that is not counted. cold: each of a fob
    of its own that has its key, the VIN and the protocol, and has met no car.
    """
    if state == "warm":
        return await _presses(protocol, mtu, interval, presses, uncounted=1)
    return [
        press
        for number in range(presses)
        for press in await _presses(protocol, mtu, interval, 1, seed=number)
    ]


async def _presses(
    protocol: Protocol,
    mtu: int,
    interval: float,
    presses: int,
    *,
    uncounted: int = 0,
    seed: int = 0,
) -> list[Press]:
    told: list[Press] = []
    async with Bench(
        vintage=VINTAGES[protocol],
        settings={"protocol": protocol},
        enrolled=True,
        radio="direct",
        heap="2M",
        seed=seed + 1,
        mtu=mtu,
        connection_interval=interval,
        force_interval=True,
    ) as bench:
        radio = bench.radio
        assert isinstance(radio, DirectRadio)
        fingers = random.Random(seed)
        seen: list[OnAir] = []
        radio.on_air.append(seen.append)
        for number in range(uncounted + presses):
            await bench.asleep()
            await asyncio.sleep(_AWHILE)
            leave_unlocked(bench.car)
            seen.clear()
            # Every client meets the same advertisements.
            radio.random.seed(seed + number)
            await bench.board.press("lock", seconds=_FINGER + fingers.uniform(0, _VARIES))
            released = bench.now
            await bench.board.light.shows("done", timeout=15)
            end = next(each.time for each in seen if each.kind == "leaving")
            if number >= uncounted:
                told.append(read_press(seen, released, interval, radio.table.to_vehicle, end))
    return told

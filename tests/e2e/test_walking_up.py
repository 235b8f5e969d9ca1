"""Passive entry from the car's side: who walks up with an armed fob gets in, and the car locks
behind who walks away."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from host_tools.simulator.bench import Bench
from host_tools.simulator.car import Vintage
from host_tools.simulator.deeds import DRIVERS_DOOR
from tests.asynchronous import in_virtual_time

UNLOCK = {"level": 1, "minutes": 5, "form": "auto", "secure_at_end": False}
vintages = pytest.mark.parametrize("vintage", ["2021", "2023", "2026"])


def present(bench: Bench) -> bool:
    """Whether a key has told the car over an open link that it is there."""
    return any(connection.active_key for connection in bench.car.connections)


def said(bench: Bench, kind: str) -> list[str]:
    return [event.text for event in bench.car.events if event.kind == kind]


@asynccontextmanager
async def armed(vintage: Vintage, passive: dict[str, Any] = UNLOCK) -> AsyncIterator[Bench]:
    """A bench with a parked, locked car, whose fob was armed by a press for the trunk."""
    async with Bench(
        vintage=vintage, radio="direct", enrolled=True, settings={"passive": passive}
    ) as bench:
        # The fob knows the car, as after pairing; a lock arms nothing.
        await bench.press("lock")
        await bench.asleep()
        await bench.press("unlock", times=2)
        await bench.until(lambda: present(bench))
        bench.car.close_door("rearTrunk")
        assert bench.car.locked
        yield bench
        assert bench.car.violations == []


@vintages
@in_virtual_time
async def test_a_handle_that_is_pulled_opens_its_door(vintage: Vintage) -> None:
    async with armed(vintage) as bench:
        bench.car.pull_handle()
        await bench.until(lambda: DRIVERS_DOOR in bench.car.body.open_closures)
        assert not bench.car.locked


@vintages
@in_virtual_time
async def test_the_car_locks_itself_behind_who_walks_away(vintage: Vintage) -> None:
    async with armed(vintage) as bench:
        bench.car.approach()
        await bench.until(lambda: not bench.car.locked)
        bench.walk()
        await bench.until(lambda: bench.car.locked)
        assert bench.car.connections == []


@vintages
@in_virtual_time
async def test_the_link_outlasts_the_patience_of_the_car(vintage: Vintage) -> None:
    async with armed(vintage) as bench:
        bench.car.behaviour.idle_timeout = 42.0
        links = list(bench.car.connections)
        await asyncio.sleep(100)
        assert bench.car.connections == links and present(bench)


@in_virtual_time
async def test_who_comes_back_within_the_time_gets_in_again() -> None:
    async with armed("2026") as bench:
        bench.walk()
        await bench.until(lambda: not bench.car.connections)
        await asyncio.sleep(20)
        bench.walk()
        await bench.until(lambda: present(bench), timeout=30)
        bench.car.pull_handle()
        await bench.until(lambda: not bench.car.locked)


@in_virtual_time
async def test_after_its_time_the_fob_lets_go_and_the_handle_stays_locked() -> None:
    async with armed("2026", {**UNLOCK, "minutes": 1}) as bench:
        await bench.asleep(timeout=120)
        assert bench.car.connections == []
        bench.car.pull_handle()
        await asyncio.sleep(10)
        assert bench.car.locked and said(bench, "granted") == []


@in_virtual_time
async def test_a_fob_that_may_unlock_does_not_start_the_car() -> None:
    async with armed("2026") as bench:
        bench.car.pull_handle()
        await bench.until(lambda: not bench.car.locked)
        bench.car.sit_down()
        bench.car.close_door(DRIVERS_DOOR)
        assert bench.car.press_brake()
        await asyncio.sleep(10)
        assert not bench.car.body.may_drive


@in_virtual_time
async def test_a_fob_that_may_drive_starts_the_car() -> None:
    async with armed("2026", {**UNLOCK, "level": 2}) as bench:
        bench.car.pull_handle()
        await bench.until(lambda: not bench.car.locked)
        bench.car.sit_down()
        bench.car.close_door(DRIVERS_DOOR)
        assert bench.car.press_brake()
        await bench.until(lambda: bench.car.body.may_drive)


@in_virtual_time
async def test_without_a_press_and_without_leave_nobody_gets_in() -> None:
    for settings in ({"passive": UNLOCK}, {}):
        async with Bench(vintage="2026", radio="direct", enrolled=True, settings=settings) as bench:
            await bench.press("lock")
            bench.car.pull_handle()
            await asyncio.sleep(10)
            assert bench.car.locked and not present(bench)

"""The firmware on a board against a car that nobody wrote for it: see tests/reference_car.py."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, cast

from tesla_protocol.command import universal_message_pb2 as universal

from host_tools.simulator.bench import PAIRING_HOLD, VIN, Bench
from host_tools.simulator.car import Car
from tests.asynchronous import in_virtual_time
from tests.reference_car import ReferenceCar

NIGHT = 8 * 3600.0


@asynccontextmanager
async def met(**car_options: Any) -> AsyncIterator[tuple[Bench, ReferenceCar]]:
    """A fob that never saw this car."""
    async with Bench(radio="direct", seed=1, powered=False, mtu=115) as bench:
        car = ReferenceCar(VIN, asyncio.get_running_loop().time, **car_options)
        bench.radio.car = cast(Car, car)
        await bench.power_on()
        yield bench, car


async def pair(bench: Bench, car: ReferenceCar) -> None:
    await bench.board.press("lock", "unlock", seconds=PAIRING_HOLD)
    await bench.board.prints("hold your key card")
    await asyncio.sleep(5)
    car.tap()
    await bench.board.light.shows("done", timeout=20)


async def press(bench: Bench, car: ReferenceCar, button: str) -> list[str]:
    """Press out of deep sleep; return the kinds of messages that it took."""
    car.kinds.clear()
    await bench.asleep()
    await bench.board.press(button)
    await bench.board.light.shows("done", timeout=15)
    assert car.locked == (button == "lock")
    return car.kinds


@in_virtual_time
async def test_it_pairs_and_unlocks_again_and_again() -> None:
    async with met() as (bench, car):
        await pair(bench, car)
        assert set(car.kinds) == {"enrol", "info"}
        for button in ("unlock", "lock"):
            assert await press(bench, car, button) == ["signed"]
        assert [verdict.fault for verdict in car.verdicts] == [0, 0]
        assert all(0 < verdict.lifetime <= 10 for verdict in car.verdicts)


@in_virtual_time
async def test_a_car_that_answers_in_clear_is_understood() -> None:
    async with met(encrypts=False) as (bench, car):
        await pair(bench, car)
        assert await press(bench, car, "unlock") == ["signed"]


@in_virtual_time
async def test_what_was_captured_is_refused() -> None:
    async with met() as (bench, car):
        await pair(bench, car)
        await press(bench, car, "unlock")
        captured = car.verdicts[0].frame
        for prepare, fault in (
            (lambda: None, universal.MESSAGEFAULT_ERROR_INVALID_TOKEN_OR_COUNTER),
            (car.reboot, universal.MESSAGEFAULT_ERROR_INCORRECT_EPOCH),
        ):
            prepare()
            car.hear(captured)
            assert car.verdicts[-1].fault == fault


@in_virtual_time
async def test_a_car_that_restarted_costs_one_message() -> None:
    async with met() as (bench, car):
        await pair(bench, car)
        car.reboot()
        assert await press(bench, car, "unlock") == ["signed", "signed"]
        assert await press(bench, car, "lock") == ["signed"]


@in_virtual_time
async def test_the_next_day_the_fob_asks_first() -> None:
    async with met() as (bench, car):
        await pair(bench, car)
        await press(bench, car, "unlock")
        await bench.asleep()
        await bench.let_time_pass(NIGHT)
        assert await press(bench, car, "lock") in (["info", "signed"], ["signed"])
        assert [verdict.fault for verdict in car.verdicts] == [0, 0]


@in_virtual_time
async def test_a_fob_that_lost_its_power_asks_first() -> None:
    async with met() as (bench, car):
        await pair(bench, car)
        await bench.board.power_off()
        await bench.power_on()
        car.kinds.clear()
        await bench.board.press("unlock")
        await bench.board.light.shows("done", timeout=15)
        assert car.kinds == ["info", "signed"] and not car.locked


@in_virtual_time
async def test_a_car_with_less_patience_gets_shorter_lives() -> None:
    async with met(longest_life=4) as (bench, car):
        await pair(bench, car)
        await press(bench, car, "unlock")
        assert car.verdicts[-1].fault == 0


@in_virtual_time
async def test_a_key_that_the_car_disowned_is_told_so() -> None:
    async with met(tells_unknown=False) as (bench, car):
        await pair(bench, car)
        car.disown()
        await bench.asleep()
        await bench.board.press("unlock")
        await bench.board.prints("not-paired", timeout=15)

"""One fob, several cars around it: the press is for the one that is heard best."""

from typing import Any

import pytest

from host_tools.simulator.bench import VIN, Bench
from host_tools.simulator.light import CARS, recognise
from tests.asynchronous import in_virtual_time

OTHER, THIRD = "5YJ3E1EA1KF000001", "5YJ3E1EA1KF000002"


def unlocked(bench: Bench) -> list[str]:
    return [vin for vin, car in bench.cars.items() if not car.locked]


@pytest.mark.parametrize(
    "options",
    [
        {"radio": "direct", "vintage": "2021"},
        {"radio": "direct", "vintage": "2026", "own_keys": True},
        {"radio": "bumble", "vintage": "2023"},
    ],
    ids=lambda options: f"{options['radio']}, {options['vintage']}",
)
@in_virtual_time
async def test_a_press_is_for_the_car_that_is_heard_best(options: dict[str, Any]) -> None:
    async with Bench(enrolled=True, more_cars=[OTHER, THIRD], **options) as bench:
        done: list[str] = []
        for vin in (THIRD, VIN, OTHER):
            for each in bench.cars:
                bench.set_rssi(each, -50 if each == vin else -75)
            await bench.press("unlock")
            done.append(vin)
            assert set(unlocked(bench)) == set(done)
            await bench.asleep()
        assert all(car.violations == [] for car in bench.cars.values())


@in_virtual_time
async def test_the_light_tells_the_number_of_the_car_before_the_car_is_told_anything() -> None:
    async with Bench(radio="direct", enrolled=True, more_cars=[OTHER]) as bench:
        bench.go_to_next()
        await bench.press("unlock")
        seen = recognise(bench.board.light.samples, bench.now)
        (shown,) = [each for each in seen if each.pattern in CARS]
        (accepted,) = [e.time for e in bench.cars[OTHER].events if e.kind == "accepted"]
        assert shown.pattern == "car 2" and shown.end < accepted


@in_virtual_time
async def test_a_car_that_is_out_of_reach_leaves_the_press_to_the_other() -> None:
    async with Bench(radio="direct", enrolled=True, more_cars=[OTHER]) as bench:
        bench.radios[VIN].walk_away()
        await bench.press("unlock")
        assert unlocked(bench) == [OTHER]

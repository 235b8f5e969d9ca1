"""How much memory is enough: less than the 160 kB of the 64-bit port that a virtual board has, also
with four cars and four buttons."""

import asyncio
from typing import Any

import pytest

from host_tools.board.catalogue import load_board
from host_tools.simulator.bench import Bench
from host_tools.simulator.car import Vintage
from tests.asynchronous import in_virtual_time

OTHERS = ["5YJ3E1EA1KF000001", "5YJ3E1EA1KF000002", "5YJ3E1EA1KF000003"]
BUDGET = "152K"
PAIRING_BUDGET = "144K"
NEVER = ("MemoryError", "(internal)", "Traceback", "crash")


def fob(vintage: Vintage, board: str, others: int, form: str) -> Bench:
    passive = {"level": 2, "minutes": 1, "form": form, "secure_at_end": True}
    settings: dict[str, Any] = {"passive": passive, "warn_open": True}
    return Bench(
        radio="direct",
        seed=1,
        heap=BUDGET,
        vintage=vintage,
        enrolled=True,
        definition=load_board(board),
        more_cars=OTHERS[:others],
        own_keys=True,
        settings=settings,
    )


@pytest.mark.parametrize(
    ("vintage", "board", "others", "form"),
    [
        ("2021", "virtual4", 2, "token"),
        ("2023", "virtual4", 1, "signed"),
        ("2023", "virtual3", 2, "plain"),
        ("2026", "virtual", 2, "auto"),
        ("2026", "virtual4", 0, "auto"),
        ("2023", "virtual4", 3, "auto"),
        ("2026", "virtual4", 3, "auto"),
    ],
)
@in_virtual_time
async def test_no_press_and_no_presence_wants_memory(
    vintage: Vintage, board: str, others: int, form: str
) -> None:
    async with fob(vintage, board, others, form) as bench:
        for vin in bench.cars:
            bench.set_rssi(vin, -40)
            await bench.press("unlock")
            await asyncio.sleep(4)
            bench.cars[vin].approach()
            await asyncio.sleep(3)
            await bench.press("lock")
            await bench.asleep(timeout=120)
            bench.set_rssi(vin, -90)
        assert not [line for line in bench.board.console if any(each in line for each in NEVER)]
        assert all(car.violations == [] for car in bench.cars.values())


@pytest.mark.parametrize("vintage", ["2021", "2023", "2026"])
@in_virtual_time
async def test_a_fob_that_was_pressed_in_vain_pairs_and_is_pressed(vintage: Vintage) -> None:
    async with Bench(radio="direct", seed=1, heap=PAIRING_BUDGET, vintage=vintage) as bench:
        await bench.board.press("unlock")
        await bench.board.light.shows("failed", timeout=20)
        await bench.pair()
        await bench.press("unlock")
        await bench.asleep()
        await bench.press("lock")
        assert not [line for line in bench.board.console if any(each in line for each in NEVER)]

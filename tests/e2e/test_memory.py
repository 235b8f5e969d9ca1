"""How much memory is enough: 160 kB of the 64-bit port for a press, pairing and passive entry, what
a board has for all of it together, with four cars and four buttons."""

import asyncio
from typing import Any

import pytest

from host_tools.board.catalogue import load_board
from host_tools.simulator.bench import Bench
from host_tools.simulator.board import HEAP
from host_tools.simulator.car import Vintage
from tests.asynchronous import in_virtual_time

OTHERS = ["5YJ3E1EA1KF000001", "5YJ3E1EA1KF000002", "5YJ3E1EA1KF000003"]
BUDGET = "160K"
NEVER = ("MemoryError", "(internal)", "Traceback", "crash")


def fob(vintage: Vintage, board: str, others: int, form: str, heap: str) -> Bench:
    passive = {"level": 2, "minutes": 1, "form": form, "secure_at_end": True}
    settings: dict[str, Any] = {"passive": passive, "warn_open": True}
    return Bench(
        radio="direct",
        seed=1,
        heap=heap,
        vintage=vintage,
        enrolled=True,
        definition=load_board(board),
        more_cars=OTHERS[:others],
        own_keys=True,
        settings=settings,
    )


@pytest.mark.parametrize(
    ("vintage", "board", "others", "form", "heap"),
    [
        ("2021", "virtual4", 2, "token", BUDGET),
        ("2023", "virtual4", 1, "signed", HEAP),
        ("2023", "virtual3", 2, "plain", BUDGET),
        ("2026", "virtual", 2, "auto", BUDGET),
        ("2026", "virtual4", 0, "auto", BUDGET),
        ("2023", "virtual4", 3, "auto", HEAP),
        ("2026", "virtual4", 3, "auto", HEAP),
    ],
)
@in_virtual_time
async def test_no_press_and_no_presence_wants_memory(
    vintage: Vintage, board: str, others: int, form: str, heap: str
) -> None:
    async with fob(vintage, board, others, form, heap) as bench:
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
    async with Bench(radio="direct", seed=1, heap=BUDGET, vintage=vintage) as bench:
        await bench.board.press("unlock")
        await bench.board.light.shows("failed", timeout=20)
        await bench.pair()
        await bench.press("unlock")
        await bench.asleep()
        await bench.press("lock")
        assert not [line for line in bench.board.console if any(each in line for each in NEVER)]

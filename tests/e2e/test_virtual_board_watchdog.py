"""The virtual board's watchdog: nothing the firmware does can stop it."""

import asyncio
from pathlib import Path

import pytest

from tests.asynchronous import asynchronous, in_virtual_time
from tests.virtual_hardware import WAIT, board_with, run

CAUSE = "import machine, time\nprint('cause', machine.reset_cause())\n"
FIRST = "if machine.reset_cause() != machine.WDT_RESET:\n    "
BITTEN = "cause 3"


@asynchronous
async def test_it_resets_a_firmware_that_computes_for_ever(tmp_path: Path) -> None:
    await resets(tmp_path, "while True: pass")


@pytest.mark.parametrize("doing", ["while True: time.sleep_ms(5)", "time.sleep(60)"])
@in_virtual_time
async def test_it_resets_a_firmware_that_waits_without_feeding_it(
    doing: str, tmp_path: Path
) -> None:
    await resets(tmp_path, doing)


async def resets(tmp_path: Path, doing: str) -> None:
    board = board_with(tmp_path, f"{CAUSE}{FIRST}machine.WDT(timeout=1000)\n    {doing}\n{WAIT}")
    began = asyncio.get_running_loop().time()
    async with board:
        await board.prints(BITTEN)
        assert [stop.reason for stop in board.stops] == ["watchdog"]
        assert asyncio.get_running_loop().time() - began >= 1


@in_virtual_time
async def test_food_keeps_it_from_biting(tmp_path: Path) -> None:
    main = (
        f"{CAUSE}dog = machine.WDT(timeout=1000)\n"
        "for _ in range(13):\n    time.sleep_ms(100)\n    dog.feed()\nprint('alive')"
    )
    async with board_with(tmp_path, main) as board:
        await board.prints("alive")
        assert board.stops == []


@in_virtual_time
async def test_a_new_one_takes_its_place_with_another_time(tmp_path: Path) -> None:
    main = f"{CAUSE}machine.WDT(timeout=1000)\nmachine.WDT(timeout=60000)\ntime.sleep_ms(1200)\n"
    async with board_with(tmp_path, main + "print('alive')") as board:
        await board.prints("alive")


@in_virtual_time
async def test_it_runs_on_across_a_soft_reset(tmp_path: Path) -> None:
    main = (
        f"{CAUSE}if machine.reset_cause() == 1:\n"
        f"    machine.WDT(timeout=1000)\n    machine.soft_reset()\n{WAIT}"
    )
    async with board_with(tmp_path, main) as board:
        await board.prints(BITTEN)
        assert board.console == ["cause 1", "cause 5", BITTEN]


@pytest.mark.parametrize(("ending", "cause"), [("machine.reset()", 2), ("machine.deepsleep(1)", 4)])
@in_virtual_time
async def test_a_reset_and_a_deep_sleep_end_it(ending: str, cause: int, tmp_path: Path) -> None:
    main = (
        f"{CAUSE}if machine.reset_cause() == 1:\n"
        f"    machine.WDT(timeout=1000)\n    {ending}\ntime.sleep_ms(1200)\nprint('alive')"
    )
    async with board_with(tmp_path, main) as board:
        await board.prints("alive")
        assert board.console == ["cause 1", f"cause {cause}", "alive"]


@pytest.mark.parametrize("arguments", ["timeout=999", "timeout=0", "id=1"])
@in_virtual_time
async def test_what_the_chip_does_not_have_is_refused(arguments: str, tmp_path: Path) -> None:
    lines = await run(board_with(tmp_path, f"import machine\nmachine.WDT({arguments})"))
    assert lines[-1].startswith("ValueError")

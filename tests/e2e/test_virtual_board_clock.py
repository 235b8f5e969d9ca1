"""The wall clock of the virtual board: what it starts with, outlives and is told by its sleep."""

import asyncio
from pathlib import Path

import pytest

from host_tools.simulator.board import Board
from host_tools.simulator.flash import FlashImage
from tests.asynchronous import asynchronous, in_virtual_time

# Tells the time, and goes on to the next life by way of `how`, after which nothing is left to do.
_MAIN = """\
import machine, time
from machine import Pin
print('time', time.time_ns() // 1000000, time.time())
lives = len(machine.RTC().memory())
machine.RTC().memory(b'.' * (lives + 1))
if not lives:
    {how}
"""
_WATCHDOG = "machine.WDT(timeout=2000)\n    while True: time.sleep_ms(5)"
_UNTIL_PRESSED = "import esp32\n    esp32.wake_on_ext0(Pin(32), False)\n    machine.deepsleep()"


def clock_board(tmp_path: Path, how: str, rtc_ppm: float = 0.0, boot_seconds: float = 0.0) -> Board:
    """A board whose firmware tells the time in ms and in s at each of its starts."""
    contents = {"/main.py": _MAIN.format(how=how).encode()}
    flash = FlashImage.create(tmp_path / "flash.img", contents)
    return Board(None, flash, rtc_ppm=rtc_ppm, boot_seconds=boot_seconds)


async def told(board: Board, start: int) -> int:
    """The time in ms that the firmware told at a start, the first being 0."""
    while True:
        times = [line for line in board.console if line.startswith("time ")]
        if len(times) > start:
            _, ms, seconds = times[start].split()
            assert int(seconds) == int(ms) // 1000
            return int(ms)
        await asyncio.sleep(0.01)


@in_virtual_time
async def test_it_starts_with_the_power_and_is_lost_with_it(tmp_path: Path) -> None:
    await asyncio.sleep(100)
    async with clock_board(tmp_path, "time.sleep(5)", boot_seconds=0.25) as board:
        assert await told(board, 0) == 250
        await board.power_off()
        await asyncio.sleep(100)
        await board.power_on()
        assert await told(board, 0) == 250


@pytest.mark.parametrize(
    ("how", "ms"),
    [
        ("machine.deepsleep(60_000)", 60_000),
        ("time.sleep(5)\n    machine.reset()", 5000),
        ("time.sleep(5)\n    machine.soft_reset()", 5000),
        (_WATCHDOG, 2000),
    ],
    ids=["deep sleep", "reset", "soft reset", "watchdog"],
)
@in_virtual_time
async def test_it_runs_on_through(how: str, ms: int, tmp_path: Path) -> None:
    async with clock_board(tmp_path, how) as board:
        assert await told(board, 0) == 0
        assert await told(board, 1) == ms


@pytest.mark.parametrize(("rtc_ppm", "drift_ms"), [(1000, 3600), (-1000, -3600), (0, 0)])
@in_virtual_time
async def test_it_drifts_while_the_board_sleeps(
    rtc_ppm: float, drift_ms: int, tmp_path: Path
) -> None:
    board = clock_board(tmp_path, f"time.sleep(900)\n    {_UNTIL_PRESSED}", rtc_ppm)
    async with board:
        await board.stopped(timeout=None)
        await asyncio.sleep(3600)
        await board.press("lock")
        assert await told(board, 1) == 4_500_000 + drift_ms


@in_virtual_time
async def test_the_timer_that_ends_a_sleep_drifts_with_it(tmp_path: Path) -> None:
    loop = asyncio.get_running_loop()
    async with clock_board(tmp_path, "machine.deepsleep(100_000)", rtc_ppm=250_000) as board:
        assert await told(board, 1) == 100_000
        assert loop.time() == pytest.approx(80, abs=0.02)


@asynchronous
async def test_it_is_the_boards_own_in_real_time_too(tmp_path: Path) -> None:
    async with clock_board(tmp_path, "time.sleep_ms(50)\n    machine.reset()") as board:
        assert 0 <= await told(board, 0) < 20_000
        assert await told(board, 1) >= await told(board, 0) + 50


@asynchronous
async def test_a_night_passes_at_once_while_the_board_sleeps(tmp_path: Path) -> None:
    async with clock_board(tmp_path, _UNTIL_PRESSED, rtc_ppm=1000) as board:
        await board.stopped()
        board.hardware.let_time_pass(28_800)
        await board.press("lock")
        assert 28_828_800 <= await told(board, 1) < 28_848_800


@in_virtual_time
async def test_a_sleep_that_should_have_ended_meanwhile_ends(tmp_path: Path) -> None:
    async with clock_board(tmp_path, "machine.deepsleep(60_000)") as board:
        await board.stopped()
        board.hardware.let_time_pass(100)
        assert await told(board, 1) == 100_000


@asynchronous
async def test_no_time_is_skipped_while_the_board_is_awake(tmp_path: Path) -> None:
    async with clock_board(tmp_path, "time.sleep(5)") as board:
        with pytest.raises(RuntimeError, match="sleeps"):
            board.hardware.let_time_pass(60)

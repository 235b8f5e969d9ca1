"""The virtual board's REPL, as a laptop finds it: the genuine one, with the genuine mpremote."""

import asyncio
import os
import sys
from pathlib import Path

import pytest

from host_tools.simulator.board import Board, BoardStopped
from tests.asynchronous import asynchronous
from tests.virtual_hardware import WAIT, board_with

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no pseudo-terminals")

UP = f"print('up')\n{WAIT}"


async def mpremote(board: Board, *arguments: str) -> str:
    """What mpremote prints, which must succeed."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "mpremote", "connect", board.console_path, "resume", *arguments),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        output, _ = await process.communicate()
    except asyncio.CancelledError:
        process.kill()
        await process.wait()
        raise
    assert process.returncode == 0, output.decode()
    return output.decode().replace("\r\n", "\n")


@pytest.mark.parametrize(
    ("main", "reason"),
    [
        ("x = 5\nprint('up')", "main.py returned"),
        ("x = 5\nprint('up')\nraise ValueError('why')", "boot.py or main.py raised"),
    ],
)
@asynchronous
async def test_the_repl_follows_main_py_and_shares_its_names(
    main: str, reason: str, tmp_path: Path
) -> None:
    async with board_with(tmp_path, main) as board:
        assert (await board.stopped()).reason == reason
        assert board.state == "repl"
        assert await mpremote(
            board, "exec", "print(x, sorted(k for k in dir() if k[0] != '_'))"
        ) == ("5 ['x']\n")


@pytest.mark.parametrize(
    "doing",
    [
        WAIT,
        "import time\ntime.sleep(60)",
        "while True: pass",
        # Lays waste to a heap and to a file system that are left in the middle.
        "while True: [1] * 50",
        "while True:\n    with open('/file', 'w') as file: file.write('x' * 300)",
    ],
)
@asynchronous
async def test_an_interrupt_ends_main_py(doing: str, tmp_path: Path) -> None:
    async with board_with(tmp_path, f"print('up')\n{doing}") as board:
        await board.prints("up")
        board.interrupt()
        assert (await board.stopped()).reason == "main.py was interrupted"
        assert board.console[-1].startswith("KeyboardInterrupt")
        assert await mpremote(board, "exec", "print(bytearray(9000)[0])") == "0\n"


@asynchronous
async def test_an_interrupt_while_the_chip_starts_waits_for_the_firmware(tmp_path: Path) -> None:
    board = board_with(tmp_path, UP, boot="import time\ntime.sleep_ms(100)")
    async with board:
        board.interrupt()
        assert (await board.stopped()).reason == "main.py was interrupted"
        assert "up" not in board.console


@asynchronous
async def test_mpremote_interrupts_main_py_by_itself(tmp_path: Path) -> None:
    async with board_with(tmp_path, UP) as board:
        await board.prints("up")
        assert await mpremote(board, "exec", "print(6 * 7)") == "42\n"
        assert board.state == "repl"


@asynchronous
async def test_mpremote_reads_and_writes_the_flash(tmp_path: Path) -> None:
    content = bytes(range(256)) * 20
    local, back = tmp_path / "local", tmp_path / "back"
    local.write_bytes(content)
    async with board_with(tmp_path, UP, notes="text") as board:
        assert "main.py" in await mpremote(board, "fs", "ls")
        assert await mpremote(board, "fs", "cat", ":notes.py") == "text"
        await mpremote(board, "fs", "cp", str(local), ":/copy")
        await mpremote(board, "fs", "cp", ":/copy", str(back))
    assert back.read_bytes() == content
    assert board.flash.read("/copy") == content


@asynchronous
async def test_long_programs_and_long_outputs_pass_whole(tmp_path: Path) -> None:
    program = "".join(f"print('line {number}')\n" for number in range(200))
    async with board_with(tmp_path, UP) as board:
        printed = await mpremote(board, "exec", f"{program}for _ in range(20): print('x' * 2000)")
    assert printed.splitlines() == [f"line {number}" for number in range(200)] + ["x" * 2000] * 20


@asynchronous
async def test_what_nobody_reads_or_answers_holds_nothing_up(tmp_path: Path) -> None:
    main = f"print('up')\nfor _ in range(60): print('x' * 1000)\nprint('end')\n{WAIT}"
    async with board_with(tmp_path, main) as board:
        await board.prints("up")
        await asyncio.to_thread(type_at, board, b"typed ahead " * 1000)
        await board.prints("end")


@asynchronous
async def test_what_a_conversation_prints_is_not_the_firmwares_console(tmp_path: Path) -> None:
    async with board_with(tmp_path, "print('up')") as board:
        await board.stopped()
        await mpremote(board, "exec", "print('typed')")
        assert board.console == ["up"]


@asynchronous
async def test_ctrl_d_at_the_prompt_is_a_soft_reset(tmp_path: Path) -> None:
    main = "import machine\nprint('cause', machine.reset_cause())"
    async with board_with(tmp_path, main) as board:
        await board.stopped()
        type_at(board, b"\x04")
        await board.running()
        await board.prints("cause 5")
        assert [stop.reason for stop in board.stops] == ["soft reset"]


@asynchronous
async def test_the_chip_can_be_reset_from_the_prompt(tmp_path: Path) -> None:
    main = "import machine\nprint('cause', machine.reset_cause())"
    async with board_with(tmp_path, main) as board:
        await board.stopped()
        type_at(board, b"machine.reset()\r")
        await board.running()
        await board.prints("cause 2")


def type_at(board: Board, data: bytes) -> None:
    terminal = os.open(board.console_path, os.O_WRONLY | os.O_NOCTTY)
    os.write(terminal, data)
    os.close(terminal)


@asynchronous
async def test_an_interrupt_ends_what_was_started_at_the_prompt(tmp_path: Path) -> None:
    async with board_with(tmp_path, "import time") as board:
        await board.stopped()
        loop = b"while True: print('busy'), time.sleep(0.01)\r\r"
        await asyncio.to_thread(talk, board, loop, b"busy\r\n")
        board.interrupt()
        await asyncio.to_thread(talk, board, b"", b"KeyboardInterrupt")
        assert board.state == "repl"


def talk(board: Board, data: bytes, until: bytes) -> None:
    """Type something and read until the board answers so."""
    terminal = os.open(board.console_path, os.O_RDWR | os.O_NOCTTY)
    os.write(terminal, data)
    answer = b""
    while until not in answer:
        answer += os.read(terminal, 100)
    os.close(terminal)


@asynchronous
async def test_the_light_stays_as_it_was_left(tmp_path: Path) -> None:
    async with board_with(tmp_path, "from machine import Pin\nPin(2, Pin.OUT).on()") as board:
        await board.stopped()
        assert board.light.level == 1
    assert board.light.level == 0


@asynchronous
async def test_a_wait_for_the_firmware_ends_at_the_repl(tmp_path: Path) -> None:
    async with board_with(tmp_path, "print('up')") as board:
        with pytest.raises(BoardStopped, match=r"main\.py returned"):
            await board.prints("never", timeout=60)
        with pytest.raises(BoardStopped, match=r"main\.py returned"):
            await board.light.shows("done", timeout=60)


@pytest.mark.parametrize("mode", [b"", b"\x01"])
@asynchronous
async def test_the_watchdog_bites_while_the_repl_sits_idle(mode: bytes, tmp_path: Path) -> None:
    main = "import machine\nprint('cause', machine.reset_cause())\nmachine.WDT(timeout=1000)"
    async with board_with(tmp_path, main) as board:
        await board.stopped()
        type_at(board, mode)
        await board.running()
        await board.prints("cause 3")


@asynchronous
async def test_no_terminal_is_left_behind(tmp_path: Path) -> None:
    open_files = count_open_files()
    async with board_with(tmp_path, "print('up')") as board:
        await board.stopped()
        assert count_open_files() > open_files
    assert count_open_files() == open_files
    with pytest.raises(RuntimeError, match="no power"):
        board.interrupt()


def count_open_files() -> int:
    return len(list(Path("/dev/fd").iterdir()))


@asynchronous
async def test_a_power_cut_at_the_prompt_switches_the_board_off(tmp_path: Path) -> None:
    off = asyncio.Event()
    board = board_with(tmp_path, "print('up')")
    board = Board(None, board.flash, on_event=lambda event: event.text == "power cut" and off.set())
    await board.power_on(cut="1:clean")
    await board.stopped()
    type_at(board, b"open('/file', 'w').close()\r")
    await off.wait()
    assert board.state == "off"

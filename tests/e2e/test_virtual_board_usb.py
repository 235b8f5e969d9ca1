"""The cable between a laptop and the virtual board: pulled, and plugged in again."""

import asyncio
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from mpremote.transport import TransportError
from mpremote.transport_serial import SerialTransport
from serial import SerialException

from host_tools.board.catalogue import load_board
from host_tools.simulator.board import Board
from tests.asynchronous import asynchronous
from tests.virtual_hardware import WAIT, board_with

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no pseudo-terminals")

UP = f"print('up')\n{WAIT}"


@contextmanager
def session(path: str) -> Iterator[SerialTransport]:
    """The raw REPL, as mpremote enters it with `resume`."""
    transport = SerialTransport(path, timeout=10)
    try:
        transport.enter_raw_repl(soft_reset=False)
        yield transport
    finally:
        transport.close()


def execute(path: str, program: str) -> bytes:
    with session(path) as transport:
        output: bytes = transport.exec(program)
        return output


def is_there(port: Path) -> bool:
    return port.is_symlink()


def linked(board: Board, tmp_path: Path) -> Board:
    return Board(None, board.flash, port=tmp_path / "port")


@asynchronous
async def test_who_reads_the_port_meets_its_end_when_the_cable_is_pulled(tmp_path: Path) -> None:
    async with board_with(tmp_path, UP) as board:
        await board.prints("up")
        port = os.open(board.console_path, os.O_RDONLY | os.O_NOCTTY)
        assert os.read(port, 2) == b"up"
        reading = asyncio.create_task(asyncio.to_thread(last_words, port))
        board.unplug()
        assert await reading in (b"", b"\r\n")
        assert board.state == "running"


def last_words(port: int) -> bytes:
    try:
        return os.read(port, 100)
    except OSError:  # what Linux says
        return b""
    finally:
        os.close(port)


@asynchronous
async def test_the_port_has_the_same_name_whenever_there_is_one(tmp_path: Path) -> None:
    async with linked(board_with(tmp_path, UP), tmp_path) as board:
        await board.prints("up")
        port = tmp_path / "port"
        board.unplug()
        assert not is_there(port)
        with pytest.raises(RuntimeError, match="not plugged in"):
            _ = board.console_path
        board.plug()
        assert await asyncio.to_thread(execute, str(port), "print(6 * 7)") == b"42\r\n"
    assert not is_there(port)


@asynchronous
async def test_a_board_without_cable_starts_without_port_and_gets_one_later(
    tmp_path: Path,
) -> None:
    board = linked(board_with(tmp_path, UP), tmp_path)
    board.unplug()
    async with board:
        await board.prints("up")
        assert not is_there(tmp_path / "port")
        board.plug()
        assert await asyncio.to_thread(execute, board.console_path, "print(1)") == b"1\r\n"


@asynchronous
async def test_the_usb_pin_feels_the_cable(tmp_path: Path) -> None:
    main = "from machine import Pin\nimport time\nusb = Pin(34)\nprint('usb', usb())\n"
    board = board_with(tmp_path, f"{main}while usb(): time.sleep_ms(1)\nprint('pulled')")
    board.plug()
    async with board:
        await board.prints("usb 1")
        board.unplug()
        await board.prints("pulled")


def test_a_board_without_usb_pin_does_not_feel_the_cable(tmp_path: Path) -> None:
    board = board_with(tmp_path, UP, definition=load_board("lolin32-lite"))
    board.plug()
    board.unplug()


@asynchronous
async def test_ctrl_c_ends_what_a_session_runs(tmp_path: Path) -> None:
    async with board_with(tmp_path, UP) as board:
        await board.prints("up")

        def interrupted() -> bytes:
            with session(board.console_path) as transport:
                transport.exec_raw_no_follow("print('busy')\nimport time\nwhile 1: time.sleep(1)")
                transport.read_until(1, b"busy\r\n")
                transport.serial.write(b"\x03")
                _, error = transport.follow(10)
                assert transport.exec("print('next')") == b"next\r\n"
                return bytes(error)

        assert b"KeyboardInterrupt" in await asyncio.to_thread(interrupted)


@asynchronous
async def test_ctrl_c_that_a_program_ended_before_heeding_ends_no_other(tmp_path: Path) -> None:
    async with board_with(tmp_path, "") as board:
        await board.stopped()

        def next_one() -> bytes:
            with session(board.console_path) as transport:
                transport.exec_raw_no_follow("print('busy')\nfor _ in range(200000): pass")
                transport.read_until(1, b"busy\r\n")
                transport.serial.write(b"\x03")
                transport.follow(10)
                return bytes(transport.exec("import time\ntime.sleep_ms(400)\nprint('next')"))

        assert await asyncio.to_thread(next_one) == b"next\r\n"


@asynchronous
async def test_ctrl_c_after_a_pulled_cable_ends_what_was_started_before(tmp_path: Path) -> None:
    async with linked(board_with(tmp_path, UP), tmp_path) as board:
        await board.prints("up")

        def start() -> None:
            with session(board.console_path) as transport:
                transport.exec_raw_no_follow("print('busy')\nimport time\nwhile 1: time.sleep(1)")
                transport.read_until(1, b"busy\r\n")

        await asyncio.to_thread(start)
        board.unplug()
        board.plug()
        assert await asyncio.to_thread(execute, board.console_path, "print(1)") == b"1\r\n"


@asynchronous
async def test_a_cable_pulled_in_the_middle_of_a_program_leaves_it_undone(tmp_path: Path) -> None:
    async with linked(board_with(tmp_path, UP), tmp_path) as board:
        await board.prints("up")
        board.unplug_after(typed=200)
        with pytest.raises((SerialException, OSError, TransportError)):
            await asyncio.to_thread(execute, board.console_path, f"open('/a', 'w')\n#{'x' * 500}")
        assert not board.plugged and "/a" not in board.flash.list()
        board.plug()
        assert await asyncio.to_thread(execute, board.console_path, "print(1)") == b"1\r\n"


@asynchronous
async def test_a_cable_can_be_pulled_at_a_flash_operation(tmp_path: Path) -> None:
    program = (
        "for name in range(50):\n with open('/%d' % name, 'w') as file: file.write('x' * 5000)"
    )
    async with board_with(tmp_path, UP) as board:
        await board.prints("up")
        before = board.flash_operations
        board.unplug_after(flash_operations=20)
        with pytest.raises((SerialException, OSError, TransportError)):
            await asyncio.to_thread(execute, board.console_path, program)
        assert not board.plugged and board.flash_operations >= before + 20

"""Ports where something else sits than a board with MicroPython, and boards that are no ESP32."""

import os
import random
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import pytest

from host_tools.cable import device as device_module
from host_tools.cable import session
from host_tools.cable.device import Device, DeviceError
from tests.desk import Desk

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no pseudo-terminals")

if sys.platform != "win32":
    import pty
    import tty


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """No time for a program to clean up after an interrupt."""
    monkeypatch.setattr(session, "_CLEANING_UP", 0.1)


NOISE = random.Random(1)


@contextmanager
def line(sends: Callable[[], bytes]) -> Iterator[str]:
    """A port that sends something all the time and takes no notice of what it is sent."""
    primary, replica = pty.openpty()
    tty.setraw(replica)
    os.set_blocking(primary, False)
    over = threading.Event()

    def talk() -> None:
        while not over.wait(0.01):
            with suppress(BlockingIOError):
                os.write(primary, sends())
            with suppress(BlockingIOError):
                os.read(primary, 4096)

    thread = threading.Thread(target=talk)
    thread.start()
    try:
        yield os.ttyname(replica)
    finally:
        over.set()
        thread.join()
        os.close(primary)
        os.close(replica)


@pytest.mark.parametrize(
    ("sends", "kind", "words"),
    [
        (lambda: b"", "silent", "does not answer. It may be asleep"),
        (lambda: b"temperature 21\r\n", "board", "no MicroPython .*'temperature 21'"),
        (lambda: b"invalid header: 0xffffffff\r\n", "board", "has no MicroPython.*--firmware"),
        (lambda: NOISE.randbytes(100), "board", "cannot be read.*another cable"),
        (lambda: b"x" * 500, "board", "no MicroPython"),
    ],
    ids=["silence", "a sentence", "an empty flash", "noise", "a flood"],
)
@pytest.mark.usefixtures("hasty")
def test_what_is_no_micropython_is_told(
    sends: Callable[[], bytes], kind: str, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session, "_GIVE_UP_AT", 2)
    monkeypatch.setattr(session, "_PULSE_AT", 1)
    waits: list[str] = []
    with line(sends) as port, pytest.raises(DeviceError, match=words) as error:
        Device(port, patience=1.0 if kind == "silent" else 60, on_wait=waits.append).__enter__()
    assert error.value.kind == kind
    assert len(waits) == (kind == "silent")


@pytest.mark.usefixtures("hasty")
def test_a_line_that_nobody_reads_blocks_nothing() -> None:
    primary, replica = pty.openpty()
    tty.setraw(replica)
    with pytest.raises(DeviceError) as error:
        Device(os.ttyname(replica), patience=0.5).__enter__()
    assert error.value.kind == "silent"
    os.close(primary)
    os.close(replica)


def test_a_board_that_is_no_esp32_is_refused_and_left_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    told = '[[1, 29, 0], "Raspberry Pi Pico with RP2040", 6, "", "rp2", false, true]'
    monkeypatch.setattr(device_module, "FACTS", f"print('{told}')")
    with Desk(bare=True) as desk:
        with pytest.raises(DeviceError, match=r"no ESP32 but Raspberry Pi Pico.*--port") as error:
            Device(desk.port).__enter__()
        assert error.value.kind == "board"
        with Device(desk.port, any_chip=True) as device:
            assert device.facts.chip is None


@pytest.mark.usefixtures("hasty")
def test_a_prompt_that_answers_wrongly_is_not_believed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "_WORKING", 0.2)
    monkeypatch.setattr(session, "_QUIET", 0.1)
    with (
        line(lambda: b"raw REPL; CTRL-B to exit\r\n>") as port,
        pytest.raises(DeviceError, match="stopped answering"),
    ):
        Device(port, patience=1.0).__enter__()

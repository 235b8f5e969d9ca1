"""What is said about a port or a board that fails, and what is understood of what a board says."""

import errno
import json
import sys
from typing import Any

import pytest
from serial import SerialException

from host_tools.cable import console, errors
from host_tools.cable.console import ConsoleError, Listener, NoConsole
from host_tools.cable.errors import BoardRaised
from host_tools.cable.facts import Facts

TRACEBACK = 'Traceback (most recent call last):\n  File "<stdin>", line 1, in <module>\n'


def raised(last: str) -> BoardRaised:
    return BoardRaised(f"{TRACEBACK}{last}\r\n")


@pytest.mark.parametrize(
    ("error", "kind", "words"),
    [
        (SerialException(errno.ENOENT, "could not open port"), "port", "there is no port"),
        (SerialException(errno.EBUSY, "could not open port"), "busy", "another program uses"),
        (SerialException(errno.EAGAIN, "Could not lock"), "busy", "another program uses"),
        (SerialException(errno.EISDIR, "could not open port"), "port", "is no serial port"),
        (
            SerialException("Could not configure port: (25, 'Inappropriate ioctl for device')"),
            "port",
            "is no serial port",
        ),
        (
            SerialException("Could not configure port: (5, 'Input/output error')"),
            "port",
            "nothing is connected",
        ),
        (
            SerialException("could not open port 'COM3': FileNotFoundError(2, 'not found.')"),
            "port",
            "there is no port",
        ),
    ],
)
def test_a_port_that_does_not_open_says_why(error: Exception, kind: str, words: str) -> None:
    refusal = errors.refused("PORT", error)
    assert (refusal.kind, refusal.exit_code) == (kind, 3)
    assert words in refusal.problem
    assert refusal.remedy


@pytest.mark.parametrize(
    ("platform", "kind", "remedy"),
    [
        ("linux", "permission", "usermod -aG dialout"),
        ("darwin", "permission", "administers"),
        ("win32", "busy", "Close it"),
    ],
)
def test_a_forbidden_port_names_each_systems_remedy(
    platform: str, kind: str, remedy: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "platform", platform)
    denied = SerialException("could not open port 'PORT': PermissionError(13, 'Access is denied.')")
    refusal = errors.refused("PORT", denied)
    assert refusal.kind == kind
    assert remedy in refusal.remedy


def test_only_a_port_that_is_away_is_worth_waiting_for() -> None:
    away = SerialException(errno.ENOENT, "could not open port")
    taken = SerialException(errno.EBUSY, "could not open port")
    assert errors.refused("PORT", away).may_come
    assert not errors.refused("PORT", taken).may_come


@pytest.mark.parametrize(
    ("heard", "kind", "words"),
    [
        ("", "silent", "does not answer"),
        ("\r\n", "silent", "does not answer"),
        ("rst:0x10\r\ninvalid header: 0xffffffff\r\n", "board", "has no MicroPython"),
        ("temperature 21\r\ntemperature 22\r\ntemp", "board", "says 'temperature 22'"),
        ("\ufffd\x00\ufffd\ufffd\x80\ufffd\ufffd", "board", "cannot be read"),
        ("raw REPL; CTRL-B to exit\r\n", "silent", "stopped answering"),
    ],
)
def test_what_is_heard_instead_of_a_prompt_tells_what_is_there(
    heard: str, kind: str, words: str
) -> None:
    failure = errors.no_repl("PORT", heard)
    assert (failure.kind, bool(failure.remedy)) == (kind, True)
    assert words in failure.problem


@pytest.mark.parametrize(
    ("last", "kind", "words"),
    [
        ("OSError: 28", "full", "is full"),
        ("OSError: [Errno 28] ENOSPC", "full", "is full"),
        ("OSError: [Errno 19] ENODEV", "board", "cannot be mounted"),
        ("OSError: -84", "board", "is damaged"),
        ("OSError: [Errno 5] EIO", "board", "is damaged"),
        ("MemoryError: memory allocation failed, allocating 4096 bytes", "board", "memory"),
        ("NameError: name '_f' isn't defined", "board", "says \"NameError: name '_f'"),
    ],
)
def test_what_a_board_raises_has_words(last: str, kind: str, words: str) -> None:
    failure = errors.failed("PORT", raised(last))
    assert (failure.kind, bool(failure.remedy)) == (kind, True)
    assert words in failure.problem


def test_a_full_flash_names_the_largest_strangers() -> None:
    failure = errors.full("PORT", {"/a": 5000, "/b": 9000, "/c": 7000, "/d": 6000})
    assert failure.remedy == (
        "Delete by `mpremote resume rm :FILE` what is not the fob's, such as /b (9 KiB),"
        " /c (7 KiB), /d (6 KiB)."
    )


def test_facts_are_those_of_a_stock_esp32() -> None:
    facts = Facts.of(
        [[1, 29, 0], "Generic ESP32 module with ESP32", 11014, "0a", "esp32", True, True]
    )
    assert (facts.chip, facts.mpy, facts.march) == ("esp32", 6, "xtensawin")
    assert facts.version == (1, 29, 0)


@pytest.mark.parametrize(
    ("machine", "is_esp32", "chip"),
    [
        ("ESP32C3 module with ESP32C3", True, "esp32c3"),
        ("Some board with ESP32-S3", True, "esp32s3"),
        ("An odd name", True, "esp32"),
        ("Raspberry Pi Pico with RP2040", False, None),
    ],
)
def test_the_chip_is_known_from_the_boards_name(
    machine: str, is_esp32: bool, chip: str | None
) -> None:
    assert Facts.of([[1, 29, 0], machine, 6, "", "x", is_esp32, True]).chip == chip


def test_an_architecture_that_is_not_known_yet_is_none() -> None:
    assert Facts.of([[2, 0, 0], "", 15 << 10 | 7, "", "esp32", True, True]).march is None


def hear(*lines: Any) -> tuple[Listener, list[dict[str, Any]]]:
    events: list[dict[str, Any]] = []
    listener = Listener("pair", events.append)
    for line in lines:
        listener.hear(line if isinstance(line, str) else json.dumps(line))
    return listener, events


def test_events_come_before_the_result_and_noise_counts_for_nothing() -> None:
    said = {"event": "said", "text": "hello"}
    end = {"result": {"speaks": "signed"}}
    listener, events = hear("fob: ready", said, "[1]", "{broken", "null", end)
    assert events == [said]
    assert listener.result() == {"speaks": "signed"}


def test_an_error_of_the_fob_keeps_its_parts() -> None:
    end = {"error": "refused", "text": "no", "reason": 5, "needs_laptop": True}
    listener, _ = hear(end)
    with pytest.raises(ConsoleError, match="no") as error:
        listener.result()
    assert (error.value.code, error.value.reason, error.value.needs_laptop) == ("refused", 5, True)
    assert error.value.exit_code == 1


def test_a_call_without_an_end_is_an_error() -> None:
    listener, _ = hear({"event": "said"})
    with pytest.raises(ConsoleError, match="did not say how `pair` ended"):
        listener.result()


@pytest.mark.parametrize(
    ("last", "words"),
    [
        ("ImportError: no module named 'laptop'", "is not on the board"),
        ("ValueError: incompatible .mpy file", "another version of MicroPython"),
        ("ValueError: incompatible .mpy arch", "another version of MicroPython"),
        ("ImportError: no module named 'fob.console'", "is incomplete"),
        ("AttributeError: 'module' object has no attribute 'call'", "is incomplete"),
    ],
)
def test_firmware_that_cannot_be_asked_has_to_be_flashed(last: str, words: str) -> None:
    failure = console.failed(raised(last))
    assert isinstance(failure, NoConsole)
    assert words in failure.problem
    assert "fob flash" in failure.remedy


def test_a_fob_out_of_memory_says_so() -> None:
    failure = console.failed(raised("MemoryError: memory allocation failed"))
    assert failure.problem == "the fob ran out of memory"


def test_arguments_reach_the_board_as_they_are() -> None:
    program = console.program("press", {"buttons": ["lock"], "text": 'it\'s "ü"'})
    called: list[Any] = []
    source = program.replace("import laptop\nlaptop.call", "call")
    exec(source, {"call": lambda *given: called.extend(given)})
    assert called[0] == "press"
    assert json.loads(called[1]) == {"buttons": ["lock"], "text": 'it\'s "ü"'}


def test_a_result_without_what_it_has_to_have_is_of_another_version() -> None:
    listener = Listener("status", None)
    listener.hear(json.dumps({"result": {"version": 9}}))
    with pytest.raises(NoConsole, match=r"of another version.*`fob flash`"):
        listener.result()

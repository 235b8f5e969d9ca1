"""`fob setup`, from a bare virtual board to its first press, and broken off on the way."""

import sys
from pathlib import Path
from typing import Any

import pytest

from host_tools.cable.device import DeviceError
from host_tools.cable.ports import Port
from host_tools.simulator.bench import VIN
from tests.command_line import fob
from tests.desk import Desk

ANSWERS = ("--board", "virtual", "--vin", VIN, "--yes")
NO_IDENTITY = dict.fromkeys(("/fob.json", "/light.json", "/key.bin"))
AGAIN = "`fob setup` goes on here when you run it again."

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="has no pseudo-terminals")


@pytest.fixture
def without_micropython(monkeypatch: pytest.MonkeyPatch) -> None:
    """No board answers as MicroPython does."""

    class Silent:
        def __init__(self, port: str, **_: Any) -> None:
            self._port = port

        def __enter__(self) -> None:
            raise DeviceError("board", f"the board at {self._port} has no MicroPython", "Write it.")

        def __exit__(self, *_: object) -> None:
            pass

    monkeypatch.setattr("host_tools.cli.fob_session.Device", Silent)


def test_a_bare_board_becomes_a_fob_that_opens_its_car() -> None:
    with Desk(bare=True, tap_after=0.1) as desk:
        result = desk.run("setup", *ANSWERS)
        assert (result.exit_code, result.stderr) == (0, "")
        assert "the car confirmed it" in result.stdout
        assert not desk.car.locked
        assert not desk.violations

        again = desk.run("setup")
        assert (again.exit_code, again.stderr) == (0, "")
        titles = [line.split("  ")[1] for line in again.stdout.splitlines() if line[:1].isdigit()]
        assert titles[1:4] == ["Virtual board", "1.29.0 on an esp32", "up to date"]
        assert titles[5] == "the car knows the key"
        assert "?" not in again.stdout


def test_after_a_pulled_cable_it_goes_on_where_it_stopped() -> None:
    with Desk(bare=True) as desk:
        desk.unplug_after(flash_operations=60)
        broken = desk.run("setup", "--board", "virtual", "--yes")
        assert broken.exit_code == 3
        assert broken.stderr.endswith(f"{AGAIN}\n")
        desk.plug()
        result = desk.run("setup", "--board", "virtual", "--yes")
        assert "4/7 Program  It is incomplete." in result.stdout
        assert (result.exit_code, result.stderr) == (
            2,
            "fob: the VIN is not known. Name it by --vin.\n",
        )


def test_a_wrong_answer_is_asked_for_again_and_a_no_ends_it() -> None:
    with Desk(files=NO_IDENTITY) as desk:
        typed = f"99\nvirtual\ny\nnonsense\n{VIN.lower()}\nn\n"
        result = desk.run("setup", input=typed)
        assert "99 is none of them" in result.stdout
        assert "A VIN has no 'O'" in result.stdout
        assert "6/7 Pairing" in result.stdout
        assert (result.exit_code, result.stderr.splitlines()[-2:]) == (1, [AGAIN, "fob: declined"])
        assert VIN.encode() in desk.flash.read("/fob.json")


def test_who_has_not_wired_the_board_is_told_to() -> None:
    with Desk(files=NO_IDENTITY) as desk:
        result = desk.run("setup", "--board", "virtual", input="n\n")
        assert result.exit_code == 1
        assert result.stderr.startswith("fob: the board is not wired yet. Unplug it and wire it")
        assert result.stderr.endswith(f"{AGAIN}\n")


@pytest.mark.parametrize(
    ("answers", "complaint"),
    [
        ((), "fob: the board is not known. Name it by --board."),
        (("--board", "virtual"), "fob: there is nobody to answer. Agree by --yes."),
    ],
)
def test_without_anybody_to_ask_the_error_names_the_option(
    answers: tuple[str, ...], complaint: str
) -> None:
    with Desk(bare=True) as desk:
        result = desk.run("setup", *answers)
        assert (result.exit_code, result.stderr) == (2, f"{complaint}\n")


@pytest.mark.parametrize(
    ("answers", "complaint"),
    [
        (("--vin", "5YJ3"), "a VIN has 17 characters, this one has 4"),
        (("--board", "lolin32"), "there is no board 'lolin32'"),
        (("--firmware", "/no/such/file"), "'/no/such/file' does not exist"),
    ],
)
def test_a_wrong_option_is_told_before_a_board_is_touched(
    answers: tuple[str, ...], complaint: str
) -> None:
    result = fob("setup", "--port", "/dev/null", *answers)
    assert (result.exit_code, result.stdout) == (2, "")
    assert complaint in result.stderr


@pytest.mark.parametrize("typed", ["", "\n"])
def test_without_a_port_it_waits_for_one_until_nobody_is_there(
    typed: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("FOB_PORT", raising=False)
    for module in ("host_tools.cable.ports", "host_tools.cli.setup_walk"):
        monkeypatch.setattr(f"{module}.list_ports", list)
    result = fob("setup", typed=typed)
    assert result.exit_code == 3
    assert result.stdout.count("No serial port is there") == 1 + len(typed)
    assert "fob: no serial port is there. Plug the fob in" in result.stderr


def test_two_boards_have_to_be_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    ports = [Port(f"/dev/ttyUSB{number}", "CP2102", "usb", vid=0x10C4) for number in (0, 1)]
    monkeypatch.delenv("FOB_PORT", raising=False)
    for module in ("host_tools.cable.ports", "host_tools.cli.setup_walk"):
        monkeypatch.setattr(f"{module}.list_ports", lambda: ports)
    result = fob("setup")
    assert result.exit_code == 3
    assert "/dev/ttyUSB1" in result.stdout
    assert result.stderr.endswith("Name one by --port.\n")


@pytest.mark.usefixtures("without_micropython")
def test_without_micropython_it_says_where_to_get_it() -> None:
    result = fob("setup", "--port", "/dev/null", "--board", "xiao-esp32c3", "--yes")
    assert "https://micropython.org/download/ESP32_GENERIC_C3/" in result.stdout
    assert result.exit_code == 3
    assert result.stderr.startswith("fob: the board at /dev/null has no MicroPython. Write it.")


@pytest.mark.usefixtures("without_micropython")
def test_a_file_that_is_no_micropython_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "holiday.jpg"
    file.write_bytes(b"\xff\xd8\xff" + bytes(5000))
    options = ("--board", "xiao-esp32c3", "--firmware", str(file), "--yes")
    result = fob("setup", "--port", "/dev/null", *options)
    assert result.exit_code == 2
    assert "3/7 MicroPython  The board at /dev/null has no MicroPython." in result.stdout
    assert "holiday.jpg" in result.stderr

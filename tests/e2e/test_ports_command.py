"""`fob ports`, with virtual boards plugged in."""

import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from host_tools.cable.virtual_boards import virtual_boards_folder
from host_tools.simulator.bench import VIN
from tests.desk import Desk

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no pseudo-terminals")


@pytest.fixture(autouse=True)
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No port but those of a test."""
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    monkeypatch.setattr("host_tools.cable.ports.serial_ports.comports", list)


def announce(desk: Desk, name: str = "virtual") -> None:
    file = virtual_boards_folder() / f"{os.getpid()}-{name}.json"
    file.write_text(json.dumps({"port": desk.port, "name": name}))


@pytest.fixture(scope="module")
def desk() -> Iterator[Desk]:
    with Desk() as desk:
        yield desk


def test_a_fob_says_who_it_is_and_goes_on(desk: Desk) -> None:
    announce(desk)
    told = desk.run("ports")
    assert told.exit_code == 0
    assert "ESP32, MicroPython 1." in told.stdout
    assert f"VIN {VIN}, key " in told.stdout
    assert "--no-probe" in told.stdout
    desk.do(lambda: desk.bench.board.running())


def test_machines_get_one_document(desk: Desk) -> None:
    announce(desk)
    (port,) = json.loads(desk.run("ports", "--json").stdout)["ports"]
    assert (port["port"], port["kind"], port["likely"]) == (desk.port, "virtual", True)
    assert (port["state"], port["chip"]) == ("fob", "esp32")
    assert port["fob"]["vin"] == VIN
    assert len(port["fob"]["key"]) == 8


def test_nobody_is_disturbed_when_they_are_only_listed(desk: Desk) -> None:
    announce(desk)
    ends = len(desk.bench.board.stops)
    told = desk.run("ports", "--no-probe")
    assert desk.port in told.stdout
    assert len(desk.bench.board.stops) == ends


def test_a_bare_board_has_micropython_only() -> None:
    with Desk(bare=True) as desk:
        announce(desk)
        (port,) = json.loads(desk.run("ports", "--json").stdout)["ports"]
    assert (port["state"], port["fob"]) == ("micropython", None)
    assert port["micropython"].startswith("1.")
    assert port["problem"] == "the fob's firmware is not on the board"


def test_a_board_that_went_away_is_no_error(desk: Desk) -> None:
    announce(desk)
    desk.unplug()
    try:
        told = desk.run("ports")
        assert (told.exit_code, told.stderr) == (0, "")
        assert "there is no port" in told.stdout
    finally:
        desk.plug()


def test_without_any_port_it_says_what_to_plug_in(desk: Desk) -> None:
    told = desk.run("ports")
    assert told.exit_code == 0
    assert told.stdout.startswith("No serial port is there. Plug the fob in")
    assert json.loads(desk.run("ports", "--json").stdout) == {"ports": []}


def test_lines_fit_into_80_columns(desk: Desk) -> None:
    announce(desk)
    lines = desk.run("ports").stdout.splitlines()
    assert all(len(line) <= 80 for line in lines if desk.port not in line)

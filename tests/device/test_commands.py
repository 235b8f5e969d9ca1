"""A board's way through the commands, from empty to wiped; see conftest.py."""

import hashlib
import json
import time
from typing import Any

import pytest
import serial

from host_tools.cable.device import Device
from host_tools.installation.install import program
from host_tools.simulator.bench import VIN
from tests.device.conftest import Subject


class CableCut:
    """The port goes away after so many bytes to the board."""

    def __init__(self, count: int) -> None:
        self.left = count
        self._write = serial.Serial.write

    def write(self, port: serial.Serial, data: bytes) -> int:
        self.left -= len(data)
        if self.left < 0:
            port.close()
            raise serial.SerialException("device disconnected")
        written: int = self._write(port, data)
        return written


def told(subject: Subject, *arguments: str) -> Any:
    """What a command says with --json; it must succeed."""
    result = subject.run(*arguments, "--json")
    assert result.exit_code == 0, result.stderr
    return json.loads(result.stdout.splitlines()[-1])


def test_an_interrupted_upload_is_finished_by_the_same_command(
    subject: Subject, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        cut = CableCut(30_000)
        patch.setattr(serial.Serial, "write", lambda port, data: cut.write(port, data))
        assert subject.run("flash", "--erase", "--yes").exit_code == 3
    result = subject.run("flash", "--yes")
    assert result.exit_code == 0, result.stderr


def test_every_file_of_the_program_arrived_whole(subject: Subject) -> None:
    with Device(subject.port) as device:
        files = program(device.facts.march)
        hashes = device.hashes(files)
    assert hashes == {path: hashlib.sha256(data).hexdigest() for path, data in files.items()}


def test_a_second_upload_sends_nothing(subject: Subject) -> None:
    assert "none changed" in subject.run("flash", "--yes").stdout


def test_a_board_without_key_is_no_fob_yet(subject: Subject) -> None:
    assert told(subject, "status")["status"].get("vin") is None
    assert subject.run("press", "unlock").exit_code != 0


def test_provisioning_makes_a_fob_of_it(subject: Subject) -> None:
    assert subject.run("provision", "--vin", VIN, "--board", subject.board, "--yes").exit_code == 0
    status = told(subject, "status")["status"]
    assert status["vin"] == VIN and status["configuration"] is None
    assert len(bytes.fromhex(status["public_key"])) == 65 and status["counter"]["next"] == 1


def test_a_second_provisioning_changes_nothing(subject: Subject) -> None:
    before = told(subject, "status")["status"]["public_key"]
    assert subject.run("provision", "--vin", VIN, "--board", subject.board, "--yes").exit_code == 0
    assert told(subject, "status")["status"]["public_key"] == before


def test_a_wrong_vin_changes_nothing(subject: Subject) -> None:
    assert subject.run("provision", "--vin", VIN[:-1], "--yes").exit_code == 2
    assert told(subject, "status")["status"]["vin"] == VIN


def test_the_fob_can_make_a_key_of_its_own(subject: Subject) -> None:
    before = told(subject, "status")["status"]["public_key"]
    result = subject.run("provision", "--on-device", "--replace-key", "--yes")
    assert result.exit_code == 0, result.stderr
    assert told(subject, "status")["status"]["public_key"] != before


def test_a_press_of_a_fob_that_no_car_knows_says_so(subject: Subject) -> None:
    result = subject.run("press", "unlock")
    # The simulated car is there, but does not know the key; no real car has this VIN.
    assert result.exit_code == 1 and ("pair" in result.stderr or "not in reach" in result.stderr)


def test_the_log_can_be_read(subject: Subject) -> None:
    assert subject.run("logs").exit_code == 0


def test_the_doctor_finds_nothing_wrong_with_program_and_key(subject: Subject) -> None:
    verdicts = {each["check"]: each["verdict"] for each in told(subject, "doctor")["checks"]}
    wanted = ("connection", "MicroPython", "file system", "program", "configuration", "key")
    assert [verdicts[check] for check in wanted] == ["ok"] * len(wanted)


def test_no_watchdog_ends_a_session(subject: Subject) -> None:
    with Device(subject.port, keep_repl=True):
        pass
    port = serial.Serial(subject.port, 115200, timeout=2)
    port.write(b"\x02import machine; _ = machine.WDT(timeout=1000)\r\n")
    port.read_until(b">>> ")
    port.close()
    with Device(subject.port) as device:
        time.sleep(1.2)  # The chip's own clock can be neither asked nor turned.
        assert device.files()


def test_a_board_whose_program_hangs_can_be_reached_and_mended(subject: Subject) -> None:
    with Device(subject.port) as device:
        device.stage("/main.py", b"while True: pass\n")
        device.commit(["/main.py"])
    assert "1 changed" in subject.run("flash", "--yes").stdout


def test_wiping_leaves_a_board_with_the_program_alone(subject: Subject) -> None:
    assert subject.run("wipe", "--yes").exit_code == 0
    with Device(subject.port) as device:
        files = device.files()
    assert "/manifest.json" in files
    assert not [path for path in files if "key.bin" in path or path.startswith("/state/")]

"""`fob doctor` on virtual boards in all kinds of health."""

import json

import pytest

from host_tools.cli.screen import WIDTH
from tests.damaged_desk import damaged_desk
from tests.desk import Desk


def checks(result):
    """Each check's verdict, of an examination told as JSON."""
    return {check["check"]: check["verdict"] for check in json.loads(result.stdout)["checks"]}


@pytest.fixture(scope="module")
def healthy():
    with Desk(enrolled=True) as desk:
        desk.run("press", "lock")
        yield desk


def test_a_healthy_fob_has_nothing_wrong(healthy):
    result = healthy.run("doctor")
    assert result.exit_code == 0, result
    assert result.stdout.endswith("Nothing is wrong.\n")
    assert max(map(len, result.stdout.splitlines())) <= WIDTH


def test_machines_get_every_check(healthy):
    result = healthy.run("doctor", "--json")
    assert set(checks(result).values()) == {"ok"}
    told = json.loads(result.stdout)
    assert (told["wrong"], told["warnings"]) == (0, 0)
    assert {"check", "verdict", "text", "remedy"} == set(told["checks"][0])


def test_a_press_works_after_the_doctor(healthy):
    assert healthy.run("press", "unlock").exit_code == 0


def test_a_bare_board_lacks_program_and_configuration():
    with Desk(bare=True) as desk:
        result = desk.run("doctor", "--json")
    assert result.exit_code == 1
    wrong = {check for check, verdict in checks(result).items() if verdict == "wrong"}
    assert wrong == {"program", "configuration"}


def test_files_that_shadow_or_are_left_over_are_found():
    files = {"/bluetooth.py": b"", "/fob/app.mpy.new": b"?", "/key.bin.new": b"?"}
    with damaged_desk(files) as desk:
        result = desk.run("doctor")
    assert result.exit_code == 1
    assert "/bluetooth.py" in result.stdout
    assert result.stdout.count("leftovers") == 2


def test_a_program_that_cannot_be_asked_does_not_stop_the_rest():
    with damaged_desk({"/laptop.mpy": None}) as desk:
        result = desk.run("doctor", "--json")
    found = checks(result)
    assert found["program"] == "wrong"
    assert found["counter"] == "ok"
    assert found["configuration"] == "not checked"


def test_a_lost_counter_is_wrong():
    with damaged_desk({"/state/counter.0": b"?", "/state/counter.1": b"?"}) as desk:
        result = desk.run("doctor", "--json")
    assert result.exit_code == 1
    assert [check for check, verdict in checks(result).items() if verdict == "wrong"] == ["counter"]


def test_a_file_system_that_does_not_mount_is_told_with_its_price():
    with Desk(bare=True) as desk:
        desk.power_off()
        image = bytearray(desk.flash.path.read_bytes())
        image[:65536] = b"\x55" * 65536
        desk.flash.path.write_bytes(image)
        desk.power_on()
        desk.prints("cannot be mounted")
        result = desk.run("doctor")
    assert result.exit_code == 1
    assert "fob flash --erase" in result.stdout
    assert "is lost" in result.stdout


def test_a_cable_that_is_pulled_leaves_the_rest_unchecked():
    with Desk() as desk:
        desk.unplug_after(typed=1200)
        result = desk.run("doctor", "--json")
    found = checks(result)
    assert result.exit_code == 1
    assert found["connection"] == "wrong"
    assert found["Python"] == "ok"
    assert "not checked" in found.values()


def test_no_port_is_one_thing_wrong_of_many():
    with Desk(bare=True) as desk:
        result = desk.run("doctor", "--port", "/dev/no-such-port", "--json")
    found = checks(result)
    assert result.exit_code == 1
    assert found["port"] == "wrong" and found["Python"] == "ok"

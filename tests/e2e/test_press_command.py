"""`fob press` on a virtual board, beside a simulated car."""

import json

import pytest

from host_tools.board.catalogue import load_board
from host_tools.identity.provision import provision
from host_tools.protocol import vcsec_pb2 as vcsec
from host_tools.simulator.bench import VIN
from tests.damaged_desk import damaged_desk
from tests.desk import Desk


@pytest.fixture(scope="module")
def desk():
    with Desk(enrolled=True) as desk:
        yield desk


@pytest.fixture(scope="module")
def stranger():
    """A fob whose key the car does not know."""
    with Desk() as desk:
        yield desk


def test_a_press_does_what_the_button_does(desk):
    result = desk.run("press", "unlock")
    assert result.exit_code == 0, result
    assert not desk.car.locked
    assert "one long flash" in result.stdout and "confirmed" in result.stdout
    assert desk.run("press", "lock").exit_code == 0
    assert desk.car.locked
    assert desk.violations == []


def test_machines_get_what_is_said_and_the_result(desk):
    result = desk.run("press", "lock", "--json")
    *events, last = [json.loads(line) for line in result.stdout.splitlines()]
    assert [event["event"] for event in events] == ["said"]
    assert last["result"]["outcome"] == "done"
    assert last["result"]["text"] == events[-1]["text"]


def test_two_presses_in_a_row_reach_the_car_twice(desk):
    result = desk.run("press", "lock", "--double", "--json")
    said = [line for line in result.stdout.splitlines() if "lock done" in line and "event" in line]
    assert result.exit_code == 0
    assert len(said) == 2


def test_a_second_press_in_a_row_opens_the_trunk(desk):
    assert desk.run("press", "unlock", "--double").exit_code == 0
    assert desk.car.body.open_closures == {"rearTrunk"}
    assert desk.run("press", "unlock", "--double").exit_code == 0
    assert desk.car.body.open_closures == set()


def test_a_held_button_is_another_gesture(desk):
    result = desk.run("press", "lock", "--hold", "2")
    assert "auto-secure done" in result.stdout and desk.car.locked


def test_a_lock_warns_of_an_open_trunk_if_the_fob_is_told_to():
    files = provision(VIN, load_board("virtual"), warn_open=True)
    with Desk(files=files, enrolled=True) as desk:
        desk.do(lambda: desk.car.set_closure("rearTrunk", vcsec.CLOSURESTATE_OPEN))
        result = desk.run("press", "lock")
    assert result.exit_code == 0
    assert "two long flashes" in result.stdout and "something is open" in result.stdout


def test_a_button_that_the_fob_has_not_lists_those_it_has(desk):
    result = desk.run("press", "trunk")
    assert result.exit_code == 2
    assert result.stderr == "fob: this fob has no button 'trunk'. It has: lock, unlock.\n"


def test_buttons_together_have_to_be_held(desk):
    result = desk.run("press", "lock", "unlock")
    assert result.exit_code == 1
    assert "--hold 3.5" in result.stderr


def test_a_hold_out_of_range_is_wrong_usage(desk):
    result = desk.run("press", "lock", "--hold", "60")
    assert result.exit_code == 2
    assert "60" in result.stderr


def test_a_press_without_a_button_is_wrong_usage(desk):
    assert desk.run("press").exit_code == 2


def test_a_fob_that_is_not_paired_says_so_and_what_to_do(stranger):
    result = stranger.run("press", "unlock")
    assert result.exit_code == 1
    assert "three short flashes" in result.stdout
    assert result.stderr.endswith("does not know this key. Pair it: `fob pair`.\n")


def test_a_failed_press_is_told_to_machines_too(stranger):
    result = stranger.run("press", "unlock", "--json")
    *_, last, error = [json.loads(line) for line in result.stdout.splitlines()]
    assert last["result"]["outcome"] == "not-paired"
    assert error["error"]["remedy"] == "Pair it: `fob pair`."


def test_a_press_shorter_than_the_guard_says_how_long_to_hold():
    files = provision(VIN, load_board("virtual"), press_guard_ms=300)
    with Desk(files=files) as desk:
        result = desk.run("press", "lock", "--hold", "0.1")
        assert result.exit_code == 1
        assert "press guard is 300 ms" in result.stderr and "--hold 0.4" in result.stderr


def test_a_board_without_the_program_is_told_to_flash():
    with Desk(bare=True) as desk:
        result = desk.run("press", "lock")
        assert result.exit_code == 1
        assert "fob flash" in result.stderr


def test_a_lost_counter_is_told_to_be_repaired():
    with damaged_desk({"/state/counter.0": b"?", "/state/counter.1": b"?"}) as desk:
        result = desk.run("press", "lock")
        assert result.exit_code == 1
        assert "fob provision --repair" in result.stderr

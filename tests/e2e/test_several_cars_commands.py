"""The commands that ask a car, on a fob that has two of them."""

import json

import pytest

from host_tools.board.catalogue import load_board
from host_tools.identity.provision import provision
from host_tools.simulator.bench import VIN
from tests.desk import Desk

OTHER = "5YJ3E1EA0KF000316"


@pytest.fixture(scope="module")
def desk():
    both = [{"vin": OTHER, "own_key": False}]
    files = provision(VIN, load_board("virtual"), more_cars=both)
    with Desk(files=files, enrolled=True, vintage="2023", more_cars=[OTHER]) as desk:
        yield desk


def locked(desk):
    return {vin: car.locked for vin, car in desk.bench.cars.items()}


def test_an_action_goes_to_the_car_that_is_named(desk):
    for wanted, changed in ((OTHER, OTHER), ("1", VIN)):
        before = locked(desk)
        desk.run("send", "unlock", "--vin", wanted)
        assert {vin for vin in before if locked(desk)[vin] != before[vin]} == {changed}


@pytest.mark.parametrize("command", [("send", "lock"), ("pair",), ("keys",), ("status", "--car")])
def test_without_a_name_the_cars_are_listed(desk, command):
    result = desk.run(*command)
    assert result.exit_code == 2
    listed = f"1 ({VIN}), 2 ({OTHER})"
    assert result.stderr == f"fob: this fob has several cars. Take one by --vin: {listed}.\n"


def test_the_status_lists_both_and_tells_of_the_one_that_is_asked_for(desk):
    shown = desk.run("status").stdout
    assert "Its cars" in shown and OTHER in shown and "brief flashes" in shown
    told = json.loads(desk.run("status", "--vin", "2", "--car", "--json").stdout)
    assert told["status"]["vin"] == OTHER
    assert told["car"]["closureStatuses"]["rearTrunk"] == 0


def test_the_keys_are_those_of_the_car_that_is_named(desk):
    result = desk.run("keys", "--vin", OTHER)
    assert result.exit_code == 0, result
    assert "this fob's" in result.stdout


def test_doctor_judges_both(desk):
    shown = desk.run("doctor").stdout
    assert "car 2" in shown and OTHER in shown

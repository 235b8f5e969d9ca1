"""`fob status` on a virtual board, beside a simulated car."""

import json

import pytest

from host_tools.cli.screen import WIDTH
from host_tools.simulator.bench import VIN
from tests.damaged_desk import damaged_desk
from tests.desk import Desk


@pytest.fixture(scope="module")
def desk():
    """A fob that has pressed once."""
    with Desk(enrolled=True) as desk:
        desk.run("press", "unlock")
        yield desk


def test_it_shows_whose_fob_it_is_and_how_it_is(desk):
    result = desk.run("status")
    assert result.exit_code == 0, result
    for told in (VIN, "driver", "1.29", "up to date", "yes, in the signed-command", "unlock done"):
        assert told in result.stdout, told
    assert max(map(len, result.stdout.splitlines())) <= WIDTH


def test_the_private_key_is_nowhere(desk):
    secret = desk.flash.read("/key.bin")[:32].hex()
    assert secret not in desk.run("status", "--json").stdout


def test_the_car_is_asked_only_when_wanted(desk):
    assert "The car says" not in desk.run("status").stdout
    shown = desk.run("status", "--car").stdout
    assert "unlocked" in shown[shown.index("The car says") :]


def test_machines_get_all_of_it(desk):
    told = json.loads(desk.run("status", "--car", "--json").stdout)
    assert told["status"]["vin"] == VIN
    assert told["program"]["state"] == "current"
    assert told["board"]["chip"] == "esp32"
    assert told["car"]["vehicleLockState"] == 0
    assert set(told["car"]["closureStatuses"].values()) == {0}


def test_a_car_out_of_reach_costs_only_its_own_lines():
    with Desk(enrolled=True) as desk:
        desk.do(desk.bench.walk)
        result = desk.run("status", "--car")
    assert result.exit_code == 1
    assert VIN in result.stdout
    assert "not in reach. Go nearer" in result.stderr


def test_a_bare_board_shows_what_it_is_and_asks_to_be_flashed():
    with Desk(bare=True) as desk:
        result = desk.run("status")
    assert result.exit_code == 1
    assert "1.29" in result.stdout
    assert result.stderr == "fob: this board has no fob program. Install it: `fob flash`.\n"


def test_a_fob_without_a_car_asks_to_be_provisioned():
    with damaged_desk({"/fob.json": None}) as desk:
        result = desk.run("status")
        assert result.exit_code == 0
        assert "fob provision --vin" in result.stdout
        assert "fob provision" in desk.run("status", "--car").stderr


def test_a_damaged_configuration_is_told_as_such():
    with damaged_desk({"/fob.json": b"{"}) as desk:
        assert "fob.json is damaged" in desk.run("status").stdout


def test_a_port_that_is_not_there_is_unreachable():
    with Desk(bare=True) as desk:
        result = desk.run("status", "--port", "/dev/no-such-port")
    assert result.exit_code == 3
    assert "/dev/no-such-port" in result.stderr

"""`fob send` on a virtual board, beside a simulated car."""

import json

import pytest

from host_tools.simulator.bench import VIN
from tests.command_line import fob
from tests.desk import Desk


@pytest.fixture(scope="module")
def desk():
    with Desk(enrolled=True) as desk:
        yield desk


def test_an_action_that_no_button_has_is_done(desk):
    result = desk.run("send", "frunk")
    assert result.exit_code == 0, result
    assert "frunk (opens or closes the frunk)" in result.stdout
    assert desk.car.body.open_closures == {"frontTrunk"}
    assert desk.violations == []


def test_machines_get_the_action_and_what_came_of_it(desk):
    result = desk.run("send", "charge-port:open", "--json")
    told = json.loads(result.stdout)["result"]
    assert told["action"] == "charge-port:open" and told["ms"] > 0
    assert "chargePort" in desk.car.body.open_closures


def test_what_the_car_refuses_is_told_with_a_remedy(desk):
    result = desk.run("send", "rke-unknown")
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.count("\n") == 1 and result.stderr.startswith("fob: the car ")


def test_the_only_car_may_be_named_and_no_other(desk):
    assert desk.run("send", "lock", "--vin", VIN.lower()).exit_code == 0
    assert desk.run("send", "lock", "--vin", "1").exit_code == 0
    result = desk.run("send", "lock", "--vin", "2")
    assert result.exit_code == 2
    assert result.stderr == f"fob: this fob has no car 2. It has: 1 ({VIN}).\n"


def test_the_list_needs_no_fob():
    shown = fob("send", "--list").stdout
    assert "auto-secure" in shown and "trunk :move :stop :open :close" in shown
    rows = json.loads(fob("send", "--list", "--json").stdout)
    assert {"lock", "battery-report"} <= {name for row in rows for name in row["names"]}


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        ((), "no action is named. `fob send --list` shows them."),
        (("trunc",), "there is no action 'trunc'. Did you mean trunk?"),
        (("arm",), "'arm' is for buttons only: it sends nothing."),
        (("lock+unlock",), "'lock' is no closure, and only those are joined by +. Take some of"),
        (("lock@2",), "'lock@2' names a car as gestures do. Name it by --vin"),
        (("lock", "unlock"), "got unexpected extra argument (unlock). See `fob send --help`."),
        (("trunk:fly",), "no closure can 'fly'. Take one of: move, stop, open, close."),
    ],
)
def test_a_wrong_action_is_told_before_any_fob_is_asked(arguments, problem):
    result = fob("send", *arguments)
    assert result.exit_code == 2
    assert result.stderr.startswith(f"fob: {problem}")

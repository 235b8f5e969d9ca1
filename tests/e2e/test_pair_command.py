"""`fob pair` on a virtual board, beside a simulated car."""

import json
import signal
import subprocess
import sys
import threading
import time

import pytest

from host_tools.board.catalogue import load_board
from host_tools.cli.screen import WIDTH
from host_tools.identity.provision import provision
from host_tools.simulator.bench import VIN
from host_tools.simulator.car import Behaviour
from tests.desk import Desk


def lines(text):
    return [json.loads(line) for line in text.splitlines()]


@pytest.fixture(scope="module")
def paired():
    """A desk whose fob has been paired, and how that went."""
    with Desk(tap_after=0.2) as desk:
        yield desk, desk.run("pair")


def test_pairing_tells_each_step_and_ends_with_a_proof(paired):
    _, result = paired
    assert result.exit_code == 0, result
    steps = ("Looking for the car", "Found the car", "NOW hold the key card", "Paired.", "proved")
    places = [result.stdout.find(step) for step in steps]
    assert -1 not in places and places == sorted(places), result.stdout


def test_nothing_is_wider_than_the_screen(paired):
    _, result = paired
    assert max(map(len, result.stdout.splitlines())) <= WIDTH


def test_a_press_works_after_pairing(paired):
    desk, _ = paired
    assert desk.run("press", "unlock").exit_code == 0
    assert not desk.car.locked


def test_a_paired_fob_is_paired_anew_only_after_a_yes(paired):
    desk, _ = paired
    result = desk.run("pair", input="n\n")
    assert result.exit_code == 1
    assert "Pairing the key" not in result.stdout
    assert desk.run("pair", input="y\n").exit_code == 0


def test_where_nobody_answers_the_option_is_named(paired):
    desk, _ = paired
    assert "fob pair --again" in desk.run("pair").stderr
    result = desk.run("pair", "--json")
    assert result.exit_code == 1
    assert lines(result.stdout)[-1]["error"]["problem"] == "this fob is paired already"


def test_again_pairs_without_a_question(paired):
    desk, _ = paired
    assert desk.run("pair", "--again").exit_code == 0


@pytest.mark.parametrize(("vintage", "speaks"), [("2021", "legacy"), ("2023", "signed")])
def test_machines_get_events_and_the_result(vintage, speaks):
    with Desk(vintage=vintage, tap_after=0.2) as desk:
        first, *events, last = lines(desk.run("pair", "--json").stdout)
    assert (first["event"], first["number"], first["of"]) == ("try", 1, 3)
    assert [event["rssi"] for event in events if event["event"] == "found"]
    assert all(0 <= event["seconds_left"] <= 60 for event in events)
    assert last == {"result": {"paired": True, "proved": True, "speaks": speaks}}


def test_a_refusal_is_told_by_its_number_in_plain_words():
    files = provision(VIN, load_board("virtual"), enrol="permissions")
    behaviour = Behaviour(protocols="both", require_role="refuse")
    with Desk(vintage=None, behaviour=behaviour, files=files) as desk:
        result = desk.run("pair", "--json")
    *_, failed, error = lines(result.stdout)
    assert result.exit_code == 1
    assert failed["reason"] == 19 and not failed["again"]
    assert failed["reason_name"].endswith("_WITHOUT_ROLE")
    assert error["error"]["problem"] == "the car takes no key without a role"
    assert "fob provision --enrol role" in error["error"]["remedy"]


def test_a_cable_that_is_pulled_ends_it_with_a_remedy():
    with Desk() as desk:
        hand = threading.Thread(target=pull_while_the_car_waits, args=(desk,))
        hand.start()
        result = desk.run("pair")
        hand.join()
    assert result.exit_code == 3
    assert "again" in result.stderr


def pull_while_the_car_waits(desk):
    while not desk.car.waits_for_card:
        time.sleep(0.02)
    desk.unplug()


def test_ctrl_c_has_the_fob_let_go_of_the_car():
    with Desk() as desk:
        command = (sys.executable, "-c", "from host_tools.cli import main; main()", "pair")
        process = subprocess.Popen(
            (*command, "--port", desk.port), stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        assert process.stdout and any(b"NOW hold" in line for line in process.stdout)
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=20)
        assert process.returncode == 130, said
        assert b"Given up" in said
        desk.prints("ready")
        assert desk.moments[-1].text != "connected"
        assert any(moment.text == "disconnected" for moment in desk.moments)

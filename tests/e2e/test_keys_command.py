"""`fob keys` on a virtual board, beside a simulated car."""

import json

import pytest

from host_tools.identity.keys import Key, key_identifier, new_key
from host_tools.identity.provision import ROLES
from host_tools.simulator.car import WhitelistKey
from tests.desk import Desk


def own_key(desk):
    fobs = json.loads(desk.flash.read("/fob.json"))["public_key"]
    return desk.car.whitelist.find_public(bytes.fromhex(fobs))


def add_key(desk):
    """Another driver's key on the car's list; its identifier."""
    public = Key.of(new_key()).public
    desk.do(lambda: desk.car.whitelist.add(WhitelistKey(public, role=ROLES["driver"])))
    return key_identifier(public)


@pytest.fixture(scope="module", params=["2021", "2026"])
def desk(request):
    """A fob with an owner's key; the car lists a key card besides, and whatever a test adds."""
    with Desk(enrolled=True, vintage=request.param) as desk:
        own_key(desk).role = ROLES["owner"]
        # Since then the fob knows in which protocol the car speaks.
        assert desk.run("send", "wake").exit_code == 0
        yield desk


def test_the_cars_keys_are_listed_and_ours_is_marked(desk):
    other = add_key(desk)
    result = desk.run("keys")
    assert result.exit_code == 0, result
    (ours,) = [line for line in result.stdout.splitlines() if line.endswith("this fob's")]
    assert "owner" in ours
    assert other in result.stdout
    told = json.loads(desk.run("keys", "--json").stdout)
    assert told["count"] == len(told["keys"]) == len(desk.car.whitelist)
    assert [key["ours"] for key in told["keys"]].count(True) == 1


def test_an_owners_key_removes_another_after_a_question(desk):
    other = add_key(desk)
    asked = desk.run("keys", "remove", other, input="n\n")
    assert asked.exit_code == 1 and f"forget the key {other}" in asked.stderr
    result = desk.run("keys", "remove", other, "--yes")
    assert result.exit_code == 0, result
    assert other not in desk.run("keys").stdout


def test_the_own_key_cannot_be_removed_and_says_why(desk):
    slot = own_key(desk).slot
    result = desk.run("keys", "remove", str(slot), "--yes")
    assert result.exit_code == 1
    assert "a key cannot remove itself" in result.stderr and "car's screen" in result.stderr


def test_a_drivers_key_is_told_that_it_may_not(desk):
    other = add_key(desk)
    own_key(desk).role = ROLES["driver"]
    try:
        result = desk.run("keys", "remove", other, "--yes")
    finally:
        own_key(desk).role = ROLES["owner"]
    assert result.exit_code == 1
    assert result.stderr.startswith("fob: this fob's key may not remove keys. Only an owner's may")


def test_a_key_that_is_not_there_is_wrong_input(desk):
    result = desk.run("keys", "remove", "ffffffff", "--yes")
    assert result.exit_code == 2
    assert "the car lists no key ffffffff" in result.stderr


def test_a_word_that_is_no_command_lists_them(desk):
    assert "`fob keys remove`" in desk.run("keys", "delete").stderr


def test_machines_are_not_obeyed_unasked_wherever_they_say_so(desk):
    other = add_key(desk)
    for arguments in (("keys", "remove", other, "--json"), ("keys", "--json", "remove", other)):
        result = desk.run(*arguments)
        assert result.exit_code == 1
        assert json.loads(result.stdout)["error"]["remedy"] == "Add --yes."
    assert other in desk.run("keys").stdout


def test_the_groups_port_and_car_are_those_of_remove():
    with Desk() as desk:
        assert desk.run("keys", "--port", "/dev/null", "remove", "1", "--yes").exit_code == 3
        result = desk.run("keys", "--vin", "7", "remove", "1", "--yes")
    assert (result.exit_code, "no car 7" in result.stderr) == (2, True)

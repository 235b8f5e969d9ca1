"""What a person does at a car by a key of `fob sim` and `fob car`."""

import pytest

from host_tools.cli import car as car_command
from host_tools.cli import sim_session
from host_tools.protocol import vcsec_pb2 as vcsec
from host_tools.simulator.deeds import DEEDS, DRIVERS_DOOR, TRUNK
from tests.car_bench import CarBench


def do(bench: CarBench, keys: str) -> list[str]:
    """Type keys; what was told of the person."""
    told: list[str] = []
    for key in keys:
        DEEDS[key][1](bench.car, told.append)
    return told


def test_a_door_opens_and_closes_where_the_car_is_unlocked() -> None:
    bench = CarBench()
    assert do(bench, "a") == ["opens the driver's door", "cannot: the car is locked"]
    bench.car.body.locked = False
    assert do(bench, "a") == ["opens the driver's door"]
    assert bench.car.body.open_closures == {DRIVERS_DOOR}
    assert do(bench, "a") == ["closes the driver's door"]
    assert not bench.car.body.open_closures


def test_somebody_gets_in_by_an_open_door_and_out_by_it() -> None:
    bench = CarBench()
    bench.car.body.locked = False
    assert do(bench, "i") == ["gets in", "cannot: all doors are closed"]
    do(bench, "aia")
    assert bench.car.body.present
    assert do(bench, "ai")[-1] == "gets out"
    assert not bench.car.body.present


def test_only_who_sits_in_the_car_reaches_the_brake() -> None:
    bench = CarBench()
    bench.car.body.locked = False
    assert do(bench, "k") == ["presses the brake", "cannot: nobody is in the car"]
    assert do(bench, "aik")[-1] == "presses the brake"
    assert any("wants DRIVE" in text for text in bench.said("authentication"))


@pytest.mark.parametrize("key", ["e", "n"])
def test_who_comes_to_a_locked_car_has_it_ask_for_keys(key: str) -> None:
    bench = CarBench()
    do(bench, key)
    assert any("wants UNLOCK" in text for text in bench.said("authentication"))


def test_the_trunk_is_ajar_until_it_is_closed() -> None:
    bench = CarBench()
    do(bench, "v")
    assert bench.car.body.open_closures == {TRUNK}
    assert do(bench, "v") == ["closes the trunk"]
    assert not bench.car.body.open_closures


def test_the_car_falls_asleep_and_is_woken() -> None:
    bench = CarBench()
    do(bench, "z")
    assert bench.car.body.asleep
    do(bench, "z")
    assert not bench.car.body.asleep


def test_a_full_list_takes_no_other_key() -> None:
    bench = CarBench()
    do(bench, "f")
    assert do(bench, "f") == ["adds keys until the car has room for no more: 0"]


@pytest.mark.parametrize("text", [sim_session._KEYS, car_command._KEYS], ids=["sim", "car"])
def test_each_deed_has_a_key_of_its_own_in_the_help(text: str) -> None:
    keys = [
        line[at]
        for line in text.splitlines()
        for at in (2, 27, 52)
        if at + 3 < len(line) and line[at + 1 : at + 3] == "  "
    ]
    assert len(keys) == len(set(keys)) and set(DEEDS) < set(keys)
    assert max(len(line) for line in text.splitlines()) <= 80


def test_what_commands_have_opened_a_hand_closes() -> None:
    bench = CarBench()
    for name in ("frontTrunk", "rearPassengerDoor", "chargePort"):
        bench.car.set_closure(name, vcsec.CLOSURESTATE_OPEN)
    assert do(bench, "a") == ["closes what is open: frontTrunk, rearPassengerDoor"]
    assert bench.car.body.open_closures == {"chargePort"}

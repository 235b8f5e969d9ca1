"""What people do at the simulated car: doors, seats, leaving it, and waking it."""

from __future__ import annotations

from typing import Any

import pytest

from host_tools.protocol import vcsec_pb2 as vcsec
from tests.car_bench import CarBench
from tests.legacy_client import information, level, rke
from tests.passive_bench import NONE, UNLOCK, PassiveBench

OPEN = vcsec.CLOSURESTATE_OPEN
AJAR = vcsec.CLOSURESTATE_AJAR
CLOSED = vcsec.CLOSURESTATE_CLOSED
STATUS = information(vcsec.INFORMATION_REQUEST_TYPE_GET_STATUS)


def status(bench: CarBench) -> vcsec.VehicleStatus:
    """What the car tells of itself, asked or not."""
    return bench.ask(STATUS)[-1].vehicleStatus


def unlocked(bench: PassiveBench) -> PassiveBench:
    """By a press of a key that is not active on its link."""
    bench.link.write(bench.key.signed(rke(vcsec.RKE_ACTION_UNLOCK)))
    assert not bench.car.locked
    return bench


def entered(bench: PassiveBench) -> PassiveBench:
    """Unlocked passively, by the key at the link, and the door closed again."""
    bench.respond(NONE)
    bench.car.pull_handle()
    bench.respond(UNLOCK)
    bench.wait(1)
    assert bench.car.close_door() and not bench.car.locked
    return bench


def leave(bench: PassiveBench) -> None:
    bench.link.disconnect()


def test_a_locked_door_does_not_open_from_outside() -> None:
    bench = CarBench()
    assert not bench.car.open_door()
    assert bench.car.body.open_closures == set()


def test_a_door_that_is_opened_and_closed_is_told_to_every_link() -> None:
    bench = unlocked(PassiveBench())
    bench.link.take_frames()
    assert bench.car.open_door("rearDriverDoor") and bench.car.close_door("rearDriverDoor")
    told = [said.vehicleStatus.closureStatuses.rearDriverDoor for said in bench.said_unasked()]
    assert told == [OPEN, CLOSED]
    assert not bench.car.close_door("rearDriverDoor")


@pytest.mark.parametrize("state", vcsec.ClosureState_E.values())
def test_every_state_of_every_closure_is_told(state: Any) -> None:
    bench = CarBench()
    for name in vcsec.ClosureStatuses.DESCRIPTOR.fields_by_name:
        bench.car.set_closure(name, state)
    closures = status(bench).closureStatuses
    assert {getattr(closures, name) for name in closures.DESCRIPTOR.fields_by_name} == {state}


def test_a_door_that_is_ajar_keeps_the_car_from_locking_and_is_named() -> None:
    bench = unlocked(PassiveBench())
    bench.car.set_closure("frontDriverDoor", AJAR)
    assert bench.said("state")[-1] == "unlocked, frontDriverDoor ajar"
    bench.link.write(bench.key.signed(rke(vcsec.RKE_ACTION_LOCK)))
    assert not bench.car.locked and "CLOSURES_OPEN" in bench.said("refused")[-1]


@pytest.mark.parametrize("act", ["open_door", "close_door", "pull_handle"])
def test_what_no_car_has_cannot_be_touched(act: str) -> None:
    with pytest.raises(ValueError, match="sunroof"):
        getattr(CarBench().car, act)("sunroof")


def test_a_user_is_present_once_a_door_closed_behind_them() -> None:
    bench = unlocked(PassiveBench())
    assert not bench.car.sit_down(), "through closed doors"
    bench.car.open_door()
    assert bench.car.sit_down() and not bench.car.sit_down()
    assert status(bench).userPresence == vcsec.VEHICLE_USER_PRESENCE_NOT_PRESENT
    bench.car.close_door()
    assert status(bench).userPresence == vcsec.VEHICLE_USER_PRESENCE_PRESENT
    assert not bench.car.get_out(), "through closed doors"
    bench.car.open_door()
    assert bench.car.get_out() and not bench.car.get_out()
    assert status(bench).userPresence == vcsec.VEHICLE_USER_PRESENCE_NOT_PRESENT
    assert bench.said("state")[-1] == "unlocked, frontDriverDoor open"


def test_a_user_is_not_present_while_another_door_is_open() -> None:
    bench = unlocked(PassiveBench())
    bench.car.open_door()
    bench.car.open_door("frontPassengerDoor")
    bench.car.sit_down()
    bench.car.close_door()
    assert not bench.car.body.present
    bench.car.close_door("frontPassengerDoor")
    assert bench.car.body.present
    bench.car.open_door()
    assert bench.car.body.present, "until they get out"


def test_an_interior_handle_lets_out_of_a_locked_car() -> None:
    bench = unlocked(PassiveBench())
    bench.car.open_door()
    bench.car.sit_down()
    bench.car.close_door()
    bench.link.write(bench.key.signed(rke(vcsec.RKE_ACTION_LOCK)))
    assert bench.car.locked
    assert bench.car.open_door() and not bench.car.locked


def test_the_car_locks_itself_when_the_key_that_opened_it_leaves() -> None:
    bench = entered(PassiveBench())
    leave(bench)
    assert bench.car.locked and "gone: the car locks itself" in bench.said("authentication")[-1]


def test_it_does_so_though_no_door_was_opened() -> None:
    bench = PassiveBench()
    bench.respond(NONE)
    bench.car.approach()
    bench.respond(UNLOCK)
    assert not bench.car.locked
    leave(bench)
    assert bench.car.locked


def test_whoever_pressed_and_used_a_door_has_the_car_locked_behind_them() -> None:
    bench = unlocked(PassiveBench())
    bench.respond(NONE)
    bench.car.open_door()
    bench.car.close_door()
    leave(bench)
    assert bench.car.locked


def test_a_car_that_was_unlocked_by_a_press_and_not_used_stays_unlocked() -> None:
    bench = unlocked(PassiveBench())
    bench.respond(NONE)
    leave(bench)
    assert not bench.car.locked


def test_a_door_that_was_used_before_the_last_unlock_does_not_count() -> None:
    bench = unlocked(PassiveBench())
    bench.respond(NONE)
    bench.car.open_door()
    bench.car.close_door()
    for action in (vcsec.RKE_ACTION_LOCK, vcsec.RKE_ACTION_UNLOCK):
        bench.link.write(bench.key.signed(rke(action)))
    leave(bench)
    assert not bench.car.locked


def test_a_key_that_was_never_active_leaves_nothing_behind() -> None:
    bench = unlocked(PassiveBench())
    bench.car.open_door()
    bench.car.close_door()
    leave(bench)
    assert not bench.car.locked


@pytest.mark.parametrize("closure", ["rearPassengerDoor", "rearTrunk", "frontTrunk"])
def test_what_is_not_closed_keeps_the_car_from_locking_itself(closure: str) -> None:
    bench = entered(PassiveBench())
    bench.car.set_closure(closure, AJAR)
    leave(bench)
    assert not bench.car.locked and closure in bench.said("authentication")[-1]


def test_a_cable_in_the_charge_port_does_not() -> None:
    bench = entered(PassiveBench())
    bench.car.set_closure("chargePort", OPEN)
    leave(bench)
    assert bench.car.locked


def test_who_stays_inside_is_not_locked_in() -> None:
    bench = entered(PassiveBench())
    bench.car.open_door()
    bench.car.sit_down()
    bench.car.close_door()
    leave(bench)
    assert not bench.car.locked


def test_walk_away_lock_can_be_off() -> None:
    bench = entered(PassiveBench(walk_away_lock=False))
    leave(bench)
    assert not bench.car.locked


def test_the_car_waits_for_the_last_active_key() -> None:
    bench = entered(PassiveBench())
    other, passive = bench.enrol_signed(), bench.car.connect("11:22:33:44:55:66")
    bench.respond(NONE, key=other, link=passive)
    leave(bench)
    assert not bench.car.locked
    passive.disconnect()
    assert bench.car.locked


def test_the_other_links_are_told_that_the_car_locked_itself() -> None:
    bench = entered(PassiveBench())
    passive = bench.car.connect("11:22:33:44:55:66")
    passive.take_frames()
    leave(bench)
    told = bench.said_unasked(passive)[-1].vehicleStatus
    assert told.vehicleLockState == vcsec.VEHICLELOCKSTATE_LOCKED


def test_an_idle_link_takes_its_key_away() -> None:
    bench = entered(PassiveBench(idle_timeout=42.0))
    bench.wait(42)
    assert not bench.link.is_open and bench.car.locked


def test_reading_the_version_keeps_an_idle_link() -> None:
    bench = CarBench(idle_timeout=42.0)
    for _ in range(5):
        bench.now += 41
        bench.link.read_version()
        bench.car.tick()
    assert bench.link.is_open
    assert bench.car.next_due == 42
    bench.now += 42
    bench.link.read_version()
    assert not bench.link.is_open


def test_falling_asleep_is_told_and_a_hand_wakes_the_car() -> None:
    bench = PassiveBench(wake_time=2.0)
    bench.car.fall_asleep()
    (told,) = bench.said_unasked()
    assert told.vehicleStatus.vehicleSleepStatus == vcsec.VEHICLE_SLEEP_STATUS_ASLEEP
    bench.car.pull_handle()
    (told,) = bench.said_unasked()
    assert told.vehicleStatus.vehicleSleepStatus == vcsec.VEHICLE_SLEEP_STATUS_AWAKE
    assert bench.car.next_due == 2
    bench.wait(2)
    assert len(bench.requests()) == 1


def test_a_car_that_was_woken_answers_again() -> None:
    bench = CarBench(silent_asleep=True)
    bench.car.fall_asleep()
    bench.link.take_frames()
    assert bench.ask(STATUS) == []
    bench.car.wake_up()
    assert status(bench).vehicleSleepStatus == vcsec.VEHICLE_SLEEP_STATUS_AWAKE


def test_an_authentication_response_alone_does_not_wake() -> None:
    bench = PassiveBench()
    bench.car.fall_asleep()
    bench.link.write(bench.key.signed(level(NONE)))
    assert bench.car.body.asleep


def test_the_end_of_a_link_tells_who_was_active_no_more() -> None:
    bench = PassiveBench("plain")
    bench.respond(UNLOCK)
    bench.link.disconnect()
    assert bench.link.active_key is None and bench.link.level == NONE
    bench.car.pull_handle()
    assert bench.car.locked

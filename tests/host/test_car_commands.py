"""What signed commands do to the simulated car, who may give them, and how it answers."""

from typing import Any

import pytest

from host_tools.protocol import vcsec_pb2 as vcsec
from tests.car_bench import CarBench
from tests.legacy_client import LegacyKey, frame, level, rke

UNLOCK = rke(vcsec.RKE_ACTION_UNLOCK)
LOCK = rke(vcsec.RKE_ACTION_LOCK)
OPEN = vcsec.CLOSURE_MOVE_TYPE_OPEN
CLOSE = vcsec.CLOSURE_MOVE_TYPE_CLOSE
MOVE = vcsec.CLOSURE_MOVE_TYPE_MOVE


def move(**closures: int) -> vcsec.UnsignedMessage:
    request = vcsec.ClosureMoveRequest(**closures)
    return vcsec.UnsignedMessage(closureMoveRequest=request)


def refusal(answers: list[vcsec.FromVCSECMessage]) -> int:
    """The code of a refused command."""
    error, reason = answers
    assert error.commandStatus.operationStatus == vcsec.OPERATIONSTATUS_ERROR
    return reason.nominalError.genericError


def accepted(bench: CarBench, message: vcsec.UnsignedMessage, key: LegacyKey | None = None) -> bool:
    answer = bench.ask((key or bench.key).signed(message))[0]
    return answer.commandStatus.operationStatus == vcsec.OPERATIONSTATUS_OK


def test_unlock_and_lock() -> None:
    bench = CarBench()
    bench.enrol()
    assert accepted(bench, UNLOCK) and not bench.car.locked
    assert accepted(bench, LOCK) and bench.car.locked


@pytest.mark.parametrize(
    ("action", "closure"),
    [
        (vcsec.RKE_ACTION_OPEN_TRUNK, "rearTrunk"),
        (vcsec.RKE_ACTION_OPEN_FRUNK, "frontTrunk"),
        (vcsec.RKE_ACTION_OPEN_CHARGE_PORT, "chargePort"),
    ],
)
def test_buttons_open_closures(action: int, closure: str) -> None:
    bench = CarBench()
    bench.enrol()
    _, push = bench.ask(bench.key.signed(rke(action)))
    assert getattr(push.vehicleStatus.closureStatuses, closure) == vcsec.CLOSURESTATE_OPEN
    assert bench.car.body.open_closures == {closure}


def test_the_charge_port_closes_again() -> None:
    bench = CarBench()
    bench.enrol()
    assert accepted(bench, rke(vcsec.RKE_ACTION_OPEN_CHARGE_PORT))
    assert accepted(bench, rke(vcsec.RKE_ACTION_CLOSE_CHARGE_PORT))
    assert bench.car.body.open_closures == set()


def test_a_trunk_that_is_moved_opens_then_closes() -> None:
    bench = CarBench()
    bench.enrol()
    assert accepted(bench, move(rearTrunk=MOVE))
    assert bench.car.body.open_closures == {"rearTrunk"}
    assert accepted(bench, move(rearTrunk=MOVE))
    assert bench.car.body.open_closures == set()


def test_a_request_that_cannot_be_met_moves_nothing() -> None:
    bench = CarBench()
    bench.enrol()
    assert refusal(bench.ask(bench.key.signed(move(rearTrunk=OPEN, frontTrunk=CLOSE)))) == 1
    assert bench.car.body.open_closures == set()


def test_a_car_with_an_open_door_does_not_lock() -> None:
    bench = CarBench()
    bench.enrol()
    assert accepted(bench, UNLOCK)
    assert accepted(bench, move(frontDriverDoor=OPEN))
    assert refusal(bench.ask(bench.key.signed(LOCK))) == vcsec.GENERICERROR_CLOSURES_OPEN
    assert not bench.car.locked


def test_an_unknown_action_is_refused() -> None:
    bench = CarBench()
    bench.enrol()
    assert refusal(bench.ask(bench.key.signed(rke(99)))) == vcsec.GENERICERROR_UNKNOWN


@pytest.mark.parametrize("permissions", [(2, 3, 4), ()], ids=["others", "none"])
def test_a_key_without_local_unlock_cannot_unlock(permissions: tuple[int, ...]) -> None:
    bench = CarBench()
    bench.enrol(role=0, permissions=permissions)
    assert refusal(bench.ask(bench.key.signed(UNLOCK))) == vcsec.GENERICERROR_UNAUTHORIZED
    assert bench.car.locked


def test_local_unlock_alone_unlocks_but_does_not_drive() -> None:
    bench = CarBench()
    bench.enrol(role=0, permissions=(1,))
    assert accepted(bench, UNLOCK)
    drive = rke(vcsec.RKE_ACTION_REMOTE_DRIVE)
    assert refusal(bench.ask(bench.key.signed(drive))) == vcsec.GENERICERROR_UNAUTHORIZED
    assert not bench.car.body.may_drive


def test_a_driver_may_drive() -> None:
    bench = CarBench()
    bench.enrol()
    assert accepted(bench, rke(vcsec.RKE_ACTION_REMOTE_DRIVE))
    assert bench.car.body.may_drive


def test_a_charging_manager_opens_the_charge_port_and_no_door() -> None:
    bench = CarBench()
    bench.enrol(role=vcsec.ROLE_CHARGING_MANAGER)
    assert accepted(bench, move(chargePort=OPEN))
    for message in (UNLOCK, LOCK, move(rearTrunk=OPEN), move(frontDriverDoor=OPEN)):
        assert refusal(bench.ask(bench.key.signed(message))) == vcsec.GENERICERROR_UNAUTHORIZED
    assert bench.car.body.open_closures == {"chargePort"}


def test_an_unsigned_command_is_refused() -> None:
    bench = CarBench()
    said = bench.ask(frame(vcsec.ToVCSECMessage(unsignedMessage=UNLOCK)))
    assert refusal(said) == vcsec.GENERICERROR_UNAUTHORIZED
    assert bench.car.locked


def test_a_command_wakes_a_sleeping_car() -> None:
    bench = CarBench()
    bench.enrol()
    bench.car.fall_asleep()
    bench.link.take_frames()
    _, push = bench.ask(bench.key.signed(rke(vcsec.RKE_ACTION_WAKE_VEHICLE)))
    assert push.vehicleStatus.vehicleSleepStatus == vcsec.VEHICLE_SLEEP_STATUS_AWAKE


def test_an_authentication_response_makes_the_key_active_until_the_link_drops() -> None:
    bench = CarBench()
    bench.enrol()
    assert accepted(bench, level(vcsec.AUTHENTICATION_LEVEL_DRIVE))
    assert bench.link.active_key and bench.link.active_key.key_id == bench.key.key_id
    assert bench.link.level == vcsec.AUTHENTICATION_LEVEL_DRIVE
    bench.reconnect()
    assert bench.link.active_key is None
    assert bench.link.level == vcsec.AUTHENTICATION_LEVEL_NONE


@pytest.mark.parametrize(("rule", "answered"), [("refuse", 1), ("ignore", 0)])
def test_a_car_may_require_an_authentication_response_first(rule: Any, answered: int) -> None:
    bench = CarBench(require_none=rule)
    bench.enrol()
    said = bench.ask(bench.key.signed(UNLOCK))
    assert len(said) == answered
    assert all(a.commandStatus.operationStatus == vcsec.OPERATIONSTATUS_ERROR for a in said)
    assert bench.car.locked
    assert accepted(bench, level(vcsec.AUTHENTICATION_LEVEL_NONE))
    assert accepted(bench, UNLOCK)
    assert not bench.car.locked


def test_the_authentication_response_of_another_key_does_not_count() -> None:
    bench = CarBench(require_none="refuse")
    bench.enrol()
    other = bench.enrol_new()
    assert accepted(bench, level(vcsec.AUTHENTICATION_LEVEL_NONE), other)
    assert not accepted(bench, UNLOCK)


def test_the_authentication_response_counts_for_its_link_only() -> None:
    bench = CarBench(require_none="refuse")
    bench.enrol()
    assert accepted(bench, level(vcsec.AUTHENTICATION_LEVEL_NONE))
    bench.reconnect()
    assert not accepted(bench, UNLOCK)


def test_success_may_show_only_as_a_vehicle_status() -> None:
    bench = CarBench(acknowledge="vehicle-status")
    bench.enrol()
    said = bench.ask(bench.key.signed(UNLOCK))
    assert {answer.WhichOneof("sub_message") for answer in said} == {"vehicleStatus"}
    assert said[0].vehicleStatus.vehicleLockState == vcsec.VEHICLELOCKSTATE_UNLOCKED


def test_success_may_carry_the_counter() -> None:
    bench = CarBench(acknowledge="counter")
    bench.enrol()
    status = bench.status(bench.key.signed(UNLOCK, counter=12))
    assert status.operationStatus == vcsec.OPERATIONSTATUS_OK
    assert status.signedMessageStatus.counter == 12


def test_a_busy_car_says_wait_and_takes_the_counter() -> None:
    bench = CarBench(busy=1)
    bench.enrol()
    assert bench.status(bench.key.signed(UNLOCK)).operationStatus == vcsec.OPERATIONSTATUS_WAIT
    assert bench.car.locked
    assert accepted(bench, UNLOCK)


def test_an_answer_may_get_lost() -> None:
    bench = CarBench()
    bench.enrol()
    bench.car.behaviour.lose_answers = 1
    (push,) = bench.ask(bench.key.signed(UNLOCK))
    assert push.HasField("vehicleStatus")
    assert not bench.car.locked


def test_a_fob_reports_its_battery() -> None:
    bench = CarBench()
    bench.enrol()
    info = vcsec.KeyfobInfo(batteryVoltage_mV=2950)
    assert accepted(bench, vcsec.UnsignedMessage(keyfobInfo=info))
    key = bench.car.whitelist.find(bench.key.key_id)
    assert key and key.keyfob_info and key.keyfob_info.batteryVoltage_mV == 2950

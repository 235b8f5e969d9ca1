"""Every RKE action and every closure move, in both protocols: its effect, or its refusal."""

from __future__ import annotations

from typing import Any, Literal

import pytest

from host_tools.protocol import universal_message_pb2 as universal
from host_tools.protocol import vcsec_pb2 as vcsec
from host_tools.simulator.car import vintage
from tests.legacy_client import rke
from tests.signed_bench import SignedBench

Protocol = Literal["legacy", "signed"]

both = pytest.mark.parametrize("protocol", ["legacy", "signed"])
CLOSURES = list(vcsec.ClosureMoveRequest.DESCRIPTOR.fields_by_name)
POWERED = ["rearTrunk", "chargePort", "tonneau"]
NONE, MOVE, STOP, OPEN, CLOSE = range(5)
DONE, UNKNOWN, DISABLED = 0, 1, 4

# What each number does to a car that is unlocked, with a trunk that a motor can close left open.
EFFECTS: dict[int, str] = {
    0: "unlocked, rearTrunk open",
    1: "locked, rearTrunk open",
    2: "unlocked",
    3: "unlocked, rearTrunk open, frontTrunk open",
    4: "unlocked, rearTrunk open, chargePort open",
    5: "unlocked, rearTrunk open",
    6: "unlocked, rearTrunk open",
    7: "locked, rearTrunk open",
    8: "unlocked, rearTrunk open",
    12: "unlocked",
    14: "unlocked, rearTrunk open, chargePort open",
    16: "unlocked, rearTrunk open, frontTrunk open",
    20: "unlocked, rearTrunk open",
    29: "locked",
    30: "unlocked, rearTrunk open",
    31: "unlocked, rearTrunk open",
    32: "unlocked, rearTrunk open",
}
DISABLED_PRESSES = {9, 10, 11, 13, 15, 17, 18, *range(21, 29)}
KEPT = {0, 1, 20, 29, 30, 31, 32}


def outcome(bench: SignedBench, message: vcsec.UnsignedMessage, protocol: Protocol) -> int:
    """Do it; DONE or the GenericError_E."""
    if protocol == "legacy":
        said = bench.ask(bench.key.signed(message))
    else:
        answers = bench.tell(bench.key.command(message))
        if answers[0].fault == universal.MESSAGEFAULT_ERROR_INSUFFICIENT_PRIVILEGES:
            return vcsec.GENERICERROR_UNAUTHORIZED
        said = [answer.payload for answer in answers if answer.payload]
    return next((a.nominalError.genericError for a in said if a.HasField("nominalError")), DONE)


def move(**closures: int) -> vcsec.UnsignedMessage:
    return vcsec.UnsignedMessage(closureMoveRequest=vcsec.ClosureMoveRequest(**closures))


def with_open_trunk(**changes: Any) -> SignedBench:
    bench = SignedBench("2023", **changes)
    bench.car.body.unlock()
    bench.car.set_closure("rearTrunk", vcsec.CLOSURESTATE_OPEN)
    return bench


@both
@pytest.mark.parametrize("action", EFFECTS)
def test_an_action_has_its_effect(protocol: Protocol, action: int) -> None:
    bench = with_open_trunk()
    assert outcome(bench, rke(action), protocol) == DONE
    assert bench.car.body.description() == EFFECTS[action]
    assert bench.car.body.may_drive is (action in (20, 31))


@both
@pytest.mark.parametrize("action", sorted({*range(40)} - set(EFFECTS)))
def test_an_action_without_an_effect_is_refused(protocol: Protocol, action: int) -> None:
    bench = with_open_trunk()
    refused = DISABLED if action in DISABLED_PRESSES else UNKNOWN
    assert outcome(bench, rke(action), protocol) == refused
    assert bench.car.body.description() == "unlocked, rearTrunk open"


def test_every_number_of_the_field_list_is_one_or_the_other() -> None:
    assert set(vcsec.RKEAction_E.values()) == {*EFFECTS, *DISABLED_PRESSES, 19}


@pytest.mark.parametrize("action", range(33))
def test_a_car_of_2026_knows_what_todays_protocol_kept(action: int) -> None:
    bench = SignedBench("2026")
    refused = outcome(bench, rke(action), "signed")
    assert refused == (DONE if action in KEPT else UNKNOWN)


@pytest.mark.parametrize("action", [31, 32])
def test_a_car_of_2021_does_not_know_what_came_later(action: int) -> None:
    bench = SignedBench("2021", known=False)
    bench.enrol()
    assert outcome(bench, rke(action), "legacy") == UNKNOWN
    assert outcome(bench, rke(2), "legacy") == DONE
    assert vintage("2021").dropped_actions and not vintage("2026").dropped_actions


@both
@pytest.mark.parametrize("closure", CLOSURES)
@pytest.mark.parametrize(("action", "before", "after"), [(OPEN, 0, 1), (MOVE, 0, 1), (STOP, 1, 1)])
def test_every_closure_opens(
    protocol: Protocol, closure: str, action: int, before: Any, after: int
) -> None:
    bench = SignedBench("2023")
    bench.car.set_closure(closure, before)
    assert outcome(bench, move(**{closure: action}), protocol) == DONE
    assert bench.car.body.closures.state(closure) == after


@both
@pytest.mark.parametrize("closure", CLOSURES)
@pytest.mark.parametrize("action", [CLOSE, MOVE])
def test_only_what_has_a_motor_closes(protocol: Protocol, closure: str, action: int) -> None:
    bench = SignedBench("2023")
    bench.car.set_closure(closure, vcsec.CLOSURESTATE_OPEN)
    closes = closure in POWERED
    assert outcome(bench, move(**{closure: action}), protocol) == (DONE if closes else UNKNOWN)
    assert bench.car.body.open_closures == (set() if closes else {closure})


@both
def test_several_closures_move_at_once(protocol: Protocol) -> None:
    bench = SignedBench("2023")
    message = move(rearTrunk=MOVE, frontTrunk=OPEN, chargePort=OPEN, tonneau=OPEN)
    assert outcome(bench, message, protocol) == DONE
    assert bench.car.body.open_closures == {"rearTrunk", "frontTrunk", "chargePort", "tonneau"}


@both
@pytest.mark.parametrize("wrong", [CLOSE, 5, 6, 99])
def test_a_move_that_cannot_be_keeps_the_others_from_moving(protocol: Protocol, wrong: int) -> None:
    bench = SignedBench("2023")
    message = move(frontDriverDoor=OPEN, frontTrunk=wrong, chargePort=OPEN)
    assert outcome(bench, message, protocol) == UNKNOWN
    assert bench.car.body.open_closures == set()
    assert not bench.car.body.closures.door_opened


@both
def test_a_charging_manager_moves_the_charge_port_and_nothing_with_it(protocol: Protocol) -> None:
    bench = SignedBench("2023")
    bench.key = bench.enrol_signed(role=vcsec.ROLE_CHARGING_MANAGER)
    refused = vcsec.GENERICERROR_UNAUTHORIZED
    for action in (4, 5, 14):
        assert outcome(bench, rke(action), protocol) == DONE
    for action in (0, 1, 2, 3, 6, 7, 8, 12, 16, 20, 29, 31, 32):
        assert outcome(bench, rke(action), protocol) == refused
    assert outcome(bench, move(chargePort=CLOSE), protocol) == DONE
    for closure in CLOSURES:
        if closure != "chargePort":
            assert outcome(bench, move(**{closure: OPEN, "chargePort": OPEN}), protocol) == refused
    assert bench.car.body.open_closures == set() and bench.car.locked


def test_auto_secure_closes_what_a_motor_closes_but_no_door() -> None:
    bench = with_open_trunk()
    bench.car.set_closure("tonneau", vcsec.CLOSURESTATE_OPEN)
    bench.car.set_closure("chargePort", vcsec.CLOSURESTATE_OPEN)
    bench.car.set_closure("rearDriverDoor", vcsec.CLOSURESTATE_OPEN)
    assert outcome(bench, rke(29), "legacy") == vcsec.GENERICERROR_CLOSURES_OPEN
    assert "rearTrunk" in bench.car.body.open_closures
    bench.car.close_door("rearDriverDoor")
    assert outcome(bench, rke(29), "legacy") == DONE
    assert bench.car.body.open_closures == {"chargePort"}


@pytest.mark.parametrize("closure", POWERED)
def test_a_motor_takes_its_time_and_tells_when_it_is_done(closure: str) -> None:
    bench = SignedBench("2023", moving_time=4.0)
    closures = bench.car.body.closures
    outcome(bench, move(**{closure: OPEN}), "legacy")
    assert closures.state(closure) == vcsec.CLOSURESTATE_OPENING
    assert bench.car.next_due == 4
    bench.now += 4
    bench.car.tick()
    assert closures.state(closure) == vcsec.CLOSURESTATE_OPEN
    outcome(bench, move(**{closure: CLOSE}), "legacy")
    assert closures.state(closure) == vcsec.CLOSURESTATE_CLOSING
    assert bench.car.body.open_closures == {closure}


def test_a_motor_stops_half_way_and_goes_on_from_there() -> None:
    bench = SignedBench("2023", moving_time=4.0)
    closures = bench.car.body.closures
    outcome(bench, move(tonneau=OPEN), "signed")
    bench.now += 1
    outcome(bench, move(tonneau=STOP), "signed")
    assert closures.state("tonneau") == vcsec.CLOSURESTATE_OPEN
    status = bench.car.body.status()
    assert status.detailedClosureStatus.tonneauPercentOpen == 25
    assert bench.car.next_due is None
    outcome(bench, move(tonneau=OPEN), "signed")
    assert bench.car.next_due == 3
    bench.now += 1
    outcome(bench, move(tonneau=MOVE), "signed")
    assert closures.state("tonneau") == vcsec.CLOSURESTATE_CLOSING and bench.car.next_due == 2
    bench.now += 2
    bench.car.tick()
    assert closures.state("tonneau") == vcsec.CLOSURESTATE_CLOSED

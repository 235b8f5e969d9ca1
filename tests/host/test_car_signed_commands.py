"""What commands of the signed-command protocol do to the simulated car, and how it answers them."""

from __future__ import annotations

from typing import Any

import pytest

from host_tools.protocol import universal_message_pb2 as universal
from host_tools.protocol import vcsec_pb2 as vcsec
from tests.legacy_client import frame, level, rke
from tests.signed_bench import LOCK, UNLOCK, SignedBench
from tests.signed_client import Answer

INSUFFICIENT_PRIVILEGES = universal.MESSAGEFAULT_ERROR_INSUFFICIENT_PRIVILEGES
STATUS = vcsec.UnsignedMessage(InformationRequest=vcsec.InformationRequest())
WHITELIST = vcsec.UnsignedMessage(
    InformationRequest=vcsec.InformationRequest(
        informationRequestType=vcsec.INFORMATION_REQUEST_TYPE_GET_WHITELIST_INFO
    )
)


def payloads(answers: list[Answer]) -> list[str | None]:
    """What kinds of payload came."""
    return [each.payload.WhichOneof("sub_message") if each.payload else "none" for each in answers]


def move(**closures: int) -> vcsec.UnsignedMessage:
    return vcsec.UnsignedMessage(closureMoveRequest=vcsec.ClosureMoveRequest(**closures))


@pytest.mark.parametrize("form", ["command", "authenticated"])
@pytest.mark.parametrize("year", ["2023", "2026"])
def test_unlock_and_lock(year: Any, form: str) -> None:
    bench = SignedBench(year)
    make = getattr(bench.key, form)
    (answer,) = bench.tell(make(UNLOCK))
    assert answer.fault == 0 and not bench.car.locked
    (answer,) = bench.tell(make(LOCK))
    assert answer.fault == 0 and bench.car.locked
    first, second = bench.said("accepted")
    assert first == (
        f"RKEAction: RKE_ACTION_UNLOCK (signed command of key {bench.key.key_id.hex()}, counter 1)"
    )
    assert "counter 2" in second


@pytest.mark.parametrize(
    ("rule", "flags", "encrypted"),
    [
        ("never", 2, False),
        ("on-request", 2, True),
        ("on-request", 0, False),
        ("on-request", 1, False),
        ("required", 3, True),
    ],
)
def test_answers_are_encrypted_where_asked_for_and_possible(
    rule: Any, flags: int, encrypted: bool
) -> None:
    bench = SignedBench(encryption=rule)
    (answer,) = bench.tell(bench.key.command(LOCK, flags=flags))
    assert answer.encrypted is encrypted
    assert payloads([answer]) == ["commandStatus"]


def test_a_command_may_have_three_answers_whose_counters_rise() -> None:
    bench = SignedBench("2026", success=("status", "vehicle-status", "empty"))
    answers = bench.tell(bench.key.command(UNLOCK))
    assert payloads(answers) == ["commandStatus", "vehicleStatus", None]
    assert [answer.response_counter for answer in answers] == [1, 2, 3]
    unlocked = answers[1].payload
    assert unlocked
    assert unlocked.vehicleStatus.vehicleLockState == vcsec.VEHICLELOCKSTATE_UNLOCKED


def test_nonces_of_answers_are_never_the_same() -> None:
    bench = SignedBench("2026", success=("empty", "empty"))
    answers = bench.tell(bench.key.command(UNLOCK)) + bench.tell(bench.key.command(LOCK))
    nonces = {each.envelope.signature_data.AES_GCM_Response_data.nonce for each in answers}
    assert len(nonces) == 4 and {len(nonce) for nonce in nonces} == {12}


@pytest.mark.parametrize("year", ["2023", "2026"])
def test_a_role_decides_what_a_key_may_do(year: Any) -> None:
    bench = SignedBench(year)
    manager = bench.enrol_signed(role=vcsec.ROLE_CHARGING_MANAGER)
    opening = move(chargePort=vcsec.CLOSURE_MOVE_TYPE_OPEN)
    (answer,) = bench.tell(manager.command(opening), manager)
    assert answer.fault == 0 and bench.car.body.open_closures == {"chargePort"}
    (answer,) = bench.tell(manager.command(UNLOCK), manager)
    assert answer.fault == INSUFFICIENT_PRIVILEGES
    assert answer.encrypted is (year == "2026")
    assert bench.car.locked


def test_a_refused_command_takes_its_counter() -> None:
    bench = SignedBench()
    manager = bench.enrol_signed(role=vcsec.ROLE_CHARGING_MANAGER)
    bench.tell(manager.command(UNLOCK, counter=5), manager)
    fault = bench.fault(manager.command(LOCK, counter=5), manager)
    assert fault == universal.MESSAGEFAULT_ERROR_INVALID_TOKEN_OR_COUNTER


@pytest.mark.parametrize("year", ["2023", "2026"])
def test_a_car_with_an_open_door_says_so_after_an_error_without_detail(year: Any) -> None:
    bench = SignedBench(year)
    bench.car.set_closure("frontDriverDoor", vcsec.CLOSURESTATE_OPEN)
    error, reason = bench.tell(bench.key.command(LOCK))
    assert error.payload and reason.payload
    assert error.payload.commandStatus.operationStatus == vcsec.OPERATIONSTATUS_ERROR
    assert reason.payload.nominalError.genericError == vcsec.GENERICERROR_CLOSURES_OPEN
    assert error.fault == reason.fault == 0


@pytest.mark.parametrize("year", ["2023", "2026"])
def test_an_owner_adds_a_key_by_a_signed_command(year: Any) -> None:
    bench = SignedBench(year)
    owner = bench.enrol_signed(role=vcsec.ROLE_OWNER)
    request = vcsec.UnsignedMessage()
    change = request.WhitelistOperation.addKeyToWhitelistAndAddPermissions
    change.key.PublicKeyRaw = bench.enrol_signed(78).public_key
    change.keyRole = vcsec.ROLE_DRIVER
    (refused,) = bench.tell(owner.command(request), owner)
    assert refused.payload
    status = refused.payload.commandStatus.whitelistOperationStatus
    assert status.whitelistOperationInformation == 13
    bench.car.whitelist.remove(bench.key.key_id)
    change.key.PublicKeyRaw = bench.key.public_key
    (done,) = bench.tell(owner.command(request), owner)
    assert done.payload
    signer = done.payload.commandStatus.whitelistOperationStatus.signerOfOperation
    assert signer.publicKeySHA1 == owner.key_id
    bench.resume()


def test_an_authentication_response_makes_the_key_active() -> None:
    bench = SignedBench()
    (answer,) = bench.tell(bench.key.command(level(vcsec.AUTHENTICATION_LEVEL_DRIVE)))
    assert answer.fault == 0
    assert bench.link.active_key and bench.link.active_key.key_id == bench.key.key_id
    assert bench.link.level == vcsec.AUTHENTICATION_LEVEL_DRIVE


@pytest.mark.parametrize(
    ("message", "payload"), [(STATUS, "vehicleStatus"), (WHITELIST, "whitelistInfo")]
)
def test_anybody_may_ask_for_status_and_whitelist(
    message: vcsec.UnsignedMessage, payload: str
) -> None:
    bench = SignedBench("2026", known=False)
    (answer,) = bench.tell(bench.key.plain(message, flags=2))
    assert payloads([answer]) == [payload]
    assert not answer.encrypted


@pytest.mark.parametrize("kind", [1, 2, 3, 4, 7, 8, 9, 16])
def test_other_information_is_not_for_anybody(kind: int) -> None:
    bench = SignedBench()
    request = vcsec.InformationRequest(informationRequestType=kind)  # type: ignore[arg-type]
    message = vcsec.UnsignedMessage(InformationRequest=request)
    fault = bench.fault(bench.key.plain(message))
    assert fault == universal.MESSAGEFAULT_ERROR_INVALID_COMMAND


def test_a_signed_request_for_status_is_answered_encrypted() -> None:
    bench = SignedBench("2026")
    (answer,) = bench.tell(bench.key.command(STATUS))
    assert answer.encrypted
    assert payloads([answer]) == ["vehicleStatus"]


@pytest.mark.parametrize(
    "message",
    [rke(vcsec.RKE_ACTION_UNLOCK), level(2), move(rearTrunk=vcsec.CLOSURE_MOVE_TYPE_OPEN)],
)
def test_a_command_without_a_signature_is_refused(message: vcsec.UnsignedMessage) -> None:
    bench = SignedBench()
    assert bench.fault(bench.key.plain(message)) == INSUFFICIENT_PRIVILEGES
    assert bench.car.locked and not bench.car.body.open_closures
    assert bench.link.active_key is None


@pytest.mark.parametrize("rule", ["command-status", "operation-status", "fault"])
def test_a_busy_car_says_so_and_takes_the_counter(rule: Any) -> None:
    bench = SignedBench("2026", busy=1, busy_as=rule)
    (answer,) = bench.tell(bench.key.command(UNLOCK))
    waits = answer.payload.commandStatus.operationStatus if answer.payload else 0
    status = answer.envelope.signedMessageStatus
    assert (waits, status.operation_status, status.signed_message_fault) == {
        "command-status": (1, 0, 0),
        "operation-status": (0, 1, 0),
        "fault": (0, 2, 1),
    }[rule]
    assert bench.car.locked and answer.encrypted
    assert bench.car.whitelist.get(bench.key.key_id).counter == 1
    bench.tell(bench.key.command(UNLOCK))
    assert not bench.car.locked


def test_answers_may_get_lost() -> None:
    bench = SignedBench()
    bench.car.behaviour.lose_answers = 1
    assert bench.tell(bench.key.command(UNLOCK)) == []
    assert not bench.car.locked
    assert bench.said("ignored")[-1].startswith("answer lost")
    assert len(bench.tell(bench.key.command(LOCK))) == 1


@pytest.mark.parametrize("year", ["2023", "2026"])
def test_an_answer_that_is_too_long_is_a_fault_though_the_command_ran(year: Any) -> None:
    bench = SignedBench(year, success=("vehicle-status",))
    (answer,) = bench.tell(bench.key.command(LOCK))
    bench.car.behaviour.response_limit = answer.envelope.ByteSize()
    assert bench.fault(bench.key.command(UNLOCK)) == 0
    bench.car.behaviour.response_limit -= 1
    (answer,) = bench.tell(bench.key.command(LOCK))
    assert answer.fault == universal.MESSAGEFAULT_ERROR_RESPONSE_MTU_EXCEEDED
    assert answer.encrypted is (year == "2026")
    assert bench.car.locked


def test_a_sleeping_car_is_silent_on_its_status_until_it_is_woken() -> None:
    bench = SignedBench("2026", wake_time=0.0)
    bench.car.fall_asleep()
    assert bench.tell(bench.key.plain(STATUS)) == []
    assert bench.fault(bench.key.command(rke(vcsec.RKE_ACTION_WAKE_VEHICLE))) == 0
    assert payloads(bench.tell(bench.key.plain(STATUS))) == ["vehicleStatus"]


def test_the_first_answer_of_a_sleeping_car_is_slow() -> None:
    bench = SignedBench("2026", wake_time=2.5)
    bench.car.fall_asleep()
    assert bench.tell(bench.key.request()) == []
    bench.now += 2.4
    bench.car.tick()
    assert bench.heard() == []
    bench.now += 0.1
    bench.car.tick()
    (answer,) = bench.heard()
    assert bench.key.verifies(answer)
    assert len(bench.tell(bench.key.request())) == 1


@pytest.mark.parametrize(
    ("rule", "raw", "wrapped"), [("raw", 1, 0), ("wrapped", 0, 1), ("both", 1, 1)]
)
def test_the_status_is_pushed_bare_or_as_a_broadcast(rule: Any, raw: int, wrapped: int) -> None:
    bench = SignedBench(push=rule)
    bench.link.write(frame(bench.key.command(UNLOCK)))
    frames = bench.link.take_frames()
    locked = vcsec.VEHICLELOCKSTATE_UNLOCKED
    bare = [vcsec.FromVCSECMessage.FromString(data[2:]) for data in frames]
    assert sum(each.HasField("vehicleStatus") for each in bare) == raw
    envelopes = [universal.RoutableMessage.FromString(data[2:]) for data in frames]
    broadcasts = [
        vcsec.FromVCSECMessage.FromString(each.protobuf_message_as_bytes).vehicleStatus
        for each in envelopes
        if each.to_destination.WhichOneof("sub_destination") == "domain"
    ]
    assert [each.vehicleLockState for each in broadcasts] == [locked] * wrapped
    if wrapped:
        assert frames[-1][2:].startswith(bytes.fromhex("320208003a02080252"))

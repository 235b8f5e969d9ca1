"""The simulated car's rules for signed messages of the older protocol."""

from typing import Any

import pytest

from host_tools.protocol import vcsec_pb2 as vcsec
from tests.car_bench import CarBench
from tests.legacy_client import LegacyKey, frame, level, rke

UNLOCK = b"\x10\x00"
LOCK = b"\x10\x01"


def fault(status: vcsec.CommandStatus) -> tuple[int, int]:
    """Information and counter of a refused signed message."""
    assert status.operationStatus == vcsec.OPERATIONSTATUS_ERROR
    signed = status.signedMessageStatus
    return signed.signedMessageInformation, signed.counter


def sign(bench: CarBench, **changes: Any) -> bytes:
    """The frame of an unlock with some fields changed after sealing."""
    message = bench.key.seal(UNLOCK)
    for name, value in changes.items():
        setattr(message, name, value)
    return frame(vcsec.ToVCSECMessage(signedMessage=message))


def test_the_key_request_of_a_known_key_is_answered() -> None:
    bench = CarBench()
    bench.enrol()
    (answer,) = bench.ask(bench.key.key_request())
    assert answer.sessionInfo.publicKey == bench.car.public_key
    assert len(bench.car.public_key) == 65


def test_the_key_request_of_an_unknown_key_is_a_fault() -> None:
    bench = CarBench()
    (answer,) = bench.ask(bench.key.key_request())
    assert fault(answer.commandStatus) == (2, 0)


def test_an_accepted_message_is_answered_ok_and_takes_effect() -> None:
    bench = CarBench()
    bench.enrol()
    answer, push = bench.ask(bench.key.signed(UNLOCK))
    assert answer.SerializeToString() == b"\x22\x00"
    assert push.vehicleStatus.vehicleLockState == vcsec.VEHICLELOCKSTATE_UNLOCKED
    assert not bench.car.locked


def test_a_lock_of_a_locked_car_is_answered_without_a_push() -> None:
    bench = CarBench()
    bench.enrol()
    assert [a.WhichOneof("sub_message") for a in bench.ask(bench.key.signed(LOCK))] == [
        "commandStatus"
    ]


def test_a_message_of_an_unknown_key_is_a_fault() -> None:
    bench = CarBench()
    bench.key.agree(bench.car.public_key)
    assert fault(bench.status(bench.key.signed(UNLOCK))) == (2, 0)
    assert bench.car.locked


@pytest.mark.parametrize("counter", [0, 1, 6, 7])
def test_a_counter_that_does_not_grow_is_reported_with_the_last_one(counter: int) -> None:
    bench = CarBench()
    bench.enrol()
    bench.ask(bench.key.signed(LOCK, counter=7))
    assert fault(bench.status(bench.key.signed(UNLOCK, counter=counter))) == (3, 7)
    assert bench.car.locked


def test_counter_zero_is_never_accepted() -> None:
    bench = CarBench()
    bench.enrol()
    assert fault(bench.status(bench.key.signed(UNLOCK, counter=0)))[0] == 3


def test_a_counter_may_jump_to_the_last_one_there_is() -> None:
    bench = CarBench()
    bench.enrol()
    bench.ask(bench.key.signed(UNLOCK, counter=0xFFFFFFFF))
    assert not bench.car.locked


def test_the_counter_survives_a_reconnect() -> None:
    bench = CarBench()
    bench.enrol()
    bench.ask(bench.key.signed(LOCK, counter=5))
    bench.reconnect()
    assert fault(bench.status(bench.key.signed(UNLOCK, counter=5))) == (3, 5)


def test_each_key_has_its_own_counter() -> None:
    bench = CarBench()
    bench.enrol()
    other = bench.enrol_new()
    bench.ask(bench.key.signed(LOCK, counter=1000))
    bench.ask(other.signed(UNLOCK, counter=1))
    assert not bench.car.locked


def test_a_wrong_tag_is_a_fault_and_does_not_take_the_counter() -> None:
    bench = CarBench()
    bench.enrol()
    assert fault(bench.status(sign(bench, signature=bytes(16)))) == (6, 0)
    bench.ask(bench.key.signed(UNLOCK, counter=1))
    assert not bench.car.locked


@pytest.mark.parametrize("bit", [0, 63, 127])
def test_every_bit_of_the_tag_counts(bit: int) -> None:
    bench = CarBench()
    bench.enrol()
    message = bench.key.seal(UNLOCK)
    tag = int.from_bytes(message.signature, "big") ^ (1 << bit)
    message.signature = tag.to_bytes(16, "big")
    status = bench.status(frame(vcsec.ToVCSECMessage(signedMessage=message)))
    assert fault(status)[0] == 6


def test_a_changed_ciphertext_is_a_fault() -> None:
    bench = CarBench()
    bench.enrol()
    message = bench.key.seal(LOCK)
    flipped = bytes([message.protobufMessageAsBytes[0], message.protobufMessageAsBytes[1] ^ 1])
    message.protobufMessageAsBytes = flipped
    status = bench.status(frame(vcsec.ToVCSECMessage(signedMessage=message)))
    assert fault(status)[0] == 6
    assert bench.car.locked


@pytest.mark.parametrize("length", [0, 4, 12, 15])
def test_a_short_tag_is_a_fault_of_its_own(length: int) -> None:
    bench = CarBench()
    bench.enrol()
    message = bench.key.seal(UNLOCK)
    message.signature = message.signature[:length]
    status = bench.status(frame(vcsec.ToVCSECMessage(signedMessage=message)))
    assert fault(status)[0] == 13


@pytest.mark.parametrize(
    "signature_type", [vcsec.SIGNATURE_TYPE_ECDSA, vcsec.SIGNATURE_TYPE_UNSIGNED, 9]
)
def test_other_signature_types_are_refused(signature_type: int) -> None:
    bench = CarBench()
    bench.enrol()
    assert fault(bench.status(sign(bench, signatureType=signature_type)))[0] == 1
    assert bench.car.locked


def test_after_a_new_vehicle_key_the_car_pushes_it() -> None:
    bench = CarBench()
    bench.enrol()
    bench.car.rotate_key()
    answer, push = bench.ask(bench.key.signed(UNLOCK))
    assert fault(answer.commandStatus)[0] == 6
    bench.key.agree(push.sessionInfo.publicKey)
    bench.ask(bench.key.signed(UNLOCK))
    assert not bench.car.locked


def test_a_car_may_keep_its_new_key_to_itself() -> None:
    bench = CarBench(push_key=False)
    bench.enrol()
    bench.car.rotate_key()
    assert len(bench.ask(bench.key.signed(UNLOCK))) == 1


def test_the_counter_survives_a_new_vehicle_key() -> None:
    bench = CarBench()
    bench.enrol()
    bench.ask(bench.key.signed(LOCK, counter=50))
    bench.car.rotate_key()
    bench.key.agree(bench.car.public_key)
    assert fault(bench.status(bench.key.signed(UNLOCK, counter=50))) == (3, 50)


FORM_A = rke(vcsec.RKE_ACTION_UNLOCK).SerializeToString()
FORM_B = vcsec.ToVCSECMessage(unsignedMessage=rke(vcsec.RKE_ACTION_UNLOCK)).SerializeToString()


@pytest.mark.parametrize(
    ("rule", "plaintext", "accepted"),
    [
        ("A", FORM_A, True),
        ("A", FORM_B, False),
        ("B", FORM_A, False),
        ("B", FORM_B, True),
        ("AB", FORM_A, True),
        ("AB", FORM_B, True),
        ("A", b"", False),
        ("A", b"\xff\xff", False),
    ],
)
def test_the_form_of_the_plaintext_is_the_cars_to_choose(
    rule: Any, plaintext: bytes, accepted: bool
) -> None:
    bench = CarBench(plaintext=rule)
    bench.enrol()
    status = bench.status(bench.key.signed(plaintext))
    assert (status.operationStatus == vcsec.OPERATIONSTATUS_OK) is accepted
    assert bench.car.locked is not accepted


def test_a_token_form_without_a_token_is_a_fault() -> None:
    bench = CarBench()
    bench.enrol()
    token_form = vcsec.SIGNATURE_TYPE_AES_GCM_TOKEN
    assert fault(bench.status(sign(bench, signatureType=token_form)))[0] == 12


@pytest.mark.parametrize("sent", [b"", bytes(range(20))], ids=["empty", "sent along"])
def test_the_token_form_authenticates_the_token(sent: bytes) -> None:
    bench = CarBench()
    bench.enrol()
    bench.link.token = bytes(range(20))
    plaintext = level(vcsec.AUTHENTICATION_LEVEL_DRIVE).SerializeToString()
    message = bench.key.seal(plaintext, aad=bench.link.token)
    message.signatureType = vcsec.SIGNATURE_TYPE_AES_GCM_TOKEN
    message.token = sent
    status = bench.status(frame(vcsec.ToVCSECMessage(signedMessage=message)))
    assert status.operationStatus == vcsec.OPERATIONSTATUS_OK
    assert bench.link.level == vcsec.AUTHENTICATION_LEVEL_DRIVE


@pytest.mark.parametrize(("token", "code"), [(bytes(20), 4), (bytes(4), 14)])
def test_a_wrong_token_is_a_fault(token: bytes, code: int) -> None:
    bench = CarBench()
    bench.enrol()
    bench.link.token = bytes(range(20))
    token_form = vcsec.SIGNATURE_TYPE_AES_GCM_TOKEN
    assert fault(bench.status(sign(bench, signatureType=token_form, token=token)))[0] == code


def test_a_removed_key_is_unknown_again() -> None:
    bench = CarBench()
    bench.enrol()
    bench.car.whitelist.remove(bench.key.key_id)
    assert fault(bench.status(bench.key.signed(UNLOCK))) == (2, 0)


def test_a_key_cannot_speak_for_another() -> None:
    bench = CarBench()
    bench.enrol()
    other = bench.enrol(LegacyKey(5), role=vcsec.ROLE_CHARGING_MANAGER)
    message = other.seal(UNLOCK)
    message.keyId = bench.key.key_id
    status = bench.status(frame(vcsec.ToVCSECMessage(signedMessage=message)))
    assert fault(status)[0] == 6
    assert bench.car.locked

"""What the simulated car refuses of the signed-command protocol, in which order and words."""

from __future__ import annotations

from typing import Any

import pytest

from host_tools.protocol import universal_message_pb2 as universal
from host_tools.protocol import vcsec_pb2 as vcsec
from host_tools.simulator.car import LockOut
from tests.car_bench import VIN
from tests.legacy_client import frame, rke
from tests.signed_bench import LOCK, UNLOCK, SignedBench
from tests.signed_client import Answer, SignedKey

BAD_PARAMETER = universal.MESSAGEFAULT_ERROR_BAD_PARAMETER
INCORRECT_EPOCH = universal.MESSAGEFAULT_ERROR_INCORRECT_EPOCH
INVALID_DOMAINS = universal.MESSAGEFAULT_ERROR_INVALID_DOMAINS
INVALID_SIGNATURE = universal.MESSAGEFAULT_ERROR_INVALID_SIGNATURE
INVALID_COUNTER = universal.MESSAGEFAULT_ERROR_INVALID_TOKEN_OR_COUNTER
TIME_EXPIRED = universal.MESSAGEFAULT_ERROR_TIME_EXPIRED
TOO_LONG = universal.MESSAGEFAULT_ERROR_TIME_TO_LIVE_TOO_LONG


def refusal(bench: SignedBench, message: universal.RoutableMessage) -> Answer:
    """The only answer to a message that must not have any effect."""
    counter = bench.car.whitelist.get(bench.key.key_id).counter
    (answer,) = bench.tell(message)
    assert answer.envelope.signedMessageStatus.operation_status == universal.OPERATIONSTATUS_ERROR
    assert bench.car.locked
    assert bench.car.whitelist.get(bench.key.key_id).counter == counter
    return answer


def test_another_epoch_is_refused_with_session_info() -> None:
    bench = SignedBench()
    bench.car.reboot()
    answer = refusal(bench, bench.key.command(UNLOCK))
    assert answer.fault == INCORRECT_EPOCH
    bench.key.take(answer)
    assert bench.key.epoch == bench.car.epoch
    bench.tell(bench.key.command(UNLOCK))
    assert not bench.car.locked


@pytest.mark.parametrize("length", [0, 15, 17, 300])
def test_an_epoch_of_another_length_is_another_epoch(length: int) -> None:
    bench = SignedBench()
    answer = refusal(bench, tampered(bench, epoch=bytes(length)))
    assert answer.fault == INCORRECT_EPOCH


@pytest.mark.parametrize(
    ("expires_at", "fault"),
    [(0, TIME_EXPIRED), (999, TIME_EXPIRED), (1000, 0), (1015, 0), (1016, TOO_LONG)],
)
def test_a_command_is_valid_until_it_expires_and_15_s_before(expires_at: int, fault: int) -> None:
    bench = SignedBench("2026")
    bench.now += 1000.9
    assert bench.fault(bench.key.command(UNLOCK, expires_at=expires_at)) == fault
    assert bench.car.locked is bool(fault)


def test_the_lifetime_is_the_cars_to_choose() -> None:
    bench = SignedBench(lifetime=30)
    assert bench.fault(bench.key.command(LOCK, expires_at=30)) == 0
    assert bench.fault(bench.key.command(LOCK, expires_at=31)) == TOO_LONG


@pytest.mark.parametrize("expires_at", [0, 2**32 - 1])
def test_a_wrong_expiry_is_refused_with_the_clock(expires_at: int) -> None:
    bench = SignedBench()
    bench.now += 77
    answer = refusal(bench, bench.key.command(UNLOCK, expires_at=expires_at))
    assert answer.info.clock_time == 77
    assert bench.key.verifies(answer)


@pytest.mark.parametrize("counter", [0, 1, 6, 7])
def test_a_counter_that_does_not_grow_is_refused_with_the_last_one(counter: int) -> None:
    bench = SignedBench()
    bench.tell(bench.key.command(LOCK, counter=7))
    answer = refusal(bench, bench.key.command(UNLOCK, counter=counter))
    assert answer.fault == INVALID_COUNTER
    assert answer.info.counter == 7
    assert bench.key.verifies(answer)


def test_a_replay_is_refused_on_another_link_too() -> None:
    bench = SignedBench()
    message = bench.key.command(UNLOCK)
    bench.tell(message)
    bench.tell(bench.key.command(LOCK))
    bench.key.read(frame(message))
    bench.reconnect()
    bench.link.write(frame(message))
    assert bench.car.locked
    assert any("INVALID_TOKEN_OR_COUNTER" in text for text in bench.said("refused"))


def test_a_counter_may_jump_to_the_last_one_there_is() -> None:
    bench = SignedBench()
    bench.tell(bench.key.command(UNLOCK, counter=0xFFFFFFFF))
    assert not bench.car.locked


def tampered(bench: SignedBench, **changes: Any) -> universal.RoutableMessage:
    """An unlock whose signature data was changed afterwards."""
    message = bench.key.command(UNLOCK)
    for name, value in changes.items():
        setattr(message.signature_data.AES_GCM_Personalized_data, name, value)
    return message


@pytest.mark.parametrize(
    "changes",
    [
        {"counter": 9},
        {"expires_at": 6},
        {"nonce": bytes(12)},
        {"tag": bytes(16)},
        {"tag": b""},
        {"tag": bytes(300)},
    ],
    ids=["counter", "expiry", "nonce", "tag", "no tag", "long tag"],
)
def test_everything_in_the_signature_counts(changes: dict[str, Any]) -> None:
    bench = SignedBench()
    answer = refusal(bench, tampered(bench, **changes))
    assert answer.fault == INVALID_SIGNATURE
    assert bench.key.verifies(answer)


@pytest.mark.parametrize("length", [1, 4, 12, 15])
def test_a_shortened_tag_is_wrong(length: int) -> None:
    bench = SignedBench()
    message = bench.key.command(UNLOCK)
    data = message.signature_data.AES_GCM_Personalized_data
    data.tag = data.tag[:length]
    assert refusal(bench, message).fault == INVALID_SIGNATURE


@pytest.mark.parametrize("flags", [0, 1, 3])
def test_the_flags_count(flags: int) -> None:
    bench = SignedBench()
    message = bench.key.command(UNLOCK)
    message.flags = flags
    assert refusal(bench, message).fault == INVALID_SIGNATURE


def test_a_command_for_another_vin_is_badly_signed() -> None:
    bench = SignedBench()
    message = bench.key.command(UNLOCK, vin="5YJ3E1EA1KF000001")
    assert refusal(bench, message).fault == INVALID_SIGNATURE


def test_a_command_for_another_domain_cannot_be_sent_on_to_this_one() -> None:
    bench = SignedBench()
    message = bench.key.command(UNLOCK, domain=3)
    assert refusal(bench, message).fault == INVALID_DOMAINS
    message.to_destination.domain = universal.DOMAIN_VEHICLE_SECURITY
    assert refusal(bench, message).fault == INVALID_SIGNATURE


def test_a_changed_ciphertext_is_badly_signed() -> None:
    bench = SignedBench()
    message = bench.key.command(LOCK)
    first, second = message.protobuf_message_as_bytes
    message.protobuf_message_as_bytes = bytes([first, second ^ 1])
    assert refusal(bench, message).fault == INVALID_SIGNATURE


@pytest.mark.parametrize("changes", [{"tag": bytes(32)}, {"tag": b""}, {"counter": 9}])
def test_everything_in_an_hmac_counts(changes: dict[str, Any]) -> None:
    bench = SignedBench()
    message = bench.key.authenticated(UNLOCK)
    for name, value in changes.items():
        setattr(message.signature_data.HMAC_Personalized_data, name, value)
    assert refusal(bench, message).fault == INVALID_SIGNATURE


def test_the_payload_of_an_hmac_counts() -> None:
    bench = SignedBench()
    message = bench.key.authenticated(LOCK)
    message.protobuf_message_as_bytes = UNLOCK
    assert refusal(bench, message).fault == INVALID_SIGNATURE


@pytest.mark.parametrize("length", [0, 4, 11, 13, 16])
def test_a_nonce_has_12_bytes(length: int) -> None:
    bench = SignedBench()
    message = tampered(bench, nonce=bytes(length))
    assert refusal(bench, message).fault == universal.MESSAGEFAULT_ERROR_IV_INCORRECT_LENGTH


def test_a_command_is_judged_in_the_verifiers_order() -> None:
    """Domain, epoch, expiry, signature, counter: what is wrong first is what is said."""
    bench = SignedBench()
    bench.tell(bench.key.command(LOCK, counter=7))
    wrong = bench.key.command(UNLOCK, counter=7, domain=3)
    data = wrong.signature_data.AES_GCM_Personalized_data
    right_epoch, data.epoch = data.epoch, bytes(16)
    data.expires_at = 2**32 - 1
    data.tag = bytes(16)
    assert refusal(bench, wrong).fault == INVALID_DOMAINS
    wrong.to_destination.domain = universal.DOMAIN_VEHICLE_SECURITY
    assert refusal(bench, wrong).fault == INCORRECT_EPOCH
    data.epoch = right_epoch
    assert refusal(bench, wrong).fault == TOO_LONG
    data.expires_at = 5
    assert refusal(bench, wrong).fault == INVALID_SIGNATURE
    assert refusal(bench, bench.key.command(UNLOCK, counter=7)).fault == INVALID_COUNTER


def test_a_key_that_is_not_on_the_whitelist_is_refused_without_session_info() -> None:
    bench = SignedBench()
    stranger = SignedKey(5, vin=VIN)
    stranger.agree(bench.car.public_key)
    stranger.epoch = bench.car.epoch
    (answer,) = bench.tell(stranger.command(UNLOCK), stranger)
    assert answer.fault == universal.MESSAGEFAULT_ERROR_UNKNOWN_KEY_ID
    assert answer.envelope.WhichOneof("payload") is None
    assert bench.car.locked


def test_a_key_cannot_speak_for_another() -> None:
    bench = SignedBench()
    other = bench.enrol_signed(role=vcsec.ROLE_CHARGING_MANAGER)
    message = other.command(UNLOCK)
    message.signature_data.signer_identity.public_key = bench.key.public_key
    assert bench.fault(message, other) == INVALID_SIGNATURE
    assert bench.car.locked


def test_a_handle_names_no_key() -> None:
    bench = SignedBench()
    message = bench.key.command(UNLOCK)
    message.signature_data.signer_identity.handle = 1
    assert refusal(bench, message).fault == universal.MESSAGEFAULT_ERROR_INVALID_KEY_HANDLE


@pytest.mark.parametrize("public_key", [b"", bytes(65), b"\x04" * 64])
def test_a_signer_is_named_by_a_public_key(public_key: bytes) -> None:
    bench = SignedBench()
    message = bench.key.command(UNLOCK)
    message.signature_data.signer_identity.public_key = public_key
    assert refusal(bench, message).fault == BAD_PARAMETER


def test_session_info_tags_and_responses_sign_no_command() -> None:
    bench = SignedBench()
    message = bench.key.command(UNLOCK)
    data = message.signature_data
    data.session_info_tag.tag = bytes(32)
    assert refusal(bench, message).fault == BAD_PARAMETER
    data.AES_GCM_Response_data.tag = bytes(16)
    assert refusal(bench, message).fault == BAD_PARAMETER
    data.ClearField("AES_GCM_Response_data")
    assert refusal(bench, message).fault == BAD_PARAMETER


def test_a_message_without_a_payload_is_refused() -> None:
    bench = SignedBench()
    message = bench.key.request()
    message.ClearField("session_info_request")
    assert refusal(bench, message).fault == BAD_PARAMETER


def test_session_info_is_for_the_vehicle_to_tell() -> None:
    bench = SignedBench()
    message = bench.key.request(session_info=b"\x08\x01")
    assert refusal(bench, message).fault == BAD_PARAMETER


@pytest.mark.parametrize(
    ("plaintext", "fault"),
    [
        (b"\xff\xff", universal.MESSAGEFAULT_ERROR_DECODING),
        (b"", universal.MESSAGEFAULT_ERROR_INVALID_COMMAND),
        (
            vcsec.ToVCSECMessage(unsignedMessage=rke(0)).SerializeToString(),
            universal.MESSAGEFAULT_ERROR_INVALID_COMMAND,
        ),
    ],
    ids=["garbage", "nothing", "the older wrapping"],
)
def test_a_signed_message_must_make_sense(plaintext: bytes, fault: int) -> None:
    bench = SignedBench()
    (answer,) = bench.tell(bench.key.command(plaintext))
    assert answer.fault == fault
    assert bench.car.locked


def test_a_car_may_insist_on_encrypted_answers() -> None:
    bench = SignedBench("2026")
    (answer,) = bench.tell(bench.key.command(UNLOCK, flags=0))
    assert answer.fault == universal.MESSAGEFAULT_ERROR_REQUIRES_RESPONSE_ENCRYPTION
    assert not answer.encrypted
    assert bench.car.locked


def test_badly_signed_messages_lock_everybody_out_and_other_faults_do_not() -> None:
    bench = SignedBench(lock_out=LockOut(faults=3))
    for _ in range(5):
        bench.tell(bench.key.command(UNLOCK, expires_at=0))
        bench.tell(bench.key.command(UNLOCK, epoch=bytes(16)))
    assert bench.link.is_open
    for _ in range(3):
        bench.tell(tampered(bench, tag=bytes(16)))
    assert not bench.link.is_open and not bench.car.connectable


def test_every_refusal_says_why_in_the_events() -> None:
    bench = SignedBench("2026")
    bench.tell(bench.key.command(UNLOCK, expires_at=16))
    bench.tell(bench.key.command(UNLOCK, counter=0))
    key_id = bench.key.key_id.hex()
    assert bench.said("refused") == [
        f"signed-command message of key {key_id}: TIME_TO_LIVE_TOO_LONG: 16 s, at most 15",
        f"signed-command message of key {key_id}: "
        "INVALID_TOKEN_OR_COUNTER: counter 0, but 0 was there already",
    ]

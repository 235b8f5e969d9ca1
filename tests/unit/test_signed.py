"""Requests of the signed-command session, and the session info that it takes."""

import hashlib

from expect import raises
from signed_answers import (
    EPOCH,
    OTHER_EPOCH,
    OTHER_SHARED_KEY,
    OTHER_VEHICLE_KEY,
    PRIVATE_KEY,
    PUBLIC_KEY,
    SECURITY,
    SHARED_KEY,
    UNLOCK,
    VEHICLE_KEY,
    VIN,
    answer_to,
    field,
    info,
    known,
    sealing,
    sent,
    session_info,
    unknown,
)

from fob import gcm, protobuf, routable, signed
from fob.errors import AuthenticationFailed, DecodeError, InvalidKey


def state(session):
    return session.vehicle_key, session.shared_key, session.epoch


def refused(session, envelope, error=AuthenticationFailed):
    """That `verify` refuses, and that nothing comes of it."""
    before = state(session)
    raises(error, session.verify, envelope, PRIVATE_KEY)
    assert state(session) == before


def test_a_request_shows_the_key_to_vehicle_security():
    request = sent(known().request())
    assert request["session_info_request"] == {"public_key": PUBLIC_KEY}
    assert request["to_destination"] == SECURITY
    assert len(request["uuid"]) == len(request["from_destination"]["routing_address"]) == 16


def test_a_request_needs_neither_key_nor_epoch_of_the_car():
    assert len(unknown().request()) == 112


def test_every_message_has_a_fresh_address_and_a_fresh_uuid():
    session = known()
    messages = [session.request(), session.request(), session.plain(b"\x0a\x00")]
    messages += [session.seal(UNLOCK, 7, 2655), session.seal(UNLOCK, 8, 2655)]
    requests = [sent(message) for message in messages]
    addresses = {request["from_destination"]["routing_address"] for request in requests}
    uuids = {request["uuid"] for request in requests}
    assert len(addresses | uuids) == 10


def test_a_plain_message_is_in_clear_and_unsigned():
    request = sent(known().plain(b"\x0a\x00"))
    assert request["protobuf_message_as_bytes"] == b"\x0a\x00"
    assert "signature_data" not in request


def test_a_sealed_message_opens_with_what_it_says_of_itself():
    request = sent(known().seal(UNLOCK, 0x01020304, 0xFFFFFFFF))
    signature = request["signature_data"]["AES_GCM_Personalized_data"]
    text = (
        field(0, b"\x05")
        + field(1, b"\x02")
        + field(2, VIN.encode())
        + field(3, EPOCH)
        + field(4, b"\xff\xff\xff\xff")
        + field(5, b"\x01\x02\x03\x04")
        + field(7, b"\x00\x00\x00\x02")
        + b"\xff"
    )
    ciphertext = request["protobuf_message_as_bytes"]
    aad = hashlib.sha256(text).digest()
    assert gcm.open(SHARED_KEY, signature["nonce"], ciphertext, signature["tag"], aad) == UNLOCK
    assert signature["counter"] == 0x01020304
    assert signature["expires_at"] == 0xFFFFFFFF
    assert signature["epoch"] == EPOCH


def test_a_sealed_message_names_its_signer_and_asks_for_an_encrypted_answer():
    request = sent(known().seal(UNLOCK, 7, 2655))
    assert request["signature_data"]["signer_identity"] == {"public_key": PUBLIC_KEY}
    assert request["flags"] == 2
    assert request["to_destination"] == SECURITY


def test_every_sealed_message_has_a_fresh_nonce():
    session = known()
    messages = [sent(session.seal(UNLOCK, 7, 2655)) for _ in range(3)]
    signatures = [m["signature_data"]["AES_GCM_Personalized_data"] for m in messages]
    assert len({signature["nonce"] for signature in signatures}) == 3
    assert all(len(signature["nonce"]) == 12 for signature in signatures)


def test_a_counter_beyond_32_bits_is_not_sent():
    raises(ValueError, known().seal, UNLOCK, 1 << 32, 2655)


def test_an_answer_may_name_its_request_or_not():
    session, request = sealing()
    assert session.answered_by(answer_to(request))
    assert session.answered_by(answer_to(request, request_uuid=request["uuid"]))


def test_the_uuid_of_another_request_is_another_answer():
    session, request = sealing()
    for uuid in (bytes(16), request["uuid"][:15], request["uuid"] + b"\x00"):
        assert not session.answered_by(answer_to(request, request_uuid=uuid))


def test_an_answer_to_an_earlier_message_is_none():
    session = known()
    for first in (session.request, lambda: session.plain(UNLOCK)):
        request = sent(first())
        session.seal(UNLOCK, 7, 2655)
        assert not session.answered_by(answer_to(request))


def test_only_vehicle_security_answers():
    session, request = sealing()
    for sender in ({}, {"domain": 0}, {"domain": 3}, {"routing_address": b"\x02"}):
        assert not session.answered_by(answer_to(request, from_destination=sender))


def test_before_the_first_message_nothing_is_an_answer():
    stranger = {"from_destination": {"routing_address": bytes(16)}}
    assert not known().answered_by(answer_to(stranger))


def test_session_info_gives_key_and_epoch():
    session = unknown()
    request = sent(session.request())
    content = session.verify(session_info(request, info()), PRIVATE_KEY)
    assert state(session) == (VEHICLE_KEY, SHARED_KEY, EPOCH)
    assert (content["counter"], content["clock_time"], content["status"]) == (6, 2650, 0)


def test_fields_that_are_not_there_are_zero():
    session = known()
    request = sent(session.request())
    encoded = protobuf.encode(routable.SESSION_INFO, {"publicKey": VEHICLE_KEY, "epoch": EPOCH})
    assert session.verify(session_info(request, encoded), PRIVATE_KEY) == {
        "counter": 0,
        "publicKey": VEHICLE_KEY,
        "epoch": EPOCH,
        "clock_time": 0,
        "status": 0,
    }


def test_a_new_epoch_is_taken_over():
    session = known()
    request = sent(session.request())
    session.verify(session_info(request, info(epoch=OTHER_EPOCH)), PRIVATE_KEY)
    assert state(session) == (VEHICLE_KEY, SHARED_KEY, OTHER_EPOCH)


def test_the_same_vehicle_key_needs_no_computation():
    session = known()
    request = sent(session.request())
    session.verify(session_info(request, info()), None)
    assert session.shared_key == SHARED_KEY


def test_another_vehicle_key_gives_another_shared_key():
    session = known()
    request = sent(session.request())
    encoded = info(publicKey=OTHER_VEHICLE_KEY)
    session.verify(session_info(request, encoded, shared_key=OTHER_SHARED_KEY), PRIVATE_KEY)
    assert state(session) == (OTHER_VEHICLE_KEY, OTHER_SHARED_KEY, EPOCH)


def test_a_vehicle_key_that_is_known_from_elsewhere_needs_no_computation():
    others = [(VEHICLE_KEY, SHARED_KEY), (OTHER_VEHICLE_KEY, OTHER_SHARED_KEY)]
    for session in (known(), unknown()):
        request = sent(session.request())
        encoded = info(publicKey=OTHER_VEHICLE_KEY)
        answer = session_info(request, encoded, shared_key=OTHER_SHARED_KEY)
        session.verify(answer, None, others)
        assert state(session) == (OTHER_VEHICLE_KEY, OTHER_SHARED_KEY, EPOCH)


def test_session_info_with_a_fault_belongs_to_the_sealed_message():
    session, request = sealing()
    session.verify(session_info(request, info(epoch=OTHER_EPOCH)), PRIVATE_KEY)
    assert session.epoch == OTHER_EPOCH


def test_a_key_that_is_not_on_the_whitelist_is_said_and_the_rest_taken_over():
    session = unknown()
    request = sent(session.request())
    content = session.verify(session_info(request, info(status=1)), PRIVATE_KEY)
    assert content["status"] == 1
    assert state(session) == (VEHICLE_KEY, SHARED_KEY, EPOCH)


def test_session_info_without_a_tag_is_refused():
    for signature in ({}, {"session_info_tag": {}}, {"session_info_tag": {"tag": b""}}):
        for session in (known(), unknown()):
            request = sent(session.request())
            changed = info(epoch=OTHER_EPOCH)
            refused(session, answer_to(request, session_info=changed, signature_data=signature))
            refused(session, answer_to(request, session_info=changed))


def test_session_info_without_a_tag_costs_no_computation():
    session = unknown()
    request = sent(session.request())
    answer = answer_to(request, session_info=info(), signature_data={"session_info_tag": {}})
    answer["signature_data"]["session_info_tag"]["tag"] = b""
    # A computation would complain of the missing private key.
    raises(AuthenticationFailed, session.verify, answer, None)


def test_a_change_anywhere_in_session_info_is_refused():
    session = known()
    request = sent(session.request())
    good = session_info(request, info())
    encoded = good["session_info"]
    for changed in (
        info(counter=5),
        info(clock_time=2651),
        info(epoch=OTHER_EPOCH),
        info(publicKey=OTHER_VEHICLE_KEY),
        info(status=1),
        encoded + b"\x30\x01",
    ):
        refused(session, answer_to(request, session_info=changed, **signature_of(good)))
    session.verify(good, PRIVATE_KEY)


def signature_of(envelope):
    return {"signature_data": envelope["signature_data"]}


def test_a_change_anywhere_in_the_tag_is_refused():
    session = known()
    request = sent(session.request())
    tag = session_info(request, info())["signature_data"]["session_info_tag"]["tag"]
    for i in range(32):
        changed = bytearray(tag)
        changed[i] ^= 1
        signature = {"session_info_tag": {"tag": bytes(changed)}}
        refused(session, answer_to(request, session_info=info(), signature_data=signature))


def test_a_tag_of_another_length_is_refused():
    session = known()
    request = sent(session.request())
    tag = session_info(request, info())["signature_data"]["session_info_tag"]["tag"]
    for changed in (tag[:1], tag[:16], tag[:31], tag + b"\x00"):
        signature = {"session_info_tag": {"tag": changed}}
        refused(session, answer_to(request, session_info=info(), signature_data=signature))


def test_session_info_for_another_challenge_is_refused():
    session = known()
    earlier = sent(session.request())
    request = sent(session.request())
    refused(session, session_info(request, info(), uuid=earlier["uuid"]))


def test_session_info_for_another_car_is_refused():
    session = known()
    request = sent(session.request())
    refused(session, session_info(request, info(), vin="5YJ30123456789ABD"))


def test_session_info_under_another_key_is_refused():
    for session in (known(), unknown()):
        request = sent(session.request())
        refused(session, session_info(request, info(), shared_key=OTHER_SHARED_KEY))


def test_an_answer_without_session_info_is_refused():
    session, request = sealing()
    refused(session, answer_to(request), AuthenticationFailed)
    good = session_info(request, info())
    refused(session, answer_to(request, **signature_of(good)), DecodeError)


def test_malformed_session_info_is_refused():
    session = known()
    request = sent(session.request())
    for encoded in (info()[:-1], info() + b"\x0a", b"\xff"):
        refused(session, session_info(request, encoded), DecodeError)


def test_an_epoch_of_another_length_is_refused():
    session = known()
    request = sent(session.request())
    for epoch in (b"", EPOCH[:15], EPOCH + b"\x00"):
        refused(session, session_info(request, info(epoch=epoch)), DecodeError)


def test_a_bad_vehicle_key_is_refused():
    off_the_curve = VEHICLE_KEY[:-1] + b"\x98"
    for key in (b"", VEHICLE_KEY[:64], VEHICLE_KEY + b"\x00", off_the_curve):
        for session in (known(), unknown()):
            request = sent(session.request())
            refused(session, session_info(request, info(publicKey=key)), InvalidKey)


def test_nobody_can_have_key_after_key_computed():
    session = known()
    request = sent(session.request())
    bad = session_info(request, info(publicKey=b""))
    for _ in range(3):
        refused(session, bad, InvalidKey)
    encoded = info(publicKey=OTHER_VEHICLE_KEY)
    refused(session, session_info(request, encoded, shared_key=OTHER_SHARED_KEY))
    # The key that is known costs nothing.
    session.verify(session_info(request, info()), None)


def test_session_info_denies_the_key_by_its_status_alone():
    request = sent(known().request())
    assert signed.denies(answer_to(request, session_info=info(status=1)))
    assert not signed.denies(answer_to(request, session_info=info()))
    assert not signed.denies(answer_to(request, session_info=info(status=1) + b"\x0a"))
    assert not signed.denies(answer_to(request))

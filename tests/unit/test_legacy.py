"""The session of the teslabtapi documentation."""

import codes
import scripted_car as car
from expect import raises

from fob import gcm, legacy, messages, protobuf
from fob.errors import AuthenticationFailed, DecodeError, InvalidKey


def random(n):
    return bytes(range(1, n + 1))


def paired():
    return legacy.Session(car.PUBLIC_KEY, car.VEHICLE_KEY, car.SHARED_KEY)


def signed(message):
    return protobuf.decode(messages.TO_VCSEC_MESSAGE, message)["signedMessage"]


def test_a_request_names_the_key():
    request = protobuf.decode(messages.TO_VCSEC_MESSAGE, paired().request())
    assert request["unsignedMessage"]["InformationRequest"] == {
        "informationRequestType": codes.INFORMATION_REQUEST_TYPE_GET_EPHEMERAL_PUBLIC_KEY,
        "keyId": {"publicKeySHA1": b"\x3f\xb5\x92\x33"},
    }


def test_agreeing_derives_the_shared_key():
    session = legacy.Session(car.PUBLIC_KEY)
    session.agree(car.session_info(car.VEHICLE_KEY), car.PRIVATE_KEY, random)
    assert session.shared_key == car.SHARED_KEY
    assert session.vehicle_key == car.VEHICLE_KEY


def test_another_vehicle_key_gives_another_shared_key():
    session = paired()
    session.agree(car.session_info(car.OTHER_VEHICLE_KEY), car.PRIVATE_KEY, random)
    assert session.shared_key == car.OTHER_SHARED_KEY


def test_the_same_vehicle_key_needs_no_computation():
    session = paired()
    session.agree(car.session_info(car.VEHICLE_KEY), b"no key", None)
    assert session.shared_key == car.SHARED_KEY


def test_an_answer_without_a_key_is_an_error():
    for answer in ({}, car.OK, {"sessionInfo": {}}, {"sessionInfo": {"publicKey": b""}}):
        raises(DecodeError, paired().agree, answer, car.PRIVATE_KEY, random)


def test_a_bad_vehicle_key_is_refused_and_the_session_stays():
    session = paired()
    off_the_curve = car.VEHICLE_KEY[:-1] + b"\x61"
    for key in (off_the_curve, car.VEHICLE_KEY[:-1], b"\x04" + bytes(64)):
        raises(InvalidKey, session.agree, car.session_info(key), car.PRIVATE_KEY, random)
    assert (session.vehicle_key, session.shared_key) == (car.VEHICLE_KEY, car.SHARED_KEY)


def test_a_sealed_message_opens_with_the_counter_as_nonce():
    message = signed(paired().seal(car.UNLOCK, 0x01020304))
    ciphertext, tag = message["protobufMessageAsBytes"], message["signature"]
    assert gcm.open(car.SHARED_KEY, b"\x01\x02\x03\x04", ciphertext, tag) == car.UNLOCK


def test_a_sealed_message_names_key_and_counter_and_leaves_the_type_out():
    message = signed(paired().seal(car.UNLOCK, 7))
    assert (message["keyId"], message["counter"]) == (b"\x3f\xb5\x92\x33", 7)
    assert "signatureType" not in message
    assert len(message["signature"]) == 16


def test_the_last_counter_fits():
    assert signed(paired().seal(car.UNLOCK, 0xFFFFFFFF))["counter"] == 0xFFFFFFFF


def test_a_fault_has_its_information_and_counter():
    assert legacy.fault(car.fault(3, 41)) == (3, 41)


def test_a_fault_without_a_counter_reports_zero():
    answer = {"commandStatus": {"signedMessageStatus": {"signedMessageInformation": 2}}}
    assert legacy.fault(answer) == (2, 0)


def test_a_status_without_a_fault_is_none():
    assert legacy.fault(car.OK) is None
    assert legacy.fault(car.WAIT) is None
    assert legacy.fault(car.status(car.LOCKED)) is None
    assert legacy.fault({"commandStatus": {"signedMessageStatus": {"counter": 5}}}) is None


def test_an_answer_to_a_token_opens_with_that_token_alone():
    token = bytes(range(20))
    message = signed(paired().seal(car.NONE, 7, token))
    ciphertext, tag = message["protobufMessageAsBytes"], message["signature"]
    assert message["signatureType"] == codes.SIGNATURE_TYPE_AES_GCM_TOKEN
    assert gcm.open(car.SHARED_KEY, b"\x00\x00\x00\x07", ciphertext, tag, token) == car.NONE
    for wrong in (b"", bytes(20)):
        raises(
            AuthenticationFailed,
            gcm.open,
            car.SHARED_KEY,
            b"\x00\x00\x00\x07",
            ciphertext,
            tag,
            wrong,
        )


def test_the_token_does_not_travel_along():
    assert bytes(range(20)) not in paired().seal(car.NONE, 7, bytes(range(20)))

"""Which messages of the car are an answer, which say something by themselves, and which nothing."""

from binascii import unhexlify

from expect import raises

from fob import messages, protobuf, routable
from fob.errors import DecodeError

# As a car sent it in January 2026: a request for authentication, broadcast by vehicle security.
BROADCAST = unhexlify(
    "320208003a020802521f1a1d12160a1493054f89de1516dfabad0f1ae0108314e2da02fd1802220101"
)
TOKEN = unhexlify("93054f89de1516dfabad0f1ae0108314e2da02fd")

SECURITY = {"domain": 2}
STATUS = {"vehicleStatus": {"vehicleLockState": 1}}


def read(envelope):
    return routable.read(protobuf.encode(routable.ROUTABLE_MESSAGE, envelope))


def wrapped(to=None, sender=SECURITY, answer=STATUS):
    return {
        "to_destination": {"domain": 0} if to is None else to,
        "from_destination": sender,
        "protobuf_message_as_bytes": protobuf.encode(messages.FROM_VCSEC_MESSAGE, answer),
    }


def test_a_message_to_a_routing_address_stays_in_its_envelope():
    envelope = wrapped(to={"routing_address": bytes(16)})
    assert read(envelope) == {"envelope": envelope}


def test_a_bare_message_is_what_it_says():
    assert routable.read(protobuf.encode(messages.FROM_VCSEC_MESSAGE, STATUS)) == STATUS


def test_a_broadcast_of_vehicle_security_is_unwrapped():
    assert read(wrapped()) == STATUS


def test_a_broadcast_that_a_car_sent_is_unwrapped():
    request = {"sessionInfo": {"token": TOKEN}, "requestedLevel": 2, "reasonsForAuth": [1]}
    assert routable.read(BROADCAST) == {"authenticationRequest": request}


def test_a_broadcast_of_another_domain_says_nothing():
    for sender in ({"domain": 0}, {"domain": 3}, {"routing_address": b"\x02"}, {}):
        assert read(wrapped(sender=sender)) == {}


def test_a_message_to_another_domain_says_nothing():
    for to in ({"domain": 2}, {"domain": 3}, {}):
        assert read(wrapped(to=to)) == {}


def test_a_broadcast_with_a_signature_says_nothing():
    envelope = wrapped()
    envelope["signature_data"] = {"AES_GCM_Response_data": {"counter": 1}}
    assert read(envelope) == {}


def test_an_empty_broadcast_says_nothing():
    assert read({"to_destination": {"domain": 0}, "from_destination": SECURITY}) == {}


def test_an_envelope_without_a_destination_says_nothing():
    envelope = wrapped()
    del envelope["to_destination"]
    assert read(envelope) == {}


def test_nothing_and_unknown_fields_say_nothing():
    assert routable.read(b"") == {}
    assert routable.read(b"\xaa\x03\x01\x00") == {}


def test_malformed_bytes_are_refused():
    for damaged in (BROADCAST[:-1], BROADCAST + b"\x0a", b"\x22\x05\x08", b"\xff"):
        raises(DecodeError, routable.read, damaged)


def test_a_malformed_message_in_a_broadcast_is_refused():
    envelope = wrapped()
    envelope["protobuf_message_as_bytes"] += b"\x0a"
    raises(DecodeError, read, envelope)

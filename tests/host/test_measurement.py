"""What a press took, by the car's events."""

import pytest

from host_tools.protocol import universal_message_pb2 as universal
from host_tools.protocol import vcsec_pb2 as vcsec
from host_tools.simulator.car import CarEvent
from host_tools.simulator.measurement import measure, protocol_of


def framed(message: bytes) -> bytes:
    return len(message).to_bytes(2, "big") + message


def legacy_frame() -> bytes:
    message = vcsec.ToVCSECMessage()
    message.signedMessage.counter = 7
    message.signedMessage.protobufMessageAsBytes = b"sealed"
    return framed(message.SerializeToString())


def signed_frame() -> bytes:
    message = universal.RoutableMessage(protobuf_message_as_bytes=b"sealed", uuid=bytes(16))
    message.to_destination.domain = universal.DOMAIN_VEHICLE_SECURITY
    return framed(message.SerializeToString())


@pytest.mark.parametrize(
    ("frame", "protocol"), [(legacy_frame(), "legacy"), (signed_frame(), "signed")]
)
def test_the_frame_tells_its_protocol(frame: bytes, protocol: str) -> None:
    assert protocol_of(frame) == protocol


def test_bytes_that_are_no_message_count_as_legacy() -> None:
    assert protocol_of(b"\x00\x02\xff\xff") == "legacy"


def test_a_press_is_measured_up_to_its_last_acceptance_by_the_frame_before_it() -> None:
    events = [
        CarEvent(100.2, "received", "", data=signed_frame()),
        CarEvent(100.2, "refused", "the epoch is another"),
        CarEvent(100.25, "sent", "", data=b""),
        CarEvent(100.3, "received", "", data=legacy_frame()),
        CarEvent(100.3, "accepted", "lock"),
        CarEvent(100.3, "sent", "", data=b""),
        CarEvent(100.4, "received", "", data=signed_frame()),
    ]
    measured = measure(events, released=100.0, att_requests=5)
    assert measured is not None
    assert measured.ms == pytest.approx(300)
    assert (measured.att_requests, measured.frames, measured.protocol) == (5, 5, "legacy")


def test_a_press_that_the_car_did_not_accept_has_no_measure() -> None:
    events = [CarEvent(1.0, "received", "", data=legacy_frame()), CarEvent(1.0, "refused", "")]
    assert measure(events, released=0.9, att_requests=3) is None

"""No message of the signed-command protocol makes the simulated car raise or open."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from host_tools.protocol import universal_message_pb2 as universal
from tests.legacy_client import frame
from tests.signed_bench import UNLOCK, SignedBench

BENCH = SignedBench("2023")
SOME_BYTES = st.one_of(
    st.binary(max_size=20), st.sampled_from([bytes(16), BENCH.key.public_key, BENCH.car.epoch])
)
NUMBERS = st.integers(0, 2**32 - 1)
DOMAINS = st.integers(0, 4)


@st.composite
def destinations(draw: st.DrawFn) -> universal.Destination:
    if draw(st.booleans()):
        return universal.Destination(domain=draw(DOMAINS))  # type: ignore[arg-type]
    return universal.Destination(routing_address=draw(SOME_BYTES))


@st.composite
def envelopes(draw: st.DrawFn) -> universal.RoutableMessage:
    """Well-formed in protobuf, and little else."""
    envelope = universal.RoutableMessage(
        to_destination=draw(destinations()),
        from_destination=draw(destinations()),
        uuid=draw(SOME_BYTES),
        request_uuid=draw(SOME_BYTES),
        flags=draw(NUMBERS),
    )
    match draw(st.integers(0, 3)):
        case 0:
            envelope.protobuf_message_as_bytes = draw(SOME_BYTES)
        case 1:
            envelope.session_info_request.public_key = draw(SOME_BYTES)
        case 2:
            envelope.session_info = draw(SOME_BYTES)
    data = envelope.signature_data
    match draw(st.integers(0, 4)):
        case 0:
            gcm = data.AES_GCM_Personalized_data
            gcm.epoch, gcm.nonce, gcm.tag = (draw(SOME_BYTES) for _ in range(3))
            gcm.counter, gcm.expires_at = draw(NUMBERS), draw(NUMBERS)
        case 1:
            plain = data.HMAC_Personalized_data
            plain.epoch, plain.tag = draw(SOME_BYTES), draw(SOME_BYTES)
            plain.counter, plain.expires_at = draw(NUMBERS), draw(NUMBERS)
        case 2:
            data.AES_GCM_Response_data.tag = draw(SOME_BYTES)
        case 3:
            data.session_info_tag.tag = draw(SOME_BYTES)
    if draw(st.booleans()):
        data.signer_identity.public_key = draw(SOME_BYTES)
    return envelope


@given(envelopes())
def test_odd_messages_never_raise(envelope: universal.RoutableMessage) -> None:
    BENCH.now += 2
    BENCH.link.write(frame(envelope))
    BENCH.link.take_frames()
    assert BENCH.car.locked and BENCH.car.violations == []


@given(st.binary(max_size=60))
def test_any_plaintext_of_a_known_key_is_taken_or_refused(plaintext: bytes) -> None:
    bench = SignedBench("2026")
    answers = bench.tell(bench.key.command(plaintext))
    assert answers or bench.said("ignored")


@given(st.integers(0, 8 * 180))
def test_a_bit_that_matters_cannot_be_changed(bit: int) -> None:
    bench = SignedBench("2026")
    original = bench.key.command(UNLOCK)
    message = bytearray(original.SerializeToString())
    message[bit // 8 % len(message)] ^= 1 << bit % 8
    bench.link.write(frame(bytes(message)))
    if not bench.car.locked:
        changed = universal.RoutableMessage.FromString(bytes(message))
        # These only name the sender's end; everything else is signed.
        for envelope in (original, changed):
            for name in ("from_destination", "uuid", "request_uuid"):
                envelope.ClearField(name)
            envelope.DiscardUnknownFields()
        assert changed == original

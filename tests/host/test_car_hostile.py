"""Nothing that comes over the air makes the simulated car raise or open."""

from hypothesis import given
from hypothesis import strategies as st

from host_tools.protocol import vcsec_pb2 as vcsec
from tests.car_bench import CarBench
from tests.legacy_client import frame

# The wrapper of today's protocol, as a car pushes it; published with an issue report in 2026.
ROUTABLE_MESSAGE = bytes.fromhex(
    "320208003a020802521f1a1d12160a1493054f89de1516dfabad0f1ae0108314e2da02fd1802220101"
)

BENCH = CarBench()
BENCH.enrol()


@given(st.lists(st.binary(max_size=200), max_size=5))
def test_garbage_writes_never_raise(writes: list[bytes]) -> None:
    for data in writes:
        BENCH.link.write(data)
    BENCH.link.take_frames()
    BENCH.now += 2
    assert BENCH.car.locked


@given(st.binary(min_size=1, max_size=200))
def test_garbage_messages_never_raise(message: bytes) -> None:
    BENCH.now += 2
    BENCH.ask(frame(message))
    assert BENCH.car.locked


@given(
    st.binary(max_size=40),
    st.integers(0, 6),
    st.binary(max_size=20),
    st.binary(max_size=6),
    st.integers(0, 2**32 - 1),
    st.binary(max_size=24),
)
def test_odd_signed_messages_never_raise(
    payload: bytes, kind: int, signature: bytes, key_id: bytes, counter: int, token: bytes
) -> None:
    BENCH.now += 2
    message = vcsec.SignedMessage(
        token=token,
        protobufMessageAsBytes=payload,
        signatureType=kind,
        signature=signature,
        keyId=key_id or BENCH.key.key_id,
        counter=counter,
    )
    BENCH.ask(frame(vcsec.ToVCSECMessage(signedMessage=message)))
    assert BENCH.car.locked


@given(st.binary(max_size=60))
def test_any_plaintext_of_a_known_key_is_taken_or_refused(plaintext: bytes) -> None:
    bench = CarBench()
    bench.enrol()
    said = bench.ask(bench.key.signed(plaintext))
    assert said or bench.said("ignored")


def test_a_message_of_todays_protocol_is_ignored() -> None:
    bench = CarBench()
    assert bench.ask(frame(ROUTABLE_MESSAGE)) == []
    assert bench.said("ignored") == ["neither signed nor unsigned"]


def test_deeply_nested_groups_are_ignored() -> None:
    bench = CarBench()
    assert bench.ask(frame(b"\x7b" * 1000)) == []
    assert bench.said("ignored") == ["not a protobuf message"]

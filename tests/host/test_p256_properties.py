"""The firmware's P-256 against `cryptography`, on random and on awkward keys."""

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from tests.interpreter import Interpreter, RemoteError

P = 0xFFFFFFFF00000001000000000000000000000000FFFFFFFFFFFFFFFFFFFFFFFF
B = 0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B
N = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
CURVE = ec.SECP256R1()

# Uniform scalars, and those with long runs of equal bits, where carries and windows go wrong.
runs = st.builds(lambda a, b: abs((1 << a) - (1 << b)) % N or 1, *[st.integers(0, 256)] * 2)
scalars = st.integers(1, N - 1) | runs | runs.map(lambda k: N - k)


def encode(value: int) -> bytes:
    return value.to_bytes(32, "big")


def public(scalar: int) -> bytes:
    key = ec.derive_private_key(scalar, CURVE).public_key()
    return key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


def agreement(scalar: int, peer: bytes) -> bytes:
    key = ec.derive_private_key(scalar, CURVE)
    return key.exchange(ec.ECDH(), ec.EllipticCurvePublicKey.from_encoded_point(CURVE, peer))


def square_root(value: int) -> int | None:
    root = pow(value, (P + 1) // 4, P)
    return root if root * root % P == value % P else None


@settings(max_examples=300)
@given(scalar=scalars)
def test_public_keys_agree_with_cryptography(interpreter: Interpreter, scalar: int) -> None:
    assert interpreter.call("fob.p256.public_key", encode(scalar)) == public(scalar)


@settings(max_examples=500)
@given(scalar=scalars, other=scalars)
def test_shared_secrets_agree_with_cryptography(
    interpreter: Interpreter, scalar: int, other: int
) -> None:
    peer = public(other)
    secret = interpreter.call("fob.p256.shared_secret", encode(scalar), peer)
    assert secret == agreement(scalar, peer)


@settings(max_examples=100)
@given(scalar=scalars, x=st.integers(0, 2**20) | st.integers(P - 2**20, P - 1))
@example(scalar=1, x=0)
@example(scalar=N - 1, x=0)
def test_points_at_the_ends_of_the_field_agree_too(
    interpreter: Interpreter, scalar: int, x: int
) -> None:
    y = square_root(x**3 - 3 * x + B)
    assume(y is not None)
    assert y is not None
    for root in (y, P - y):
        peer = b"\x04" + encode(x) + encode(root)
        secret = interpreter.call("fob.p256.shared_secret", encode(scalar), peer)
        assert secret == agreement(scalar, peer)


@pytest.mark.parametrize("value", [*range(1, 70), *range(N - 70, N)])
def test_scalars_at_the_ends_of_the_group_agree_too(interpreter: Interpreter, value: int) -> None:
    assert interpreter.call("fob.p256.public_key", encode(value)) == public(value)


def test_secrets_that_begin_with_zeros_keep_them(interpreter: Interpreter) -> None:
    base = public(1)
    short = [k for k in range(2, 2000) if public(k)[1] == 0]
    assert short
    for scalar in short:
        secret = interpreter.call("fob.p256.shared_secret", encode(scalar), base)
        assert secret == public(scalar)[1:33]


@settings(max_examples=1000)
@given(x=st.integers(0, 2**256 - 1), y=st.integers(0, 2**256 - 1))
def test_pairs_that_are_no_point_are_refused(interpreter: Interpreter, x: int, y: int) -> None:
    with pytest.raises(RemoteError) as refusal:
        interpreter.call("fob.p256.shared_secret", encode(1), b"\x04" + encode(x) + encode(y))
    assert refusal.value.name == "InvalidKey"


@settings(max_examples=500)
@given(scalar=scalars, bit=st.integers(0, 519))
def test_one_altered_bit_of_a_point_is_refused(
    interpreter: Interpreter, scalar: int, bit: int
) -> None:
    peer = bytearray(public(scalar))
    peer[bit // 8] ^= 1 << bit % 8
    with pytest.raises(RemoteError) as refusal:
        interpreter.call("fob.p256.shared_secret", encode(1), bytes(peer))
    assert refusal.value.name == "InvalidKey"


@settings(max_examples=500)
@given(peer=st.binary(max_size=200).filter(lambda encoded: len(encoded) != 65))
def test_encodings_of_another_length_are_refused(interpreter: Interpreter, peer: bytes) -> None:
    with pytest.raises(RemoteError) as refusal:
        interpreter.call("fob.p256.shared_secret", encode(1), peer)
    assert refusal.value.name == "InvalidKey"


def test_an_agreement_fits_the_heap_of_a_board() -> None:
    with Interpreter(heap="160K") as small:
        small.exec("import fob.p256, fob.gcm, fob.legacy, fob.exchange, fob.store")
        for scalar in (1, 2, N - 1, N // 3):
            secret = small.call("fob.p256.shared_secret", encode(scalar), public(7))
            assert secret == agreement(scalar, public(7))

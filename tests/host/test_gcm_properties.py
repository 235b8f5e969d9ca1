"""The firmware's AES-GCM against PyCryptodome, on random messages."""

import pytest
from Crypto.Cipher import AES
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.interpreter import Interpreter, RemoteError

keys = st.binary(min_size=16, max_size=16) | st.binary(min_size=32, max_size=32)
nonces = st.binary(min_size=1, max_size=64)
plaintexts = st.binary(max_size=200)
aads = st.binary(max_size=80)


def reference(key: bytes, nonce: bytes, plaintext: bytes, aad: bytes) -> tuple[bytes, bytes]:
    cipher = AES.new(key, AES.MODE_GCM, nonce=nonce)
    cipher.update(aad)
    return cipher.encrypt_and_digest(plaintext)


@settings(max_examples=1500)
@given(key=keys, nonce=nonces, plaintext=plaintexts, aad=aads)
def test_sealing_agrees_with_pycryptodome(
    interpreter: Interpreter, key: bytes, nonce: bytes, plaintext: bytes, aad: bytes
) -> None:
    sealed = interpreter.call("fob.gcm.seal", key, nonce, plaintext, aad)
    assert sealed == reference(key, nonce, plaintext, aad)


@settings(max_examples=1500)
@given(key=keys, nonce=nonces, plaintext=plaintexts, aad=aads)
def test_what_pycryptodome_sealed_opens(
    interpreter: Interpreter, key: bytes, nonce: bytes, plaintext: bytes, aad: bytes
) -> None:
    ciphertext, tag = reference(key, nonce, plaintext, aad)
    assert interpreter.call("fob.gcm.open", key, nonce, ciphertext, tag, aad) == plaintext


@settings(max_examples=1500)
@given(data=st.data(), key=keys, nonce=nonces, plaintext=plaintexts, aad=aads)
def test_one_altered_bit_anywhere_is_refused(
    interpreter: Interpreter,
    data: st.DataObject,
    key: bytes,
    nonce: bytes,
    plaintext: bytes,
    aad: bytes,
) -> None:
    parts = [nonce, *reference(key, nonce, plaintext, aad), aad]
    index = data.draw(st.sampled_from([i for i, part in enumerate(parts) if part]))
    bit = data.draw(st.integers(0, 8 * len(parts[index]) - 1))
    altered = bytearray(parts[index])
    altered[bit // 8] ^= 1 << bit % 8
    parts[index] = bytes(altered)
    with pytest.raises(RemoteError) as refusal:
        interpreter.call("fob.gcm.open", key, *parts)
    assert refusal.value.name == "AuthenticationFailed"


@settings(max_examples=500)
@given(key=keys, nonce=nonces, plaintext=plaintexts, aad=aads, length=st.integers(0, 15))
def test_a_shortened_tag_is_refused(
    interpreter: Interpreter, key: bytes, nonce: bytes, plaintext: bytes, aad: bytes, length: int
) -> None:
    ciphertext, tag = reference(key, nonce, plaintext, aad)
    with pytest.raises(RemoteError) as refusal:
        interpreter.call("fob.gcm.open", key, nonce, ciphertext, tag[:length], aad)
    assert refusal.value.name == "AuthenticationFailed"


@settings(max_examples=50)
@given(key=keys, nonce=nonces, plaintext=st.binary(min_size=1000, max_size=2000))
def test_long_messages_agree_too(
    interpreter: Interpreter, key: bytes, nonce: bytes, plaintext: bytes
) -> None:
    sealed = interpreter.call("fob.gcm.seal", key, nonce, plaintext)
    assert sealed == reference(key, nonce, plaintext, b"")

"""AES-GCM on MicroPython.

Vectors: test cases 4, 5 and 16 of the GCM specification (McGrew, Viega).
"""

from binascii import unhexlify as unhex

from expect import raises

from fob import gcm
from fob.errors import AuthenticationFailed

KEY = unhex("feffe9928665731c6d6a8f9467308308")
PLAINTEXT = unhex(
    "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"
    "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39"
)
AAD = unhex("feedfacedeadbeeffeedfacedeadbeefabaddad2")
NONCE = unhex("cafebabefacedbaddecaf888")
CIPHERTEXT = unhex(
    "42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e2329aca12e"
    "21d514b25466931c7d8f6a5aac84aa051ba30b396a0aac973d58e091"
)
TAG = unhex("5bc94fbc3221a5db94fae95ae7121a47")


def test_a_twelve_byte_nonce_is_the_counter_block_itself():
    assert gcm.seal(KEY, NONCE, PLAINTEXT, AAD) == (CIPHERTEXT, TAG)


def test_another_nonce_length_goes_through_ghash():
    expected = (
        unhex(
            "61353b4c2806934a777ff51fa22a4755699b2a714fcdc6f83766e5f97b6c7423"
            "73806900e49f24b22b097544d4896b424989b5e1ebac0f07c23f4598"
        ),
        unhex("3612d2e79e3b0785561be14aaca2fccb"),
    )
    assert gcm.seal(KEY, NONCE[:8], PLAINTEXT, AAD) == expected


def test_a_256_bit_key_seals():
    expected = (
        unhex(
            "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa"
            "8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662"
        ),
        unhex("76fc6ece0f4e1768cddf8853bb2d551b"),
    )
    assert gcm.seal(KEY + KEY, NONCE, PLAINTEXT, AAD) == expected


def test_the_counter_wraps_within_its_four_bytes():
    # This nonce was computed so that GHASH makes the first counter block end in ff ff ff fe.
    nonce = unhex("7aefb2a1276c674c995d8175b1000d4b")
    ciphertext, tag = gcm.seal(KEY, nonce, bytes(64))
    assert ciphertext == unhex(
        "0efc8e6b5fa1957e7bf329bd5729a61684884385d4fc3966f21d0f13adbf2bda"
        "d0e5236edbe501b33c2d65742b085d015f8c88d2249b7664cb43f84f0778b87d"
    )
    assert tag == unhex("351f388d3e853daa00665b04780632ae")


def test_what_was_sealed_opens():
    assert gcm.open(KEY, NONCE, CIPHERTEXT, TAG, AAD) == PLAINTEXT


def test_an_empty_plaintext_is_still_authenticated():
    ciphertext, tag = gcm.seal(KEY, NONCE, b"", AAD)
    assert ciphertext == b""
    assert gcm.open(KEY, NONCE, b"", tag, AAD) == b""
    raises(AuthenticationFailed, gcm.open, KEY, NONCE, b"", tag, AAD + b"\x00")


def test_every_single_wrong_bit_of_the_tag_is_refused():
    for bit in range(128):
        wrong = bytearray(TAG)
        wrong[bit // 8] ^= 1 << bit % 8
        raises(AuthenticationFailed, gcm.open, KEY, NONCE, CIPHERTEXT, wrong, AAD)


def test_a_tag_of_another_length_is_refused():
    for tag in (b"", TAG[:4], TAG[:15], TAG + b"\x00", TAG + TAG):
        raises(AuthenticationFailed, gcm.open, KEY, NONCE, CIPHERTEXT, tag, AAD)


def test_altered_parts_are_refused():
    other = bytes(reversed(CIPHERTEXT))
    raises(AuthenticationFailed, gcm.open, KEY, NONCE, other, TAG, AAD)
    raises(AuthenticationFailed, gcm.open, KEY, NONCE, CIPHERTEXT[:-1], TAG, AAD)
    raises(AuthenticationFailed, gcm.open, KEY, NONCE, CIPHERTEXT, TAG, b"")
    raises(AuthenticationFailed, gcm.open, KEY, NONCE[:-1], CIPHERTEXT, TAG, AAD)
    raises(AuthenticationFailed, gcm.open, bytes(16), NONCE, CIPHERTEXT, TAG, AAD)


def test_a_refusal_says_nothing_about_the_message():
    error = raises(AuthenticationFailed, gcm.open, KEY, NONCE, CIPHERTEXT, bytes(16), AAD)
    assert str(error) == "wrong tag"


def test_nothing_is_decrypted_before_the_tag_is_checked():
    seen = []
    whole = gcm._xor

    def record(data, stream):
        seen.append(bytes(data))
        return whole(data, stream)

    gcm._xor = record
    try:
        raises(AuthenticationFailed, gcm.open, KEY, NONCE, CIPHERTEXT, bytes(16), AAD)
    finally:
        gcm._xor = whole
    assert CIPHERTEXT not in seen


def test_other_key_lengths_are_refused():
    for length in (0, 8, 15, 17, 24, 31, 33, 64):
        raises(ValueError, gcm.seal, bytes(length), NONCE, b"")
        raises(ValueError, gcm.open, bytes(length), NONCE, b"", TAG)


def test_an_empty_nonce_is_refused():
    raises(ValueError, gcm.seal, KEY, b"", PLAINTEXT)
    raises(ValueError, gcm.open, KEY, memoryview(b""), CIPHERTEXT, TAG)


def test_any_bytes_like_object_is_accepted_and_left_alone():
    for kind in (bytearray, memoryview):
        parts = [kind(bytearray(part)) for part in (KEY, NONCE, PLAINTEXT, AAD)]
        ciphertext, tag = gcm.seal(*parts)
        assert (ciphertext, tag) == (CIPHERTEXT, TAG)
        assert type(ciphertext) is bytes and type(tag) is bytes
        assert [bytes(part) for part in parts] == [KEY, NONCE, PLAINTEXT, AAD]
        key, nonce, _, aad = parts
        opened = gcm.open(key, nonce, kind(bytearray(CIPHERTEXT)), kind(bytearray(TAG)), aad)
        assert opened == PLAINTEXT and type(opened) is bytes

"""HMAC-SHA256 against the cases of RFC 4231, and the comparison of tags."""

from binascii import unhexlify

from fob import hmac

# (key, data, tag); case 5 publishes the first 16 bytes of its tag only.
CASES = (
    (
        b"\x0b" * 20,
        b"Hi There",
        "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7",
    ),
    (
        b"Jefe",
        b"what do ya want for nothing?",
        "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
    ),
    (
        b"\xaa" * 20,
        b"\xdd" * 50,
        "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe",
    ),
    (
        bytes(range(1, 26)),
        b"\xcd" * 50,
        "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b",
    ),
    (b"\x0c" * 20, b"Test With Truncation", "a3b6167473100ee06e0c796c2955552b"),
    (
        b"\xaa" * 131,
        b"Test Using Larger Than Block-Size Key - Hash Key First",
        "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
    ),
    (
        b"\xaa" * 131,
        b"This is a test using a larger than block-size key and a larger than block-size data. "
        b"The key needs to be hashed before being used by the HMAC algorithm.",
        "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2",
    ),
)


def test_every_case_of_rfc_4231():
    for key, data, tag in CASES:
        tag = unhexlify(tag)
        assert hmac.sha256(key, data)[: len(tag)] == tag, data


def test_a_tag_is_whole():
    assert len(hmac.sha256(b"key", b"data")) == 32


def test_parts_count_as_one_text_after_the_other():
    key, data, tag = CASES[6]
    assert hmac.sha256(key, data[:1], b"", data[1:70], data[70:]) == unhexlify(tag)


def test_any_buffer_is_hashed():
    key, data, tag = CASES[1]
    assert hmac.sha256(key, bytearray(data[:9]), memoryview(data)[9:]) == unhexlify(tag)


def test_a_key_of_one_block_is_used_as_it_is():
    # A shorter key is filled with zeros: the same key written out gives the same tag.
    assert hmac.sha256(b"k" + bytes(63), b"data") == hmac.sha256(b"k", b"data")
    assert hmac.sha256(b"k" + bytes(64), b"data") != hmac.sha256(b"k", b"data")


def test_the_same_bytes_are_equal():
    assert hmac.equal(b"", b"")
    assert hmac.equal(b"\x01\x02", bytearray(b"\x01\x02"))


def test_a_difference_anywhere_is_seen():
    tag = bytes(range(32))
    for i in range(32):
        for bit in (1, 128):
            other = bytearray(tag)
            other[i] ^= bit
            assert not hmac.equal(tag, other)


def test_two_differences_do_not_cancel_out():
    assert not hmac.equal(b"\x01\x01", b"\x00\x00")
    assert not hmac.equal(b"\x01\x02", b"\x02\x01")


def test_a_beginning_is_not_the_whole():
    tag = bytes(range(32))
    for length in range(32):
        assert not hmac.equal(tag, tag[:length])
        assert not hmac.equal(tag[:length], tag)
    assert not hmac.equal(tag, tag + b"\x00")

"""Records: damage is noticed."""

from fob import store


def test_a_record_comes_back():
    assert store.unpack(store.pack(b"payload")) == b"payload"
    assert store.unpack(store.pack(b"")) == b""


def test_every_flipped_bit_of_a_record_is_noticed():
    record = store.pack(b"payload")
    for bit in range(8 * len(record)):
        damaged = bytearray(record)
        damaged[bit // 8] ^= 1 << bit % 8
        assert store.unpack(bytes(damaged)) is None


def test_every_truncation_of_a_record_is_noticed():
    record = store.pack(b"payload")
    for length in range(len(record)):
        assert store.unpack(record[:length]) is None

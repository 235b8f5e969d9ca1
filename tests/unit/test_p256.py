"""P-256 on MicroPython. Vectors: RFC 5903 section 8.1 and the curve's own constants."""

import os
from binascii import unhexlify as unhex

from expect import raises

from fob import p256
from fob.errors import InvalidKey

N = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
P = 0xFFFFFFFF00000001000000000000000000000000FFFFFFFFFFFFFFFFFFFFFFFF
G = unhex(
    "046b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296"
    "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5"
)
INITIATOR = unhex("c88f01f510d9ac3f70a292daa2316de544e9aab8afe84049c62a9c57862d1433")
INITIATOR_PUBLIC = unhex(
    "04dad0b65394221cf9b051e1feca5787d098dfe637fc90b9ef945d0c3772581180"
    "5271a0461cdb8252d61f1c456fa3e59ab1f45b33accf5f58389e0577b8990bb3"
)
RESPONDER = unhex("c6ef9c5d78ae012a011164acb397ce2088685d8f06bf9be0b283ab46476bee53")
RESPONDER_PUBLIC = unhex(
    "04d12dfb5289c8d4f81208b70270398c342296970a0bccb74c736fc7554494bf63"
    "56fbf3ca366cc23e8157854c13c58d6aac23f046ada30f8353e74f33039872ab"
)
SECRET = unhex("d6840f6b42f6edafd13116e0e12565202fef8e9ece7dce03812464d04b9442de")
# The two points with x = 0 exist, because b is a square.
ZERO_X = bytes([4]) + bytes(32)
SQUARE_ROOT_OF_B = unhex("66485c780e2f83d72433bd5d84a06bb6541c2af31dae871728bf856a174f93f4")


def scalar(value):
    return value.to_bytes(32, "big")


def point(x, y):
    return b"\x04" + scalar(x) + scalar(y)


def test_both_sides_agree_on_the_published_secret():
    assert p256.public_key(INITIATOR) == INITIATOR_PUBLIC
    assert p256.public_key(RESPONDER) == RESPONDER_PUBLIC
    assert p256.shared_secret(INITIATOR, RESPONDER_PUBLIC) == SECRET
    assert p256.shared_secret(RESPONDER, INITIATOR_PUBLIC) == SECRET


def test_one_times_the_base_point_is_the_base_point():
    assert p256.public_key(scalar(1)) == G


def test_the_largest_scalar_gives_the_opposite_of_the_base_point():
    y = int.from_bytes(G[33:], "big")
    assert p256.public_key(scalar(N - 1)) == G[:33] + scalar(P - y)


def test_leading_zeros_of_the_secret_are_kept():
    # 0 as x coordinate: one times such a point.
    assert p256.shared_secret(scalar(1), ZERO_X + SQUARE_ROOT_OF_B) == bytes(32)


def test_a_scalar_outside_the_group_is_refused():
    for value in (0, N, N + 1, 2**256 - 1):
        raises(InvalidKey, p256.public_key, scalar(value))
        raises(InvalidKey, p256.shared_secret, scalar(value), G)


def test_a_scalar_of_another_length_is_refused():
    for private in (b"", b"\x01", bytes(30) + b"\x01", bytes(32) + b"\x01", G):
        raises(InvalidKey, p256.public_key, private)
        raises(InvalidKey, p256.shared_secret, private, G)


def test_a_scalar_or_point_that_is_not_bytes_is_refused():
    for wrong in (None, 1, "1" * 32, [1] * 32):
        raises(InvalidKey, p256.public_key, wrong)
        raises(InvalidKey, p256.shared_secret, wrong, G)
    for wrong in (None, 1, "\x04" + "1" * 64, list(G)):
        raises(InvalidKey, p256.shared_secret, INITIATOR, wrong)


def test_a_point_off_the_curve_is_refused():
    raises(InvalidKey, p256.shared_secret, INITIATOR, G[:-1] + b"\xf4")
    raises(InvalidKey, p256.shared_secret, INITIATOR, b"\x04" + G[33:] + G[1:33])
    raises(InvalidKey, p256.shared_secret, INITIATOR, b"\x04" + bytes(64))


def test_a_point_of_the_twist_is_refused():
    # No y exists for this x; a curve with another b has one.
    raises(InvalidKey, p256.shared_secret, INITIATOR, point(1, 1))


def test_a_coordinate_of_p_or_more_is_refused():
    # The same points modulo p: only the encoding is out of range.
    root = int.from_bytes(SQUARE_ROOT_OF_B, "big")
    raises(InvalidKey, p256.shared_secret, INITIATOR, point(P, root))
    raises(InvalidKey, p256.shared_secret, INITIATOR, point(2**256 - 1, root))
    raises(InvalidKey, p256.shared_secret, INITIATOR, point(0, 2**256 - 1))


def test_infinity_is_refused():
    for encoded in (b"\x00", bytes(65), b"\x04"):
        raises(InvalidKey, p256.shared_secret, INITIATOR, encoded)


def test_other_encodings_are_refused():
    for encoded in (
        b"",
        G[:64],
        G + b"\x00",
        G[1:],
        b"\x03" + G[1:33],
        b"\x02" + G[1:],
        b"\x05" + G[1:],
        b"\x06" + G[1:],
        b"\x07" + G[1:],
    ):
        raises(InvalidKey, p256.shared_secret, INITIATOR, encoded)


def test_any_bytes_like_object_is_accepted():
    for kind in (bytearray, memoryview):
        private, peer = kind(bytearray(INITIATOR)), kind(bytearray(RESPONDER_PUBLIC))
        assert p256.public_key(private) == INITIATOR_PUBLIC
        secret = p256.shared_secret(private, peer)
        assert secret == SECRET and type(secret) is bytes


def test_scalars_that_meet_their_own_table_are_multiplied_correctly():
    # Under a constant blinding the last addition doubles a point for one of these scalars; with
    # bytes of 0x10 it starts from infinity for every odd one up to 31.
    for fill in (b"\x00", b"\x10"):

        def random(n, fill=fill):
            return fill * n

        for value in range(1, 64):
            expected = p256.public_key(scalar(value))
            assert p256.public_key(scalar(value), random=random) == expected, value
            opposite = p256.public_key(scalar(N - value), random=random)
            assert opposite == expected[:33] + scalar(P - int.from_bytes(expected[33:], "big"))


def test_blinding_is_drawn_anew_for_each_agreement():
    drawn = []

    def random(n):
        drawn.append(os.urandom(n))
        return drawn[-1]

    for _ in range(2):
        assert p256.shared_secret(INITIATOR, RESPONDER_PUBLIC, random=random) == SECRET
    assert len(set(drawn)) == len(drawn)
    assert sum(len(piece) for piece in drawn) == 2 * (8 + 32)


def test_blinding_changes_every_intermediate_value():
    runs = []
    double = p256._double

    def record(a, times):
        runs[-1].update(a)
        return double(a, times)

    p256._double = record
    try:
        for _ in range(2):
            runs.append(set())
            p256.shared_secret(INITIATOR, RESPONDER_PUBLIC)
    finally:
        p256._double = double
    assert runs[0] and not runs[0] & runs[1]


def test_the_default_randomness_is_found_at_the_call():
    class Dry:
        @staticmethod
        def urandom(n):
            raise OSError("the radio is off")

    whole, p256.os = p256.os, Dry
    try:
        raises(OSError, p256.public_key, INITIATOR)
    finally:
        p256.os = whole


def test_every_scalar_takes_the_same_steps():
    def steps(private):
        taken = []
        double, add = p256._double, p256._add

        def count_double(a, times):
            taken.append(times)
            return double(a, times)

        def count_add(a, b):
            taken.append("add")
            return add(a, b)

        p256._double, p256._add = count_double, count_add
        try:
            p256.public_key(private)
        finally:
            p256._double, p256._add = double, add
        return taken

    expected = steps(INITIATOR)
    for value in (1 << 255, (1 << 255) - 1, 0x5555 << 200, 12345):
        assert steps(scalar(value)) == expected


def test_a_fault_in_the_computation_gives_no_result():
    add = p256._add
    calls = []

    def faulty(a, b):
        x, d, z = add(a, b)
        calls.append(None)
        return (x ^ 1, d, z) if len(calls) == 40 else (x, d, z)

    p256._add = faulty
    try:
        raises(InvalidKey, p256.shared_secret, INITIATOR, RESPONDER_PUBLIC)
    finally:
        p256._add = add


def test_a_result_at_infinity_is_refused():
    add = p256._add
    p256._add = lambda a, b: (0, 2, 0)
    try:
        raises(InvalidKey, p256.shared_secret, INITIATOR, RESPONDER_PUBLIC)
    finally:
        p256._add = add

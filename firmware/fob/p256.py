"""Key agreement on NIST P-256 (SEC 1, FIPS 186-5): import it only when a handshake needs it.

A multiplication walks scalars in signed windows of four bits over Jacobian coordinates, so that
almost all time is spent in the C code of big integers.

Timing: big integers are not constant time and a table is indexed by the scalar's digits, so both
inputs are blinded anew for each multiplication: the scalar k by a random r of 64 bits, of which it
is a*r + b, so that k*P is a*(r*P) + b*P; the point by random projective coordinates. (To add a
random multiple of the group order to the scalar takes a fifth more doublings.) The sequence of
operations is the same for every scalar, apart from a few that meet their own table.
"""

import gc
import os

from fob.errors import InvalidKey

_P = 0xFFFFFFFF00000001000000000000000000000000FFFFFFFFFFFFFFFFFFFFFFFF
_B = 0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B
_N = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
_G = (
    0x6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296,
    0x4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5,
)


def public_key(private, random=None):
    """The 65-byte uncompressed point of a 32-byte big-endian scalar.

    `random(n)` gives n bytes for the blinding; the default is os.urandom. InvalidKey for a scalar
    that is not 32 bytes or not in 1..n-1.
    """
    x, y = _multiply(_scalar(private), _G, random)
    return b"\x04" + x.to_bytes(32, "big") + y.to_bytes(32, "big")


def shared_secret(private, peer, random=None):
    """The 32-byte x coordinate of the scalar times the peer's 65-byte uncompressed point.

    `private` and `random` as for `public_key`. InvalidKey also for a point with another length or
    prefix, with a coordinate out of range, or off the curve.
    """
    return _multiply(_scalar(private), _point(peer), random)[0].to_bytes(32, "big")


def _scalar(private):
    if not isinstance(private, (bytes, bytearray, memoryview)) or len(private) != 32:
        raise InvalidKey("private key is not 32 bytes")
    scalar = int.from_bytes(private, "big")
    if not 0 < scalar < _N:
        raise InvalidKey("private key out of range")
    return scalar


def _point(encoded):
    if not isinstance(encoded, (bytes, bytearray, memoryview)) or len(encoded) != 65:
        raise InvalidKey("public key is not 65 bytes")
    if encoded[0] != 4:
        raise InvalidKey("public key is not an uncompressed point")
    point = int.from_bytes(encoded[1:33], "big"), int.from_bytes(encoded[33:], "big")
    _require_on_curve(*point)
    return point


def _require_on_curve(x, y):
    if x >= _P or y >= _P or (y * y - (x * x - 3) * x - _B) % _P:
        raise InvalidKey("point is not on the curve")


def _multiply(scalar, point, random):
    """(x, y) of scalar * point, for a scalar in 1..n-1 and a point of the curve."""
    # Whatever is swept up meanwhile are its own numbers: as often as at other times, that takes a
    # third of the time.
    sweeping = gc.threshold()
    gc.threshold(-1)
    try:
        return _affine(_walk(scalar, point, random or os.urandom))
    finally:
        gc.threshold(sweeping)


def _walk(scalar, point, random):
    """scalar * point in Jacobian coordinates."""
    z = int.from_bytes(random(32), "big") % _P or 1
    zz = z * z % _P
    point = point[0] * zz % _P, 2 * point[1] * zz * z % _P, z
    # It may be any multiple of the order more. Of an even sum and an odd r either both of a and b
    # are odd, or both become so.
    scalar += (2 - (scalar & 1)) * _N
    r = int.from_bytes(random(8), "big") | 1 << 63 | 1
    a, b = divmod(scalar, r)
    even = ~a & 1
    a -= even
    # Any odd scalar below 2**(4*n + 1) is 2**(4*n) + sum(d * 16**i) with n odd digits d from -15 to
    # 15: d is 2 * index - 15, where the index is the four bits above bit 4 * i. The bit added to b
    # has an index of 8: it is the 2**(4*n).
    b += even * r + (1 << 68)
    near = _odd_multiples(point)
    for shift in range(61, 0, -4):
        point = _add(_double(point, 4), _multiple(near, r >> shift))
    far = _odd_multiples(point)
    for shift in range(193, 0, -4):
        point = _add(_double(point, 4), _multiple(far, a >> shift))
        if shift < 69:
            point = _add(point, _multiple(near, b >> shift))
    return point


# A point is (x, 2y, z) in Jacobian coordinates, so that doubling needs no multiplication by two;
# z is 0 at infinity. Those of a table are (x, 2y), all with the same z, of which it has the powers.


def _odd_multiples(point):
    """([(x, 2y) of multiples 15, 13, ... 3, 1 of a point], (z, z**2, z**3) of all of them)."""
    p = _P
    d = point[1]
    x2, d2, z = _double(point, 1)
    # The point itself gets the z of its double.
    dd = d * d % p
    x, d = point[0] * dd % p, dd * dd % p
    points = [(x, d)]
    ratios = []
    # To add points of the same z takes half as much, and both can have the z of the sum.
    for _ in range(7):
        h = x - x2
        r = d - d2
        i = 4 * h * h % p
        v = x * i % p
        x2 = x2 * i % p
        d2 = 2 * d2 * (v - x2) % p
        x = (r * r - v - x2) % p
        d = (2 * r * (x2 - x) - d2) % p
        z = 2 * h * z % p
        points.append((x, d))
        ratios.append(2 * h)
    f = 1
    table = []
    while True:
        x, d = points.pop()
        ff = f * f % p
        # A remainder keeps the room of what it is of, twice its own; a negation takes no more.
        table.append((-(-(x * ff % p)), -(-(d * ff % p * f % p))))  # noqa: B002
        if not points:
            break
        f = f * ratios.pop() % p
    zz = z * z % p
    return table, (z, zz, zz * z % p)


def _multiple(table, index):
    """The multiple 2 * i - 15 as a point of the table, where i is the lowest four bits."""
    points, powers = table
    positive = index >> 3 & 1
    x, d = points[(index ^ -positive) & 7]
    return (x, d * (2 * positive - 1)) + powers


def _double(point, times):
    x, d, z = point
    p = _P
    for _ in range(times):
        zz = z * z % p
        z = d * z % p
        d = d * d % p
        s = x * d % p
        m = 3 * (x - zz) * (x + zz) % p
        x = (m * m - s - s) % p
        d = ((m + m) * (s - x) - d * d) % p
    return x, d, z


def _add(a, b):
    """Sum of a point and a point of the table, whatever they are."""
    x1, d1, z1 = a
    x2, d2, z2, zz2, zzz2 = b
    p = _P
    if not z1:
        return b[:3]
    zz1 = z1 * z1 % p
    u = x1 * zz2 % p
    s = d1 * zzz2 % p
    h = x2 * zz1 % p - u
    r = zz1 * z1 % p * d2 % p - s
    if not h:
        return (0, 2, 0) if r else _double(a, 1)
    i = 4 * h * h % p
    j = h * i % p
    v = u * i % p
    x = (r * r - j - v - v) % p
    return x, 2 * (r * (v - x) - s * j) % p, 2 * h * (z1 * z2 % p) % p


def _affine(point):
    """(x, y); InvalidKey for infinity, and for what a fault has moved off the curve."""
    x, d, z = point
    # Euclid's algorithm takes a time that depends on z, which the blinding made random.
    a, b, inverse, following = z, _P, 1, 0
    while a > 1:
        quotient, remainder = divmod(b, a)
        a, b, inverse, following = remainder, a, following - quotient * inverse, inverse
    square = inverse * inverse % _P
    x = x * square % _P
    y = d * square * inverse * ((_P + 1) >> 1) % _P
    _require_on_curve(x, y)
    return x, y

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

# p, b, n, and x and y of the generator, two lines each; as bytes, since an .mpy holds long integers
# as decimal text.
_CURVE = (
    b"\xff\xff\xff\xff\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x00"
    b"\x00\x00\x00\x00\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"
    b"\x5a\xc6\x35\xd8\xaa\x3a\x93\xe7\xb3\xeb\xbd\x55\x76\x98\x86\xbc"
    b"\x65\x1d\x06\xb0\xcc\x53\xb0\xf6\x3b\xce\x3c\x3e\x27\xd2\x60\x4b"
    b"\xff\xff\xff\xff\x00\x00\x00\x00\xff\xff\xff\xff\xff\xff\xff\xff"
    b"\xbc\xe6\xfa\xad\xa7\x17\x9e\x84\xf3\xb9\xca\xc2\xfc\x63\x25\x51"
    b"\x6b\x17\xd1\xf2\xe1\x2c\x42\x47\xf8\xbc\xe6\xe5\x63\xa4\x40\xf2"
    b"\x77\x03\x7d\x81\x2d\xeb\x33\xa0\xf4\xa1\x39\x45\xd8\x98\xc2\x96"
    b"\x4f\xe3\x42\xe2\xfe\x1a\x7f\x9b\x8e\xe7\xeb\x4a\x7c\x0f\x9e\x16"
    b"\x2b\xce\x33\x57\x6b\x31\x5e\xce\xcb\xb6\x40\x68\x37\xbf\x51\xf5"
)
_P, _B, _N, *_G = [int.from_bytes(_CURVE[at : at + 32], "big") for at in range(0, 160, 32)]


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
    scalar = int.from_bytes(private, "big") if _is_bytes(private, 32) else 0
    if not 0 < scalar < _N:
        raise InvalidKey("bad private key")
    return scalar


def _point(encoded):
    if not _is_bytes(encoded, 65) or encoded[0] != 4:
        raise InvalidKey("bad public key")
    point = int.from_bytes(encoded[1:33], "big"), int.from_bytes(encoded[33:], "big")
    _require_on_curve(*point)
    return point


def _is_bytes(octets, length):
    return isinstance(octets, (bytes, bytearray, memoryview)) and len(octets) == length


def _require_on_curve(x, y):
    if x >= _P or y >= _P or (y * y - (x * x - 3) * x - _B) % _P:
        raise InvalidKey("bad public key")


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

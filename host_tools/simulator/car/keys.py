"""Elliptic-curve keys: what a valid public key is, and the car's own key pair."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Protocol

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

Random = Callable[[int], bytes]

# Order of the P-256 group (FIPS 186-4, D.1.2.3).
_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


class Agreement(Protocol):
    """A vehicle key pair, as far as the car uses it."""

    public_key: bytes

    def agree(self, peer: bytes) -> bytes: ...


def key_id(public_key: bytes) -> bytes:
    """The four bytes by which messages name a key."""
    return hashlib.sha1(public_key).digest()[:4]


def is_public_key(data: bytes) -> bool:
    """Whether `data` is an uncompressed point on P-256 (65 bytes)."""
    if len(data) != 65 or data[0] != 4:
        return False
    try:
        ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), data)
    except ValueError:
        return False
    return True


class VehicleKey:
    """A P-256 key pair of the vehicle, which it calls ephemeral though it lasts for months."""

    def __init__(self, private_key: ec.EllipticCurvePrivateKey) -> None:
        self._private_key = private_key
        self.public_key = private_key.public_key().public_bytes(
            Encoding.X962, PublicFormat.UncompressedPoint
        )
        """65 bytes, uncompressed."""

    @classmethod
    def generate(cls, random: Random) -> VehicleKey:
        """A key from 48 random bytes: enough that the remainder is as good as uniform."""
        scalar = 1 + int.from_bytes(random(48), "big") % (_ORDER - 1)
        return cls(ec.derive_private_key(scalar, ec.SECP256R1()))

    def agree(self, peer: bytes) -> bytes:
        """The 16-byte key shared with `peer` (65 bytes): SHA-1 of the agreed x, cut."""
        point = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), peer)
        x = self._private_key.exchange(ec.ECDH(), point)
        return hashlib.sha1(x).digest()[:16]

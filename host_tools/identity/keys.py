"""P-256 keys in memory.

Source of the identifier: teslabtapi documentation (the first 4 bytes of SHA-1 of the public key).
No text, error or repr of this module holds a private key.
"""

import hashlib
from dataclasses import dataclass, field

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from host_tools.failure import InputError

KEY_LENGTH = 32
POINT_LENGTH = 65

ONE_FOB = (
    "A key lives on ONE fob only: two fobs with one key repeat nonces and lock each other out."
)


@dataclass(frozen=True)
class Key:
    """A private scalar (32 bytes, big-endian) and its public point (X9.62 uncompressed, 65)."""

    scalar: bytes = field(repr=False)
    public: bytes

    @classmethod
    def of(cls, scalar: bytes) -> "Key":
        """The key of a scalar. Raises InputError for one that is none of P-256."""
        return cls(scalar, public_key(scalar))

    @property
    def identifier(self) -> str:
        """The 8 hexadecimal digits by which a car lists the key."""
        return key_identifier(self.public)


def key_identifier(public: bytes) -> str:
    """The 8 hexadecimal digits by which a car lists the key of this public point."""
    return hashlib.sha1(public).digest()[:4].hex()


def new_key() -> bytes:
    """A private scalar, from the operating system's generator."""
    return scalar_of(ec.generate_private_key(ec.SECP256R1()))


def public_key(scalar: bytes) -> bytes:
    """The public point of a scalar, uncompressed, 65 bytes. Raises InputError for an unfit one."""
    public = private_key(scalar).public_key()
    return public.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


def private_key(scalar: bytes) -> ec.EllipticCurvePrivateKey:
    """The key of a scalar as `cryptography` has it. Raises InputError for an unfit one."""
    try:
        if len(scalar) != KEY_LENGTH:
            raise ValueError
        return ec.derive_private_key(int.from_bytes(scalar, "big"), ec.SECP256R1())
    except ValueError:
        raise InputError(
            f"the key given is no P-256 private key of {KEY_LENGTH} bytes",
            "Leave it out to draw a new one.",
        ) from None


def scalar_of(private: ec.EllipticCurvePrivateKey) -> bytes:
    """The scalar of such a key, 32 bytes, big-endian."""
    return private.private_numbers().private_value.to_bytes(KEY_LENGTH, "big")

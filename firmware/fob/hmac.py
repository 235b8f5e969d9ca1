"""HMAC-SHA256 (RFC 2104) over `hashlib`: MicroPython's hash objects cannot be copied."""

import hashlib

from micropython import const

_BLOCK = const(64)


def sha256(key, *parts):
    """The 32-byte HMAC-SHA256 of all parts, one after the other."""
    if len(key) > _BLOCK:
        key = hashlib.sha256(key).digest()
    inner = hashlib.sha256(_padded(key, 0x36))
    for part in parts:
        inner.update(part)
    return hashlib.sha256(_padded(key, 0x5C) + inner.digest()).digest()


def equal(a, b):
    """Whether both are the same bytes, in a time that depends on their lengths alone."""
    difference = len(a) ^ len(b)
    for ours, theirs in zip(a, b):
        difference |= ours ^ theirs
    return not difference


def _padded(key, pad):
    return bytes(byte ^ pad for byte in key + bytes(_BLOCK - len(key)))

"""The names under which a car advertises itself.

Two forms exist and a car may alternate between them: `S<16 hex digits of SHA-1(VIN)><letter>`
and, since mid-2023, `Tesla <last six of the VIN>`. Source: teslabtapi documentation, "Vehicle BLE
Name".
"""

import hashlib
from binascii import hexlify


def of(vin):
    """Return the five possible names of `vin` (17 characters) as a list of bytes."""
    older = b"S" + hexlify(hashlib.sha1(vin.encode()).digest()[:8])
    newer = b"Tesla " + vin[-6:].encode()
    return [older + b"C", older + b"R", older + b"D", older + b"P", newer]

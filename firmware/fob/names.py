"""The names under which a car advertises itself.

Two forms exist and a car may alternate between them: `S<16 hex digits of SHA-1(VIN)><letter>`
and, since mid-2023, `Tesla <last six of the VIN>`. Source: teslabtapi documentation, "Vehicle BLE
Name".
"""

import hashlib
from binascii import hexlify

LAST_LETTERS = b"CRDP"


def of(vin):
    """Return the five possible names of `vin` (17 characters) as a list of bytes."""
    digest = hexlify(hashlib.sha1(vin.encode()).digest()[:8])
    names = [b"S" + digest + bytes((letter,)) for letter in LAST_LETTERS]
    names.append(b"Tesla " + vin[-6:].encode())
    return names

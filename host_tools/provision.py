"""What makes a fob somebody's fob: its configuration and its key. Nothing else writes them.

/fob.json, format 1:

    {"version": 1, "vin": "5YJ...", "public_key": "04...", "role": 3, "form_factor": 7,
     "enrol": "role" | "permissions",
     "board": {"buttons": {"lock": GPIO, "unlock": GPIO}, "active_low": true,
               "light": {"kind": "pin" | "pwm" | "neopixel", "pin": GPIO, "inverted": false}}}

/key.bin: the private scalar of the fob's P-256 key, 32 bytes, big-endian; public_key is its point,
uncompressed (65 bytes in hex), which a small chip takes long to compute.

/state/counter.0, .1: the first records of the message counter. The firmware never starts one by
itself: a counter that is missing is a lost one, and starting over would repeat nonces.
"""

import json
import struct
import time
import zlib
from collections.abc import Callable
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from host_tools.boards import BoardDefinition

CONFIGURATION_PATH = "/fob.json"
KEY_PATH = "/key.bin"
COUNTER_PATHS = ("/state/counter.0", "/state/counter.1")
KEY_LENGTH = 32
CONFIGURATION_VERSION = 1
RECORD_VERSION = 1

# Role and KeyFormFactor of the VCSEC messages, under the names people use.
ROLES = {"owner": 2, "driver": 3, "guest": 8}
FORM_FACTORS = {"ios": 6, "android": 7}
ENROL_FORMS = ("role", "permissions")

_VIN_LENGTH = 17
_MISTAKEN = {"I": "1", "O": "0", "Q": "0"}
_VIN_ALPHABET = "0123456789ABCDEFGHJKLMNPRSTUVWXYZ"
# ISO 3779: letters count as these digits, positions weigh this much; the ninth is the check digit.
_VIN_DIGITS = dict(
    zip(_VIN_ALPHABET, "0123456789" + "12345678" + "1234579" + "23456789", strict=False)
)
_VIN_WEIGHTS = (8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2)


class ProvisionError(Exception):
    """A fob cannot be made from this; `remedy` is what to do about it and part of the text."""

    def __init__(self, problem: str, remedy: str) -> None:
        super().__init__(f"{problem}. {remedy}")
        self.problem = problem
        self.remedy = remedy


def parse_vin(text: str) -> str:
    """A VIN as the car has it: 17 capitals and digits. Raises ProvisionError."""
    vin = "".join(text.split()).upper()
    wrong = sorted(set(vin) - set(_VIN_ALPHABET))
    if wrong:
        hints = [
            f"{letter} is probably {_MISTAKEN[letter]}" for letter in wrong if letter in _MISTAKEN
        ]
        raise ProvisionError(
            f"a VIN has no {', '.join(repr(letter) for letter in wrong)}",
            f"Read it again: {', '.join(hints) or 'it has capitals and digits only'}.",
        )
    if len(vin) != _VIN_LENGTH:
        raise ProvisionError(
            f"a VIN has {_VIN_LENGTH} characters, this one has {len(vin)}",
            "Copy it from the car's screen (Controls, Software) or the registration papers.",
        )
    return vin


def vin_warning(vin: str) -> str | None:
    """Why a well-formed VIN may still be mistyped, or None. Cars outside North America may not
    keep the check digit, so this is no error."""
    total = sum(
        int(_VIN_DIGITS[letter]) * weight for letter, weight in zip(vin, _VIN_WEIGHTS, strict=True)
    )
    expected = "0123456789X"[total % 11]
    if vin[8] == expected:
        return None
    return f"the check digit of {vin} (its ninth character) would be {expected}: look again"


def new_key() -> bytes:
    """A private scalar for KEY_PATH, from the operating system's generator."""
    private = ec.generate_private_key(ec.SECP256R1()).private_numbers().private_value
    return private.to_bytes(KEY_LENGTH, "big")


def public_key(key: bytes) -> bytes:
    """The public point of a key, uncompressed, 65 bytes. Raises ProvisionError for an unfit key."""
    try:
        if len(key) != KEY_LENGTH:
            raise ValueError
        private = ec.derive_private_key(int.from_bytes(key, "big"), ec.SECP256R1())
    except ValueError:
        raise ProvisionError(
            f"the key given is no P-256 private key of {KEY_LENGTH} bytes",
            "Leave it out to draw a new one.",
        ) from None
    return private.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


def provision(
    vin: str,
    board: BoardDefinition,
    *,
    role: int = ROLES["driver"],
    form_factor: int = FORM_FACTORS["android"],
    enrol: str = "role",
    key: bytes | None = None,
    clock: Callable[[], float] = time.time,
) -> dict[str, bytes]:
    """The files, path to contents, that make the firmware on `board` the fob of the car `vin`.

    role, form_factor   Role and KeyFormFactor numbers the fob asks the car for.
    enrol               "role", or "permissions" as cars of the documentation's time want it.
    key                 a scalar to keep (see `new_key`); a new one otherwise. One from outside may
                        have sealed messages before, so its counter starts at the Unix time. That
                        is only as good as the laptop's clock, and not enough for a key that has
                        been on a fob: there the fob's own counter has to be read first.

    Raises ProvisionError.
    """
    for name, number in (("role", role), ("form factor", form_factor)):
        if not 1 <= number <= 255:
            raise ProvisionError(f"{number} is no {name}", "Take a number from 1 to 255.")
    if enrol not in ENROL_FORMS:
        raise ProvisionError(
            f"there is no enrol form {enrol!r}", f"Take one of: {', '.join(ENROL_FORMS)}."
        )
    counter = 1 if key is None else int(clock())
    key = new_key() if key is None else key
    configuration: dict[str, Any] = {
        "version": CONFIGURATION_VERSION,
        "vin": parse_vin(vin),
        "public_key": public_key(key).hex(),
        "role": role,
        "form_factor": form_factor,
        "enrol": enrol,
        "board": {
            "buttons": board.buttons,
            "active_low": board.active_low,
            "light": {
                "kind": board.light.kind,
                "pin": board.light.pin,
                "inverted": board.light.inverted,
            },
        },
    }
    return {
        CONFIGURATION_PATH: json.dumps(configuration, indent=1).encode(),
        # The key comes before its counter: cut off in between, a new key meets the counter of an
        # old one, which does no harm.
        KEY_PATH: key,
        # Both slots: a missing one counts as damaged, and the firmware would skip a lease.
        **{path: counter_record(counter, sequence) for sequence, path in enumerate(COUNTER_PATHS)},
    }


def counter_record(first: int, sequence: int) -> bytes:
    """The record that makes `first` the next value of the counter.

    Version, sequence (4 bytes), the first value not leased yet (8 bytes), CRC-32 of all before,
    big-endian.
    """
    body = struct.pack(">BIQ", RECORD_VERSION, sequence, first)
    return body + struct.pack(">I", zlib.crc32(body))

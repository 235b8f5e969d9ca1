"""What makes a fob somebody's fob: its configuration and its key. Nothing else writes them.

/fob.json, format 2:

    {"version": 2, "vin": "5YJ...", "public_key": "04...", "role": 3, "form_factor": 7,
     "enrol": "role" | "permissions", "protocol": "auto" | "signed" | "legacy",
     "light": "normal" | "dim" | "off", "press_guard_ms": 0,
     "board": {"buttons": {"lock": GPIO, "unlock": GPIO}, "active_low": true,
               "wake": {"ext0": GPIO | null, "ext1": [GPIO, ...], "gpio": [GPIO, ...]},
               "light": {"kind": "pin" | "pwm" | "neopixel", "pin": GPIO, "inverted": false},
               "battery": {"pin": GPIO, "ratio": 2.0, "low_mv": 3300} | null,
               "usb": GPIO | null}}

protocol is how the fob speaks to the car: auto finds out, and remembers, whether that knows the
signed-command protocol of today's cars or only the older one. press_guard_ms is how long a button
has to be held before a press counts (0: any press does). What the board's fields mean is in
boards/README.md; `wake` is worked out from the chip.

/light.json: {"kind": ..., "pin": GPIO, "inverted": ...} as above, by which a fob without a usable
fob.json can still ask for the laptop.

/key.bin: the private scalar of the fob's P-256 key (32 bytes, big-endian), and the CRC-32
(big-endian) of scalar and public key. public_key is its point, uncompressed (65 bytes in hex),
which a small chip takes long to compute; the CRC tells it whether the two files belong together, as
they do not where the power went between them.

/state/counter.0, .1: the first records of the message counter: version (1 byte), the first value
that is not leased yet (8 bytes, big-endian), CRC-32 of both. The firmware never starts a counter by
itself: one that is missing is a lost one, and starting over would repeat nonces.
"""

import json
import struct
import time
import zlib
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from host_tools.boards import BoardDefinition

CONFIGURATION_PATH = "/fob.json"
LIGHT_PATH = "/light.json"
KEY_PATH = "/key.bin"
COUNTER_PATHS = ("/state/counter.0", "/state/counter.1")
KEY_LENGTH = 32
CONFIGURATION_VERSION = 2
RECORD_VERSION = 2
_RECORD = struct.Struct(">BQ")
_CRC = struct.Struct(">I")

COUNTER_MAX = 0xFFFFFFFF
COUNTER_LEASE = 64
"""How many values the firmware leases at a time."""
RELEASED = 1_767_225_600
"""Unix time of 1 January 2026. There was no fob before it, so a clock that shows less is wrong."""

# Role and KeyFormFactor of the VCSEC messages, under the names people use.
ROLES = {"owner": 2, "driver": 3, "guest": 8}
FORM_FACTORS = {"ios": 6, "android": 7}
ENROL_FORMS = ("role", "permissions")
PROTOCOLS = ("auto", "signed", "legacy")
LIGHTS = ("normal", "dim", "off")
PRESS_GUARD_MOST_MS = 1000

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
    """A private scalar, from the operating system's generator."""
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


def key_file(key: bytes, public: bytes) -> bytes:
    """The contents of KEY_PATH for a scalar and its public point."""
    return key + _CRC.pack(zlib.crc32(key + public))


def provision(
    vin: str,
    board: BoardDefinition,
    *,
    role: int = ROLES["driver"],
    form_factor: int = FORM_FACTORS["android"],
    enrol: str = "role",
    protocol: str = "auto",
    light: str = "normal",
    press_guard_ms: int = 0,
    key: bytes | None = None,
    clock: Callable[[], float] = time.time,
) -> dict[str, bytes]:
    """The files, path to contents, that make the firmware on `board` the fob of the car `vin`.

    role, form_factor   Role and KeyFormFactor numbers the fob asks the car for.
    enrol               "role", or "permissions" as cars of the documentation's time want it.
    protocol            "auto", "signed" or "legacy".
    light               "normal", "dim" or "off".
    press_guard_ms      how long a button has to be held before a press counts; 0: any press does.
    key                 a scalar to keep (see `new_key`); a new one otherwise. One from outside may
                        have sealed messages before: its counter starts at `restart_counter()`. For
                        a key that has been on a fob, add `counter_files(restart_counter(...))` of
                        the records that fob has.

    Raises ProvisionError.
    """
    for name, number in (("role", role), ("form factor", form_factor)):
        if not 1 <= number <= 255:
            raise ProvisionError(f"{number} is no {name}", "Take a number from 1 to 255.")
    for name, chosen, choices in (
        ("enrol form", enrol, ENROL_FORMS),
        ("protocol", protocol, PROTOCOLS),
        ("light", light, LIGHTS),
    ):
        if chosen not in choices:
            raise ProvisionError(
                f"there is no {name} {chosen!r}", f"Take one of: {', '.join(choices)}."
            )
    if not 0 <= press_guard_ms <= PRESS_GUARD_MOST_MS:
        raise ProvisionError(
            f"{press_guard_ms} ms is no time to hold a button for a press",
            f"Take a number from 0 (off) to {PRESS_GUARD_MOST_MS}.",
        )
    counter = 1 if key is None else restart_counter(clock=clock)
    key = new_key() if key is None else key
    public = public_key(key)
    configuration: dict[str, Any] = {
        "version": CONFIGURATION_VERSION,
        "vin": parse_vin(vin),
        "public_key": public.hex(),
        "role": role,
        "form_factor": form_factor,
        "enrol": enrol,
        "protocol": protocol,
        "light": light,
        "press_guard_ms": press_guard_ms,
        "board": {
            "buttons": board.buttons,
            "active_low": board.active_low,
            "wake": asdict(board.wake),
            "light": asdict(board.light),
            "battery": board.battery and asdict(board.battery),
            "usb": board.usb,
        },
    }
    return {
        LIGHT_PATH: json.dumps(asdict(board.light)).encode(),
        CONFIGURATION_PATH: json.dumps(configuration, indent=1).encode(),
        # The key comes before its counter: cut off in between, a new key meets the counter of an
        # old one, which does no harm.
        KEY_PATH: key_file(key, public),
        **counter_files(counter),
    }


def counter_files(first: int) -> dict[str, bytes]:
    """The files, path to contents, that make `first` the next value of the counter."""
    # Both slots: a missing one counts as damaged, and the firmware would skip a lease.
    return dict.fromkeys(COUNTER_PATHS, counter_record(first))


def counter_record(first: int) -> bytes:
    """The record that makes `first` the next value of the counter."""
    body = _RECORD.pack(RECORD_VERSION, first)
    return body + _CRC.pack(zlib.crc32(body))


def read_counter_record(record: bytes | None) -> int | None:
    """The first value that a fob had not leased yet; None for no record or a damaged one."""
    if record is None or len(record) != _RECORD.size + _CRC.size:
        return None
    body, (crc,) = record[: _RECORD.size], _CRC.unpack(record[_RECORD.size :])
    version, first = _RECORD.unpack(body)
    return int(first) if version == RECORD_VERSION and crc == zlib.crc32(body) else None


def restart_counter(
    *records: bytes | None,
    backed_up: int | None = None,
    clock: Callable[[], float] = time.time,
) -> int:
    """Where the counter of a key goes on that comes from outside, or whose state is lost.

    records     the fob's own (COUNTER_PATHS; None for a file that is not there), if it has any.
    backed_up   the value a backup of the key tells, if there is one.

    The largest of these and the Unix time: a fob that started at 1 cannot have sealed a message
    each second ever since. Raises ProvisionError where that is not to be had.
    """
    now = int(clock())
    if now < RELEASED:
        raise ProvisionError(
            f"this computer's clock says {time.strftime('%Y-%m-%d', time.gmtime(now))}",
            "Set it right: the message counter starts from it.",
        )
    stored = [read_counter_record(record) for record in records]
    whole = [first for first in stored if first is not None]
    first = max(now, backed_up or 0, *whole)
    if whole and None in stored:
        # The unreadable one may have leased one block more.
        first = max(first, max(whole) + COUNTER_LEASE)
    if first > COUNTER_MAX:
        raise ProvisionError(
            f"the counter of this key is used up: it would go on at {first}",
            "Provision the fob with a new key and pair it again.",
        )
    return first

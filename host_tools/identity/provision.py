"""What makes a fob somebody's fob: its configuration and its key. Nothing else writes them.

/fob.json, format 3:

    {"version": 3, "vin": "5YJ...", "public_key": "04...", "role": 3, "form_factor": 7,
     "enrol": "role" | "permissions", "protocol": "auto" | "signed" | "legacy",
     "cars": [1],
     "light": "normal" | "dim" | "off", "press_guard_ms": 0,
     "gestures": {"unlock": {"single": "unlock", "double": "trunk"}, ...},
     "actions": {"unlock": {"RKEAction": 0}, ...},
     "warn_open": false,
     "passive": {"level": 1 | 2, "minutes": 5, "form": "auto" | "token" | "plain" | "signed",
                 "secure_at_end": false} | null,
     "board": {"name": "lolin32-lite",
               "buttons": {"lock": GPIO, "unlock": GPIO}, "active_low": true,
               "wake": {"ext0": GPIO | null, "ext1": [GPIO, ...], "gpio": [GPIO, ...]},
               "light": {"kind": "pin" | "pwm" | "neopixel", "pin": GPIO, "inverted": false},
               "battery": {"pin": GPIO, "ratio": 2.0, "low_mv": 3300} | null,
               "usb": GPIO | null,
               "buzzer": {"kind": "tone" | "pin", "pin": GPIO, "inverted": false} | null,
               "vibration": {"pin": GPIO, "inverted": false} | null}}

protocol is how the fob speaks to the car: auto finds out, and remembers, whether that knows the
signed-command protocol of today's cars or only the older one. press_guard_ms is how long a button
has to be held before a press counts (0: any press does). What the board's fields mean is in
boards/README.md; `wake` is worked out from the chip, and `name`, one of `fob boards` or of a file
of the user's own, is for the laptop only.

/light.json: {"kind": ..., "pin": GPIO, "inverted": ...} as above, by which a fob without a usable
fob.json can still ask for the laptop.

/key.bin: the private scalar of the fob's P-256 key (32 bytes, big-endian), and the CRC-32
(big-endian) of scalar and public key. public_key is its point, uncompressed (65 bytes in hex),
which a small chip takes long to compute; the CRC tells it whether the two files belong together, as
they do not where the power went between them.

The counter's files are told of in counters.py.
"""

import json
import time
import zlib
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any, Self

from host_tools.board.catalogue import BoardDefinition
from host_tools.failure import InputError
from host_tools.identity.counters import counter_files, restart_counter
from host_tools.identity.gestures import default_gestures, used_actions
from host_tools.identity.keys import KEY_LENGTH, Key, new_key
from host_tools.identity.vin import parse_vin

CONFIGURATION_PATH = "/fob.json"
LIGHT_PATH = "/light.json"
KEY_PATH = "/key.bin"
CONFIGURATION_VERSION = 3

# Role and KeyFormFactor of the VCSEC messages, under the names people use.
ROLES = {
    "owner": 2,
    "driver": 3,
    "guest": 8,
    "vehicle-monitor": 5,
    "charging-manager": 6,
}
FORM_FACTORS = {"ios": 6, "android": 7}
ENROL_FORMS = ("role", "permissions")
PROTOCOLS = ("auto", "signed", "legacy")
LIGHTS = ("normal", "dim", "off")
PRESS_GUARD_MOST_MS = 1000
_BOARD_FIELDS = {"buttons", "active_low", "wake", "light", "battery", "usb"}


class ProvisionError(InputError):
    """A fob cannot be made from this; the remedy is what to do about it."""


@dataclass(frozen=True)
class Settings:
    """All of fob.json but the key.

    role, form_factor   Role and KeyFormFactor numbers the fob asks the car for.
    enrol               "role", or "permissions" as cars of the documentation's time want it.
    protocol            "auto", "signed" or "legacy".
    light               "normal", "dim" or "off".
    press_guard_ms      how long a button has to be held before a press counts; 0: any press does.
    gestures            see gestures.py; None: the default for the board's buttons.
    warn_open           whether the light tells of a closure that is open after a lock.
    passive             as in fob.json; None: off.
    buzzer, vibration   "on" or "off", where the board has one.
    board               see `board_fields`.

    Raises InputError for what cannot be.
    """

    vin: str
    board: dict[str, Any] = field(hash=False)
    role: int = ROLES["driver"]
    form_factor: int = FORM_FACTORS["android"]
    enrol: str = "role"
    protocol: str = "auto"
    light: str = "normal"
    press_guard_ms: int = 0
    gestures: dict[str, dict[str, str]] | None = field(default=None, hash=False)
    warn_open: bool = False
    passive: dict[str, Any] | None = field(default=None, hash=False)
    buzzer: str = "on"
    vibration: str = "on"

    def __post_init__(self) -> None:
        for name, number in (("role", self.role), ("form factor", self.form_factor)):
            if not 1 <= number <= 255:
                raise ProvisionError(f"{number} is no {name}", "Take a number from 1 to 255.")
        for name, chosen, choices in (
            ("enrol form", self.enrol, ENROL_FORMS),
            ("protocol", self.protocol, PROTOCOLS),
            ("light", self.light, LIGHTS),
        ):
            if chosen not in choices:
                raise ProvisionError(
                    f"there is no {name} {chosen!r}", f"Take one of: {', '.join(choices)}."
                )
        if not 0 <= self.press_guard_ms <= PRESS_GUARD_MOST_MS:
            raise ProvisionError(
                f"{self.press_guard_ms} ms is no time to hold a button for a press",
                f"Take a number from 0 (off) to {PRESS_GUARD_MOST_MS}.",
            )

    @classmethod
    def read(cls, text: bytes) -> tuple[Self, bytes]:
        """Settings and public key (b"" without one) of a fob.json. Raises ProvisionError for one of
        no use."""
        try:
            fields = json.loads(text)
            if fields.pop("version") not in (2, CONFIGURATION_VERSION):
                raise ValueError
            public = bytes.fromhex(fields.pop("public_key"))
            fields["vin"] = parse_vin(fields["vin"])
            fields["board"] = {"buzzer": None, "vibration": None, **fields["board"]}
            known = {name: fields[name] for name in cls.__dataclass_fields__ if name in fields}
            settings = cls(**known)
            # `fob image` names no key, for each fob gets its own.
            if len(public) not in (0, 65) or not set(settings.board) >= _BOARD_FIELDS:
                raise ValueError
        except (AttributeError, InputError, KeyError, TypeError, ValueError):
            raise ProvisionError("the fob's fob.json is of no use", "Write it anew.") from None
        return settings, public

    def configuration(self, public: bytes) -> bytes:
        """The contents of CONFIGURATION_PATH for the key of this public point."""
        gestures = self.gestures
        if gestures is None:
            gestures = default_gestures(self.board["buttons"])
        fields = {
            "version": CONFIGURATION_VERSION,
            "vin": self.vin,
            "public_key": public.hex(),
            "role": self.role,
            "form_factor": self.form_factor,
            "enrol": self.enrol,
            "protocol": self.protocol,
            "light": self.light,
            "press_guard_ms": self.press_guard_ms,
            "cars": [1],
            "gestures": gestures,
            "actions": used_actions(gestures),
            "warn_open": self.warn_open,
            "passive": self.passive,
            "buzzer": self.buzzer,
            "vibration": self.vibration,
            "board": self.board,
        }
        return json.dumps(fields, indent=1).encode()

    def light_file(self) -> bytes:
        """The contents of LIGHT_PATH."""
        return json.dumps(self.board["light"]).encode()


def board_fields(board: BoardDefinition) -> dict[str, Any]:
    """What fob.json says of a board."""
    return {
        "name": board.slug,
        "buttons": board.buttons,
        "active_low": board.active_low,
        "wake": _plain(asdict(board.wake)),
        "light": _fields(board.light, "kind", "pin", "inverted"),
        "battery": board.battery and asdict(board.battery),
        "usb": board.usb,
        "buzzer": board.buzzer and _fields(board.buzzer, "kind", "pin", "inverted"),
        "vibration": board.vibration and _fields(board.vibration, "pin", "inverted"),
    }


def _fields(part: Any, *names: str) -> dict[str, Any]:
    return {name: getattr(part, name) for name in names}


def _plain(wake: dict[str, Any]) -> dict[str, Any]:
    # As JSON gives it back, so that the same board compares equal.
    return {name: list(pins) if isinstance(pins, tuple) else pins for name, pins in wake.items()}


def key_file(key: Key) -> bytes:
    """The contents of KEY_PATH."""
    return key.scalar + zlib.crc32(key.scalar + key.public).to_bytes(4, "big")


def read_key_file(data: bytes, named: bytes | None) -> Key | None:
    """The key in the contents of KEY_PATH; None where they are damaged.

    named       the public point that fob.json names, if it names one. A scalar that yields it is
                whole even where the CRC is not.
    """
    try:
        key = Key.of(data[:KEY_LENGTH])
    except InputError:
        return None
    return key if data == key_file(key) or key.public == named else None


def provision(
    vin: str,
    board: BoardDefinition,
    *,
    key: bytes | None = None,
    clock: Callable[[], float] = time.time,
    **settings: Any,
) -> dict[str, bytes]:
    """The files, path to contents, that make the firmware on `board` the fob of the car `vin`: on
    a board that has no key yet.

    key         a scalar to keep (see `new_key`); a new one otherwise. One from outside may have
                sealed messages before: its counter starts at `restart_counter()`. For a key that
                has been on a fob, add `counter_files(restart_counter(...))` of the records that
                fob has.
    settings    what `Settings` takes.

    Raises InputError.
    """
    chosen = Settings(vin=parse_vin(vin), board=board_fields(board), **settings)
    first = 1 if key is None else restart_counter(clock=clock)
    whole = Key.of(new_key() if key is None else key)
    # In the order in which they are written: until the last one is, what lies there does not fit
    # together, and the firmware does not use it.
    return {
        CONFIGURATION_PATH: chosen.configuration(whole.public),
        LIGHT_PATH: chosen.light_file(),
        **counter_files(first),
        KEY_PATH: key_file(whole),
    }

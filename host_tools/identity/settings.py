"""What fob.json and car.json say; read and written here and nowhere else on the laptop.

/fob.json, version 3:

    {"version": 3, "cars": [1, 2],
     "vin": "5YJ...", "public_key": "04...", "role": 3, "form_factor": 7,
     "enrol": "role" | "permissions", "protocol": "auto" | "signed" | "legacy",
     "light": "normal" | "dim" | "off", "press_guard_ms": 0,
     "gestures": {"unlock": {"single": "unlock", "double": "trunk"}, ...},
     "actions": {"unlock": {"RKEAction": 0}, ...},
     "warn_open": false,
     "passive": {"level": 1 | 2, "minutes": 5, "form": "auto" | "token" | "plain" | "signed",
                 "secure_at_end": false} | null,
     "buzzer": "on" | "off", "vibration": "on" | "off",
     "board": {"name": "lolin32-lite",
               "buttons": {"lock": GPIO, "unlock": GPIO}, "active_low": true,
               "wake": {"ext0": GPIO | null, "ext1": [GPIO, ...], "gpio": [GPIO, ...]},
               "light": {"kind": "pin" | "pwm" | "neopixel", "pin": GPIO, "inverted": false},
               "battery": {"pin": GPIO, "ratio": 2.0, "low_mv": 3300} | null,
               "usb": GPIO | null,
               "buzzer": {"kind": "tone" | "pin", "pin": GPIO, "inverted": false} | null,
               "vibration": {"pin": GPIO, "inverted": false} | null}}

cars are the numbers of those that this fob is for, 1 to 4. What stands on the second and third line
is of car 1: where that was forgotten, "vin" is null, and so is "public_key" unless another car
shares that key. protocol is how the fob speaks to the car: auto finds out, and remembers, whether
that knows the signed-command protocol of today's cars or only the older one. press_guard_ms is how
long a button has to be held before a press counts (0: any press does). gestures: gestures.py;
actions is what their names mean. What the board's fields mean is in boards/README.md; `wake` is
worked out from the chip; a buzzer that is switched off is null. `name`, one of `fob boards` or of a
file of the user's own, and the two that are "on" or "off" are for the laptop only. Version 2 had
neither cars nor what gestures and later lines tell.

/car2/car.json, of a second car, version 3: version, vin, public_key, role, form_factor, enrol and
protocol as above; public_key is null where the car is to know the key of /key.bin.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any, Self

from host_tools.board.catalogue import BoardDefinition
from host_tools.failure import InputError
from host_tools.identity.gestures import (
    MOST_CARS,
    Gestures,
    check_gestures,
    default_gestures,
    used_actions,
)
from host_tools.identity.keys import POINT_LENGTH
from host_tools.identity.vin import parse_vin

VERSION = 3
_READ = (2, VERSION)

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
PASSIVE_LEVELS = {"unlock": 1, "drive": 2}
"""AuthenticationLevel_E, by what it permits the car to do."""
PASSIVE_FORMS = ("auto", "token", "plain", "signed")
PASSIVE_MOST_MINUTES = 60
PASSIVE_DEFAULT: Mapping[str, Any] = {"minutes": 5, "form": "auto", "secure_at_end": False}
SWITCH = ("on", "off")
SWITCHED = ("buzzer", "vibration")

# What comes of JSON of another shape, or nested too deeply.
_NONSENSE = (AttributeError, InputError, KeyError, RecursionError, TypeError, ValueError)

_BOARD_FIELDS = {"buttons", "active_low", "wake", "light", "battery", "usb"}


class ProvisionError(InputError):
    """A fob cannot be made from this; the remedy is what to do about it."""


@dataclass(frozen=True)
class Car:
    """What the fob is to one car.

    role, form_factor   Role and KeyFormFactor numbers the fob asks the car for.
    enrol               "role", or "permissions" as cars of the documentation's time want it.
    protocol            "auto", "signed" or "legacy".

    Raises InputError for what cannot be.
    """

    vin: str
    role: int = ROLES["driver"]
    form_factor: int = FORM_FACTORS["android"]
    enrol: str = "role"
    protocol: str = "auto"

    def __post_init__(self) -> None:
        for name, number in (("role", self.role), ("form factor", self.form_factor)):
            if not 1 <= number <= 255:
                raise ProvisionError(f"{number} is no {name}", "Take a number from 1 to 255.")
        _check("enrol form", self.enrol, ENROL_FORMS)
        _check("protocol", self.protocol, PROTOCOLS)

    @classmethod
    def read(cls, told: Mapping[str, Any]) -> Self:
        """From the fields of a file. Raises InputError, KeyError, TypeError for nonsense."""
        known = {each.name: told[each.name] for each in fields(cls) if each.name in told}
        return cls(**{**known, "vin": parse_vin(told["vin"])})

    def file(self, public: bytes | None) -> bytes:
        """The contents of its car.json; `public` is the point of a key of its own."""
        told = {"version": VERSION, "public_key": public.hex() if public else None, **asdict(self)}
        return json.dumps(told, indent=1).encode()


CAR_FIELDS = tuple(each.name for each in fields(Car))


@dataclass(frozen=True)
class Settings:
    """What fob.json says of the whole fob, whatever its cars.

    board               see `board_fields`.
    light               "normal", "dim" or "off".
    press_guard_ms      how long a button has to be held before a press counts; 0: any press does.
    gestures            see gestures.py; None: the default for the board's buttons.
    warn_open           whether the light tells of a closure that is open after a lock.
    passive             as in fob.json; None: off.
    buzzer, vibration   "on" or "off", where the board has one.

    Raises InputError for what cannot be.
    """

    board: dict[str, Any] = field(hash=False)
    light: str = "normal"
    press_guard_ms: int = 0
    gestures: Gestures | None = field(default=None, hash=False)
    warn_open: bool = False
    passive: dict[str, Any] | None = field(default=None, hash=False)
    buzzer: str = "on"
    vibration: str = "on"

    def __post_init__(self) -> None:
        _check("light", self.light, LIGHTS)
        if not 0 <= self.press_guard_ms <= PRESS_GUARD_MOST_MS:
            raise ProvisionError(
                f"{self.press_guard_ms} ms is no time to hold a button for a press",
                f"Take a number from 0 (off) to {PRESS_GUARD_MOST_MS}.",
            )
        if self.gestures is not None:
            check_gestures(self.gestures, self.board["buttons"])
        if self.passive is not None:
            _check_passive(self.passive)
        for name in SWITCHED:
            _check(name, getattr(self, name), SWITCH)
            if getattr(self, name) == "off":
                object.__setattr__(self, "board", {**self.board, name: None})

    @property
    def mapped(self) -> Gestures:
        """What the buttons do."""
        return default_gestures(self.board["buttons"]) if self.gestures is None else self.gestures

    def light_file(self) -> bytes:
        """The contents of LIGHT_PATH."""
        return json.dumps(self.board["light"]).encode()


@dataclass(frozen=True)
class Configuration:
    """All of fob.json.

    cars    the numbers of those that it lists.
    car     car 1; None where it is not listed.
    public  the point of the key in /key.bin; empty where there is to be none.
    version the one that it was read in.
    """

    settings: Settings
    cars: tuple[int, ...]
    car: Car | None
    public: bytes
    version: int = VERSION

    @classmethod
    def read(cls, text: bytes) -> Self:
        """Raises ProvisionError for one of no use."""
        try:
            told = json.loads(text)
            version = told["version"]
            cars = told["cars"] if version == VERSION else [1]
            public = bytes.fromhex(told["public_key"] or "")
            board = dict(told["board"])
            for name in SWITCHED:
                board.setdefault(name, None)
            known = {each.name: told[each.name] for each in fields(Settings) if each.name in told}
            settings = Settings(**{**known, "board": board})
            # `fob image` names no key, for each fob gets its own.
            if (
                version not in _READ
                or len(public) not in (0, POINT_LENGTH)
                or not set(board) >= _BOARD_FIELDS
                or not cars
                or any(type(each) is not int or not 1 <= each <= MOST_CARS for each in cars)
            ):
                raise ValueError
            car = Car.read(told) if 1 in cars else None
        except _NONSENSE:
            raise ProvisionError("the fob's fob.json is of no use", "Write it anew.") from None
        if settings.gestures == default_gestures(board["buttons"]):
            settings = replace(settings, gestures=None)
        return cls(settings, tuple(sorted(set(cars))), car, public, version)

    def file(self) -> bytes:
        """The contents of fob.json."""
        settings = self.settings
        # What a forgotten car leaves of its fields has to be no nonsense, that is all.
        car = asdict(self.car) if self.car else {**asdict(Car("")), "vin": None}
        told = {
            "version": VERSION,
            "cars": list(self.cars),
            "public_key": self.public.hex() if self.public or self.car else None,
            **car,
            **{each.name: getattr(settings, each.name) for each in fields(Settings)},
            "gestures": settings.mapped,
            "actions": used_actions(settings.mapped),
        }
        return json.dumps(told, indent=1).encode()


def is_outdated(configuration: bytes) -> bool:
    """Whether a fob.json is of an earlier version, which these tools read and the firmware not."""
    try:
        return Configuration.read(configuration).version != VERSION
    except InputError:
        return False


def read_car_file(text: bytes) -> tuple[Car, bytes | None]:
    """A car of its car.json, and the point of a key of its own. Raises ProvisionError."""
    try:
        told = json.loads(text)
        public = told["public_key"] and bytes.fromhex(told["public_key"])
        if told["version"] != VERSION or (public and len(public) != POINT_LENGTH):
            raise ValueError
        return Car.read(told), public or None
    except _NONSENSE:
        raise ProvisionError("the car's car.json is of no use", "Write it anew.") from None


def board_fields(board: BoardDefinition) -> dict[str, Any]:
    """What fob.json says of a board."""
    return {
        "name": board.slug,
        "buttons": board.buttons,
        "active_low": board.active_low,
        "wake": _plain(asdict(board.wake)),
        "light": _some(board.light, "kind", "pin", "inverted"),
        "battery": board.battery and asdict(board.battery),
        "usb": board.usb,
        "buzzer": board.buzzer and _some(board.buzzer, "kind", "pin", "inverted"),
        "vibration": board.vibration and _some(board.vibration, "pin", "inverted"),
    }


def _check(name: str, chosen: Any, choices: tuple[str, ...]) -> None:
    if chosen not in choices:
        raise ProvisionError(
            f"there is no {name} {chosen!r}", f"Take one of: {', '.join(choices)}."
        )


def _check_passive(passive: Any) -> None:
    if not isinstance(passive, dict) or set(passive) != {"level", *PASSIVE_DEFAULT}:
        raise ProvisionError("passive entry is described wrongly", "Switch it off: --passive off.")
    _check("level of passive entry", passive["level"], tuple(PASSIVE_LEVELS.values()))  # type: ignore[arg-type]
    _check("form of passive entry", passive["form"], PASSIVE_FORMS)
    minutes = passive["minutes"]
    if type(minutes) is not int or not 1 <= minutes <= PASSIVE_MOST_MINUTES:
        raise ProvisionError(
            f"{minutes} is no number of minutes for passive entry",
            f"Take one from 1 to {PASSIVE_MOST_MINUTES}.",
        )


def _some(part: Any, *names: str) -> dict[str, Any]:
    return {name: getattr(part, name) for name in names}


def _plain(wake: dict[str, Any]) -> dict[str, Any]:
    # As JSON gives it back, so that the same board compares equal.
    return {name: list(pins) if isinstance(pins, tuple) else pins for name, pins in wake.items()}

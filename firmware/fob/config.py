"""The configuration a laptop wrote: read here and nowhere else, written by host_tools only.

`fob.json` (version 3) holds board, light (brightness: "normal", "dim" or "off"), press_guard_ms (0:
none), gestures, actions, warn_open, passive (null, or level, minutes, form and secure_at_end), cars
(their numbers, 1 to 4), and what belongs to car 1: vin, public_key (130 hex digits), role,
form_factor, enrol ("role" or "permissions") and protocol ("auto", "signed" or "legacy"). The same
of car 2 is in `car2/car.json`, whose public_key is null where the car knows the key of car 1.

board: buttons (name to GPIO), active_low, wake (ext0: GPIO or null, ext1 and gpio: lists of GPIO),
light (kind, pin, inverted), buzzer (null, or kind, pin, inverted), vibration (null, or pin,
inverted), battery (null, or pin, ratio of its divider, low_mv) and usb (null, or the GPIO that is
high while USB powers the board).

gestures: button (or "both") to gesture ("single", "double", "triple", "hold") to the name of an
action, with "@" and a car's number behind it where it is for that one. actions: name to the content
of an UnsignedMessage, as fob.protobuf has it.

`key.bin` (of another car `car2/key.bin`) holds the private scalar (32 bytes big-endian) and the
CRC-32 of scalar and public key (4 bytes big-endian).
"""

import hashlib
import json
from binascii import crc32, unhexlify

from micropython import const

from fob.errors import ConfigError

VERSION = const(3)
CARS = const(4)

# Masks of buttons are kept in one byte.
_BUTTONS = const(8)
_SCALAR = const(32)
_KEY_FILE = const(32 + 4)
_LAST_GPIO = const(48)
_LONGEST_GUARD_MS = const(1000)
_HIGHEST_RATIO = const(20)
_HIGHEST_MV = const(20000)
_LONGEST_MINUTES = const(60)
# AUTHENTICATION_LEVEL_DRIVE
_HIGHEST_LEVEL = const(2)


class Car:
    """One car: its number, the attributes of its file, and the keys as bytes."""

    def __init__(self, number, fields, public_key, private_key):
        self.number = number
        self.public_key = public_key
        self.private_key = private_key
        self.vin = fields["vin"]
        self.role = _number(fields["role"], 1, 255)
        self.form_factor = _number(fields["form_factor"], 1, 255)
        self.enrol = _one_of(fields["enrol"], ("role", "permissions"))
        self.protocol = _one_of(fields["protocol"], ("auto", "signed", "legacy"))
        if len(self.vin) != 17 or len(public_key) != 65:
            raise ValueError


class Config:
    """Validated configuration; attributes as in the file, and `brightness`.

    `cars` are those of use, at least one; `broken` says of the others what is wrong, by number.
    """

    def __init__(self, fields):
        try:
            self.brightness = _one_of(fields["light"], ("normal", "dim", "off"))
            self.press_guard_ms = _number(fields["press_guard_ms"], 0, _LONGEST_GUARD_MS)
            self.warn_open = bool(fields["warn_open"])
            self._read_board(fields["board"])
            self._read_gestures(fields["gestures"], fields["actions"])
            self.passive = fields["passive"]
            if self.passive is not None:
                _number(self.passive["level"], 1, _HIGHEST_LEVEL)
                _number(self.passive["minutes"], 1, _LONGEST_MINUTES)
                _one_of(self.passive["form"], ("auto", "token", "plain", "signed"))
                bool(self.passive["secure_at_end"])
        except (AttributeError, KeyError, TypeError, ValueError):
            raise ConfigError(_INCOMPLETE)
        self.cars: list = []
        self.broken: dict = {}

    def car(self, number=None):
        """Return the Car of a number, the first without; raises ConfigError."""
        for car in self.cars:
            if number in (None, car.number):
                return car
        raise ConfigError("no car %d of use: run `fob cars`" % number)

    def read_car(self, number, read, fields):
        """Take over a car; `read` is load()'s, `fields` are those of fob.json."""
        try:
            self.cars.append(_car(number, read, fields))
        except ConfigError as error:
            self.broken[number] = str(error)

    def _read_board(self, board):
        self.buttons = {name: _pin(pin) for name, pin in board["buttons"].items()}
        self.active_low = bool(board["active_low"])
        self.light = _light(board["light"])
        pins = list(self.buttons.values())
        if len(pins) > _BUTTONS:
            raise ValueError
        wake = board["wake"]
        self.wake = {
            "ext0": None if wake["ext0"] is None else _one_of(wake["ext0"], pins),
            "ext1": [_one_of(pin, pins) for pin in wake["ext1"]],
            "gpio": [_one_of(pin, pins) for pin in wake["gpio"]],
        }
        self.buzzer = self.vibration = None
        buzzer, vibration = board["buzzer"], board["vibration"]
        if buzzer is not None:
            self.buzzer = {
                "kind": _one_of(buzzer["kind"], ("tone", "pin")),
                "pin": _pin(buzzer["pin"]),
                "inverted": bool(buzzer["inverted"]),
            }
        if vibration is not None:
            self.vibration = {
                "pin": _pin(vibration["pin"]),
                "inverted": bool(vibration["inverted"]),
            }
        battery = board["battery"]
        self.battery = None
        if battery is not None:
            self.battery = {
                "pin": _pin(battery["pin"]),
                "ratio": _number(battery["ratio"], 1, _HIGHEST_RATIO),
                "low_mv": _number(battery["low_mv"], 1, _HIGHEST_MV),
            }
        self.usb = None if board["usb"] is None else _pin(board["usb"])

    def _read_gestures(self, gestures, actions):
        self.gestures = gestures
        self.actions = actions
        for content in actions.values():
            content.keys()
        for meanings in gestures.values():
            for meaning in meanings.values():
                name, _, number = meaning.partition("@")
                if name not in actions or (number and not 0 < int(number) <= CARS):
                    raise ValueError


_INCOMPLETE = "fob.json is incomplete: run `fob provision`"


def _one_of(value, choices):
    if value not in choices:
        raise ValueError
    return value


def _number(value, least, most):
    if isinstance(value, bool) or not least <= value <= most:
        raise ValueError
    return value


def _pin(number):
    return int(_number(number, 0, _LAST_GPIO))


def _light(light):
    return {
        "kind": _one_of(light["kind"], ("pin", "pwm", "neopixel")),
        "pin": _pin(light["pin"]),
        "inverted": bool(light["inverted"]),
    }


def owner(cars):
    """Return 4 bytes that tell these keys and cars (a list of Car) from any other."""
    told = b""
    for car in cars:
        told += car.public_key + car.vin.encode()
    return hashlib.sha1(told).digest()[:4]


def folder(number):
    """Return the folder of a car's own files, with a slash behind it; "" for car 1."""
    return "" if number == 1 else "car%d/" % number


def load(read):
    """Return the Config; read(path) gives a file's bytes, None where there is none.

    Raises ConfigError where no car is of use.
    """
    text = read("fob.json")
    if text is None:
        raise ConfigError("no fob.json: run `fob provision`")
    fields = _fields(text)
    _check_version(fields, "fob.json")
    settings = Config(fields)
    try:
        numbers = [_number(number, 1, CARS) for number in fields["cars"]]
    except (KeyError, TypeError, ValueError):
        raise ConfigError(_INCOMPLETE)
    for number in numbers:
        settings.read_car(number, read, fields)
    if not settings.cars:
        for text in settings.broken.values():
            raise ConfigError(text)
        raise ConfigError(_INCOMPLETE)
    return settings


def _car(number, read, main):
    """Return a Car; raises ConfigError."""
    name = "fob.json"
    key_name = "key.bin"
    fields = main
    if number > 1:
        name = folder(number) + "car.json"
        fields = _fields(read(name) or b"", name)
        _check_version(fields, name)
    try:
        public_key = fields["public_key"]
        if public_key is None:
            public_key = main["public_key"]
        else:
            key_name = folder(number) + key_name
        public_key = unhexlify(public_key)
        key = read(key_name)
        if key is None or len(key) != _KEY_FILE:
            raise ConfigError("no usable %s: run `fob provision`" % key_name)
        car = Car(number, fields, public_key, key[:_SCALAR])
    except (AttributeError, KeyError, TypeError, ValueError):
        raise ConfigError("%s is incomplete: run `fob provision`" % name)
    # Power that went between the two files leaves a new public key beside an old private one,
    # with which pairing could only fail.
    if crc32(key[:_SCALAR] + public_key) != int.from_bytes(key[_SCALAR:], "big"):
        raise ConfigError("%s does not belong to %s: run `fob provision`" % (key_name, name))
    return car


def _check_version(fields, name):
    if fields.get("version") != VERSION:
        raise ConfigError("%s is of another version: run `fob provision`" % name)


def light(text):
    """Return the light of `light.json` (None where it is missing), None if that is of no use.

    It asks for the laptop where no configuration tells of a light.
    """
    try:
        return _light(_fields(text or b""))
    except (ConfigError, AttributeError, KeyError, TypeError, ValueError):
        return None


def _fields(text, name="fob.json"):
    try:
        fields = json.loads(text)
    except ValueError:
        fields = None
    if not isinstance(fields, dict):
        raise ConfigError("%s is damaged: run `fob provision`" % name)
    return fields

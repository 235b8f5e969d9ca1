"""The configuration a laptop wrote: read here and nowhere else, written by host_tools only.

This module may be unloaded after load(): what that returns needs none of it (see settings.py).

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
from fob.settings import Car, Config

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
_OWNER = const(4)


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
    return _lamp(light, ("pin", "pwm", "neopixel"))


def _lamp(fields, kinds):
    return {
        "kind": _one_of(fields["kind"], kinds),
        "pin": _pin(fields["pin"]),
        "inverted": bool(fields["inverted"]),
    }


def load(read):
    """Return the Config; read(path) gives a file's bytes, None where there is none.

    Raises ConfigError where no car is of use.
    """
    text = read("fob.json")
    if text is None:
        raise ConfigError("no fob.json: run `fob provision`")
    fields = _fields(text)
    _check_version(fields, "fob.json")
    settings = Config()
    settings.cars = []
    settings.broken = {}
    try:
        _read_fields(settings, fields)
        numbers = [_number(number, 1, CARS) for number in fields["cars"]]
    except (AttributeError, KeyError, TypeError, ValueError):
        raise ConfigError(_INCOMPLETE)
    owner = b""
    for number in numbers:
        try:
            car = _car(number, read, fields)
            settings.cars.append(car)
            owner += car.owner
        except ConfigError as error:
            settings.broken[number] = str(error)
    if not settings.cars:
        for text in settings.broken.values():
            raise ConfigError(text)
        raise ConfigError(_INCOMPLETE)
    settings.owner = owner if len(owner) == _OWNER else _digest(owner)
    return settings


def described(number, fields, public_key, private_key):
    """Return the Car of these fields and keys; raises the errors of fields that are of no use."""
    car = Car()
    car.number = number
    car.public_key = public_key
    car.private_key = private_key
    car.vin = fields["vin"]
    car.role = _number(fields["role"], 1, 255)
    car.form_factor = _number(fields["form_factor"], 1, 255)
    car.enrol = _one_of(fields["enrol"], ("role", "permissions"))
    car.protocol = _one_of(fields["protocol"], ("auto", "signed", "legacy"))
    if len(car.vin) != 17 or len(public_key) != 65:
        raise ValueError
    car.owner = _digest(public_key + car.vin.encode())
    return car


def _digest(data):
    return hashlib.sha1(data).digest()[:_OWNER]


def _read_fields(settings, fields):
    settings.brightness = _one_of(fields["light"], ("normal", "dim", "off"))
    settings.press_guard_ms = _number(fields["press_guard_ms"], 0, _LONGEST_GUARD_MS)
    settings.warn_open = bool(fields["warn_open"])
    _read_board(settings, fields["board"])
    settings.gestures = fields["gestures"]
    settings.actions = fields["actions"]
    for content in settings.actions.values():
        content.keys()
    for meanings in settings.gestures.values():
        for meaning in meanings.values():
            name, _, number = meaning.partition("@")
            if name not in settings.actions or (number and not 0 < int(number) <= CARS):
                raise ValueError
    settings.passive = fields["passive"]
    if settings.passive is not None:
        _number(settings.passive["level"], 1, _HIGHEST_LEVEL)
        _number(settings.passive["minutes"], 1, _LONGEST_MINUTES)
        _one_of(settings.passive["form"], ("auto", "token", "plain", "signed"))
        bool(settings.passive["secure_at_end"])


def _read_board(settings, board):
    settings.buttons = {name: _pin(pin) for name, pin in board["buttons"].items()}
    settings.active_low = bool(board["active_low"])
    settings.light = _light(board["light"])
    pins = list(settings.buttons.values())
    if len(pins) > _BUTTONS:
        raise ValueError
    wake = board["wake"]
    settings.wake = {
        "ext0": None if wake["ext0"] is None else _one_of(wake["ext0"], pins),
        "ext1": [_one_of(pin, pins) for pin in wake["ext1"]],
        "gpio": [_one_of(pin, pins) for pin in wake["gpio"]],
    }
    settings.buzzer = settings.vibration = None
    buzzer, vibration = board["buzzer"], board["vibration"]
    if buzzer is not None:
        settings.buzzer = _lamp(buzzer, ("tone", "pin"))
    if vibration is not None:
        settings.vibration = {
            "pin": _pin(vibration["pin"]),
            "inverted": bool(vibration["inverted"]),
        }
    battery = board["battery"]
    settings.battery = None
    if battery is not None:
        settings.battery = {
            "pin": _pin(battery["pin"]),
            "ratio": _number(battery["ratio"], 1, _HIGHEST_RATIO),
            "low_mv": _number(battery["low_mv"], 1, _HIGHEST_MV),
        }
    settings.usb = None if board["usb"] is None else _pin(board["usb"])


def _car(number, read, main):
    """Return a Car; raises ConfigError."""
    name = "fob.json"
    key_name = "key.bin"
    folder = ""
    fields = main
    if number > 1:
        folder = "car%d/" % number
        name = folder + "car.json"
        fields = _fields(read(name) or b"", name)
        _check_version(fields, name)
    try:
        public_key = fields["public_key"]
        if public_key is None:
            public_key = main["public_key"]
        else:
            key_name = folder + key_name
        public_key = unhexlify(public_key)
        key = read(key_name)
        if key is None or len(key) != _KEY_FILE:
            raise ConfigError("no usable %s: run `fob provision`" % key_name)
        car = described(number, fields, public_key, key[:_SCALAR])
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

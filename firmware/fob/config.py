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

_VERSION = const(3)
_CARS = const(4)

# Masks of buttons are kept in one byte.
_BUTTONS = const(8)
_SCALAR = const(32)
_KEY_FILE = const(32 + 4)
_LAST_GPIO = const(48)
_OWNER = const(4)

# What a field may be: its name, the choices there are, and None; or its name, least and most, of
# a whole number unless the most has a point.
_SWITCH = const((False, True))
_PIN = const(("pin", 0, _LAST_GPIO))
_INVERTED = const(("inverted", _SWITCH, None))
_FOB = const(
    (
        ("light", ("normal", "dim", "off"), None),
        ("press_guard_ms", 0, 1000),
        ("warn_open", _SWITCH, None),
    )
)
_CAR = const(
    (
        ("role", 1, 255),
        ("form_factor", 1, 255),
        ("enrol", ("role", "permissions"), None),
        ("protocol", ("auto", "signed", "legacy"), None),
    )
)
_PASSIVE = const(
    (
        # Up to AUTHENTICATION_LEVEL_DRIVE.
        ("level", 1, 2),
        ("minutes", 1, 60),
        ("form", ("auto", "token", "plain", "signed"), None),
        ("secure_at_end", _SWITCH, None),
    )
)
_BOARD = const((("active_low", _SWITCH, None),))
_LIGHT = const((("kind", ("pin", "pwm", "neopixel"), None), _PIN, _INVERTED))
_BUZZER = const((("kind", ("tone", "pin"), None), _PIN, _INVERTED))
_VIBRATION = const((_PIN, _INVERTED))
_BATTERY = const((_PIN, ("ratio", 1, 20.0), ("low_mv", 1, 20000)))

# What fields of no use raise.
_UNSOUND = (AttributeError, LookupError, TypeError, ValueError)


def load(read):
    """Return the Config; read(path) gives a file's bytes, None where there is none.

    Raises ConfigError where no car is of use.
    """
    fields = _parsed(read, "fob.json")
    settings = Config()
    settings.cars = []
    settings.broken = {}
    try:
        _read_fields(settings, fields)
        numbers = fields["cars"]
        for number in numbers:
            _bound(number, 1, _CARS)
        first = numbers[0]
    except _UNSOUND:
        raise _useless("%s is incomplete", "fob.json")
    owner = b""
    for number in numbers:
        try:
            car = _car(number, read, fields)
            settings.cars.append(car)
            owner += car.owner
        except ConfigError as error:
            settings.broken[number] = str(error)
    if not settings.cars:
        raise ConfigError(settings.broken[first])
    settings.owner = owner if len(owner) == _OWNER else _digest(owner)
    return settings


def described(number, fields, public_key, private_key):
    """Return the Car of these fields and keys; raises the errors of fields that are of no use."""
    car = Car()
    car.number = number
    car.public_key = public_key
    car.private_key = private_key
    car.vin = fields["vin"]
    car.role, car.form_factor, car.enrol, car.protocol = _checked(fields, _CAR)
    if len(car.vin) != 17 or len(public_key) != 65:
        raise ValueError
    car.owner = _digest(public_key + car.vin.encode())
    return car


def light(text):
    """Return the light of `light.json` (None where it is missing), None if that is of no use.

    It asks for the laptop where no configuration tells of a light.
    """
    try:
        fields = json.loads(text or b"")
        _checked(fields, _LIGHT)
        return fields
    except _UNSOUND:
        return None


def _digest(data):
    return hashlib.sha1(data).digest()[:_OWNER]


def _read_fields(settings, fields):
    settings.brightness, settings.press_guard_ms, settings.warn_open = _checked(fields, _FOB)
    settings.gestures = fields["gestures"]
    settings.actions = fields["actions"]
    for content in settings.actions.values():
        # What locks is looked up by it.
        hash(content.get("RKEAction"))
    for meanings in settings.gestures.values():
        for meaning in meanings.values():
            name, _, number = meaning.partition("@")
            if number:
                _bound(int(number), 1, _CARS)
            if name not in settings.actions:
                raise ValueError
    settings.board = board = fields["board"]
    settings.passive = fields["passive"]
    settings.battery = board["battery"]
    _checked(board, _BOARD)
    _checked(board["light"], _LIGHT)
    for part, rules in (
        (settings.passive, _PASSIVE),
        (settings.battery, _BATTERY),
        (board["buzzer"], _BUZZER),
        (board["vibration"], _VIBRATION),
    ):
        if part is not None:
            _checked(part, rules)
    gpios = list(board["buttons"].values())
    if len(gpios) > _BUTTONS:
        raise ValueError
    wake = board["wake"]
    waking = wake["ext1"] + wake["gpio"]
    if wake["ext0"] is not None:
        waking.append(wake["ext0"])
    for gpio in waking:
        # Raises where it is no button's.
        gpios.index(gpio)
    if board["usb"] is not None:
        gpios.append(board["usb"])
    for gpio in gpios + waking:
        _bound(gpio, 0, _LAST_GPIO)


def _checked(fields, rules):
    """Return the fields of these rules as a list; raises one of _UNSOUND where one is broken."""
    values = []
    for name, least, most in rules:
        value = fields[name]
        if most is not None:
            _bound(value, least, most)
        elif value not in least:
            raise ValueError
        values.append(value)
    return values


def _bound(number, least, most):
    if type(number) not in (int, type(most)) or not least <= number <= most:
        raise ValueError


def _car(number, read, main):
    """Return a Car; raises ConfigError."""
    name = "fob.json"
    key_name = "key.bin"
    folder = ""
    fields = main
    if number > 1:
        folder = "car%d/" % number
        name = folder + "car.json"
        fields = _parsed(read, name)
    try:
        public_key = fields["public_key"]
        if public_key is None:
            public_key = main["public_key"]
        else:
            key_name = folder + key_name
        public_key = unhexlify(public_key)
        key = read(key_name)
        if key is None or len(key) != _KEY_FILE:
            raise _useless("no usable %s", key_name)
        car = described(number, fields, public_key, key[:_SCALAR])
    except _UNSOUND:
        raise _useless("%s is incomplete", name)
    # Power that went between the two files leaves a new public key beside an old private one,
    # with which pairing could only fail.
    if crc32(key[:_SCALAR] + public_key) != int.from_bytes(key[_SCALAR:], "big"):
        raise _useless("%s does not belong to %s", key_name, name)
    return car


def _parsed(read, name):
    """Return the fields of a file; raises ConfigError."""
    text = read(name)
    if text is None:
        raise _useless("no %s", name)
    try:
        fields = json.loads(text)
        version = fields.get("version")
    except _UNSOUND:
        raise _useless("%s is damaged", name)
    if version != _VERSION:
        raise _useless("%s is of another version", name)
    return fields


def _useless(text, *names):
    return ConfigError((text + ": run `fob provision`") % names)

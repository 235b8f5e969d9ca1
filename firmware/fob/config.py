"""The configuration a laptop wrote: read here and nowhere else, written by host_tools only.

`fob.json` (version 2) holds: vin, public_key (130 hex digits), role, form_factor, enrol ("role"
or "permissions"), protocol ("auto", also where it is missing, "signed" or "legacy"), light
(brightness: "normal", "dim" or "off"), press_guard_ms (0: none) and board: buttons (name to GPIO),
active_low, wake (ext0: GPIO or null, ext1 and gpio: lists of GPIO), light (kind, pin, inverted),
battery (null, or pin, ratio of its divider, low_mv) and usb (null, or the GPIO that is high while
USB powers the board). `key.bin` holds the private scalar (32 bytes big-endian) and the CRC-32 of
scalar and public key (4 bytes big-endian).
"""

import hashlib
import json
from binascii import crc32, unhexlify

from micropython import const

from fob.errors import ConfigError

VERSION = const(2)

# Masks of buttons are kept in one byte.
_BUTTONS = const(8)
_SCALAR = const(32)
_KEY_FILE = const(32 + 4)
_LAST_GPIO = const(48)
_LONGEST_GUARD_MS = const(1000)
_HIGHEST_RATIO = const(20)
_HIGHEST_MV = const(20000)


class Config:
    """Validated configuration; attributes as in the file, keys as bytes, and `brightness`."""

    def __init__(self, fields, private_key):
        self.private_key = private_key
        try:
            self.vin = fields["vin"]
            self.public_key = unhexlify(fields["public_key"])
            self.role = _number(fields["role"], 1, 255)
            self.form_factor = _number(fields["form_factor"], 1, 255)
            self.enrol = _one_of(fields["enrol"], ("role", "permissions"))
            self.protocol = _one_of(fields.get("protocol", "auto"), ("auto", "signed", "legacy"))
            self.brightness = _one_of(fields["light"], ("normal", "dim", "off"))
            self.press_guard_ms = _number(fields["press_guard_ms"], 0, _LONGEST_GUARD_MS)
            if len(self.vin) != 17 or len(self.public_key) != 65:
                raise ValueError
            self._read_board(fields["board"])
        except (AttributeError, KeyError, TypeError, ValueError):
            raise ConfigError("fob.json is incomplete: run `fob provision`")

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
        battery = board["battery"]
        self.battery = None
        if battery is not None:
            self.battery = {
                "pin": _pin(battery["pin"]),
                "ratio": _number(battery["ratio"], 1, _HIGHEST_RATIO),
                "low_mv": _number(battery["low_mv"], 1, _HIGHEST_MV),
            }
        self.usb = None if board["usb"] is None else _pin(board["usb"])


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


def owner(config):
    """Return 4 bytes that tell this key and car from any other."""
    return hashlib.sha1(config.public_key + config.vin.encode()).digest()[:4]


def load(text, key):
    """Return the Config of the two files' contents (bytes, or None where a file is missing)."""
    if text is None:
        raise ConfigError("no fob.json: run `fob provision`")
    fields = _fields(text)
    if fields.get("version") != VERSION:
        raise ConfigError("fob.json is of another version: run `fob provision`")
    if key is None or len(key) != _KEY_FILE:
        raise ConfigError("no usable key.bin: run `fob provision`")
    settings = Config(fields, key[:_SCALAR])
    # Power that went between the two files leaves a new public key beside an old private one,
    # with which pairing could only fail.
    if crc32(key[:_SCALAR] + settings.public_key) != int.from_bytes(key[_SCALAR:], "big"):
        raise ConfigError("key.bin does not belong to fob.json: run `fob provision`")
    return settings


def light(text):
    """Return the light of `light.json` (None where it is missing), None if that is of no use.

    It asks for the laptop where no configuration tells of a light.
    """
    try:
        return _light(_fields(text or b""))
    except (ConfigError, AttributeError, KeyError, TypeError, ValueError):
        return None


def _fields(text):
    try:
        fields = json.loads(text)
    except ValueError:
        raise ConfigError("fob.json is damaged: run `fob provision`")
    if not isinstance(fields, dict):
        raise ConfigError("fob.json is damaged: run `fob provision`")
    return fields

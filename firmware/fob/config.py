"""The configuration a laptop wrote: read here and nowhere else, written by host_tools only.

`fob.json` (version 1) holds: vin, public_key (130 hex digits), role, form_factor, enrol ("role"
or "permissions") and board (buttons, active_low, light). `key.bin` holds the private scalar, 32
bytes big-endian.
"""

import hashlib
import json
from binascii import unhexlify

from micropython import const

from fob.errors import ConfigError

VERSION = const(1)


class Config:
    """Validated configuration; attributes as in the file, keys as bytes."""

    def __init__(self, fields, private_key):
        self.private_key = private_key
        try:
            self.vin = fields["vin"]
            self.public_key = unhexlify(fields["public_key"])
            self.role = int(fields["role"])
            self.form_factor = int(fields["form_factor"])
            self.enrol = fields["enrol"]
            board = fields["board"]
            self.buttons = {name: int(pin) for name, pin in board["buttons"].items()}
            self.active_low = bool(board["active_low"])
            self.light = {name: board["light"][name] for name in ("kind", "pin", "inverted")}
            if len(self.vin) != 17 or len(self.public_key) != 65:
                raise ValueError
            if self.enrol not in ("role", "permissions"):
                raise ValueError
        except (AttributeError, KeyError, TypeError, ValueError):
            raise ConfigError("fob.json is incomplete: run `fob provision`")


def owner(config):
    """Return 4 bytes that tell this key and car from any other."""
    return hashlib.sha1(config.public_key + config.vin.encode()).digest()[:4]


def load(text, private_key):
    """Return the Config of the two files' contents (bytes, or None where a file is missing)."""
    if text is None:
        raise ConfigError("no fob.json: run `fob provision`")
    if private_key is None or len(private_key) != 32:
        raise ConfigError("no usable key.bin: run `fob provision`")
    try:
        fields = json.loads(text)
    except ValueError:
        raise ConfigError("fob.json is damaged: run `fob provision`")
    if not isinstance(fields, dict) or fields.get("version") != VERSION:
        raise ConfigError("fob.json is of another version: run `fob provision`")
    return Config(fields, private_key)

"""Who a fob is: what lies on it of what `fob provision` writes, whole or not."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from host_tools.cable.device import ConsoleError, Device, DeviceError, NoConsole
from host_tools.cable.fob_files import STAGED
from host_tools.failure import Failure, InputError
from host_tools.identity.counter_floor import note_counter
from host_tools.identity.counters import COUNTER_PATHS, unused_from
from host_tools.identity.keys import POINT_LENGTH, Key, key_identifier
from host_tools.identity.provision import (
    CONFIGURATION_PATH,
    KEY_PATH,
    LIGHT_PATH,
    Settings,
    read_key_file,
)

_PATHS = (CONFIGURATION_PATH, LIGHT_PATH, *COUNTER_PATHS, KEY_PATH)
_STATE = "/state/"
# What a wipe leaves that was broken off (firmware/fob/wiping.py).
_WIPING = "/wipe.new"
_MULTIPLYING = 60.0
"""Seconds for a public key that the fob has to work out, on the slowest chip."""


@dataclass(frozen=True)
class Identity:
    """What a board has of a fob's identity.

    files       contents by path, of those of `provision()` that were read; b"" is unreadable.
    resident    the public point of a whole key.bin that was left on the fob, and is not in `files`.
    leftovers   what an earlier run staged and did not put in its place.
    staged      the counter's records among them: the fob may have leased as much.
    state       whether there is anything the firmware wrote, or a wipe has yet to overwrite.
    firmware    whether there is a program to use it.
    """

    files: Mapping[str, bytes] = field(repr=False)
    leftovers: tuple[str, ...] = ()
    staged: tuple[bytes, ...] = field(default=(), repr=False)
    state: bool = False
    firmware: bool = True
    resident: bytes | None = None

    @property
    def settings(self) -> Settings | None:
        """What fob.json says; None where there is none of use."""
        return self._configured[0]

    @property
    def named(self) -> bytes | None:
        """The public key that fob.json names."""
        return self._configured[1]

    @property
    def public(self) -> bytes | None:
        """The public point of the key that lies on the fob, whether or not fob.json names it."""
        return self.resident or (self.key.public if self.key else None)

    @property
    def key(self) -> Key | None:
        """That key itself, where it was read."""
        data = self.files.get(KEY_PATH)
        return None if data is None else read_key_file(data, self.named)

    @property
    def key_state(self) -> Literal["missing", "damaged", "fits", "other"]:
        """How key.bin stands: "fits" is the one that fob.json names, "other" is whole, but fob.json
        is lost or names another."""
        public = self.public
        if public is None:
            return "damaged" if KEY_PATH in self.files else "missing"
        return "fits" if public == self.named else "other"

    @property
    def records(self) -> tuple[bytes | None, ...]:
        """The slots of the message counter."""
        return tuple(self.files.get(path) for path in COUNTER_PATHS)

    @property
    def counter(self) -> int | None:
        """The first value of the counter that is surely unused; None where it is lost."""
        return unused_from(*self.records)

    @property
    def is_blank(self) -> bool:
        """Whether nothing is there that would be anybody's."""
        return not (self.files or self.resident or self.leftovers or self.state)

    @property
    def _configured(self) -> tuple[Settings | None, bytes | None]:
        try:
            return Settings.read(self.files.get(CONFIGURATION_PATH, b""))
        except InputError:
            return None, None


def read_identity(device: Device, *, with_key: bool = False) -> Identity:
    """What lies on the board.

    with_key    read the key, too. Without, it stays where it is, unless it is damaged or there is
                no program yet that could tell whose it is.
    """
    there = device.files()
    resident = None if with_key or KEY_PATH not in there else _resident(device)
    files = {
        path: _read(device, path)
        for path in _PATHS
        if path in there and not (resident and path == KEY_PATH)
    }
    # The firmware stages what it writes, a staged key of its own included.
    staged = [path + STAGED * times for path in _PATHS for times in (1, 2)]
    leftovers = tuple(path for path in staged if path in there)
    return Identity(
        files,
        leftovers=leftovers,
        staged=tuple(_read(device, path) for path in leftovers if path.startswith(_STATE)),
        state=any(path.startswith(_STATE) or path == _WIPING for path in there),
        firmware=any(path.startswith("/fob/") for path in there),
        resident=resident,
    )


def note_seen(identity: Identity) -> None:
    """Note how far the counter of the fob's key may be, for the day a backup of it comes back."""
    for public in {identity.public, identity.named} - {None, b""}:
        if public and identity.counter is not None:
            note_counter(public, identity.counter)


def require_key(identity: Identity) -> tuple[Key, Settings]:
    """The key of a fob that is whole, and its settings. Raises Failure for any other."""
    key, settings = identity.key, identity.settings
    if identity.key_state == "missing":
        raise Failure("this fob has no key", "`fob provision` gives it one.")
    if key is None or settings is None or identity.key_state != "fits":
        raise Failure(
            "this fob's key.bin and fob.json do not belong together", "`fob provision` mends it."
        )
    return key, settings


def named_in(configuration: bytes) -> tuple[str | None, str | None]:
    """VIN and key identifier in a fob.json, as far as it tells them: for people only."""
    try:
        fields = json.loads(configuration)
        vin = fields.get("vin")
        public = bytes.fromhex(fields.get("public_key", ""))
    except (AttributeError, TypeError, ValueError):
        return None, None
    return (vin if isinstance(vin, str) else None, key_identifier(public) if public else None)


def _resident(device: Device) -> bytes | None:
    try:
        told = device.call("whose_key", timeout=_MULTIPLYING).get("public_key")
        public = bytes.fromhex(told or "")
    except (ConsoleError, NoConsole, TypeError, ValueError):
        return None
    return public if len(public) == POINT_LENGTH else None


def _read(device: Device, path: str) -> bytes:
    try:
        return device.read(path) or b""
    except DeviceError as error:
        if error.kind != "board":
            raise
        # The file system knows of it and cannot read it: there, but damaged.
        return b""

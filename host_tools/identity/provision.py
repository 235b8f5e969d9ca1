"""What makes a fob somebody's fob: its configuration and its keys. Nothing else writes them.

fob.json and car.json: settings.py; where they lie: places.py; the counter's files: counters.py.

/light.json: {"kind": ..., "pin": GPIO, "inverted": ...} as in fob.json, by which a fob without a
usable fob.json can still ask for the laptop.

/key.bin, and that of a car with a key of its own: the private scalar of a P-256 key (32 bytes,
big-endian), and the CRC-32 (big-endian) of scalar and public key. public_key in fob.json (car.json)
is its point, uncompressed (65 bytes in hex), which a small chip takes long to compute; the CRC
tells it whether the two files belong together, as they do not where the power went between them.
"""

import time
import zlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from host_tools.board.catalogue import BoardDefinition
from host_tools.failure import InputError
from host_tools.identity.counters import counter_files, restart_counter
from host_tools.identity.keys import KEY_LENGTH, Key, new_key
from host_tools.identity.places import CONFIGURATION_PATH, KEY_PATH, LIGHT_PATH, PLACES
from host_tools.identity.settings import (
    CAR_FIELDS,
    ENROL_FORMS,
    FORM_FACTORS,
    LIGHTS,
    PRESS_GUARD_MOST_MS,
    PROTOCOLS,
    ROLES,
    Car,
    Configuration,
    ProvisionError,
    Settings,
    board_fields,
)
from host_tools.identity.vin import parse_vin

__all__ = [
    "CONFIGURATION_PATH",
    "ENROL_FORMS",
    "FORM_FACTORS",
    "KEY_PATH",
    "LIGHTS",
    "LIGHT_PATH",
    "PRESS_GUARD_MOST_MS",
    "PROTOCOLS",
    "ROLES",
    "ProvisionError",
    "board_fields",
    "key_file",
    "provision",
    "read_key_file",
]


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
    more_cars: Sequence[Mapping[str, Any]] = (),
    clock: Callable[[], float] = time.time,
    **settings: Any,
) -> dict[str, bytes]:
    """The files, path to contents, that make the firmware on `board` the fob of the car `vin`: on
    a board that has no key yet.

    key         a scalar to keep (see `new_key`); a new one otherwise. One from outside may have
                sealed messages before: its counter starts at `restart_counter()`. For a key that
                has been on a fob, add `counter_files(restart_counter(...))` of the records that
                fob has.
    more_cars   what `Car` takes, for each of the cars 2 to 4; with "own_key": True it has a new key
                of its own, otherwise that of the first car.
    settings    what `Car` and `Settings` take.

    Raises InputError.
    """
    of_car = {name: settings.pop(name) for name in CAR_FIELDS if name in settings}
    car = Car(vin=parse_vin(vin), **of_car)
    chosen = Settings(board=board_fields(board), **settings)
    first = 1 if key is None else restart_counter(clock=clock)
    whole = Key.of(new_key() if key is None else key)
    files: dict[str, bytes] = {}
    others = PLACES[1 : 1 + len(more_cars)]
    for place, told in zip(others, more_cars, strict=True):
        fields = {**told, "vin": parse_vin(told["vin"])}
        own = Key.of(new_key()) if fields.pop("own_key", False) else None
        files[place.configuration] = Car(**fields).file(own.public if own else None)
        files |= counter_files(1 if own else first, place.counters)
        if own:
            files[place.key] = key_file(own)
    listed = (1, *(place.number for place in others))
    # In the order in which they are written: until the last one is, what lies there does not fit
    # together, and the firmware does not use it.
    return {
        **files,
        CONFIGURATION_PATH: Configuration(chosen, listed, car, whole.public).file(),
        LIGHT_PATH: chosen.light_file(),
        **counter_files(first),
        KEY_PATH: key_file(whole),
    }

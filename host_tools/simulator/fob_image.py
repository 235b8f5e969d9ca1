"""The flash of a virtual board with a fob on it."""

import json
import random
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from host_tools.board.catalogue import BoardDefinition
from host_tools.identity.counters import counter_files
from host_tools.identity.places import CONFIGURATION_PATH, PLACES
from host_tools.identity.provision import provision
from host_tools.installation.layout import among_compiled, layout_firmware
from host_tools.simulator.flash import FlashImage


@cache
def fob_program(source: bool = False) -> Mapping[str, bytes]:
    """The firmware's files, compiled once in a process; `source`: not compiled at all."""
    # Compiling takes longer than a whole pairing.
    return layout_firmware(source=source)


def fob_flash(
    path: Path,
    vins: Sequence[str],
    definition: BoardDefinition,
    *,
    own_keys: bool = False,
    settings: Mapping[str, Any] | None = None,
    seed: int | None = None,
    source: bool = False,
    files: Mapping[str, bytes] | None = None,
) -> FlashImage:
    """A new flash image at `path` with a fob of the cars `vins` on it; the rest as for Bench."""
    identity = _identity(vins, own_keys, definition, settings or {}, seed)
    others = (files or {}) if source else among_compiled(files or {})
    return FlashImage.create(path, {**fob_program(source), **identity, **others})


def public_key(flash: FlashImage, number: int) -> bytes:
    """That of the key which the fob on a flash has for its car `number`."""
    shared = json.loads(flash.read(CONFIGURATION_PATH))["public_key"]
    own = json.loads(flash.read(PLACES[number - 1].configuration))["public_key"]
    return bytes.fromhex(own or shared)


def _identity(
    vins: Sequence[str],
    own_keys: bool,
    board: BoardDefinition,
    settings: Mapping[str, Any],
    seed: int | None,
) -> dict[str, bytes]:
    vin, *others = vins
    settings = {**settings, "more_cars": [{"vin": each, "own_key": own_keys} for each in others]}
    if seed is None:
        return provision(vin, board, **settings)
    # Any 32 bytes below the curve's order are a key; these are new to every car there is.
    key = b"\x01" + random.Random(seed).randbytes(31)
    counters = [counter_files(1, place.counters) for place in PLACES[: len(vins)]]
    files = provision(vin, board, key=key, **settings)
    return files | {path: data for each in counters for path, data in each.items()}

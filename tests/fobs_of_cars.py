"""Files of fobs of several cars, runs on them, and what the firmware would use of what is left."""

import json
from typing import Any

from host_tools.board.catalogue import load_board
from host_tools.failure import InputError
from host_tools.identity.counters import (
    counter_files,
    read_counter_record,
)
from host_tools.identity.key_files import KeyFile
from host_tools.identity.keys import Key
from host_tools.identity.places import PLACES
from host_tools.identity.plan import carry_out, forget
from host_tools.identity.provision import key_file, provision
from host_tools.identity.settings import Car
from tests.fob_of_files import NOW, FobOfFiles, PowerCut, identity_of, plan_for

FIRST_VIN, SECOND_VIN = "5YJ3E1EA0KF000316", "7SAYGDEE7PF000316"
THIRD_VIN, FOURTH_VIN = "5YJ3E1EA1KF000000", "5YJ3E1EA1KF000001"
BOARD = load_board("lolin32-lite")
OLD, NEW, OWN = (Key.of(bytes([number]) * 32) for number in (1, 2, 4))

Active = dict[str, tuple[str, int]]


def fob(*more: str, first: int = NOW + 300, second: int = NOW + 700) -> dict[str, bytes]:
    files = provision(
        FIRST_VIN,
        BOARD,
        key=OLD.scalar,
        more_cars=[{"vin": vin} for vin in more],
        clock=lambda: 2e9,
    )
    if more:
        files |= counter_files(second, PLACES[1].counters)
    return {**files, **counter_files(first), "/fob/app.mpy": b""}


def with_own(first: int = NOW + 300, second: int = 129) -> dict[str, bytes]:
    return {
        **fob(SECOND_VIN, first=first, second=second),
        "/car2/car.json": Car(SECOND_VIN).file(OWN.public),
        "/car2/key.bin": key_file(OWN),
    }


def run(files: dict[str, bytes], **request: Any) -> dict[str, bytes]:
    """The files after a run."""
    return cut_off(files, None, **request)[0]


def cut_off(
    files: dict[str, bytes], cut_at: int | None, **request: Any
) -> tuple[dict[str, bytes], bool]:
    """The files after the power cut in a run, and whether there was one."""
    board = FobOfFiles(files, cut_at)
    identity = identity_of(files)
    number = request.get("forget")
    try:
        if number:
            forget(board, identity, number)  # type: ignore[arg-type]
        else:
            carry_out(board, identity, plan_for(files, **request))  # type: ignore[arg-type]
    except PowerCut:
        return board.board, True
    return board.board, False


def active(files: dict[str, bytes]) -> Active:
    """What the firmware would use: for each VIN the key, and what its counter has reached."""
    try:
        main = json.loads(files["/fob.json"])
    except (KeyError, ValueError):
        return {}
    found: Active = {}
    for place in PLACES:
        if place.number not in main["cars"]:
            continue
        told = json.loads(files.get(place.configuration, b"{}")) or {"vin": None}
        own = place.number == 1 or told.get("public_key")
        public = told.get("public_key") or main["public_key"] or ""
        data = files.get(place.key if own else "/key.bin", b"")
        records = [read_counter_record(files.get(path)) or 0 for path in place.counters]
        if told["vin"] and any(
            key.public.hex() == public and data == key_file(key) for key in keys_in(data)
        ):
            found[told["vin"]] = (public, max(records))
    return found


def keys_in(data: bytes) -> list[Key]:
    try:
        return [Key.of(data[:32])]
    except InputError:
        return []


def imported(key: Key, counter: int | None = None, vin: str | None = None) -> KeyFile:
    return KeyFile(key, encrypted=False, vin=vin, counter=counter)


def left_over(files: dict[str, bytes]) -> list[str]:
    identity = identity_of(files)
    return [*identity.strays, *identity.leftovers]

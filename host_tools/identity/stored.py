"""Who a fob is: what lies on it of what `fob provision` writes, whole or not."""

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

from host_tools.cable.device import ConsoleError, Device, DeviceError, NoConsole
from host_tools.cable.fob_files import STAGED
from host_tools.failure import Failure, InputError
from host_tools.identity.counter_floor import note_counter
from host_tools.identity.counters import read_counter_record, unused_from
from host_tools.identity.keys import POINT_LENGTH, Key, key_identifier
from host_tools.identity.places import CONFIGURATION_PATH, LIGHT_PATH, PLACES, Place
from host_tools.identity.provision import read_key_file
from host_tools.identity.settings import Car, Configuration, Settings, read_car_file

# What a wipe leaves that was broken off (host_tools/cable/wiping.py).
_WIPING = "/wipe.new"
_MULTIPLYING = 60.0
"""Seconds for a public key that the fob has to work out, on the slowest chip."""

KeyState = Literal["missing", "damaged", "fits", "other"]


@dataclass(frozen=True)
class Held:
    """What lies on the fob for one car that it lists.

    car         None where its file is damaged or gone.
    own         whether its key lies in its own place; else it shares that of car 1's.
    named       the public key that its file names, which for a shared one is fob.json.
    resident    the public point of a whole key file that was left on the fob.
    key         the key itself, where it was read.
    damaged     whether there is a key file that is not whole.
    records     the slots of the message counter.
    staged      those of them that were on their way: the fob may have leased as much.
    """

    place: Place
    car: Car | None
    own: bool
    named: bytes | None
    resident: bytes | None
    key: Key | None
    damaged: bool
    records: tuple[bytes | None, ...] = field(repr=False)
    staged: tuple[bytes, ...] = field(repr=False)

    @property
    def number(self) -> int:
        return self.place.number

    @property
    def holder(self) -> int:
        """The number of the place that its key lies in."""
        return self.number if self.own else 1

    @property
    def public(self) -> bytes | None:
        """The public point of the key that lies on the fob, whether or not a file names it."""
        return self.resident or (self.key.public if self.key else None)

    @property
    def key_state(self) -> KeyState:
        """How the key file stands: "fits" is the one that is named, "other" is whole, but what
        should name it is lost or names another."""
        if self.public is None:
            return "damaged" if self.damaged else "missing"
        return "fits" if self.public == self.named else "other"

    @property
    def counter(self) -> int | None:
        """The first value of the counter that is surely unused; None where it is lost."""
        return unused_from(*self.records)

    @property
    def reached(self) -> int:
        """The largest value that the fob may have come to; 0 where nothing tells."""
        # A lease that was on its way into its slot counts; what cannot be read there does not.
        whole = [each for each in self.staged if read_counter_record(each) is not None]
        return unused_from(*self.records, *whole) or 0

    @property
    def title(self) -> str:
        """ "car 2 (5YJ3E1EA0KF000316)"."""
        damaged = f"with a damaged {self.place.configuration[1:]}"
        return f"car {self.number} ({self.car.vin if self.car else damaged})"

    @property
    def is_claimed(self) -> bool:
        """Whether it was ever more than a VIN: `fob image` writes just that."""
        return self.key_state != "missing" or bool(self.named) or any(self.records)


@dataclass(frozen=True)
class Identity:
    """What a board has of a fob's identity.

    files       contents by path, of those of `provision()` that were read; b"" is unreadable.
    residents   the public points of whole key files that were left on the fob, and are not in
                `files`, by the number of their place.
    paths       all that lies in the cars' places.
    leftovers   what an earlier run staged and did not put in its place.
    state       whether there is anything the firmware wrote, or a wipe has yet to overwrite.
    firmware    whether there is a program to use it.
    """

    files: Mapping[str, bytes] = field(repr=False)
    residents: Mapping[int, bytes] = field(default_factory=dict)
    paths: Collection[str] = ()
    leftovers: tuple[str, ...] = ()
    state: bool = False
    firmware: bool = True

    @cached_property
    def configuration(self) -> Configuration | None:
        """What fob.json says; None where there is none of use."""
        try:
            return Configuration.read(self.files.get(CONFIGURATION_PATH, b""))
        except InputError:
            return None

    @property
    def settings(self) -> Settings | None:
        """Those of the whole fob."""
        return self.configuration.settings if self.configuration else None

    @cached_property
    def cars(self) -> dict[int, Held]:
        """What there is of each car that fob.json lists; without one of use, of each that something
        is there of: a key may be among that."""
        known = self.configuration
        if known:
            listed = set(known.cars)
        else:
            listed = {place.number for place in PLACES[1:] if self._has(place)}
            if not listed or self._has(PLACES[0]):
                listed.add(1)
        return {place.number: self._held(place) for place in PLACES if place.number in listed}

    @property
    def strays(self) -> tuple[str, ...]:
        """What is left of cars that fob.json does not list: of a run that was broken off."""
        if self.configuration is None:
            return ()
        return self.outside(self.cars, {held.holder for held in self.cars.values()})

    def outside(self, cars: Collection[int], holders: Collection[int]) -> tuple[str, ...]:
        """What belongs to none of these cars, the keys first; a key belongs where a number among
        `holders` is that of its place. Staged files are not looked at."""
        keys = [
            place.key
            for place in PLACES
            if place.number not in holders
            and (place.key in self.files or place.number in self.residents)
        ]
        others = [
            path
            for path in self.paths
            for place in PLACES
            if place.holds(path) and place.number not in cars
        ]
        return (*keys, *(path for path in others if path not in (*keys, *self.leftovers)))

    @property
    def is_blank(self) -> bool:
        """Whether nothing is there that would be anybody's."""
        return not (self.files or self.residents or self.leftovers or self.state)

    def using(self, public: bytes | None) -> list[Held]:
        """The cars that are to know this key."""
        held = self.cars.values()
        return [each for each in held if public and public in (each.public, each.named)]

    def _has(self, place: Place) -> bool:
        own = [place.configuration] if place.folder else []
        return place.number in self.residents or any(
            path in self.files for path in (place.key, *place.counters, *own)
        )

    def _held(self, place: Place) -> Held:
        car, named, own = self._told(place)
        holder = place if own else PLACES[0]
        data = self.files.get(holder.key)
        key = None if data is None else read_key_file(data, named)
        return Held(
            place,
            car,
            own,
            named or None,
            self.residents.get(holder.number),
            key,
            damaged=data is not None and key is None,
            records=tuple(self.files.get(path) for path in place.counters),
            staged=tuple(
                self.files[path + STAGED] for path in place.counters if path + STAGED in self.files
            ),
        )

    def _told(self, place: Place) -> tuple[Car | None, bytes | None, bool]:
        """The car of a place, the key named for it, and whether that is its own."""
        main = self.configuration
        shared = main.public if main else None
        if not place.folder:
            return (main.car if main else None), shared, True
        try:
            car, public = read_car_file(self.files.get(place.configuration, b""))
        except InputError:
            own = place.key in self.files or place.number in self.residents
            return None, (None if own else shared), own
        return car, public or shared, bool(public)


def read_identity(device: Device, *, with_key: bool = False) -> Identity:
    """What lies on the board.

    with_key    read the keys, too. Without, each stays where it is, unless it is damaged or there
                is no program yet that could tell whose it is.
    """
    there = device.files()
    keys = [] if with_key else [place for place in PLACES if place.key in there]
    told = {place.number: _resident(device, place.number) for place in keys}
    residents = {number: public for number, public in told.items() if public}
    left_there = {place.key for place in keys if place.number in residents}
    paths = [path for path in _paths() if path in there and path not in left_there]
    # The firmware stages what it writes, a staged key of its own included.
    staged = [path + STAGED * times for path in _paths() for times in (1, 2)]
    of_cars = [path for path in there if any(place.holds(path) for place in PLACES)]
    leases = [path + STAGED for place in PLACES for path in place.counters]
    return Identity(
        {path: _read(device, path) for path in [*paths, *(p for p in leases if p in there)]},
        residents=residents,
        paths=of_cars,
        leftovers=tuple(path for path in staged if path in there),
        state=bool(of_cars) or any(path.startswith("/state/") or path == _WIPING for path in there),
        firmware=any(path.startswith("/fob/") for path in there),
    )


def note_seen(identity: Identity) -> None:
    """Note how far the counters of the fob's keys may be, for the day a backup comes back."""
    for held in identity.cars.values():
        for public in {held.public, held.named} - {None, b""}:
            if public and held.counter is not None:
                note_counter(public, held.counter)


def require_key(held: Held) -> tuple[Key, Car]:
    """The key of a car for which the fob is whole, and the car. Raises Failure for any other."""
    if held.key_state == "missing":
        raise Failure("this fob has no key", "`fob provision` gives it one.")
    if held.key is None or held.car is None or held.key_state != "fits":
        raise Failure(
            "this fob's key.bin and fob.json do not belong together", "`fob provision` mends it."
        )
    return held.key, held.car


def place_asked(number: int) -> dict[str, Any]:
    """How the fob's console is told whose key is meant: firmware that knows one car only is not
    told of it."""
    return {} if number == 1 else {"car": number}


def named_in(configuration: bytes) -> tuple[str | None, str | None]:
    """VIN and key identifier in a fob.json, as far as it tells them: for people only."""
    try:
        fields = json.loads(configuration)
        vin = fields.get("vin")
        public = bytes.fromhex(fields.get("public_key") or "")
    except (AttributeError, RecursionError, TypeError, ValueError):
        return None, None
    return (vin if isinstance(vin, str) else None, key_identifier(public) if public else None)


def _paths() -> list[str]:
    """What `provision()` writes, of every place."""
    files = [CONFIGURATION_PATH, LIGHT_PATH]
    for place in PLACES:
        own = [place.configuration] if place.folder else []
        files += [*own, *place.counters, place.key]
    return files


def _resident(device: Device, number: int) -> bytes | None:
    asked = place_asked(number)
    try:
        told = device.call("whose_key", timeout=_MULTIPLYING, **asked).get("public_key")
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

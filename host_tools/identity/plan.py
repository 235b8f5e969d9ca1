"""What a run of `fob provision` or `fob cars forget` changes on a fob, and the change itself.

What must hold, wherever the power goes: no nonce comes twice, no key is lost that exists nowhere
else without its owner's word, and the firmware never uses half an identity. Hence the order: all
is staged beside what is there, then renamed in one go.

    a car that comes in addition    its folder, then fob.json, which lists it
    a key that is replaced          what names it (fob.json, car.json), the counters, the key file:
                                    from the first to the last the firmware leaves the key alone
    a key of one's own, in place of the shared one      the key file, then car.json
    a car that is forgotten         fob.json, then its key and its folder are removed

What lies where a car has its files that fob.json does not list goes away with the next run.

The counter's rules: with a new key it may stay where it is, for it only grows; a key that comes
from outside, or whose fob.json was lost or replaced by half a run, goes on at `restart_counter()`,
and so it does with a car that comes in addition or gets another VIN, for the key may have been that
car's before. That holds for each car that shares the key. Where the key is the one that is there
already, the counters go up before anything else. A lost counter is restored only when asked
(`repair`), because the fob's own records then are no bound any more.
"""

import contextlib
import hashlib
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from host_tools.cable.device import Device, DeviceError
from host_tools.cable.fob_files import STAGED
from host_tools.failure import Failure, InputError
from host_tools.identity.counter_floor import counter_floor, note_counter
from host_tools.identity.counters import read_counter_record
from host_tools.identity.keys import Key
from host_tools.identity.places import CONFIGURATION_PATH, LIGHT_PATH, PLACES, Place
from host_tools.identity.plan_keys import Choice, Counters, Source, choose_key, plan_counters
from host_tools.identity.provision import key_file
from host_tools.identity.request import (
    Request,
    check_cars,
    chosen_car,
    settings_of,
    without_car,
)
from host_tools.identity.settings import Car, Configuration, Settings
from host_tools.identity.stored import Held, Identity, note_seen, place_asked

__all__ = ["Plan", "Request", "Target", "carry_out", "clean", "forget", "make_plan"]

_MAKING_A_KEY = 60.0
"""Seconds: a multiplication on the curve, on the slowest chip."""


@dataclass(frozen=True)
class Target:
    """What shall be of one car.

    car         None where its file is damaged, and stays so.
    holder      the number of the place that its key lies in.
    """

    place: Place
    car: Car | None
    holder: int


@dataclass(frozen=True)
class Plan:
    """What a run would do; plan_report.py puts it in words.

    cars        those that fob.json will list, by number.
    number      the car that it is about; None: of several none.
    source      where the key of that car comes from.
    publics     the point that is named for each place that holds a key, by number; None while the
                fob has yet to make it.
    key         that car's key; None where it stays on the fob, or is yet to be made there.
    """

    settings: Settings
    cars: Mapping[int, Target]
    number: int | None
    source: Source
    publics: Mapping[int, bytes | None]
    key: Key | None
    counters: Counters

    @property
    def target(self) -> Target | None:
        """What shall be of the car that it is about."""
        return None if self.number is None else self.cars[self.number]

    @property
    def public(self) -> bytes | None:
        """The point of that car's key."""
        return self.publics[self.target.holder] if self.target else None

    def begins_at(self, number: int | None) -> int | None:
        """The first value of a car's counter, where this run sets it."""
        slots = self.counters.slots.get(number or 0, {}).values()
        return max((read_counter_record(each) or 0 for each in slots), default=None)

    def adds(self, identity: Identity) -> bool:
        """Whether it makes a fob of some cars one of more."""
        return (
            not identity.is_blank and self.number is not None and self.number not in identity.cars
        )


def make_plan(
    identity: Identity,
    request: Request,
    *,
    chip: str | None,
    clock: Callable[[], float] = time.time,
    floor: Callable[[bytes], int] = counter_floor,
) -> Plan:
    """What `request` means for the fob `identity`, on a board with `chip` (None: unknown).

    clock, floor    Unix time, and what this computer knows of the counter of a public key.

    Raises InputError, or Failure, for what cannot be or has to be asked for by another option.
    """
    settings = settings_of(identity, request, chip)
    number = chosen_car(identity, request)
    choice = None if number is None else choose_key(identity, request, number)
    cars = {
        each.number: Target(each.place, each.car, each.holder) for each in identity.cars.values()
    }
    if number is not None and choice is not None:
        car = _car(identity, request, identity.cars.get(number))
        cars[number] = Target(PLACES[number - 1], car, choice.holder)
    cars = dict(sorted(cars.items()))
    check_cars(settings, cars)
    counters = plan_counters(
        identity,
        request,
        number,
        choice,
        {each: target.holder for each, target in cars.items()},
        moved=_moved(identity, cars),
        clock=clock,
        floor=floor,
    )
    return Plan(
        settings,
        cars,
        number,
        choice.source if choice else "kept",
        _publics(identity, cars, choice),
        choice.key if choice else None,
        counters,
    )


def files_to_write(identity: Identity, plan: Plan, public: bytes | None) -> dict[str, bytes]:
    """What the laptop writes, path to contents, in the order in which it is to be put in place.

    public      the point of the key of the car that the run is about; the key itself is left out
                where the fob has it already.
    """
    holder = plan.target.holder if plan.target else None
    publics = {**plan.publics, **({holder: public} if holder else {})}
    first = plan.cars.get(1)
    listed = tuple(plan.cars)
    files = {
        CONFIGURATION_PATH: Configuration(
            plan.settings, listed, first.car if first else None, publics.get(1) or b""
        ).file(),
        LIGHT_PATH: plan.settings.light_file(),
    }
    for number, target in plan.cars.items():
        if target.place.folder and target.car:
            own = publics[number] if target.holder == number else None
            files[target.place.configuration] = target.car.file(own)
        files |= plan.counters.slots.get(number, {})
    fresh = [
        target.place for target in plan.cars.values() if target.place.number not in identity.cars
    ]
    known = (
        None
        if any(place.number == holder for place in fresh)
        else identity.residents.get(holder or 0)
    )
    if holder and plan.key is not None and public != known:
        files[PLACES[holder - 1].key] = key_file(plan.key)
    # What lies where a car comes in addition is nobody's, even where it is the same.
    changed = {
        path: data
        for path, data in files.items()
        if data != identity.files.get(path) or any(place.holds(path) for place in fresh)
    }
    return {path: changed[path] for path in in_order(identity, plan, changed)}


def in_order(
    identity: Identity, plan: Plan, paths: Sequence[str] | Mapping[str, bytes]
) -> list[str]:
    """Paths in the order in which what is staged is to be put in place; see above."""

    def turn(path: str) -> int:
        for number, target in plan.cars.items():
            held = identity.cars.get(number)
            place = target.place
            is_key, is_counter = path == place.key, path in place.counters
            if held is None and not identity.is_blank:
                if is_counter or (place.folder and place.holds(path)):
                    return 0
            elif is_counter:
                return 1 if number in plan.counters.raised else 4
            if is_key:
                gains = held is not None and held.holder != target.holder == number
                return 1 if gains else 5
            if place.folder and path == place.configuration:
                return 2
        return 3

    return sorted(paths, key=turn)


def carry_out(
    device: Device,
    identity: Identity,
    plan: Plan,
    *,
    before_commit: Callable[[], None] = lambda: None,
) -> bytes | None:
    """Make the fob what `plan` says, in the session in which `identity` was read; the public key of
    the car that it is about.

    before_commit   is called when all lies staged on the fob and nothing is changed yet; what it
                    raises ends the run there.
    """
    staged: list[str] = []
    public = plan.public
    try:
        if plan.source == "on-device" and plan.target:
            public = _have_key_made(device, plan, plan.target.holder, staged)
        for path, data in files_to_write(identity, plan, public).items():
            if path not in staged:
                staged.append(path)
                device.stage(path, data)
        _check_unchanged(device, identity, staged)
        before_commit()
    except BaseException as error:
        # What was staged would do no harm, but a key does not belong where nobody looks for it.
        if not isinstance(error, DeviceError) or error.kind == "full":
            with contextlib.suppress(Failure):
                device.remove([path + STAGED for path in staged])
        raise
    for number, target in plan.cars.items():
        begins, known = plan.begins_at(number), plan.publics[target.holder] or public
        if begins is not None and known:
            note_counter(known, begins)
    # A counter goes back only once the key that it was for is gone.
    over = {PLACES[plan.cars[each].holder - 1].key for each in plan.counters.over}
    strays = [path for path in identity.strays if path not in staged]
    if over or strays:
        device.remove([*over, *strays])
    gone = [path for path in identity.leftovers if path.removesuffix(STAGED) not in staged]
    device.commit(in_order(identity, plan, staged), [*gone, *_folders(identity, plan.cars)])
    return public


def clean(device: Device, identity: Identity) -> None:
    """Remove what runs left that were broken off."""
    device.remove([*identity.strays, *identity.leftovers, *_folders(identity, identity.cars)])


def forget(device: Device, identity: Identity, number: int) -> None:
    """Remove a car, in the session in which `identity` was read. Raises Failure for the only one,
    and where fob.json tells nothing."""
    known = identity.configuration
    if known is None:
        raise Failure("the fob's fob.json is damaged", "`fob provision` mends it first.")
    left = {each: held for each, held in identity.cars.items() if each != number}
    if not left:
        raise Failure("it is the fob's only car", "`fob wipe` removes it, and all else with it.")
    holders = {held.holder for held in left.values()}
    listing = Configuration(
        without_car(known.settings, number),
        tuple(left),
        known.car if 1 in left else None,
        known.public if 1 in holders else b"",
    )
    note_seen(identity)
    device.stage(CONFIGURATION_PATH, listing.file())
    gone = [path for path in identity.leftovers if path != CONFIGURATION_PATH + STAGED]
    removed = [*identity.outside(left, holders), *gone, *_folders(identity, left)]
    device.commit([CONFIGURATION_PATH], removed)


def _have_key_made(device: Device, plan: Plan, holder: int, staged: list[str]) -> bytes:
    # The counters do not depend on it, and make the folder that the fob writes it to.
    for path, data in plan.counters.slots.get(holder, {}).items():
        staged.append(path)
        device.stage(path, data)
    made = device.call("new_key", timeout=_MAKING_A_KEY, **place_asked(holder))
    staged.append(PLACES[holder - 1].key)
    return bytes.fromhex(made["public_key"])


def _folders(identity: Identity, cars: Mapping[int, object]) -> list[str]:
    """Folders that are empty once what belongs to none of `cars` is removed."""
    return [
        place.folder
        for place in PLACES[1:]
        if place.number not in cars and any(map(place.holds, identity.paths))
    ]


def _check_unchanged(device: Device, identity: Identity, staged: Sequence[str]) -> None:
    """A fob that ran since it was read, while its owner was thinking, may have used its counter;
    and a file that is not there must not stop the renaming half-way."""
    counters = [path for held in identity.cars.values() for path in held.place.counters]
    readable = [path for path in counters if identity.files.get(path) != b""]
    found = device.hashes([*readable, *(path + STAGED for path in staged)])
    for path in readable:
        record = identity.files.get(path)
        if found[path] != (record and hashlib.sha256(record).hexdigest()):
            raise Failure("the fob was used meanwhile; nothing was changed", "Run it again.")
    if None in [found[path + STAGED] for path in staged]:
        raise Failure("what was written is not on the fob; nothing was changed", "Run it again.")


def _car(identity: Identity, request: Request, held: Held | None) -> Car:
    """What the fob is to be to the car that the request is about."""
    before = held.car if held else None
    given = request.vin if request.vin and len(request.vin) > 1 else None
    vin = request.change_vin or given or (before.vin if before else None)
    if vin is None and request.key is not None:
        vin = request.key.vin
    if vin is None:
        raise InputError("the VIN of that car is not known", "Name it by --change-vin.")
    for other in identity.cars.values():
        if other is not held and other.car and other.car.vin == vin:
            raise InputError(
                f"{vin} is {other.title} already",
                f"`fob cars forget {other.number}` takes it from there.",
            )
    return replace(before or Car(vin), vin=vin, **request.of_car)


def _moved(identity: Identity, cars: Mapping[int, Target]) -> set[int]:
    """The cars whose VIN becomes another: their key may have been that other car's before."""
    return {
        each.number
        for each in identity.cars.values()
        if each.car and each.car.vin != getattr(cars[each.number].car, "vin", None)
    }


def _publics(
    identity: Identity, cars: Mapping[int, Target], choice: Choice | None
) -> dict[int, bytes | None]:
    """The point that is to be named for each place that holds a key."""
    found: dict[int, bytes | None] = {}
    for held in identity.cars.values():
        # Where half a run left another one than is named, the one that is there is named.
        found[held.holder] = held.public or held.named
    if choice:
        found[choice.holder] = choice.public
    used = {target.holder for target in cars.values()}
    return {holder: public for holder, public in found.items() if holder in used}

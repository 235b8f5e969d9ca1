"""Which key a car is to have, and where the counter of each car that knows it goes on: the rules
that plan.py tells of."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Literal

from host_tools.failure import Failure, InputError
from host_tools.identity.counters import (
    COUNTER_MAX,
    counter_files,
    counter_record,
    read_counter_record,
    restart_counter,
)
from host_tools.identity.keys import Key, key_identifier, new_key
from host_tools.identity.places import PLACES
from host_tools.identity.request import Request
from host_tools.identity.stored import Held, Identity

Source = Literal["kept", "generated", "imported", "on-device"]

_ENOUGH_LEFT = 1 << 20
"""A new key whose counter has no more values than this starts over."""
_REMOVE_IN_CAR = "Remove it there (Controls, Locks), then run again with --replace-key and pair."


@dataclass(frozen=True)
class Choice:
    """The key of the car that a run is about.

    holder  the number of the place that it lies in.
    public  its point; None while the fob has yet to make it.
    key     None where it stays on the fob, or is yet to be made there.
    """

    source: Source
    holder: int
    public: bytes | None
    key: Key | None


def choose_key(identity: Identity, request: Request, number: int) -> Choice:
    """The key for car `number`. Raises InputError, Failure."""
    held = identity.cars.get(number)
    shared = [each.public for each in identity.cars.values() if each.holder == 1]
    alone = held is not None and len(identity.cars) == 1
    if request.own_key and request.key and not alone and request.key.key.public in shared:
        raise InputError(
            "that key is the shared one, and no car's own",
            "Leave --own-key out, or name another by --key.",
        )
    if held is None:
        return _for_new_car(identity, request, number)
    sharing = [
        each for each in identity.cars.values() if each.holder == held.holder and each != held
    ]
    if request.own_key and sharing:
        if held.number == 1:
            others = ", ".join(each.title for each in sharing)
            instead = " and ".join(f"`fob provision --vin {n.number} --own-key`" for n in sharing)
            raise InputError(
                f"the key of car 1 is the one that it shares with {others}",
                f"Give a key of its own to the other instead: {instead}.",
            )
        return _new(request, number)
    return _for_known_car(held, request)


def _for_new_car(identity: Identity, request: Request, number: int) -> Choice:
    sharing = next((each for each in identity.cars.values() if each.holder == 1), None)
    same = request.key and sharing and request.key.key.public == sharing.public
    own = request.own_key or request.on_device or (request.key and not same)
    if sharing is None or own:
        return _new(request, number)
    if sharing.key_state in ("missing", "damaged"):
        raise Failure(
            "the key that this car would share is damaged or gone",
            f"Mend it first: `fob provision --vin {sharing.number}`. Or add --own-key.",
        )
    if request.key is not None:
        return Choice("imported", 1, request.key.key.public, request.key.key)
    _refuse_backup(request)
    return Choice("kept", 1, sharing.public, sharing.key)


def _for_known_car(held: Held, request: Request) -> Choice:
    state = held.key_state
    if request.repair and state == "missing" and request.key is None:
        raise InputError(
            "this fob has no key, and so no counter to repair", "Leave --repair out to give it one."
        )
    # Over a damaged key file, the key that is named for it is no other one.
    known = held.public or held.named
    if request.key is not None:
        if state != "missing" and request.key.key.public != known:
            _require_replacement(held, request)
        return _new(request, held.holder)
    if request.on_device or request.replace_key:
        if state != "missing":
            _require_replacement(held, request)
        return _new(request, held.holder)
    if state == "damaged":
        raise Failure(
            f"the fob's {PLACES[held.holder - 1].key[1:]} is damaged",
            "Restore the key by --key BACKUP, or take a new one by --replace-key and pair it.",
        )
    if state == "missing":
        return _new(request, held.holder)
    _refuse_backup(request)
    return Choice("kept", held.holder, held.public, held.key)


def _new(request: Request, holder: int) -> Choice:
    """A key that was not there."""
    if request.key is not None:
        return Choice("imported", holder, request.key.key.public, request.key.key)
    if request.on_device:
        return Choice("on-device", holder, None, None)
    key = Key.of(new_key())
    return Choice("generated", holder, key.public, key)


def _refuse_backup(request: Request) -> None:
    if request.backup:
        raise InputError("the fob keeps its key", "`fob key backup FILE` copies that.")


def _require_replacement(held: Held, request: Request) -> None:
    if request.replace_key:
        return
    public = held.public or held.named
    name = f" ({key_identifier(public)})" if public else ""
    raise InputError(f"the fob has a key already{name}, and the car lists it", _REMOVE_IN_CAR)


@dataclass(frozen=True)
class Counters:
    """What becomes of the counters.

    slots       to write: number of the car, path, contents.
    raised      cars that keep their key, whose counter goes up.
    over        cars whose counter goes back to the beginning.
    """

    slots: Mapping[int, Mapping[str, bytes]] = field(repr=False)
    raised: frozenset[int]
    over: frozenset[int]


def plan_counters(
    identity: Identity,
    request: Request,
    number: int | None,
    choice: Choice | None,
    holders: Mapping[int, int],
    *,
    moved: Collection[int],
    clock: Callable[[], float],
    floor: Callable[[bytes], int],
) -> Counters:
    """What becomes of the counter of each car.

    number, choice  the car that the run is about and its key, if it is about one.
    holders         for each car that is to be, the number of the place that its key lies in.
    moved           cars that keep their number and get another VIN.

    Raises InputError, Failure.
    """

    def restart(car: int, public: bytes, backed_up: int | None) -> dict[str, bytes]:
        records = [*identity.using(public), *filter(None, [identity.cars.get(car)])]
        reached = max((each.reached for each in records), default=0)
        known = max(backed_up or 0, floor(public), reached)
        first = restart_counter(backed_up=known, clock=clock)
        return counter_files(first, PLACES[car - 1].counters)

    slots: dict[int, Mapping[str, bytes]] = {}
    raised, over = set(), set()
    for car, holder in holders.items():
        held = identity.cars.get(car)
        public, source = held.public if held else None, "kept"
        if choice and (holder == choice.holder or (public and choice.public == public)):
            public, source = choice.public, choice.source
        if source == "imported" and public:
            slots[car] = restart(car, public, request.key.counter if request.key else None)
            raised |= {car} if held and held.public == public else set()
        elif source != "kept":
            slots[car], starts_over = _with_new_key(held, car)
            over |= {car} if starts_over else set()
        elif public and (held is None or _is_to_be_raised(held, request, number)):
            slots[car] = restart(car, public, None)
            raised.add(car)
        elif held and public and held.counter is None:
            if car == number:
                raise Failure(
                    "the fob's message counter is lost",
                    "`fob provision --repair` has it go on where it cannot have been yet.",
                )
        elif public and car in moved:
            slots[car] = restart(car, public, None)
            raised.add(car)
    return Counters(slots, frozenset(raised), frozenset(over))


def _is_to_be_raised(held: Held, request: Request, number: int | None) -> bool:
    """Whether the counter goes on past all that its records tell, with the key that is there."""
    repairs = request.repair and number in (None, held.number)
    return held.key_state == "other" or (repairs and bool(_lost(held)))


def _with_new_key(held: Held | None, car: int) -> tuple[dict[str, bytes], bool]:
    if held is None:
        return counter_files(1, PLACES[car - 1].counters), False
    reached = held.counter or 1
    if reached > COUNTER_MAX - _ENOUGH_LEFT:
        return counter_files(1, held.place.counters), True
    # What is readable stays, and what is not goes past it as if the old key lived on: cut off in
    # between, it does.
    return {path: counter_record(reached) for path in _lost(held)}, False


def _lost(held: Held) -> list[str]:
    slots = zip(held.place.counters, held.records, strict=True)
    return [path for path, record in slots if read_counter_record(record) is None]

"""What a plan of `fob provision` means, in words for its owner."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from typing import Any

from host_tools.identity.actions import ARM
from host_tools.identity.counters import read_counter_record
from host_tools.identity.gestures import used_actions
from host_tools.identity.keys import key_identifier
from host_tools.identity.places import CONFIGURATION_PATH, PLACES
from host_tools.identity.plan import Plan, Request, Target, files_to_write
from host_tools.identity.settings import (
    FORM_FACTORS,
    PASSIVE_LEVELS,
    ROLES,
    VERSION,
    Car,
    Settings,
)
from host_tools.identity.stored import Held, Identity, named_in
from host_tools.identity.vin import vin_warnings

_MOVES_DOORS = {ROLES["owner"], ROLES["driver"], ROLES["guest"]}
_GENUINE_FOBS = {2, 8, 10, 11, 12, 13}
_NEWER_FORMS = range(15, 20)
_LABELS = {
    "vin": "VIN",
    "board": "board",
    "role": "role",
    "form_factor": "form factor",
    "enrol": "enrolled by",
    "protocol": "protocol",
    "light": "light",
    "press_guard_ms": "press guard",
    "warn_open": "tells of what is open",
    "passive": "passive entry",
    "buzzer": "buzzer",
    "vibration": "vibration",
}
_RARE = ("warn_open", "passive", "buzzer", "vibration")
"""Not told of a new fob unless they are chosen."""


@dataclass(frozen=True)
class Change:
    """One line of a plan: what is now (None: nothing), and what then."""

    what: str
    now: str | None
    then: str


def changes(identity: Identity, plan: Plan) -> list[Change]:
    """What would be another on the fob; empty where nothing would."""
    found = [each for target in plan.cars.values() for each in _of_car(identity, plan, target)]
    found += _of_fob(identity, plan)
    for holder in sorted({target.holder for target in plan.cars.values()}):
        found += _of_key(identity, plan, holder)
    for number in plan.cars:
        found += _of_counter(identity, plan, number)
    if not found and plan.source != "on-device":
        # All that is told stays; only the files may be damaged, or written by other tools.
        for path in files_to_write(identity, plan, plan.public):
            there = "out of date" if path == CONFIGURATION_PATH else "damaged"
            now = there if path in identity.files else None
            found.append(Change(path.removeprefix("/"), now, "written anew"))
    return found


def several(identity: Identity, plan: Plan) -> bool:
    """Whether what is said of a car has to say of which."""
    return len(plan.cars) > 1


def notes(identity: Identity, request: Request) -> list[str]:
    """What was found on the fob that its owner should know, a sentence each."""
    found = []
    left = [*identity.strays, *identity.leftovers]
    if any(not path.startswith("/state/") for path in left):
        found.append("An earlier run was cut off; what it left beside the fob's files goes away.")
    for held in identity.cars.values():
        of = "" if len(identity.cars) == 1 else f" of {held.title}"
        if held.key_state == "other" and held.named and held.public and held.own:
            _, named = named_in(identity.files[held.place.configuration])
            found.append(
                f"An earlier replacement of the key{of} was cut off before key {named} was in its"
                f" place: {key_identifier(held.public)} is still there."
            )
        unreadable = [each for each in map(read_counter_record, held.records) if each is None]
        if held.key_state == "fits" and len(unreadable) == 1 and not request.repair:
            found.append(
                f"One of the two records of the message counter{of} cannot be read; the fob mends"
                " that itself when it starts, or --repair does."
            )
        # What a run mends by itself is no news.
        if len(identity.cars) > 1 and identity.settings and held.key_state != "other":
            wrong = wrong_with(held)
            if wrong:
                found.append(f"Car {held.number} has {wrong}; `fob cars` says what mends it.")
    if not identity.firmware:
        found.append("There is no program on this board yet: `fob flash` installs it.")
    return found


def warnings(identity: Identity, request: Request, plan: Plan) -> list[str]:
    """What may be wrong with that, or not wanted, a sentence each; it never stops a run."""
    target = plan.target
    told: list[str] = []
    if target is not None and target.car is not None:
        held = identity.cars.get(target.place.number)
        before = held.car if held else None
        told += _of_listing(before, target.car)
        if request.key is not None and request.key.vin not in (None, target.car.vin):
            told.append(f"The key was backed up from a fob of {request.key.vin}.")
        public = held.public if held else None
        listed_as = (target.car.role, target.car.form_factor)
        if before and public == plan.public and listed_as != (before.role, before.form_factor):
            told.append(
                "A car that lists this key keeps the role and the form factor that it was paired"
                " with: delete the key there (Controls, Locks), then run `fob pair --again`."
            )
        sharing = [
            each.car.vin
            for number, each in plan.cars.items()
            if each.holder == target.holder and number != plan.number and each.car
        ]
        if sharing and held and public != plan.public:
            them = "shares this key: pair it" if len(sharing) == 1 else "share this key: pair each"
            told.append(f"{' and '.join(sharing)} {them} anew, too.")
    passive, was = plan.settings.passive, identity.settings and identity.settings.passive
    if passive and (not was or was["level"] < passive["level"]):
        told.append(
            "Passive entry can be relayed: while it is armed, somebody near you and somebody at the"
            " car can make the car believe that you stand beside it. PIN to Drive keeps it there."
        )
    return told + list(_of_what_is_in_vain(plan))


def wrong_with(held: Held) -> str | None:
    """What a car lacks to be used, as the object of "has"; None for nothing."""
    if held.car is None:
        return f"a damaged {held.place.configuration[1:]}"
    if held.key_state == "missing":
        return "no key"
    if held.key_state == "damaged":
        return "a damaged key"
    if held.key_state == "other":
        return "another key than is named for it"
    return "no message counter" if held.counter is None else None


def _of_what_is_in_vain(plan: Plan) -> Iterator[str]:
    settings = plan.settings
    if settings.passive is None:
        if ARM in used_actions(settings.mapped):
            yield "A button arms passive entry, which is off: --passive unlock switches it on."
        return
    form = settings.passive["form"]
    for number, target in plan.cars.items():
        protocol = target.car.protocol if target.car else "auto"
        if "auto" not in (form, protocol) and (form == "signed") != (protocol == "signed"):
            yield (
                f"Car {number} is spoken to as {protocol} only, which has no answers of the form"
                f" {form}: --passive-form auto."
            )


def _of_listing(before: Car | None, car: Car) -> Iterator[str]:
    if before is None or before.vin != car.vin:
        yield from vin_warnings(car.vin)
    if car.role not in _MOVES_DOORS and (before is None or before.role != car.role):
        yield (
            f"With the role {_shown('role', car.role)} the car is not known to open for this fob;"
            " owner and driver may lock and unlock."
        )
    if before is None or before.form_factor != car.form_factor:
        if car.form_factor in _GENUINE_FOBS:
            yield (
                f"Form factor {car.form_factor} is a genuine key fob's: the car has four places for"
                " those, and this fob would take one."
            )
        elif car.form_factor in _NEWER_FORMS:
            yield (
                f"Form factor {car.form_factor} is new: an older car may refuse it, or give it one"
                " of its four places for genuine key fobs."
            )


def _of_car(identity: Identity, plan: Plan, target: Target) -> Iterator[Change]:
    held = identity.cars.get(target.place.number)
    before, after = held.car if held else None, target.car
    if after is None:
        return
    of = f"car {target.place.number}: " if several(identity, plan) else ""
    for each in fields(Car):
        then = getattr(after, each.name)
        if before is None or getattr(before, each.name) != then:
            now = None if before is None else _shown(each.name, getattr(before, each.name))
            yield Change(of + _LABELS[each.name], now, _shown(each.name, then))


def _of_fob(identity: Identity, plan: Plan) -> Iterator[Change]:
    before, after = identity.settings, plan.settings
    for each in fields(Settings):
        if each.name == "gestures":
            yield from _of_gestures(before, after)
            continue
        value = getattr(after, each.name)
        now = None if before is None else _shown(each.name, getattr(before, each.name))
        then = _shown(each.name, value)
        unsaid = before is None and each.name in _RARE and value == each.default
        if not unsaid and (before is None or getattr(before, each.name) != value):
            then += " (with other pins)" if now == then else ""
            yield Change(_LABELS[each.name], now, then)
    known = identity.configuration
    if known and known.version != VERSION:
        form = "settings' form"
        yield Change(form, f"version {known.version}", f"version {VERSION}")


def _of_gestures(before: Settings | None, after: Settings) -> Iterator[Change]:
    was: Mapping[str, Mapping[str, str]] = before.mapped if before else {}
    if before is None and after.gestures is None:
        return
    for button in {**was, **after.mapped}:
        now, then = was.get(button, {}), after.mapped.get(button, {})
        for gesture in {**now, **then}:
            if now.get(gesture) != then.get(gesture):
                yield Change(f"{button} {gesture}", now.get(gesture), then.get(gesture, "nothing"))


def _of_key(identity: Identity, plan: Plan, holder: int) -> Iterator[Change]:
    place = PLACES[holder - 1]
    users = [number for number, target in plan.cars.items() if target.holder == holder]
    what = "key" if not several(identity, plan) else f"key of car {' and '.join(map(str, users))}"
    mine = plan.target is not None and plan.target.holder == holder
    held = next((each for each in identity.cars.values() if each.holder == holder), None)
    if held is None and mine:
        # It had the one that others share.
        held = identity.cars.get(plan.number or 0)
    there = held.public if held else None
    now = key_identifier(there) if there else "damaged" if place.key in identity.files else None
    public = plan.publics.get(holder)
    if public is None:
        if mine and plan.source == "on-device":
            yield Change(what, now, "a new one, made by the fob")
        return
    then = key_identifier(public)
    if there != public:
        if mine:
            yield Change(what, now, f"{then}, {_HOW.get(plan.source, plan.source)}")
    elif identity.settings is None and held:
        yield Change(what, now, f"{then}, kept")
    elif held and held.named and held.named != public:
        file = place.configuration.removeprefix("/")
        yield Change(f"key in {file}", key_identifier(held.named), then)
    if mine and plan.number is not None and plan.number not in identity.cars and there == public:
        yield Change(f"key of car {plan.number}", None, f"{then}, shared")


_HOW = {"generated": "a new one", "imported": "imported"}


def _of_counter(identity: Identity, plan: Plan, number: int) -> Iterator[Change]:
    begins = plan.begins_at(number)
    if begins is None:
        return
    held = identity.cars.get(number)
    now = None if held is None or held.counter is None else str(held.counter)
    if now is None and held and any(each is not None for each in held.records):
        now = "lost"
    of = f" of car {number}" if several(identity, plan) else ""
    yield Change(f"message counter{of}", now, str(begins))


def _shown(name: str, value: Any) -> str:
    if name == "board":
        return str(value.get("name", "without a name"))
    if name == "warn_open":
        return "yes" if value else "no"
    if name == "passive":
        return "off" if value is None else _passive(value)
    names = {"role": ROLES, "form_factor": FORM_FACTORS}.get(name, {})
    for text, number in names.items():
        if number == value:
            return f"{text} ({number})"
    return f"{value} ms" if name == "press_guard_ms" else str(value)


def _passive(passive: Mapping[str, Any]) -> str:
    level = {number: name for name, number in PASSIVE_LEVELS.items()}[passive["level"]]
    minutes = passive["minutes"]
    form = "" if passive["form"] == "auto" else f", form {passive['form']}"
    end = ", auto secure at the end" if passive["secure_at_end"] else ""
    return f"{level}, for {minutes} minute{'s' * (minutes != 1)} after a press{form}{end}"

"""What a plan of `fob provision` means, in words for its owner."""

from dataclasses import dataclass, fields
from typing import Any

from host_tools.identity.counters import COUNTER_PATHS, read_counter_record
from host_tools.identity.keys import key_identifier
from host_tools.identity.plan import Plan, Request, files_to_write
from host_tools.identity.provision import (
    CONFIGURATION_PATH,
    FORM_FACTORS,
    KEY_PATH,
    LIGHT_PATH,
    ROLES,
    Settings,
)
from host_tools.identity.stored import Identity, named_in
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
    "gestures": "gestures",
    "warn_open": "warns of what is open",
    "passive": "passive entry",
    "buzzer": "buzzer",
    "vibration": "vibration",
}


@dataclass(frozen=True)
class Change:
    """One line of a plan: what is now (None: nothing), and what then."""

    what: str
    now: str | None
    then: str


def changes(identity: Identity, plan: Plan) -> list[Change]:
    """What would be another on the fob; empty where nothing would."""
    before, after = identity.settings, plan.settings
    found = []
    for each in fields(Settings):
        now = None if before is None else _shown(each.name, getattr(before, each.name))
        then = _shown(each.name, getattr(after, each.name))
        if before is None or getattr(before, each.name) != getattr(after, each.name):
            if now == then:
                then = f"{then} (with other pins)"
            found.append(Change(_LABELS[each.name], now, then))
    found += _key(identity, plan)
    if plan.begins_at is not None:
        now = None if identity.counter is None else str(identity.counter)
        if now is None and any(path in identity.files for path in COUNTER_PATHS):
            now = "lost"
        found.append(Change("message counter", now, str(plan.begins_at)))
    if not found and plan.public is not None:
        # All that is told stays; only the files may be damaged.
        for path in files_to_write(identity, plan, plan.public):
            if path in (LIGHT_PATH, KEY_PATH):
                now = "damaged" if path in identity.files else None
                found.append(Change(path.removeprefix("/"), now, "written anew"))
    return found


def _key(identity: Identity, plan: Plan) -> list[Change]:
    there = identity.public
    now = key_identifier(there) if there else "damaged" if KEY_PATH in identity.files else None
    if plan.public is None:
        return [Change("key", now, "a new one, made by the fob")]
    then = key_identifier(plan.public)
    if there != plan.public:
        how = "a new one" if plan.source == "generated" else "imported"
        return [Change("key", now, f"{then}, {how}")]
    if identity.settings is None and plan.source == "kept":
        return [Change("key", now, f"{then}, kept")]
    if identity.named and identity.named != plan.public:
        return [Change("key in fob.json", key_identifier(identity.named), then)]
    return []


def notes(identity: Identity, request: Request) -> list[str]:
    """What was found on the fob that its owner should know, a sentence each."""
    found = []
    if any(not path.startswith("/state/") for path in identity.leftovers):
        found.append("An earlier run was cut off; what it left beside the fob's files goes away.")
    if identity.key_state == "other" and identity.named and identity.public:
        _, named = named_in(identity.files[CONFIGURATION_PATH])
        found.append(
            f"An earlier replacement of the key was cut off before key {named} was in its place:"
            f" {key_identifier(identity.public)} is still there."
        )
    unreadable = [each for each in map(read_counter_record, identity.records) if each is None]
    if identity.key_state == "fits" and len(unreadable) == 1 and not request.repair:
        found.append(
            "One of the two records of the message counter cannot be read; the fob mends that"
            " itself when it starts, or --repair does."
        )
    if not identity.firmware:
        found.append("There is no program on this board yet: `fob flash` installs it.")
    return found


def warnings(identity: Identity, request: Request, plan: Plan) -> list[str]:
    """What may be wrong with that, or not wanted, a sentence each; it never stops a run."""
    before, settings = identity.settings, plan.settings
    told = []
    if before is None or before.vin != settings.vin:
        told += vin_warnings(settings.vin)
    if request.key is not None and request.key.vin not in (None, settings.vin):
        told.append(f"The key was backed up from a fob of {request.key.vin}.")
    if settings.role not in _MOVES_DOORS and (before is None or before.role != settings.role):
        told.append(
            f"With the role {_shown('role', settings.role)} the car is not known to open for this"
            " fob; owner and driver may lock and unlock."
        )
    if before is None or before.form_factor != settings.form_factor:
        if settings.form_factor in _GENUINE_FOBS:
            told.append(
                f"Form factor {settings.form_factor} is a genuine key fob's: the car has four"
                " places for those, and this fob would take one."
            )
        elif settings.form_factor in _NEWER_FORMS:
            told.append(
                f"Form factor {settings.form_factor} is new: an older car may refuse it, or give"
                " it one of its four places for genuine key fobs."
            )
    listed_as = (settings.role, settings.form_factor)
    if before and identity.public == plan.public and listed_as != (before.role, before.form_factor):
        told.append(
            "A car that lists this key keeps the role and the form factor that it was paired with:"
            " delete the key there (Controls, Locks), then run `fob pair --again`."
        )
    return told


def _shown(name: str, value: Any) -> str:
    if name == "board":
        return str(value.get("name", "without a name"))
    names = {"role": ROLES, "form_factor": FORM_FACTORS}.get(name, {})
    for text, number in names.items():
        if number == value:
            return f"{text} ({number})"
    return f"{value} ms" if name == "press_guard_ms" else str(value)

"""The keys that a car lists, in lines for people: from what the firmware's console tells of them.

An entry is a "key" event: slot, key_id and public_key in hex (empty where the car did not tell),
role and form_factor (numbers of proto/), and whether it is the fob's own.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from host_tools.failure import Failure, InputError
from host_tools.protocol import keys_pb2 as keys
from host_tools.protocol import vcsec_pb2 as vcsec

HEADINGS = ("slot", "key id", "role", "listed as", "")
_OURS = "this fob's"
_SLOT_DIGITS = 2


def row(entry: Mapping[str, Any]) -> tuple[str, ...]:
    """One entry, below HEADINGS."""
    return (
        str(entry["slot"]),
        entry["key_id"],
        short_name(keys.Role.DESCRIPTOR, entry["role"], "ROLE_"),
        short_name(vcsec.KeyFormFactor.DESCRIPTOR, entry["form_factor"], "KEY_FORM_FACTOR_"),
        _OURS if entry["ours"] else "",
    )


def short_name(enum: Any, number: Any, prefix: str) -> str:
    """An enum's number in words; the number itself where it has no name."""
    named = enum.values_by_number.get(number) if isinstance(number, int) else None
    return named.name.removeprefix(prefix).replace("_", " ").lower() if named else str(number)


def caution(entries: Sequence[Mapping[str, Any]], entry: Mapping[str, Any]) -> str:
    """What to say of an entry before it is removed; empty for most."""
    forms = vcsec.KeyFormFactor.DESCRIPTOR
    cards = [
        each
        for each in entries
        if "nfc card" in short_name(forms, each["form_factor"], "KEY_FORM_FACTOR_")
    ]
    if cards != [entry]:
        return ""
    return " It is the only key card: without one nobody can add a key to the car."


def chosen(entries: Sequence[Mapping[str, Any]], wanted: str) -> Mapping[str, Any]:
    """The entry of a slot, or of a key id, that is to be removed.

    Raises InputError where there is none, or more than one; Failure for the fob's own.
    """
    if len(wanted) <= _SLOT_DIGITS and wanted.isascii() and wanted.isdigit():
        found = [entry for entry in entries if entry["slot"] == int(wanted)]
    else:
        found = [entry for entry in entries if entry["key_id"] == wanted.lower()]
    if not found:
        raise InputError(
            f"the car lists no key {wanted}", "`fob keys` shows them: take an id or a slot."
        )
    if len(found) > 1:
        raise InputError(f"the car lists the key {wanted} more than once", "Take its slot.")
    (entry,) = found
    if entry["ours"]:
        raise Failure(
            "that is this fob's own key, and a key cannot remove itself from a car",
            "Remove it on the car's screen (Controls, Locks), or with another owner's key.",
        )
    if not entry["public_key"]:
        raise Failure(
            f"the car did not tell the public key of {wanted}",
            "Remove it on the car's screen (Controls, Locks).",
        )
    return entry

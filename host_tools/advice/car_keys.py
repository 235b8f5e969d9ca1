"""The keys that a car lists: what the fob passes on of them, in lines for people, and the request
to remove one.

An entry is a dict: slot, key_id and public_key in hex (empty where the car did not tell), role and
form_factor (numbers of proto/), and whether it is the fob's own.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from google.protobuf.message import DecodeError

from host_tools.failure import Failure, InputError
from host_tools.protocol import keys_pb2 as keys
from host_tools.protocol import vcsec_pb2 as vcsec

HEADINGS = ("slot", "key id", "role", "listed as", "")
_OURS = "this fob's"
_SLOT_DIGITS = 2
_IDENTIFIER = 4
_POINT = 65


def entry_of(event: Mapping[str, Any]) -> dict[str, Any]:
    """The entry in a "key" event of the fob. Raises Failure where the car's word is malformed."""
    told = _decoded(vcsec.WhitelistEntryInfo, event["entry"])
    point = told.publicKey.PublicKeyRaw
    return {
        "slot": event["slot"],
        "key_id": told.keyId.publicKeySHA1[:_IDENTIFIER].hex(),
        "public_key": point.hex() if len(point) == _POINT else "",
        "role": told.keyRole,
        "form_factor": told.metadataForKey.keyFormFactor,
        "ours": event["ours"],
    }


def summary_of(result: Mapping[str, Any]) -> dict[str, int]:
    """How many keys there are, and a bit for each slot in use, from the fob's result. Raises as
    entry_of."""
    told = _decoded(vcsec.WhitelistInfo, result["info"])
    return {
        "count": told.numberOfEntries or len(told.whitelistEntries),
        "slots": told.slotMask,
    }


def removal(entry: Mapping[str, Any]) -> str:
    """The UnsignedMessage, in hex, with which an owner's key has the car forget this one."""
    message = vcsec.UnsignedMessage()
    unwanted = message.WhitelistOperation.removePublicKeyFromWhitelist
    unwanted.PublicKeyRaw = bytes.fromhex(entry["public_key"])
    return message.SerializeToString().hex()


def _decoded(kind: Any, digits: str) -> Any:
    try:
        return kind.FromString(bytes.fromhex(digits))
    except DecodeError as error:
        raise Failure(
            "what the car tells of its keys cannot be read",
            "Try again; if it comes back, something nearby answers for the car.",
        ) from error


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

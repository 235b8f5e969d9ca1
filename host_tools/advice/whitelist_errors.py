"""Why a car does not take a key, or keeps one: WhitelistOperation_information_E in words.

The numbers and their names are those of proto/vcsec.proto; that file's sources say no more about
most of them than the name does, so nor do the words. A car that says no while a key is added or
removed says so with one of these in `whitelistOperationStatus`.
"""

from typing import NamedTuple

from host_tools.protocol import vcsec_pb2 as vcsec

_OWNERS_CARD = "Hold one of the owner's key cards to the reader, not a guest's or a valet's."
_LESS = "Ask for less with `fob provision --role driver`, then pair again."
_ON_THE_SCREEN = "Look at the keys on the car's screen (Controls, Locks) and change it there."
_SERVICE = "Take a role that is not Tesla's service's: `fob provision --role driver`."


class WhitelistError(NamedTuple):
    """One number of the enumeration.

    words       what the car means, a clause without a full stop.
    remedy      what to do about it, a sentence.
    again       whether the same request, sent again, may well succeed: nobody has to change
                anything first but be quicker.
    """

    words: str
    remedy: str
    again: bool = False


WHITELIST_ERRORS = {
    0: WhitelistError(
        "the car refuses the key and gives no reason",
        "Try again; for a car of before 2023 ask in the older form: "
        "`fob provision --enrol permissions`.",
    ),
    1: WhitelistError(
        "the car ran into an error that it does not explain",
        "Restart its screen (hold both scroll wheels of the steering wheel), then pair again.",
    ),
    2: WhitelistError(
        "a key cannot remove itself from the car",
        "Remove it on the car's screen (Controls, Locks) with the key card.",
    ),
    3: WhitelistError(
        "the car's four places for key fobs are taken",
        "Use a phone's place, of which there are more: `fob provision --form-factor android`, "
        "then pair again.",
    ),
    4: WhitelistError(
        "the car's list of keys is full",
        "Delete a key that nobody uses on the car's screen (Controls, Locks), then pair again.",
    ),
    5: WhitelistError("the card that approved it may not add keys", _OWNERS_CARD),
    6: WhitelistError(
        "the car takes the fob's public key for no valid key",
        "Run `fob doctor`; if it finds nothing, make a new key: `fob provision --replace-key`.",
    ),
    7: WhitelistError("the card that approved it may not remove keys", _OWNERS_CARD),
    8: WhitelistError("the card that approved it may not change what keys may do", _OWNERS_CARD),
    9: WhitelistError("the fob asks for more than the card that approved it may do itself", _LESS),
    10: WhitelistError(
        "the fob's key may already do more than the card that approved it", _OWNERS_CARD
    ),
    11: WhitelistError("a key cannot take rights from itself", _ON_THE_SCREEN),
    12: WhitelistError("the car does not list this key", "Pair the fob: `fob pair`."),
    13: WhitelistError(
        "the car lists this key already",
        "Press a button. To start afresh, delete the key on the car's screen (Controls, Locks) "
        "and pair again.",
    ),
    14: WhitelistError(
        "the car adds keys only while the card lies on the reader",
        "Leave the card on the reader until the car's screen has been confirmed.",
        again=True,
    ),
    15: WhitelistError("the car would do this only in its factory mode", _ON_THE_SCREEN),
    16: WhitelistError("the car adds no lasting key in its factory mode", _ON_THE_SCREEN),
    17: WhitelistError("the car removes no lasting key in its factory mode", _ON_THE_SCREEN),
    18: WhitelistError(
        "the car's storage for keys is full",
        "Restart its screen (hold both scroll wheels of the steering wheel), delete a key that "
        "nobody uses, then pair again.",
    ),
    19: WhitelistError(
        "the car takes no key without a role",
        "Ask with a role: `fob provision --enrol role`, then pair again.",
    ),
    20: WhitelistError("the fob asks for a role of Tesla's service", _SERVICE),
    21: WhitelistError("only a key of Tesla's service may add such a key", _SERVICE),
    22: WhitelistError("the car adds keys of Tesla's service only in service mode", _SERVICE),
    23: WhitelistError(
        "the car could not begin to ask for the card",
        "Wake it (open a door), wait a minute, then pair again.",
        again=True,
    ),
    24: WhitelistError(
        "somebody declined the key on the car's screen",
        "Pair again, and confirm there.",
    ),
    25: WhitelistError(
        "no card came to the car's reader in time",
        "Hold the card there only after the fob has asked; `fob pair` asks anew.",
        again=True,
    ),
    26: WhitelistError(
        "nobody confirmed on the car's screen in time",
        "Confirm there as soon as the card has been read; `fob pair` asks anew.",
        again=True,
    ),
    27: WhitelistError(
        "the car is in valet mode",
        "End valet mode on the car's screen, then pair again.",
    ),
    28: WhitelistError(
        "the pairing was cancelled at the car",
        "Pair again, and leave the car's screen alone until it asks.",
    ),
}


# Where the words above are about the card that a key is added with.
_WHILE_REMOVING = {
    0: WhitelistError("the car keeps the key and gives no reason", _ON_THE_SCREEN),
    1: WhitelistError("the car ran into an error that it does not explain", _ON_THE_SCREEN),
    7: WhitelistError(
        "this fob's key may not remove keys",
        "Only an owner's may: remove the other on the car's screen (Controls, Locks), or take "
        "`fob provision --role owner`, delete this fob's key there and pair it again.",
    ),
    10: WhitelistError("that key may do more than this fob's", _ON_THE_SCREEN),
    12: WhitelistError("the car does not list that key", "Look at what it lists: `fob keys`."),
}


def whitelist_error(reason: int) -> WhitelistError:
    """What the car means by the number `reason`, also by one that is not known here."""
    return WHITELIST_ERRORS.get(reason) or WhitelistError(
        f"the car gives a reason that is not known here: number {reason}",
        "A later version of these tools may know it.",
    )


def removal_error(reason: int) -> WhitelistError:
    """What the car means by the number `reason` when it was to remove another key."""
    return _WHILE_REMOVING.get(reason) or whitelist_error(reason)


def reason_name(reason: int) -> str:
    """The number's name in proto/vcsec.proto, for machines; the number itself where it has none."""
    named = vcsec.WhitelistOperation_information_E.DESCRIPTOR.values_by_number.get(reason)
    return named.name if named else str(reason)

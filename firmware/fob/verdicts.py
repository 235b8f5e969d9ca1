"""The car's word on a message, in either protocol: what it may be, and how long it takes."""

from micropython import const

from fob.errors import Refused

_GENERICERROR_CLOSURES_OPEN = const(2)
_GENERICERROR_DISABLED_FOR_USER_COMMAND = const(4)
_GENERICERROR_VEHICLE_NOT_IN_PARK = const(5)
_GENERICERROR_UNAUTHORIZED = const(6)

# Outcomes of one message, the more telling the greater.
SILENT = const(0)
BUSY = const(1)
REFUSED = const(2)
ACCEPTED = const(3)

# What a car says to the question for a session: something that proves nothing, that it does not
# know this key, that it does.
UNPROVEN = const(0)
UNKNOWN = const(1)
KNOWN = const(2)

ANSWER_MS = const(1500)
# Who answers an authenticationRequest goes on listening: most cars say nothing to that.
AUTHENTICATED_MS = const(500)
# How the UnsignedMessage of an authenticationResponse begins.
AUTHENTICATION = b"\x1a"
# After an error without detail, the detail may follow as a message of its own.
DETAIL_MS = const(300)
# How long a busy car wants to be left alone.
BUSY_MS = const(1000)
# How often a message is repeated to a car that is busy or mends its fault.
TRIES = const(4)

# Reasons that no repetition changes, in the owner's words.
_DENIALS = {
    _GENERICERROR_CLOSURES_OPEN: "something is open",
    _GENERICERROR_DISABLED_FOR_USER_COMMAND: "the car's settings do not allow it",
    _GENERICERROR_VEHICLE_NOT_IN_PARK: "the car is not in park",
    _GENERICERROR_UNAUTHORIZED: "this key may not do that",
}


def check(answer):
    """Raise Refused where a decoded FromVCSECMessage names a reason that no repetition changes."""
    if "nominalError" in answer:
        reason = answer["nominalError"].get("genericError", 0)
        raise Refused(_DENIALS.get(reason, "the car refuses the command"), reason)

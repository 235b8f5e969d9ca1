"""The reasons that a car gives for refusing a message, in the owner's words: a fob says the number.

Of the two lists, "error" is GenericError_E of proto/errors.proto, and "fault" MessageFault_E of
proto/universal_message.proto; firmware/fob/dialogue.py and signed_dialogue.py say which.
"""

import re

from host_tools.protocol import errors_pb2, universal_message_pb2

_FORBIDDEN = "the car's settings do not allow it"
_ERRORS: dict[int, str] = {
    errors_pb2.GENERICERROR_CLOSURES_OPEN: "something is open",
    errors_pb2.GENERICERROR_DISABLED_FOR_USER_COMMAND: _FORBIDDEN,
    errors_pb2.GENERICERROR_VEHICLE_NOT_IN_PARK: "the car is not in park",
    errors_pb2.GENERICERROR_UNAUTHORIZED: "this key may not do that",
}
_fault = universal_message_pb2
_FAULTS: dict[int, str] = {
    _fault.MESSAGEFAULT_ERROR_INACTIVE_KEY: "this key is not active",
    _fault.MESSAGEFAULT_ERROR_INSUFFICIENT_PRIVILEGES: "this key may not do that now",
    _fault.MESSAGEFAULT_ERROR_WRONG_PERSONALIZATION: (
        "the car has another VIN: run `fob provision`"
    ),
    _fault.MESSAGEFAULT_ERROR_KEYCHAIN_IS_FULL: "the car has too many keys: delete one",
    _fault.MESSAGEFAULT_ERROR_REMOTE_ACCESS_DISABLED: _FORBIDDEN,
    _fault.MESSAGEFAULT_ERROR_REMOTE_SERVICE_ACCESS_DISABLED: _FORBIDDEN,
    _fault.MESSAGEFAULT_ERROR_COMMAND_REQUIRES_PHYSICAL_PROXIMITY: "go nearer to the car",
}
WORDS: dict[str, dict[int, str]] = {"error": _ERRORS, "fault": _FAULTS}

_SAID = re.compile(r"the car refuses: (?P<list>error|fault) (?P<number>[0-9]{1,10})")


def in_words(text: str) -> str:
    """A line of the fob's, with the reason instead of its number where that is known."""
    return _SAID.sub(_words, text)


def _words(said: re.Match[str]) -> str:
    known = WORDS[said["list"]].get(int(said["number"]))
    return known or f"the car refuses ({said['list']} {said['number']})"

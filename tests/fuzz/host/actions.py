"""Actions and gestures, as somebody types them."""

from collections.abc import Iterator

from google.protobuf.json_format import ParseDict

from host_tools.failure import InputError
from host_tools.identity.actions import content, does, names
from host_tools.identity.gestures import (
    GESTURES,
    check_gestures,
    parse_gesture,
    rows,
    used_actions,
    used_cars,
)
from host_tools.protocol import vcsec_pb2 as vcsec
from tests.fuzz.one_line import one_line
from tests.fuzz.target import host_target

_BUTTONS = ("lock", "unlock", "trunk")


def seeds() -> Iterator[bytes]:
    yield from (f"unlock double={name}".encode() for name in names())
    yield b"both hold = trunk:close+charge-port:close@2"
    yield b"lock single="
    yield b"authenticate:drive:4294967295"


def check(data: bytes) -> str:
    """An action means a message of the official library's; a gesture is one of the fob's."""
    text = data.decode("utf-8", "surrogateescape")
    return f"{_action(text)}; {_gesture(text)}"


def _action(text: str) -> str:
    try:
        said = content(text)
    except InputError as error:
        try:
            does(text)
        except InputError:
            return one_line(error)
        raise AssertionError("described, but not to be had") from error
    message = ParseDict(said, vcsec.UnsignedMessage())
    assert (
        message.IsInitialized()
        and vcsec.UnsignedMessage.FromString(message.SerializeToString()) == message
    )
    assert does(text).isprintable() and does(text)
    return "+".join(said)


def _gesture(text: str) -> str:
    try:
        button, gesture, action = parse_gesture(text, _BUTTONS)
    except InputError as error:
        return one_line(error)
    assert button in (*_BUTTONS, "both") and gesture in GESTURES
    if action is None:
        return f"{gesture} away"
    mapped = {button: {gesture: action}}
    check_gestures(mapped, _BUTTONS)
    assert len(used_actions(mapped)) == 1 and used_cars(mapped) <= {1, 2, 3, 4}
    assert all(each.isprintable() for row in rows(mapped) for each in row)
    return gesture


TARGET = host_target(
    "actions",
    "any text is an action that protobuf can say and a gesture that the fob has, or one line",
    check,
    seeds,
    dictionary=[
        *(name.encode() for name in names()),
        *(b"unlock ", b"lock ", b"both ", b"single=", b"double=", b"triple=", b"hold=", b"@2"),
        *("@²".encode(), "@٢".encode(), b":open", b":move", b"+", b"authenticate:unlock:"),
    ],
    largest=256,
)

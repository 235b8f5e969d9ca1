"""The files that a laptop writes, fob.json and its like, with anything in them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from tests.fuzz.micropython import device_target

_PUBLIC_KEY = "04" + "0123456789abcdef" * 8
_LAMP = {"kind": "pin", "pin": 22, "inverted": True}
_CAR = {
    "version": 3,
    "vin": "5YJ3E1EA1KF000000",
    "public_key": _PUBLIC_KEY,
    "role": 3,
    "form_factor": 7,
    "enrol": "role",
    "protocol": "auto",
}
_BOARD = {
    "buttons": {"lock": 32, "unlock": 33},
    "active_low": True,
    "wake": {"ext0": 32, "ext1": [33], "gpio": []},
    "light": _LAMP,
    "battery": {"pin": 35, "ratio": 2.0, "low_mv": 3400},
    "usb": 4,
    "buzzer": {"kind": "tone", "pin": 5, "inverted": False},
    "vibration": {"pin": 6, "inverted": False},
}
_FOB = {
    **_CAR,
    "cars": [1],
    "light": "dim",
    "press_guard_ms": 150,
    "gestures": {"lock": {"single": "lock"}, "unlock": {"single": "unlock@1", "hold": "trunk"}},
    "actions": {
        "lock": {"RKEAction": 1},
        "unlock": {"RKEAction": 0},
        "trunk": {"closureMoveRequest": {"rearTrunk": 1}},
        "battery": {"keyfobInfo": {}},
    },
    "warn_open": False,
    "passive": {"level": 2, "minutes": 5, "form": "auto", "secure_at_end": True},
    "board": _BOARD,
}
_VALUES = (None, True, 0, 1, -1, 2.5, 1e300, 2**40, "", "1", "lock", [], [1], [[]], {}, {"a": 1})
_TOKENS = (b"null", b"true", b"1.5", b"[]", b"{}", b'""', b"1e99", b"-1", b'"extra":1,', b"\0")


def _seeds() -> Iterator[bytes]:
    """Right ones, and those with one value changed, gone or one too many, anywhere."""
    two = {**_FOB, "cars": [1, 2]}
    second = {**_CAR, "public_key": None}
    yield _files(_FOB)
    yield _files(two, second, _LAMP)
    yield _files(two)
    yield _files(_FOB) + b"\0\0\0" + bytes(36)
    for changed in _changes(_FOB):
        yield _files(changed)
    for changed in _changes(second):
        yield _files(two, changed)
    for changed in _changes(_LAMP):
        yield _files(_FOB, light=changed)


def _changes(content: Any) -> Iterator[Any]:
    """A value with something in it changed."""
    yield from _VALUES
    if not isinstance(content, dict):
        return
    yield {**content, "extra": 1}
    for name in content:
        yield {other: value for other, value in content.items() if other != name}
        for value in _changes(content[name]):
            yield {**content, name: value}


def _files(fob: Any, car: Any = None, light: Any = None) -> bytes:
    texts = [json.dumps(fob), json.dumps(car) if car is not None else ""]
    return "\0".join([*texts, json.dumps(light) if light is not None else ""]).rstrip("\0").encode()


TARGET = device_target(
    "config",
    "Whatever the laptop's files hold: an error that names the remedy, or a configuration of use.",
    _seeds,
    # Enough for thousands of lists in each other: that many no laptop writes.
    heap="1M",
    dictionary=_TOKENS,
    largest=3000,
)

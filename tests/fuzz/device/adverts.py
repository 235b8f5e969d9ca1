"""Advertisements of anything: the car is found by its name and address alone."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

from tests.fuzz.micropython import device_target
from tests.fuzz.target import Finding, Result

_DIGEST = hashlib.sha1(b"5YJ3E1EA1KF000000").digest()[:8].hex()
_NAMES = {b"Tesla 000000", *(f"S{_DIGEST}{last}".encode() for last in "CRDP")}
_ADDRESS = 1
_ADV_IND, _ADV_DIRECT_IND, _SCAN_RSP = 0, 1, 4
_SHORT_NAME, _NAME = 8, 9


def _name(payload: bytes) -> bytes | None:
    """The first name among the structures of an advertisement."""
    while len(payload) >= 2 and payload[0]:
        if payload[1] in (_SHORT_NAME, _NAME):
            return payload[2 : 1 + payload[0]]
        payload = payload[1 + payload[0] :]
    return None


def _model(data: bytes) -> int | str:
    """Which address a search finds; what was heard of the 32 last addresses is remembered."""
    connectable: dict[int, bool] = {}
    found: int | str = "nothing"
    while len(data) > 3:
        who, kind, _, size = data[:4]
        payload, data = data[4 : 4 + size], data[4 + size :]
        kind %= 5
        if kind != _SCAN_RSP:
            if len(connectable) >= 32:
                connectable.clear()
            connectable[who] = kind in (_ADV_IND, _ADV_DIRECT_IND)
        if who in connectable and (who == _ADDRESS or _name(payload) in _NAMES):
            if connectable[who]:
                return who
            found = "full"
    return found


def _judge(data: bytes, answer: int | str) -> Result:
    expected = _model(data)
    if answer != expected:
        return Finding(data, "another peer than the model has", f"{answer} for {expected}")
    return "found" if isinstance(answer, int) else answer


def _advert(who: int, kind: int, payload: bytes = b"") -> bytes:
    return bytes([who, kind, 60, len(payload)]) + payload


def _structure(kind: int, content: bytes) -> bytes:
    return bytes([len(content) + 1, kind]) + content


def _seeds() -> Iterator[bytes]:
    flags = _structure(1, b"\x06")
    for name in sorted(_NAMES):
        for kind in range(5):
            yield _advert(7, kind, flags + _structure(_NAME, name))
        yield _advert(7, 0, flags) + _advert(7, 4, _structure(_SHORT_NAME, name))
        yield _advert(7, 3, flags) + _advert(7, 4, _structure(_NAME, name))
        yield _advert(7, 0, b"\0" + _structure(_NAME, name))
        yield _advert(7, 0, _structure(_NAME, b"x") + _structure(_NAME, name))
        yield _advert(7, 0, _structure(_NAME, name)[:-1])
    yield _advert(_ADDRESS, 0)
    yield _advert(_ADDRESS, 3) + _advert(_ADDRESS, 4)
    yield b"".join(_advert(who, 0) for who in range(2, 40))


TARGET = device_target(
    "adverts",
    "Whatever is advertised, only a name or an address of the car's is taken for the car.",
    _seeds,
    judge=_judge,
    dictionary=(*sorted(_NAMES), b"\x0d\x09", b"\x13\x09", b"\x02\x01\x06"),
    # Hundreds of advertisements are as many tasks of the stand-in.
    heap="1M",
    largest=600,
)

"""The fob's durable state and what it keeps in RTC memory: any bytes in any of its places."""

from __future__ import annotations

import struct
from collections.abc import Iterator

from tests.fuzz.micropython import device_target

# What a place holds, as in far/fuzz_state.py.
_NOTHING, _UNREADABLE, _BYTES, _RECORD, _OWNED = range(5)


def _place(kind: int, raw: bytes = b"") -> bytes:
    return bytes([kind, len(raw)]) + raw


def _slot(number: int) -> bytes:
    return _place(_RECORD, struct.pack(">Q", number))


def _kept(**values: bytes) -> bytes:
    entries = (
        bytes([len(name)]) + name.encode() + struct.pack(">H", len(data)) + data
        for name, data in values.items()
    )
    return _place(_OWNED, b"".join(entries))


def _seeds() -> Iterator[bytes]:
    guard = _place(_RECORD, struct.pack(">BBII", 3, 1, 70000, 0))
    head = struct.pack(">BB6sHHHB", 6, 1, b"\x01" * 6, 17, 19, 20, 3)
    session = _place(_OWNED, head + b"s" * 16 + b"v" * 65)
    journal = _place(_RECORD, b"\x01a line\nanother")
    clock = struct.pack(">16sQIHIi", b"e" * 16, 1000, 50, 1100, 5000, -20)
    lease = struct.pack(">QQ", 200, 150)
    nothing = _place(_NOTHING)
    yield _slot(136) + _slot(200) + guard + session + journal
    yield _slot(136) + _slot(200) + guard + session + journal + _kept(counter=lease, clock=clock)
    yield _slot(200) + _place(_UNREADABLE) + nothing * 3 + _kept(counter=lease, car=head)
    yield _slot(2**32) + _slot(2**32 - 5)
    yield _slot(2**32 - 2) * 2
    yield _slot(2**64 - 1) * 2
    yield nothing * 6
    yield _place(_UNREADABLE) * 6
    yield _place(_BYTES, bytes(13)) * 6


TARGET = device_target(
    "state",
    "Whatever lies in flash and RTC memory: an error in words, and never a lower counter.",
    _seeds,
    dictionary=(bytes(8), b"\xff" * 8, b"counter\x00\x10", b"clock\x00\x26", b"car"),
    largest=700,
    batch=100,
)

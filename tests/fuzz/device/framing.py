"""Reassembly of frames against a model of it, on any bytes in any pieces."""

from __future__ import annotations

from binascii import crc32
from collections.abc import Iterator
from random import Random

from tests.fuzz.micropython import device_target
from tests.fuzz.target import Finding, Result

# As in far/fuzz_framing.py.
_GAP, _DROP = 255, 254
_MAX_MESSAGE = 1024


def _model(data: bytes) -> list[object]:
    """What a reassembler has to tell."""
    told: list[object] = []
    buffer = b""
    received = at = 0
    gap = False
    while at < len(data):
        size, at = data[at], at + 1
        if size in (_GAP, _DROP):
            gap = gap or size == _GAP
            buffer = buffer if size == _GAP else b""
            continue
        piece, at = data[at : at + size], at + size
        buffer = piece if gap else buffer + piece
        received += len(piece)
        gap = False
        while len(buffer) >= 2:
            end = 2 + int.from_bytes(buffer[:2], "big")
            if end - 2 > _MAX_MESSAGE:
                told.append("refused")
                buffer = b""
            elif len(buffer) < end:
                break
            else:
                told.append((received - len(buffer), buffer[2:end]))
                buffer = buffer[end:]
        told.append(len(buffer) > 0)
    return [*told, received]


def _judge(data: bytes, answer: tuple[int, int, int]) -> Result:
    told = _model(data)
    digest, messages, refused = answer
    expected = 0
    for each in told:
        expected = crc32((each if isinstance(each, str) else repr(each)).encode(), expected)
    if expected != digest:
        return Finding(data, "other messages than the pieces hold", f"the model: {told}")
    return f"{min(messages, 5)} messages, {min(refused, 3)} refused, {told[-2:-1]}"


def _seeds() -> Iterator[bytes]:
    random = Random(7)
    for sizes in ((0,), (1, 2, 3), (60, 0, 5), (300, 20), (_MAX_MESSAGE,), (_MAX_MESSAGE + 1,)):
        stream = b"".join(size.to_bytes(2, "big") + random.randbytes(size) for size in sizes)
        for most in (1, 2, 20, 253):
            yield _cut(stream, random, most)
    yield bytes([1, 0, _GAP, 2, 0, 0])
    yield bytes([3, 0, 2, 9, _DROP, 2, 0, 0])


def _cut(stream: bytes, random: Random, most: int) -> bytes:
    pieces = b""
    while stream:
        size = random.randint(1, most)
        pieces += bytes([min(size, len(stream))]) + stream[:size]
        stream = stream[size:]
    return pieces


TARGET = device_target(
    "framing",
    "Frames come out of any bytes in any pieces as a model has it, and what is sent comes back.",
    _seeds,
    judge=_judge,
    dictionary=(b"\x04\x00", b"\x04\x01", b"\x00\x00", b"\xff\xff", bytes([_GAP]), bytes([_DROP])),
    largest=3000,
)

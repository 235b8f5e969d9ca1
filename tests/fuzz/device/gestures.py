"""Levels of buttons at any times: no gesture without the presses that it names."""

from __future__ import annotations

from collections.abc import Iterator

from tests.fuzz.micropython import device_target

_A, _B = 1, 2


def _press(button: int, ms: int = 100, gap_ms: int = 100) -> bytes:
    """Down and up, each seen twice."""
    return bytes([button, 1, button, ms // 10, 0, 1, 0, gap_ms // 10])


def _seeds() -> Iterator[bytes]:
    both = _A | _B
    for mapped in ((0, 0, 0), (_A, 0, 0), (both, _A, both), (_A, both, _B)):
        for start in ((0, 0), (_A, _A), (_A, _A << 4), (0, _A << 4), (both, both << 4)):
            head = bytes([*mapped, *start, 0])
            yield head + _press(_A)
            yield head + _press(_A) * 2 + _press(_B)
            yield head + _press(_A) * 3
            yield head + _press(_A, 1600)
            yield head + _press(_A) + _press(_A, 1600)
            yield head + bytes([_A, 1, both, 1, both, 160, both, 150, both, 250, 0, 1, 0, 1])
            yield head + bytes([_A, 1, _A, 1]) + bytes([_A, 200]) * 9 + _press(_B)
    yield bytes([0, 0, 0, 0, 0, 40]) + _press(_A, 50) + _press(_A, 200)


TARGET = device_target(
    "gestures",
    "Whatever the buttons' levels do, a gesture has had the presses that it names.",
    _seeds,
    largest=400,
    batch=100,
)

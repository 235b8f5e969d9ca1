"""Every state of a session, in both protocols, told whatever a car or a liar may say."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

from tests.fuzz.micropython import device_target

# As many as far/fuzz_sessions.py has, and what ends an answer there.
_STATES, _WISHES = 12, 7
_END = 0xF0


def _seeds() -> Iterator[bytes]:
    """Every wish in every state, of a genuine car or of one that lies first; then single lies."""
    random = Random(7)
    for state in range(_STATES):
        for wish in range(_WISHES):
            yield bytes([state, wish]) + random.randbytes(60 * ((state + wish) % 2))
    for step in range(0, _END, 4):
        said = bytes([step]) + random.randbytes(4) + bytes([_END])
        yield bytes([random.randrange(_STATES), step % _WISHES]) + said * 8


TARGET = device_target(
    "sessions",
    "Whatever a car says in whatever state of the fob: an error in words, and nothing lost.",
    _seeds,
    heap="2M",
    largest=300,
    batch=20,
)

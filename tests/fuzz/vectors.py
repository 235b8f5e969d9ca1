"""Messages of proto/vectors, to start from."""

import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

_VECTORS = Path(__file__).resolve().parents[2] / "proto" / "vectors"
_NAMES = ("frame", "message", "plaintext", "payload", "session_info", "unsigned_message")


@cache
def messages() -> tuple[bytes, ...]:
    """Every message and frame there, of either direction, each once."""
    found = [
        data
        for path in sorted(_VECTORS.glob("*.json"))
        for data in _hexadecimal(json.loads(path.read_text("utf-8")))
    ]
    return tuple(dict.fromkeys(found))


def frames() -> tuple[bytes, ...]:
    """Those that begin with their length."""
    return tuple(each for each in messages() if int.from_bytes(each[:2], "big") == len(each) - 2)


def _hexadecimal(told: Any, name: str = "") -> Iterator[bytes]:
    if isinstance(told, dict):
        for key, value in told.items():
            yield from _hexadecimal(value, key)
    elif isinstance(told, list):
        for value in told:
            yield from _hexadecimal(value, name)
    elif isinstance(told, str) and name in _NAMES:
        yield bytes.fromhex(told)

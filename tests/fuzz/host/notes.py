"""What this computer noted of message counters: a file that may be damaged."""

import contextlib
import json
import tempfile
from collections.abc import Iterator
from pathlib import Path
from unittest.mock import patch

from host_tools.identity.counter_floor import MARGIN, counter_floor, note_counter
from host_tools.identity.counters import COUNTER_MAX
from tests.fuzz.target import host_target

_KEY = b"\x04" + bytes(64)
_NEXT = 1_800_000_000


def seeds() -> Iterator[bytes]:
    with _noted(b"{}") as file:
        note_counter(_KEY, 1000)
        yield file.read_bytes()
    yield b""
    yield b'{"0123456789abcdef": 1, "fedcba9876543210": 2.5, "": [null, true, "text"]}'


def check(data: bytes) -> str:
    """Nothing known at worst; what is noted then counts, and what was noted stays."""
    with _noted(data) as file:
        before = counter_floor(_KEY)
        assert type(before) is int
        note_counter(_KEY, _NEXT)
        after = counter_floor(_KEY)
        assert after == max(before, _NEXT + MARGIN), "a counter that goes back"
        kept = json.loads(file.read_text("utf-8"))
        assert [path.name for path in file.parent.iterdir()] == [file.name], "something is left"
    return f"{len(kept) - 1 > 0}, {0 < before <= COUNTER_MAX}"


@contextlib.contextmanager
def _noted(data: bytes) -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="fob-fuzz-") as name:
        file = Path(name, "counters.json")
        file.write_bytes(data)
        with patch("platformdirs.user_state_path", lambda *_, **__: Path(name)):
            yield file


TARGET = host_target(
    "notes",
    "any file of notes is read as far as it goes, and a counter never goes back",
    check,
    seeds,
    dictionary=(
        b"{",
        b"[" * 300,
        b'"',
        b":",
        b"1e9",
        b"-1",
        b"NaN",
        b"Infinity",
        b"\\ud800",
        b"9" * 5000,
    ),
    largest=1 << 17,
)

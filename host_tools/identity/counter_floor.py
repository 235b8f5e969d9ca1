"""What this computer knows of message counters: below which value a key must not start again.

A key that is restored on a fob starts its counter at the Unix time at least (provision.py). Two
restorations within minutes could meet there, if the fob sealed more than a message a second in
between or lost leases with its power. So each value that was ever given to a key, or seen on a fob,
is noted: a counter of no use to anybody, by the identifier of a public key.
"""

import contextlib
import hashlib
import json
import os
import tempfile
from pathlib import Path

import platformdirs

MARGIN = 1 << 17
"""Added to what is noted: two thousand leases, each lost with the power between two presses."""

_FILE = "counters.json"
_IDENTIFIER_LENGTH = 16


def counter_floor(public_key: bytes) -> int:
    """The smallest value that this key (65 bytes) may start with, as far as this computer knows.

    What cannot be read counts as nothing known: other rules hold as well.
    """
    return _noted().get(_identifier(public_key), 0)


def note_counter(public_key: bytes, upcoming: int) -> None:
    """Note that this key's next counter is, or may be, `upcoming`.

    A computer that cannot keep the note is passed over: it is one more net below the others.
    """
    noted = _noted()
    name = _identifier(public_key)
    noted[name] = max(noted.get(name, 0), upcoming + MARGIN)
    with contextlib.suppress(OSError):
        _write(noted)


def _identifier(public_key: bytes) -> str:
    return hashlib.sha256(public_key).hexdigest()[:_IDENTIFIER_LENGTH]


def _folder() -> Path:
    return platformdirs.user_state_path("open-key-fob", appauthor=False)


def _noted() -> dict[str, int]:
    try:
        content = json.loads((_folder() / _FILE).read_text("utf-8"))
    except (OSError, RecursionError, ValueError):
        return {}
    if not isinstance(content, dict):
        return {}
    return {name: value for name, value in content.items() if type(value) is int}


def _write(noted: dict[str, int]) -> None:
    folder = _folder()
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    # Two commands may run at once: each leaves a whole file.
    handle, fresh = tempfile.mkstemp(dir=folder, prefix=_FILE)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump(noted, file)
        Path(fresh).replace(folder / _FILE)
    except OSError:
        Path(fresh).unlink(missing_ok=True)
        raise

"""The fob's log as its file has it, for a fob whose firmware cannot be asked.

/state/journal: version (1 byte), crashes in a row (1 byte), lines of ASCII divided by line feeds,
CRC-32 of all before (big-endian). See firmware/fob/journal.py.
"""

import zlib
from typing import NamedTuple

JOURNAL_PATH = "/state/journal"
_VERSION = 2
_HEAD = 2
_CRC = 4


class Journal(NamedTuple):
    crashes: int
    """In a row, until now."""
    lines: list[str]
    """Oldest first."""


def read_journal(record: bytes | None) -> Journal:
    """What a file of JOURNAL_PATH says; nothing where there is none, or it is damaged."""
    if record is None or len(record) < _HEAD + _CRC or record[0] != _VERSION:
        return Journal(0, [])
    body = record[:-_CRC]
    if zlib.crc32(body) != int.from_bytes(record[-_CRC:], "big"):
        return Journal(0, [])
    text = body[_HEAD:].decode("ascii", errors="replace")
    return Journal(body[1], text.split("\n") if text else [])

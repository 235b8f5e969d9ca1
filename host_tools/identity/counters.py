"""The message counter of a fob as files, and where it starts or goes on.

/state/counter.0, .1 (of car 2 in its folder, places.py): version (1 byte), the first value that is
not leased yet (8 bytes, big-endian), CRC-32 of both; the larger one counts. The firmware never
starts a counter by itself: one that is missing is a lost one, and starting over would repeat
nonces.

A counter belongs to a key and a car: with another car the same key has another shared secret.
"""

import struct
import time
import zlib
from collections.abc import Callable, Iterable

from host_tools.failure import InputError

COUNTER_PATHS = ("/state/counter.0", "/state/counter.1")
RECORD_VERSION = 2
COUNTER_MAX = 0xFFFFFFFF
COUNTER_LEASE = 64
"""How many values the firmware leases at a time."""
RELEASED = 1_767_225_600
"""Unix time of 1 January 2026. There was no fob before it, so a clock that shows less is wrong."""

_RECORD = struct.Struct(">BQ")
_CRC = struct.Struct(">I")


def counter_files(first: int, paths: Iterable[str] = COUNTER_PATHS) -> dict[str, bytes]:
    """The files, path to contents, that make `first` the next value of the counter in `paths`."""
    # Both slots: a missing one counts as damaged, and the firmware would skip a lease.
    return dict.fromkeys(paths, counter_record(first))


def counter_record(first: int) -> bytes:
    """The record that makes `first` the next value of the counter."""
    body = _RECORD.pack(RECORD_VERSION, first)
    return body + _CRC.pack(zlib.crc32(body))


def read_counter_record(record: bytes | None) -> int | None:
    """The first value that a fob had not leased yet; None for no record or a damaged one."""
    if record is None or len(record) != _RECORD.size + _CRC.size:
        return None
    body, (crc,) = record[: _RECORD.size], _CRC.unpack(record[_RECORD.size :])
    version, first = _RECORD.unpack(body)
    return int(first) if version == RECORD_VERSION and crc == zlib.crc32(body) else None


def unused_from(*records: bytes | None) -> int | None:
    """The first value that the fob of these records cannot have used; None if none is readable."""
    stored = [read_counter_record(record) for record in records]
    whole = [first for first in stored if first is not None]
    if not whole:
        return None
    # The unreadable one may have leased one block more.
    return max(whole) + (COUNTER_LEASE if None in stored else 0)


def restart_counter(
    *records: bytes | None,
    backed_up: int | None = None,
    clock: Callable[[], float] = time.time,
) -> int:
    """Where the counter of a key goes on that comes from outside, or whose state is lost.

    records     the fob's own (COUNTER_PATHS; None for a file that is not there), if it has any.
    backed_up   the value a backup of the key tells, if there is one.

    The largest of these and the Unix time: a fob that started at 1 cannot have sealed a message
    each second ever since. Raises InputError where that is not to be had.
    """
    now = int(clock())
    if now < RELEASED:
        raise InputError(
            f"this computer's clock says {time.strftime('%Y-%m-%d', time.gmtime(now))}",
            "Set it right: the message counter starts from it.",
        )
    first = max(now, backed_up or 0, unused_from(*records) or 0)
    if first > COUNTER_MAX:
        raise InputError(
            f"the counter of this key is used up: it would go on at {first}",
            "Provision the fob with a new key and pair it again.",
        )
    return first

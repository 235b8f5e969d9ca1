"""The fob's small files in flash, half written or fallen over: counters, log, key."""

import zlib
from collections.abc import Iterator

from host_tools.advice.journal import read_journal
from host_tools.failure import InputError
from host_tools.identity.counters import (
    COUNTER_LEASE,
    COUNTER_MAX,
    counter_record,
    read_counter_record,
    restart_counter,
    unused_from,
)
from host_tools.identity.keys import KEY_LENGTH, Key
from host_tools.identity.provision import key_file, read_key_file
from tests.fuzz.packets import pack, unpack
from tests.fuzz.target import host_target

_NOW = 1_800_000_000
_KEY = Key.of((1234567).to_bytes(KEY_LENGTH, "big"))
_SEALED = 0x80


def seeds() -> Iterator[bytes]:
    counter, other = counter_record(65), counter_record(129)
    yield pack([(0, counter), (0, other)])
    yield pack([(_SEALED, counter[:-4]), (0, b"")])
    yield pack([(0, key_file(_KEY))])
    yield pack([(_SEALED, b"\x02\x03crash: boom\nunlock timed-out: no answer")])


def check(data: bytes) -> str:
    """A packet each; with the highest bit of its kind set a CRC-32 follows its contents."""
    records = [_record(kind, told) for kind, told in unpack(data)[:2]]
    kinds = [_kind(record) for record in records]
    known = [first for each in records if (first := read_counter_record(each)) is not None]
    unused = unused_from(*records)
    assert (unused is None) == (not known)
    assert unused is None or max(known) <= unused <= max(known) + COUNTER_LEASE
    try:
        first = restart_counter(*records, clock=lambda: _NOW)
    except InputError:
        assert unused is not None and unused > COUNTER_MAX
    else:
        assert COUNTER_MAX >= first >= max(_NOW, unused or 0), "a counter that goes back"
    return f"{kinds}, {unused is not None}"


def _record(kind: int, told: bytes) -> bytes:
    return told + (zlib.crc32(told).to_bytes(4, "big") if kind & _SEALED else b"")


def _kind(record: bytes) -> str:
    first = read_counter_record(record)
    assert first is None or counter_record(first) == record, "another record when written again"
    key = read_key_file(record, _KEY.public)
    assert key is None or key_file(key) == record or key.public == _KEY.public, "a wrong key"
    journal = read_journal(record)
    assert 0 <= journal.crashes <= 255 and all("\n" not in line for line in journal.lines)
    return f"{first is not None} {key is not None} {bool(journal.lines)}"


TARGET = host_target(
    "records",
    "any record is whole or counts as damaged, and a counter never goes back",
    check,
    seeds,
    dictionary=(counter_record(65), counter_record(COUNTER_MAX), counter_record(2**64 - 1)),
    largest=512,
)

"""The fob's log, read from its file."""

import zlib

import pytest

from host_tools.advice.journal import read_journal


def record(text, version=2, crashes=1):
    body = bytes((version, crashes)) + text
    return body + zlib.crc32(body).to_bytes(4, "big")


def test_lines_come_oldest_first_with_the_crashes_in_a_row():
    assert read_journal(record(b"one\ntwo", crashes=3)) == (3, ["one", "two"])


def test_a_log_without_lines_is_empty():
    assert read_journal(record(b"", crashes=0)) == (0, [])


@pytest.mark.parametrize(
    "damaged",
    [None, b"", b"\x02", record(b"one", version=1), record(b"one")[:-1] + b"?"],
    ids=["missing", "empty", "short", "of another version", "with a wrong CRC"],
)
def test_a_file_that_is_no_log_tells_nothing(damaged):
    assert read_journal(damaged) == (0, [])

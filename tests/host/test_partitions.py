"""Partition tables of an ESP32's flash."""

import pytest

from host_tools.installation.partitions import (
    APP,
    DATA,
    TABLE_SIZE,
    Partition,
    TableError,
    build_table,
    files_partition,
    parse_table,
)
from tests.micropython_file import NEW_TABLE, OLD_TABLE

MIB = 1 << 20


def test_a_table_is_read_as_it_was_built() -> None:
    assert parse_table(build_table(OLD_TABLE)) == list(OLD_TABLE)


def test_an_entry_is_laid_out_as_documented() -> None:
    entry = build_table([Partition("vfs", DATA, 0x81, 0x200000, 0x1F0000)])[:32]
    label = b"vfs".ljust(16, b"\0")
    assert entry == bytes.fromhex("aa50 01 81 00002000 00001f00") + label + bytes(4)


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "empty"),
        (b"\xff" * TABLE_SIZE, "empty"),
        (bytes(TABLE_SIZE), "no partition at byte 0"),
        (b"\xe9\x03\x02\x20" * 768, "no partition at byte 0"),
        (build_table(OLD_TABLE)[:40], "no partition at byte 32"),
        (build_table(OLD_TABLE).replace(b"vfs", b"vfx"), "checksum does not fit"),
    ],
)
def test_what_is_no_table_is_refused(data: bytes, why: str) -> None:
    with pytest.raises(TableError, match=why):
        parse_table(data)


def test_a_table_without_checksum_is_read() -> None:
    table = build_table(OLD_TABLE)[: 32 * len(OLD_TABLE)].ljust(TABLE_SIZE, b"\xff")
    assert parse_table(table) == list(OLD_TABLE)


def test_the_files_lie_where_the_table_says() -> None:
    assert files_partition(OLD_TABLE, 16 * MIB) == OLD_TABLE[-1]


def test_where_the_table_says_nothing_they_have_the_rest_of_the_flash() -> None:
    found = files_partition(NEW_TABLE, 8 * MIB)
    assert found is not None
    assert (found.offset, found.end) == (2 * MIB, 8 * MIB)


def test_a_flash_without_a_rest_has_no_place_for_them() -> None:
    assert files_partition([Partition("app", APP, 0, 0x10000, 4 * MIB)], 4 * MIB) is None
    assert files_partition([], 4 * MIB) is None

"""The partition table in a file of MicroPython, or on a flash."""

from collections.abc import Iterator

from host_tools.installation.partitions import (
    TABLE_SIZE,
    Partition,
    TableError,
    build_table,
    files_partition,
    parse_table,
)
from tests.fuzz.target import host_target
from tests.micropython_file import NEW_TABLE, OLD_TABLE

_ENTRY = 32
_FLASH = 4 << 20


def seeds() -> Iterator[bytes]:
    for table in (OLD_TABLE, NEW_TABLE):
        built = build_table(table)
        yield built[: (len(table) + 2) * _ENTRY]
        yield built[: len(table) * _ENTRY] + b"\xff" * _ENTRY


def check(data: bytes) -> str:
    """Each entry is there once and as it was written; no files where there is no room for them."""
    try:
        table = parse_table(data)
    except TableError as error:
        text = str(error)
        assert text.isprintable() and len(text) < 80, text
        return text.rstrip("0123456789")
    assert 0 < len(table) <= min(len(data), TABLE_SIZE) // _ENTRY
    for number, partition in enumerate(table):
        entry = data[number * _ENTRY : (number + 1) * _ENTRY]
        assert int.from_bytes(entry[4:8], "little") == partition.offset
        assert int.from_bytes(entry[8:12], "little") == partition.size
    plain = [each for each in table if _is_plain(each)]
    if plain == table and len(table) < TABLE_SIZE // _ENTRY - 1:
        assert parse_table(build_table(table)) == table, "not the same when written again"
    files = files_partition(table, _FLASH)
    assert files is None or files in table or files.end == _FLASH
    assert files is None or 0x9000 <= files.offset < files.end, "files over the bootloader"
    return f"{min(len(table), 4)} partitions, files {files is not None}"


def _is_plain(partition: Partition) -> bool:
    return partition.label.isascii() and "\0" not in partition.label


TARGET = host_target(
    "partitions",
    "any bytes are a table as written in them, or an error in one line",
    check,
    seeds,
    dictionary=(b"\xaa\x50", b"\xeb\xeb", b"vfs\0", b"\xff" * 32, b"\xff\xff\xff\xff"),
    largest=TABLE_SIZE + _ENTRY,
)

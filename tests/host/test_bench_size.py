"""The size of the firmware: its budget, and the parser that takes compiled modules apart."""

import pytest

from host_tools.installation.compile import CHIPS, compile_module
from host_tools.installation.install import program
from tests.bench import size
from tests.bench.mpy import MpyError, parse

SOURCE = b"""
def frobnicate(quux):
    def inner(value):
        return [value, "a text that is a constant", b"some bytes", 12345678901234567890, 1.5]
    return inner(quux), ("in", ("a tuple", 70000, None))
"""


def compiled(source: bytes, march: str | None = None) -> bytes:
    return compile_module(source, "m", march)


def test_all_that_is_installed_stays_within_its_budget() -> None:
    totals = {
        march: sum(len(data) for path, data in program(march).items() if path.endswith(".mpy"))
        for march in CHIPS
    }
    assert max(totals.values()) < size.BUDGET


def test_the_modules_add_up_to_what_is_installed_and_are_no_larger_than_plainly() -> None:
    modules = size.measure_modules()
    for march in CHIPS:
        files = program(march)
        installed = sum(module.installed[march].total for module in modules)
        assert installed == sum(len(d) for path, d in files.items() if path.endswith(".mpy"))
        assert installed <= sum(module.plain[march].total for module in modules)
    names = {module.module for module in modules}
    assert {"fob", "fob.app", "hal.radio", "life"} <= names and "main" not in names


@pytest.mark.parametrize("march", CHIPS)
def test_the_kinds_add_up_to_the_file(march: str) -> None:
    data = compiled(SOURCE, march)
    parsed = parse(data)
    assert parsed.header + parsed.names + parsed.constants + parsed.bytecode == len(data)


def test_functions_are_counted_with_those_inside_and_the_modules_own_code() -> None:
    assert parse(compiled(SOURCE)).functions == 3
    assert parse(compiled(b"")).functions == 1
    assert parse(compiled(b"x = [i for i in y]\nz = lambda: 0")).functions == 3


def test_own_names_are_those_that_micropython_lacks() -> None:
    names = parse(compiled(SOURCE)).own_names
    assert {"frobnicate", "quux", "inner"} <= set(names)
    assert not {"value", "append"} & set(names)


def test_a_longer_name_is_more_bytes_of_names_and_of_nothing_else() -> None:
    short, long = (parse(compiled(b"%s = 1" % name)) for name in (b"quux", b"quuxes"))
    assert long.names - short.names == 2
    assert (long.header, long.constants, long.bytecode) == (
        short.header,
        short.constants,
        short.bytecode,
    )


def test_a_longer_text_is_more_bytes_of_constants_and_of_nothing_else() -> None:
    # Short ones are names to mpy-cross.
    short, long = (parse(compiled(b"f(%r)" % ("some text " * n))) for n in (3, 5))
    assert long.constants - short.constants == 20
    assert (long.names, long.bytecode) == (short.names, short.bytecode)


def test_another_statement_is_more_bytecode_and_nothing_else() -> None:
    one, two = (parse(compiled(b"f()\n" * n)) for n in (1, 2))
    assert two.bytecode > one.bytecode
    assert (two.header, two.names, two.constants) == (one.header, one.names, one.constants)


@pytest.mark.parametrize("kind", [b"native", b"viper"])
def test_native_functions_are_taken_apart_too(kind: bytes) -> None:
    source = b"@micropython.%s\ndef f(a):\n    return a\ndef g(): return 'text of g'" % kind
    assert parse(compiled(source, "xtensawin")).functions == 3


@pytest.mark.parametrize(
    ("data", "complaint"),
    [
        (b"", "ends too early"),
        (b"PK\x03\x04", "does not begin"),
        (b"M\x05\x00\x1f", "of version 5"),
        (compiled(SOURCE)[:-1], "ends too early"),
        (compiled(SOURCE) + b"\0", "1 bytes follow"),
    ],
)
def test_what_is_no_compiled_module_says_so(data: bytes, complaint: str) -> None:
    with pytest.raises(MpyError, match=complaint):
        parse(data)


def test_tables_name_every_module_and_room() -> None:
    one = size.Bytes(4, 3, 2, 1)
    results = size.Results(
        [size.Module("fob.app", 20, 2, dict.fromkeys(CHIPS, one), dict.fromkeys(CHIPS, one))],
        [size.Room("pairing", ["fob.app"], dict.fromkeys(CHIPS, 10))],
        dict.fromkeys(CHIPS, one),
        dict.fromkeys(CHIPS, one),
        5,
    )
    assert [table.row_count for table in size.tables(results)] == [5, 1, 1]

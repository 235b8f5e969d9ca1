"""Linking of the firmware's modules."""

import ast

import pytest

from host_tools.installation.link import link, numbers

KNOWN = {
    "fob.verdicts": {"ACCEPTED": 1, "BUSY": 2},
    "fob.errors": {},
    "hal.radio": {},
    "life": {"AGE": 7},
}


def linked(source: str) -> list[str]:
    return ast.unparse(ast.fix_missing_locations(link(ast.parse(source), KNOWN))).splitlines()


def test_numbers_are_found_with_what_they_are_made_of() -> None:
    source = "from micropython import const\nA = const(1 << 3)\nB = const(A | 1)\nC = const('c')\n"
    assert numbers(ast.parse(source + "D = const(OTHER + 1)\nE = 5\n")) == {"A": 8, "B": 9}


def test_another_modules_number_is_put_where_it_is_used() -> None:
    assert linked("from fob.verdicts import ACCEPTED\nx = [ACCEPTED, ACCEPTED]\n") == ["x = [1, 1]"]
    assert linked("from fob import verdicts\nx = verdicts.BUSY\n")[-1] == "x = 2"
    assert linked("import life\nx = life.AGE\n")[-1] == "x = 7"


def test_an_argument_of_a_modules_name_is_something_else() -> None:
    source = "from fob import verdicts\ndef f(verdicts):\n    return verdicts.BUSY\n"
    assert linked(source)[-1].strip() == "return verdicts.BUSY"


def test_a_name_that_is_rarely_used_is_looked_up_in_its_module() -> None:
    assert linked("from fob.errors import Lost\ntry:\n    f()\nexcept Lost:\n    pass\n") == [
        "from fob import errors",
        "try:",
        "    f()",
        "except errors.Lost:",
        "    pass",
    ]


def test_a_name_that_is_often_used_is_kept_at_hand() -> None:
    lines = linked("from fob.errors import Lost\nx = [Lost, Lost, Lost]\n")
    assert lines == ["from fob import errors", "Lost = errors.Lost", "x = [Lost, Lost, Lost]"]


def test_a_function_that_imports_keeps_doing_so_itself() -> None:
    lines = linked("def f():\n    from hal.radio import Radio\n    return Radio()\n")
    assert [line.strip() for line in lines] == [
        "def f():",
        "from hal import radio",
        "return radio.Radio()",
    ]


def test_a_module_whose_name_is_taken_is_imported_under_another() -> None:
    lines = linked("from hal.radio import Radio\ndef f(radio):\n    return Radio(radio)\n")
    assert lines[0] == "from hal import radio as hal_radio_module"
    assert lines[-1].strip() == "return hal_radio_module.Radio(radio)"


def test_a_variable_of_an_imported_name_stays_itself() -> None:
    lines = linked("from fob.errors import Lost\ndef f():\n    Lost = 1\n    return Lost\n")
    assert lines[-1].strip() == "return Lost"


def test_a_number_whose_name_is_a_variable_elsewhere_is_one_too() -> None:
    source = "from fob.verdicts import BUSY\ndef f(BUSY):\n    return BUSY\nx = BUSY\n"
    lines = linked(source)
    assert lines[0] == "BUSY = 2"
    assert lines[-2:] == ["    return BUSY", "x = BUSY"]


def test_numbers_are_known_by_what_they_are_imported_as() -> None:
    assert linked("from fob.verdicts import BUSY as B\nx = B\n") == ["x = 2"]
    assert linked("from fob import verdicts as v\nx = v.BUSY\n")[-1] == "x = 2"
    assert linked("import life as old\nx = old.AGE\n")[-1] == "x = 7"


@pytest.mark.parametrize(
    "other",
    [
        "def errors(): pass",
        "class errors: pass",
        "from hal import errors",
        "import errors",
        "try:\n    g()\nexcept OSError as errors:\n    pass",
    ],
)
def test_a_module_gives_way_to_whatever_has_its_name(other: str) -> None:
    lines = linked(f"from fob.errors import Lost\n{other}\nx = Lost()\n")
    assert "fob_errors_module" in lines[0] + lines[1]
    assert lines[-1] == "x = fob_errors_module.Lost()"


def test_a_function_does_not_hide_a_module_that_it_uses() -> None:
    source = "from fob import errors\ndef f():\n    errors.a()\n    from fob.errors import B\n"
    assert linked(source)[-1].strip() == "from fob import errors as fob_errors_module"


def test_a_name_that_two_modules_give_stays_each_ones() -> None:
    inner = "def g():\n    from hal.radio import Lost\n    return [Lost, Lost, Lost]\n"
    lines = linked("from fob.errors import Lost\n" + inner)
    assert [line.strip() for line in lines[-2:]] == [
        "Lost = radio.Lost",
        "return [Lost, Lost, Lost]",
    ]


def test_what_is_deleted_is_the_name_and_not_what_it_names() -> None:
    assert linked("from fob.errors import Lost\ndel Lost\n")[-1] == "del Lost"


def test_an_import_that_may_fail_fails_where_it_stands() -> None:
    source = "try:\n    from os import sync\nexcept ImportError:\n    sync = None\n"
    assert linked(source)[1].strip() == "from os import sync"


def test_no_module_is_imported_before_what_stands_before_it() -> None:
    source = "from fob import errors\nerrors.f()\nfrom fob import cache\n"
    assert linked(source) == source.splitlines()


def test_renamed_imports_stay_renamed() -> None:
    lines = linked("from struct import pack as put\nx = put('B', 1)\n")
    assert lines == ["import struct", "x = struct.pack('B', 1)"]


def test_imports_of_one_package_become_one() -> None:
    source = "from fob import errors\nfrom fob.verdicts import f\nfrom fob import cache\nx = f()\n"
    assert linked(source)[0] == "from fob import errors, verdicts, cache"


def test_a_private_text_is_a_constant_unless_it_changes() -> None:
    assert linked("_FILE = 'guard'\n") == ["_FILE = const('guard')"]
    changed = "_FILE = 'guard'\ndef f():\n    global _FILE\n    _FILE = 'other'\n"
    assert linked(changed)[0] == "_FILE = 'guard'"


def test_mpy_cross_needs_no_import_of_const() -> None:
    assert linked("from micropython import const\n_A = const(1)\n") == ["_A = const(1)"]

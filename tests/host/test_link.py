"""Linking of the firmware's modules."""

import ast

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
    assert lines[0] == "from hal import radio as radio_module"
    assert lines[-1].strip() == "return radio_module.Radio(radio)"


def test_a_variable_of_an_imported_name_stays_itself() -> None:
    lines = linked("from fob.errors import Lost\ndef f():\n    Lost = 1\n    return Lost\n")
    assert lines[-1].strip() == "return Lost"


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

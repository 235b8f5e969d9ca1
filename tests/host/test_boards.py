"""Board definitions: the ones we ship load, and a wrong one says what is wrong."""

import copy
from pathlib import Path
from typing import Any

import pytest

from host_tools.boards import BoardError, list_boards, load_board, parse_board

DEVKIT: dict[str, Any] = {
    "name": "Test board",
    "chip": "esp32",
    "wiring": "none",
    "buttons": {"active_low": True, "pull": "internal", "pins": {"lock": 32, "unlock": 33}},
    "light": {"kind": "pin", "pin": 2, "inverted": False},
}


def changed(path: str, value: object) -> dict[str, Any]:
    """DEVKIT with one field replaced, or removed when `value` is None."""
    definition = copy.deepcopy(DEVKIT)
    *tables, key = path.split(".")
    table = definition
    for name in tables:
        table = table[name]
    if value is None:
        del table[key]
    else:
        table[key] = value
    return definition


@pytest.mark.parametrize("name", list_boards())
def test_every_shipped_board_loads(name: str) -> None:
    board = load_board(name)
    assert {"lock", "unlock"} <= board.buttons.keys()


def test_the_virtual_board_and_two_more_chips_are_shipped() -> None:
    assert {"virtual", "esp32-devkit-v1", "xiao-esp32c3", "lolin32-lite"} <= set(list_boards())


def test_a_file_of_the_users_own_loads_by_its_path(tmp_path: Path) -> None:
    own = tmp_path / "mine.toml"
    own.write_text(
        'name = "Mine"\nchip = "esp32c3"\nwiring = ""\n'
        '[buttons]\nactive_low = false\npull = "external"\npins = {lock = 3, unlock = 4}\n'
        '[light]\nkind = "neopixel"\npin = 7\n'
    )
    board = load_board(own)
    assert (board.chip.name, board.buttons["unlock"], board.light.kind) == (
        "esp32c3",
        4,
        "neopixel",
    )


def test_an_unknown_name_lists_the_known_boards() -> None:
    with pytest.raises(BoardError, match="lolin32-lite"):
        load_board("lolin33")


def test_a_file_that_is_not_toml_is_named_in_the_error(tmp_path: Path) -> None:
    own = tmp_path / "mine.toml"
    own.write_text("name = ")
    with pytest.raises(BoardError, match=r"mine\.toml"):
        load_board(own)


def test_a_third_button_may_be_added() -> None:
    assert parse_board(changed("buttons.pins.trunk", 25)).buttons["trunk"] == 25


@pytest.mark.parametrize(
    ("path", "value", "complaint"),
    [
        ("colour", "red", "colour is not a field"),
        ("light.colour", "red", r"light\.colour is not a field .* kind, pin, inverted"),
        ("chip", None, "chip is missing"),
        ("buttons.pins.unlock", None, r"buttons\.pins\.unlock is missing"),
        ("light", None, "light is missing"),
        ("chip", "esp8266", "chip must be one of esp32"),
        ("chip", "esp32s2", "no Bluetooth"),
        ("light.kind", "lamp", "must be one of pin, pwm, neopixel"),
        ("light.pin", "D2", "must be a whole number"),
        ("light.pin", True, "must be a whole number"),
        ("buttons.active_low", 1, "must be true or false"),
        ("light.pin", 32, r"already used by buttons\.pins\.lock"),
        ("buttons.pins.lock", 6, "wired to the flash"),
        ("light.pin", 8, "wired to the flash"),
        ("buttons.pins.lock", 0, "strapping pin"),
        ("buttons.pins.lock", 1, "link to the laptop"),
        ("buttons.pins.lock", 24, "does not exist"),
        ("buttons.pins.lock", 34, "no internal pull resistor"),
        ("light.pin", 35, "can only be read"),
        ("buttons.pins.Boot Button", 25, "lower-case"),
    ],
)
def test_a_wrong_definition_says_what_is_wrong(path: str, value: object, complaint: str) -> None:
    with pytest.raises(BoardError, match=complaint):
        parse_board(changed(path, value))


def test_an_input_only_pin_works_with_a_resistor_on_the_board() -> None:
    definition = changed("buttons.pins.lock", 34)
    definition["buttons"]["pull"] = "external"
    assert parse_board(definition).buttons["lock"] == 34

"""Board definitions: the ones we ship load, and a wrong one says what is wrong."""

import copy
from pathlib import Path
from typing import Any

import pytest

from host_tools.boards import Battery, BoardError, list_boards, load_board, parse_board
from host_tools.chips import WakePlan

DEVKIT: dict[str, Any] = {
    "name": "Test board",
    "chip": "esp32",
    "buttons": {"active_low": True, "pull": "internal", "pins": {"lock": 32, "unlock": 33}},
    "light": {"kind": "pin", "pin": 2, "inverted": False},
}
BATTERY = {"pin": 35, "ratio": 2.0, "low_mv": 3300}


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
        'name = "Mine"\nchip = "esp32c3"\n'
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
    definition = changed("buttons.pins.trunk", 25)
    definition["buttons"]["wake"] = ["lock", "unlock"]
    assert parse_board(definition).buttons["trunk"] == 25


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
        ("buttons.pins.lock", 23, r"GPIO23 .* cannot end a deep sleep. Take another pin"),
        ("buttons.pins.trunk", 25, r"only 2 can wake an esp32, not 3 .*active_low = false"),
        ("buttons.wake", ["horn"], "must name some of lock, unlock, each once, not 'horn'"),
        ("buttons.wake", ["lock", "lock"], "each once"),
        ("buttons.wake", [], "nothing would wake the fob"),
        ("buttons.wake", "lock", "must be a list"),
        ("usb", 32, r"already used by buttons\.pins\.lock"),
        ("usb", "D4", "must be a whole number"),
        ("battery", BATTERY | {"pin": 27}, "cannot measure while the radio is on. Take one of 32"),
        ("battery", BATTERY | {"pin": 33}, r"already used by buttons\.pins\.unlock"),
        ("battery", BATTERY | {"ratio": 2}, "must be a number with a decimal point"),
        ("battery", BATTERY | {"ratio": 0.5}, "must lie between 1 and 100"),
        ("battery", BATTERY | {"low_mv": 3}, "in millivolts"),
        ("battery", BATTERY | {"kind": "LiPo"}, r"battery\.kind is not a field"),
        ("battery", {"pin": 35, "ratio": 2.0}, r"battery\.low_mv is missing"),
    ],
)
def test_a_wrong_definition_says_what_is_wrong(path: str, value: object, complaint: str) -> None:
    with pytest.raises(BoardError, match=complaint):
        parse_board(changed(path, value))


def test_an_input_only_pin_works_with_a_resistor_on_the_board() -> None:
    definition = changed("buttons.pins.lock", 34)
    definition["buttons"]["pull"] = "external"
    assert parse_board(definition).buttons["lock"] == 34


def wired(chip: str, active_low: bool, *pins: int, wake: list[str] | None = None) -> dict[str, Any]:
    """A board with so many buttons: lock, unlock, and more."""
    names = ["lock", "unlock", "trunk", "horn"]
    buttons: dict[str, Any] = {
        "active_low": active_low,
        "pull": "external",
        "pins": dict(zip(names, pins, strict=False)),
    }
    if wake is not None:
        buttons["wake"] = wake
    light = {"kind": "pin", "pin": 2 if chip == "esp32" else 10}
    return {"name": "Wired", "chip": chip, "buttons": buttons, "light": light}


@pytest.mark.parametrize(
    ("definition", "plan"),
    [
        (wired("esp32", True, 32, 33), WakePlan(ext0=32, ext1=(33,))),
        (wired("esp32", True, 32, 33, wake=["unlock"]), WakePlan(ext0=33)),
        (wired("esp32", True, 32, 33, wake=["unlock", "lock"]), WakePlan(ext0=33, ext1=(32,))),
        (wired("esp32", True, 32, 33, 23, wake=["lock"]), WakePlan(ext0=32)),
        (wired("esp32", False, 32, 33, 25), WakePlan(ext1=(32, 33, 25))),
        (wired("esp32s3", True, 4, 5), WakePlan(ext0=4, ext1=(5,))),
        (wired("esp32s3", False, 4, 5, 6), WakePlan(ext1=(4, 5, 6))),
        (wired("esp32c6", True, 0, 1, wake=["unlock"]), WakePlan(ext1=(1,))),
        (wired("esp32c6", False, 0, 1, 2), WakePlan(ext1=(0, 1, 2))),
        (wired("esp32c3", True, 3, 4, 5), WakePlan(gpio=(3, 4, 5))),
        (wired("esp32c3", False, 3, 4), WakePlan(gpio=(3, 4))),
    ],
)
def test_the_wake_plan_follows_what_the_chip_offers(
    definition: dict[str, Any], plan: WakePlan
) -> None:
    assert parse_board(definition).wake == plan


@pytest.mark.parametrize(
    ("definition", "complaint"),
    [
        (wired("esp32s3", True, 4, 5, 6), "only 2 can wake an esp32s3, not 3"),
        (wired("esp32c6", True, 0, 1), "only 1 can wake an esp32c6, not 2"),
        (wired("esp32c3", True, 3, 6), "unlock: GPIO6 of the esp32c3 cannot end a deep sleep"),
        (wired("esp32c6", True, 4, 0), "GPIO4 of the esp32c6 is a strapping pin"),
    ],
)
def test_a_wake_plan_the_chip_cannot_keep_is_refused(
    definition: dict[str, Any], complaint: str
) -> None:
    with pytest.raises(BoardError, match=complaint):
        parse_board(definition)


def test_a_battery_divider_and_the_usb_pin_may_be_told() -> None:
    definition = changed("battery", BATTERY)
    definition["usb"] = 34
    board = parse_board(definition)
    assert (board.battery, board.usb) == (Battery(35, 2.0, 3300), 34)


def test_a_board_may_have_neither_battery_divider_nor_usb_pin() -> None:
    board = parse_board(DEVKIT)
    assert (board.battery, board.usb) == (None, None)

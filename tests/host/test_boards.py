"""Board definitions: the ones we ship load, and a wrong one says what is wrong."""

import copy
from pathlib import Path
from typing import Any

import pytest

from host_tools.board.catalogue import (
    Battery,
    BoardError,
    Buzzer,
    Vibration,
    list_boards,
    load_board,
    parse_board,
    real_boards,
)
from host_tools.board.chips import WakePlan
from host_tools.board.wiring import warnings
from host_tools.resources import resource_folder

DEVKIT: dict[str, Any] = {
    "name": "Test board",
    "chip": "esp32",
    "buttons": {"active_low": True, "pull": "internal", "pins": {"lock": 32, "unlock": 33}},
    "light": {"kind": "pin", "pin": 2, "inverted": False},
}
BUZZER = {"kind": "tone", "pin": 18}
BATTERY = {"pin": 35, "ratio": 2.0, "low_mv": 3300}


def rows(labels: str) -> dict[str, list[str]]:
    """A table pinout with everything in one row but a pin that is not connected."""
    return {"left": labels.split(), "right": ["NC"]}


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


def test_the_boards_people_have_are_shipped() -> None:
    assert set(list_boards()) >= {
        "virtual",
        "esp32-devkit-v1",
        "lolin32-lite",
        "xiao-esp32c3",
        "esp32c3-supermini",
        "xiao-esp32s3",
        "m5stickc-plus",
        "firebeetle2-esp32e",
    }


@pytest.mark.parametrize("name", list_boards())
def test_every_shipped_board_names_its_sources(name: str) -> None:
    text = (resource_folder("boards") / f"{name}.toml").read_text()
    assert text.startswith("# ")


@pytest.mark.parametrize("name", real_boards())
def test_every_shipped_board_leaves_no_wake_pin_without_a_resistor(name: str) -> None:
    board = load_board(name)
    assert board.pull == "external"
    assert [w for w in warnings(board) if "resistor" in w] == []


@pytest.mark.parametrize("name", [n for n in list_boards() if load_board(n).pinout])
def test_the_rows_of_a_shipped_board_have_only_pins_that_its_chip_has(name: str) -> None:
    board = load_board(name)
    assert board.pinout is not None
    assert {p.gpio for p in board.pinout if p.gpio is not None} <= board.chip.gpio - board.flash


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


@pytest.mark.parametrize(
    ("written", "complaint"),
    [
        ("lolin32", "Did you mean lolin32-lite"),
        ("XIAO ESP32C3", "Did you mean xiao-esp32c3"),
        ("mine.toml", "there is no file mine.toml"),
        ("", "there is no board ''"),
        ("/dev/null", "no small text file"),
        ("{folder}", "is a folder. Name the .toml file in it"),
        ("{folder}/binary.toml", "not text in UTF-8"),
        ("{folder}/large.toml", "no small text file"),
        ("{folder}/empty.toml", r"empty\.toml: chip is missing\. Add it: text in quotes"),
        (
            "{folder}/wrong.toml",
            r"wrong\.toml is not valid TOML: .*\(at line 2, column .*\)\. Mend",
        ),
        ("nul\0byte", "there is no board"),
    ],
)
def test_what_is_no_board_says_so_in_one_line(written: str, complaint: str, tmp_path: Path) -> None:
    (tmp_path / "binary.toml").write_bytes(bytes(range(256)))
    (tmp_path / "large.toml").write_text("# much\n" * 20_000)
    (tmp_path / "empty.toml").touch()
    (tmp_path / "wrong.toml").write_text('name = "Mine"\nchip = esp32\n')
    with pytest.raises(BoardError, match=complaint) as raised:
        load_board(written.format(folder=tmp_path))
    assert "\n" not in str(raised.value)


def test_a_file_that_may_not_be_read_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> str:
        raise PermissionError

    own = tmp_path / "mine.toml"
    own.touch()
    monkeypatch.setattr(Path, "read_text", refuse)
    with pytest.raises(BoardError, match="may not be read"):
        load_board(own)


def test_a_board_of_the_users_own_is_called_after_its_file(tmp_path: Path) -> None:
    own = tmp_path / "mine.toml"
    own.write_text((resource_folder("boards") / "lolin32-lite.toml").read_text())
    assert load_board(own).slug == "mine"


def test_a_third_button_may_be_added() -> None:
    definition = changed("buttons.pins.trunk", 25)
    definition["buttons"]["wake"] = ["lock", "unlock"]
    assert parse_board(definition).buttons["trunk"] == 25


@pytest.mark.parametrize(
    ("path", "value", "complaint"),
    [
        ("colour", "red", "colour is not a field"),
        ("ligth", {}, r"ligth is not a field of a board. Did you mean light\?"),
        ("module", "pico", r"module must be one of wroom, wrover, pico-d4"),
        ("serial", "usb", "must be one of uart, native"),
        ("cell", "a" * 31, "cell must be one line of at most 30"),
        ("name", "two\nlines", "name must be one line"),
        ("sleep_ua", 0, "must lie between 1 and 100000"),
        ("sleep_most_ua", 90, "sleep_most_ua is there without sleep_ua"),
        ("sleep_source", "two\nlines", "sleep_source must be one line"),
        ("cell_mah", "120", "must be a whole number"),
        ("notes", "text", "notes must be a list"),
        ("notes", [1], "notes must be a list of lines"),
        ("buttons.onboard", {"horn": "C"}, r"buttons\.onboard\.horn is not a field"),
        ("pinout", {"left": ["GND", "32", "33"]}, r"pinout\.right is missing"),
        ("pinout", {"left": [], "right": ["GND"]}, "must have 1 to 22 pins"),
        ("pinout", rows("GND 3V3 D 32=32"), "no pin of the board has GPIO33"),
        ("pinout", rows("GND 3V3 32 33"), "light.pin: no pin of the board has GPIO2"),
        ("pinout", rows("GND 32 33 2"), r"no pin for 3\.3 V. Call it 3V3"),
        ("pinout", rows("3V3 32 33 2"), "no pin for ground. Call it GND"),
        ("pinout", rows("GND 3V3 32 33 2 D2=2"), "has GPIO2 twice"),
        ("pinout", rows("GND 3V3 32 33 2 24"), "24 is GPIO24, which the esp32 does not have"),
        ("pinout", rows("GND 3V3 32 33 2 TOOLONGLABEL"), "at most six characters"),
        ("light.pin", 10, r"wired to the flash. Take another pin, or write module = .pico-d4."),
        ("light.colour", "red", r"light\.colour is not a field .* kind, pin, inverted"),
        ("chip", None, "chip is missing"),
        ("buttons.pins.unlock", None, r"buttons\.pins\.unlock is missing"),
        ("light", None, "light is missing"),
        ("chip", "esp8266", "the esp8266 has no Bluetooth"),
        ("chip", "avr", "chip must be one of esp32"),
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
        ("buttons.pins.both", 25, "gestures call lock and unlock together both. Take another"),
        (
            "buttons.pins",
            {"lock": 32, "unlock": 33} | {f"b{n}": 34 + n for n in range(7)},
            "has 9 buttons, and a fob at most 8",
        ),
        ("buzzer", {"pin": 18}, r"buzzer\.kind is missing"),
        ("buzzer", BUZZER | {"kind": "loud"}, "must be one of tone, pin, not loud"),
        ("buzzer", BUZZER | {"pin": "18"}, r"buzzer\.pin must be a whole number"),
        ("buzzer", BUZZER | {"inverted": 1}, r"buzzer\.inverted must be true or false"),
        ("buzzer", BUZZER | {"volume": 3}, r"buzzer\.volume is not a field"),
        ("buzzer", BUZZER | {"onboard": "a" * 25}, r"buzzer\.onboard must be one line of at most"),
        ("buzzer", "loud", r"buzzer must be a table"),
        ("buzzer", BUZZER | {"pin": 35}, r"buzzer\.pin: GPIO35 of the esp32 can only be read"),
        ("buzzer", BUZZER | {"pin": 24}, r"buzzer\.pin: GPIO24 of the esp32 does not exist"),
        ("buzzer", BUZZER | {"pin": 6}, r"buzzer\.pin: GPIO6 .* wired to the flash"),
        ("buzzer", BUZZER | {"pin": 1}, "carries the link to the laptop"),
        ("buzzer", BUZZER | {"pin": 33}, r"already used by buttons\.pins\.unlock"),
        ("buzzer", BUZZER | {"pin": 12}, "strapping pin: what hangs on it may keep the chip"),
        ("vibration", {}, r"vibration\.pin is missing"),
        ("vibration", {"pin": 19, "kind": "pin"}, r"vibration\.kind is not a field"),
        ("vibration", {"pin": 39}, r"vibration\.pin: GPIO39 of the esp32 can only be read"),
        ("vibration", {"pin": 2}, r"already used by light\.pin"),
        ("vibration", {"pin": 15}, "strapping pin: what hangs on it may keep the chip"),
        ("buttons.wake", ["horn"], "must name some of lock, unlock, each once, not 'horn'"),
        ("buttons.wake", ["lock", "lock"], "each once"),
        ("buttons.wake", [], "nothing would wake the fob"),
        ("buttons.wake", "lock", "must be a list"),
        ("usb", 32, r"already used by buttons\.pins\.lock"),
        ("usb", "D4", "must be a whole number"),
        ("battery", BATTERY | {"pin": 27}, "cannot measure while the radio is on. Take one of 32"),
        ("battery", BATTERY | {"pin": 33}, r"already used by buttons\.pins\.unlock"),
        ("battery", BATTERY | {"ratio": 2}, "must be a number with a decimal point"),
        ("battery", BATTERY | {"ratio": 0.5}, "must lie between 1 and 20"),
        ("battery", BATTERY | {"low_mv": 3}, "in millivolts"),
        ("battery", BATTERY | {"kind": "LiPo"}, r"battery\.kind is not a field"),
        ("battery", BATTERY | {"ratio": 21.0}, "must lie between 1 and 20"),
        ("battery", {"pin": 35, "ratio": 2.0}, r"battery\.low_mv is missing"),
    ],
)
def test_a_wrong_definition_says_what_is_wrong(path: str, value: object, complaint: str) -> None:
    with pytest.raises(BoardError, match=complaint):
        parse_board(changed(path, value))


def test_a_misspelt_table_is_named_where_it_is_missed() -> None:
    definition = changed("light", None) | {"ligth": DEVKIT["light"]}
    with pytest.raises(BoardError, match=r"light is missing\. Rename ligth\."):
        parse_board(definition)


@pytest.mark.parametrize(
    ("chip", "module", "light", "works"),
    [
        ("esp32", "pico-d4", 10, True),
        ("esp32", "pico-d4", 16, False),
        ("esp32", "wrover", 16, False),
        ("esp32", "wroom", 16, True),
        ("esp32s3", "octal", 35, False),
        ("esp32s3", "quad", 35, True),
    ],
)
def test_the_module_tells_which_pins_are_the_flashs(
    chip: str, module: str, light: int, works: bool
) -> None:
    pins = (32, 33) if chip == "esp32" else (4, 5)
    definition = wired(chip, True, *pins) | {"module": module}
    definition["light"]["pin"] = light
    if works:
        assert parse_board(definition).light.pin == light
    else:
        with pytest.raises(BoardError, match="wired to the flash"):
            parse_board(definition)


def test_an_unknown_module_of_an_s3_is_taken_for_one_with_octal_memory() -> None:
    definition = wired("esp32s3", True, 4, 5)
    definition["light"]["pin"] = 36
    with pytest.raises(BoardError, match='module = "quad"'):
        parse_board(definition)


def test_what_a_board_has_built_in_needs_no_place_in_its_rows_of_pins() -> None:
    definition = changed("pinout", rows("GND 3V3 25"))
    definition["buttons"]["onboard"] = {"lock": "left", "unlock": "right"}
    definition["light"]["onboard"] = "red LED"
    assert parse_board(definition).label(25) == "25"


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


def test_a_buzzer_and_a_motor_may_be_told() -> None:
    definition = changed("buzzer", BUZZER) | {"vibration": {"pin": 19, "inverted": True}}
    board = parse_board(definition)
    assert (board.buzzer, board.vibration) == (Buzzer("tone", 18), Vibration(19, inverted=True))


def test_buzzer_and_motor_take_a_pin_each() -> None:
    definition = changed("buzzer", BUZZER) | {"vibration": {"pin": 18}}
    with pytest.raises(BoardError, match=r"vibration\.pin: .* already used by buzzer\.pin"):
        parse_board(definition)


def test_a_misspelt_buzzer_is_named() -> None:
    with pytest.raises(BoardError, match=r"buzer is not a field of a board\. Did you mean buzzer"):
        parse_board(changed("buzer", BUZZER))


def test_a_buzzer_of_the_board_itself_may_sit_on_a_strapping_pin() -> None:
    definition = changed("buzzer", BUZZER | {"pin": 12, "onboard": "buzzer"})
    assert parse_board(definition).buzzer == Buzzer("tone", 12)


def test_a_buzzer_to_wire_needs_a_place_in_the_rows_of_pins() -> None:
    definition = changed("pinout", rows("GND 3V3 32 33 2")) | {"buzzer": BUZZER}
    with pytest.raises(BoardError, match=r"buzzer\.pin: no pin of the board has GPIO18"):
        parse_board(definition)


@pytest.mark.parametrize("count", [3, 4])
def test_a_real_board_with_more_buttons_is_shipped_and_each_of_them_wakes_it(count: int) -> None:
    found = [load_board(name) for name in real_boards()]
    larger = [board for board in found if len(board.buttons) == count]
    assert larger
    for board in larger:
        assert set(board.waking) == set(board.buttons)


@pytest.mark.parametrize(("name", "count"), [("virtual", 2), ("virtual3", 3), ("virtual4", 4)])
def test_the_simulator_has_a_board_of_each_number_of_buttons(name: str, count: int) -> None:
    board = load_board(name)
    assert len(board.waking) == len(board.buttons) == count


def test_the_buzzer_of_an_m5stickc_plus_is_known() -> None:
    assert load_board("m5stickc-plus").buzzer == Buzzer("tone", 2)


def test_a_board_may_have_neither_battery_divider_nor_usb_pin() -> None:
    board = parse_board(DEVKIT)
    assert (board.battery, board.usb) == (None, None)

"""What has to be soldered follows from the definition: each button with its resistor, the light."""

from typing import Any

import pytest

from host_tools.board.catalogue import load_board, parse_board, real_boards
from host_tools.board.wiring import Resistor, parts, plan_wiring, steps, warnings


def board(**changes: Any) -> dict[str, Any]:
    """A definition with buttons to GND; `changes` are to the board, or with a _ to a table."""
    definition: dict[str, Any] = {
        "name": "Test board",
        "chip": "esp32",
        "buttons": {"active_low": True, "pull": "external", "pins": {"lock": 32, "unlock": 33}},
        "light": {"kind": "pin", "pin": 4},
    }
    for name, value in changes.items():
        table, _, key = name.partition("_")
        if table in ("buttons", "light"):
            definition[table][key] = value
        else:
            definition[name] = value
    return definition


@pytest.mark.parametrize("name", real_boards())
def test_every_wake_pin_of_a_shipped_board_has_a_resistor(name: str) -> None:
    definition = load_board(name)
    buttons = {button.name: button for button in plan_wiring(definition).buttons}
    for waking in definition.waking:
        assert buttons[waking].resistor is not None or buttons[waking].onboard


def test_a_button_to_ground_is_pulled_up() -> None:
    lock = plan_wiring(parse_board(board())).buttons[0]
    assert (lock.to, lock.resistor) == ("GND", Resistor(10_000, "GPIO32", "3V3"))


def test_a_button_to_the_supply_is_pulled_down() -> None:
    lock = plan_wiring(parse_board(board(buttons_active_low=False))).buttons[0]
    assert (lock.to, lock.resistor) == ("3V3", Resistor(10_000, "GPIO32", "GND"))


def test_the_labels_are_those_printed_on_the_board() -> None:
    rows = {"left": ["G", "3.3", "D32=32", "33"], "right": ["D4=4", "5V"]}
    assert steps(plan_wiring(parse_board(board(pinout=rows)))) == [
        "lock button: between D32 and G.",
        "lock resistor, 10 kOhm: from D32 to 3.3.",
        "unlock button: between pin 33 and G.",
        "unlock resistor, 10 kOhm: from pin 33 to 3.3.",
        "LED: long leg through the resistor of 1 kOhm to D4, short leg to G.",
    ]


@pytest.mark.parametrize(
    ("changes", "step"),
    [
        (
            {"light_inverted": True},
            "LED: long leg to 3V3, short leg through the resistor of 1 kOhm",
        ),
        ({"light_kind": "neopixel"}, "light, a WS2812: DIN to GPIO4, + to 3V3, - to GND."),
    ],
)
def test_the_light_is_wired_as_its_kind_needs(changes: dict[str, Any], step: str) -> None:
    assert steps(plan_wiring(parse_board(board(**changes))))[-1].startswith(step)


def test_the_battery_comes_last_and_its_polarity_is_to_be_measured() -> None:
    last = steps(plan_wiring(parse_board(board(cell="JST socket"))))[-1]
    assert last.startswith("Battery, last: to the JST socket. Measure plus and minus first")


def test_a_board_with_everything_built_in_leaves_nothing_to_solder() -> None:
    wiring = plan_wiring(load_board("m5stickc-plus"))
    assert (parts(wiring), steps(wiring)) == ([], [])


def test_the_parts_are_counted() -> None:
    assert parts(plan_wiring(load_board("xiao-esp32c3"))) == [
        "2 push buttons",
        "1 LED",
        "2 resistors of 10 kOhm",
        "1 resistor of 1 kOhm",
        "1 Li-ion cell of 3.7 V with protection",
    ]


def test_a_wake_pin_with_the_chips_own_resistor_is_warned_of_with_the_one_to_solder() -> None:
    found = warnings(parse_board(board(buttons_pull="internal")))
    assert len(found) == 2
    assert 'solder 10 kOhm from GPIO32 to 3V3 and write pull = "external"' in found[0]


def test_a_low_level_that_wakes_an_esp32c6_is_warned_of() -> None:
    definition = board(chip="esp32c6", buttons_pins={"lock": 0, "unlock": 1}, light_pin=18)
    definition["buttons"]["wake"] = ["lock"]
    assert any("micropython#17334" in warning for warning in warnings(parse_board(definition)))
    definition["buttons"] |= {"active_low": False, "wake": ["lock", "unlock"]}
    assert warnings(parse_board(definition)) == []


def test_a_pin_that_reads_false_presses_is_warned_of() -> None:
    found = warnings(parse_board(board(buttons_pins={"lock": 39, "unlock": 33})))
    assert len(found) == 1
    assert "GPIO39 of the esp32 (lock) may read false presses" in found[0]


def test_a_light_of_ones_own_on_a_strapping_pin_is_warned_of() -> None:
    assert "decides how the chip starts" in warnings(parse_board(board(light_pin=12)))[0]
    assert warnings(parse_board(board(light_pin=2, light_onboard="LED"))) == []


def test_a_button_that_the_fob_sleeps_through_is_warned_of() -> None:
    definition = board(buttons_pins={"lock": 32, "unlock": 33, "trunk": 25})
    definition["buttons"]["wake"] = ["lock", "unlock"]
    found = warnings(parse_board(definition))
    assert len(found) == 1
    assert "the button trunk does not wake the fob" in found[0]


PIEZO = {"kind": "tone", "pin": 26}
ACTIVE = {"kind": "pin", "pin": 26}


def test_a_piezo_takes_a_resistor_to_its_pin_and_nothing_else() -> None:
    wiring = plan_wiring(parse_board(board(light_onboard="LED", buzzer=PIEZO)))
    assert parts(wiring)[1:] == [
        "1 passive piezo (no magnetic buzzer)",
        "2 resistors of 10 kOhm",
        "1 resistor of 220 Ohm",
    ]
    assert steps(wiring)[-1] == (
        "buzzer, a passive piezo: one end through the resistor of 220 Ohm to GPIO26, the other"
        " to GND."
    )


def test_a_piezo_that_is_silent_while_its_pin_is_high_hangs_on_the_supply() -> None:
    wiring = plan_wiring(parse_board(board(buzzer=PIEZO | {"inverted": True})))
    assert steps(wiring)[-1].endswith("the other to 3V3.")


def test_a_motor_is_always_wired_over_a_transistor_with_a_diode() -> None:
    wiring = plan_wiring(parse_board(board(light_onboard="LED", vibration={"pin": 27})))
    assert parts(wiring)[1:] == [
        "1 vibration motor of 3 V and at most 100 mA",
        "1 NPN transistor (2N2222, S8050 or alike)",
        "1 diode (1N5819, 1N4001 or alike)",
        "3 resistors of 10 kOhm",
        "1 resistor of 1 kOhm",
    ]
    assert steps(wiring)[4:] == [
        "motor transistor, NPN: emitter to GND, base through 1 kOhm to GPIO27.",
        "motor resistor, 10 kOhm: from that base to GND; it keeps the motor still while the chip"
        " sleeps.",
        "motor: one end to 3V3, the other to the transistor's collector.",
        "motor diode: across the motor, its ring to 3V3.",
    ]


def test_a_motor_that_runs_while_its_pin_is_low_takes_a_pnp_transistor() -> None:
    wiring = plan_wiring(parse_board(board(vibration={"pin": 27, "inverted": True})))
    assert "1 PNP transistor (2N2907, S8550 or alike)" in parts(wiring)
    assert steps(wiring)[-4:] == [
        "motor transistor, PNP: emitter to 3V3, base through 1 kOhm to GPIO27.",
        "motor resistor, 10 kOhm: from that base to 3V3; it keeps the motor still while the chip"
        " sleeps.",
        "motor: one end to the transistor's collector, the other to GND.",
        "motor diode: across the motor, its ring to the transistor's collector.",
    ]


def test_an_active_buzzer_is_wired_over_a_transistor_and_minds_its_poles() -> None:
    todo = steps(plan_wiring(parse_board(board(buzzer=ACTIVE))))
    assert "buzzer: + to 3V3, - to the transistor's collector." in todo


def test_the_parts_of_buzzer_and_motor_are_counted_together() -> None:
    needed = parts(plan_wiring(parse_board(board(buzzer=ACTIVE, vibration={"pin": 27}))))
    assert "2 NPN transistors (2N2222, S8050 or alike)" in needed
    assert "2 diodes (1N5819, 1N4001 or alike)" in needed
    assert "4 resistors of 10 kOhm" in needed
    assert "3 resistors of 1 kOhm" in needed  # with the LED's


def test_what_the_board_sounds_with_by_itself_needs_no_parts() -> None:
    own = ACTIVE | {"onboard": "buzzer"}
    motor = {"pin": 27, "onboard": "motor"}
    built_in = plan_wiring(parse_board(board(buzzer=own, vibration=motor)))
    assert parts(built_in) == parts(plan_wiring(parse_board(board())))
    assert built_in.load_words(built_in.loads[0]) == "the buzzer on the board (GPIO26)"

"""The light's pins, and what sounds and shakes with it."""

import sys


class Pin:
    """As machine.Pin, by GPIO: `made` has the level, or the duty (of 65535) and frequency."""

    OUT = 3
    made: dict = {}

    def __init__(self, gpio, mode, value=0):
        self.gpio = gpio
        self.value(value)

    def value(self, level):
        self.made[self.gpio] = int(level)


class PWM:
    def __init__(self, pin, freq, duty_u16):
        self._gpio = pin.gpio
        self._hertz = freq
        self.duty_u16(duty_u16)

    def duty_u16(self, duty):
        Pin.made[self._gpio] = duty, self._hertz


class Machine:
    Pin = Pin
    PWM = PWM


sys.modules["machine"] = Machine
from hal.light import Light  # noqa: E402 - with this machine


def shown(inverted=False, **parts):
    """What the pins are after building, when on, and when off again."""
    Pin.made.clear()
    lamp = Light({"kind": "pin", "pin": 1, "inverted": inverted}, **parts)
    seen = [dict(Pin.made)]
    for on in (True, False):
        lamp.set(on)
        seen.append(dict(Pin.made))
    return seen


def test_a_light_is_dark_at_first():
    assert shown() == [{1: 0}, {1: 1}, {1: 0}]


def test_a_light_that_lights_on_a_low_level():
    assert shown(inverted=True) == [{1: 1}, {1: 0}, {1: 1}]


def test_a_dim_light_is_on_for_a_part_of_each_millisecond():
    dark, bright = {1: (0, 1000)}, {1: (4096, 1000)}
    assert shown(brightness="dim") == [dark, bright, dark]


def test_a_light_that_is_off_never_lights():
    assert shown(brightness="off") == [{1: 0}] * 3


def test_a_motor_runs_while_the_light_is_on():
    motor = {"pin": 2, "inverted": False}
    assert shown(vibration=motor) == [{1: 0, 2: 0}, {1: 1, 2: 1}, {1: 0, 2: 0}]


def test_a_motor_runs_although_the_light_is_off():
    motor = {"pin": 2, "inverted": True}
    seen = shown(brightness="off", vibration=motor)
    assert [pins[2] for pins in seen] == [1, 0, 1] and [pins[1] for pins in seen] == [0, 0, 0]


def test_a_buzzer_that_hums_by_itself_is_switched():
    buzzer = {"kind": "pin", "pin": 3, "inverted": False}
    assert [pins[3] for pins in shown(buzzer=buzzer)] == [0, 1, 0]


def test_a_buzzer_that_wants_a_tone_gets_a_square_wave():
    buzzer = {"kind": "tone", "pin": 3, "inverted": False}
    assert [pins[3] for pins in shown(buzzer=buzzer)] == [(0, 2700), (32768, 2700), (0, 2700)]


def test_an_inverted_buzzer_is_silent_at_a_high_level():
    buzzer = {"kind": "tone", "pin": 3, "inverted": True}
    assert [pins[3][0] for pins in shown(buzzer=buzzer)] == [65535, 32767, 65535]


def test_all_of_them_are_one_light():
    parts = {
        "vibration": {"pin": 2, "inverted": False},
        "buzzer": {"kind": "pin", "pin": 3, "inverted": True},
    }
    assert shown(**parts)[1] == {1: 1, 2: 1, 3: 0}

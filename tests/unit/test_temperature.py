"""The chip's own temperature, as its MicroPython offers it."""

import sys


class Machine:
    ADC = RTC = WDT = Pin = None


sys.modules["machine"] = Machine
sys.modules["esp32"] = Machine
from hal import power  # noqa: E402 - with these modules


class Chip:
    """The module esp32, as one kind of chip has it."""


def temperature(**functions):
    chip = Chip()
    for name, value in functions.items():
        setattr(chip, name, lambda value=value: value)
    power.esp32 = chip
    return power.Power.temperature_c(None)


def test_the_first_esp32_measures_in_fahrenheit():
    assert temperature(raw_temperature=86) == 30
    assert temperature(raw_temperature=23) == -5


def test_its_successors_measure_in_celsius():
    assert temperature(mcu_temperature=-7) == -7


def test_a_chip_without_a_sensor_measures_nothing():
    assert temperature() is None

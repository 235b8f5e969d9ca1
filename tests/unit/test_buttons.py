"""Buttons on pins that a test pulls."""

import sys


class Pin:
    """As machine.Pin, by GPIO: `level` is what it reads, `edge` what an interrupt would call."""

    IN, PULL_UP, PULL_DOWN, IRQ_FALLING, IRQ_RISING = range(5)
    made: dict = {}

    def __init__(self, gpio, mode, pull):
        self.level = 1 if pull == self.PULL_UP else 0
        self.made[gpio] = self

    def irq(self, handler, trigger):
        self._handler = handler

    def value(self):
        return self.level

    def pull(self, level):
        self.level = level
        self._handler(self)

    def spike(self):
        """An edge that is over before anybody can look."""
        self._handler(self)


class Machine:
    Pin = Pin


sys.modules["machine"] = Machine
from hal.buttons import Buttons  # noqa: E402 - with this machine

LOCK, UNLOCK = 1, 2


def test_levels_are_those_of_the_pressed_buttons():
    buttons = Buttons({"unlock": 33, "lock": 32})
    assert buttons.levels() == 0
    Pin.made[33].pull(0)
    assert buttons.levels() == UNLOCK


def test_buttons_to_the_supply_are_pressed_when_high():
    buttons = Buttons({"unlock": 33, "lock": 32}, active_low=False)
    assert buttons.levels() == 0
    Pin.made[32].pull(1)
    assert buttons.levels() == LOCK


def test_a_press_that_came_and_went_is_remembered_once():
    buttons = Buttons({"unlock": 33, "lock": 32})
    Pin.made[32].pull(0)
    Pin.made[32].pull(1)
    assert buttons.moved() == LOCK
    assert buttons.moved() == 0


def test_an_edge_that_is_over_at_once_counts_as_a_press():
    buttons = Buttons({"unlock": 33, "lock": 32})
    Pin.made[32].spike()
    assert buttons.moved() == LOCK


def test_the_radios_spikes_on_two_pins_of_the_esp32_are_no_presses():
    buttons = Buttons({"unlock": 36, "lock": 39})
    Pin.made[36].spike()
    Pin.made[39].spike()
    assert buttons.moved() == 0


def test_a_press_on_those_pins_counts():
    buttons = Buttons({"unlock": 36, "lock": 39})
    Pin.made[39].pull(0)
    assert buttons.moved() == LOCK

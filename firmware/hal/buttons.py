"""Buttons on pins: levels now, and a wait for a change."""

import asyncio

from machine import Pin

# Switching the radio of an ESP32 makes these read low for 80 ns (errata 3.11): an edge, no press.
_SPIKED = (36, 39)


class Buttons:
    """`pins` maps names to GPIO numbers; a mask's bit n is the n-th of the sorted names.

    With `active_low` a button connects its pin to ground, and the pull-up is switched on; the
    pull is too weak for some boards while asleep, see boards/. `gpios` are the pins by bit, and
    `pressed_level` what one reads while its button is down.
    """

    def __init__(self, pins, active_low=True):
        self.names = sorted(pins)
        self.gpios = [pins[name] for name in self.names]
        self.pressed_level = 0 if active_low else 1
        pull = Pin.PULL_UP if active_low else Pin.PULL_DOWN
        self._pins = []
        self._flag = asyncio.ThreadSafeFlag()
        self._moved = 0
        for gpio in self.gpios:
            pin = Pin(gpio, Pin.IN, pull)
            self._pins.append(pin)
            pin.irq(self._on_edge, Pin.IRQ_FALLING | Pin.IRQ_RISING)

    def levels(self):
        """Return the mask of the buttons that are down."""
        mask = 0
        for bit, pin in enumerate(self._pins):
            if pin.value() == self.pressed_level:
                mask |= 1 << bit
        return mask

    async def changed(self):
        """Wait for an edge on any button; edges since the last wait count."""
        await self._flag.wait()

    def moved(self):
        """Return the mask of the buttons with an edge since this was asked last."""
        moved, self._moved = self._moved, 0
        return moved

    def _on_edge(self, pin):
        bit = self._pins.index(pin)
        if self.gpios[bit] not in _SPIKED or pin.value() == self.pressed_level:
            self._moved |= 1 << bit
        self._flag.set()

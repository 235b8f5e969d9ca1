"""What shows the patterns: an LED on a pin, or the first of a strip of NeoPixels; with it a buzzer
and a motor, where the board has them.
"""

from machine import PWM, Pin
from micropython import const

_PWM_HZ = const(1000)
_DIM_DUTY = const(4096)
# Where small piezo discs are loudest, more or less.
_TONE_HZ = const(2700)
_TONE_DUTY = const(32768)
# Enough to be seen by day, and easy on a small battery.
_WHITE = const(24)
_DIM_WHITE = const(8)


class Light:
    """All of them together, off at first.

    `light`, buzzer and vibration are as in fob.json, None without; `brightness` is "normal", "dim"
    or "off" (never lit).
    """

    def __init__(self, light, brightness="normal", buzzer=None, vibration=None):
        dim = brightness == "dim"
        lit = brightness != "off"
        if light["kind"] == "neopixel":
            # Only boards with such a light carry the module's cost.
            from neopixel import NeoPixel

            self._pixels = NeoPixel(Pin(light["pin"], Pin.OUT), 1)
            white = _DIM_WHITE if dim else _WHITE
            parts = [(self._paint, white if lit else 0, 0)]
        else:
            parts = [_pulsed(light, _PWM_HZ, _DIM_DUTY) if dim else _switched(light, lit)]
        if vibration:
            parts.append(_switched(vibration))
        if buzzer:
            tone = buzzer["kind"] == "tone"
            parts.append(_pulsed(buzzer, _TONE_HZ, _TONE_DUTY) if tone else _switched(buzzer))
        self._parts = parts
        self.set(False)

    def set(self, on):
        for write, active, idle in self._parts:
            write(active if on else idle)

    def _paint(self, white):
        # White only: the rhythm carries the meaning, never the colour.
        self._pixels[0] = (white,) * 3
        self._pixels.write()


def _switched(part, lit=True):
    """Return how to write to an output, and what: while on, and while off."""
    inverted = part["inverted"]
    return Pin(part["pin"], Pin.OUT, value=inverted).value, lit != inverted, inverted


def _pulsed(part, hertz, duty):
    """The same of one that is on for `duty` (of 65535) of each period: a dim LED, or a tone."""
    inverted = part["inverted"]
    idle = 65535 if inverted else 0
    pwm = PWM(Pin(part["pin"], Pin.OUT, value=inverted), freq=hertz, duty_u16=idle)
    return pwm.duty_u16, abs(idle - duty), idle

"""One light: an LED on a pin, or the first of a strip of NeoPixels."""

from machine import PWM, Pin
from micropython import const

_PWM_HZ = const(1000)
_DIM_DUTY = const(4096)
# Enough to be seen by day, and easy on a small battery.
_WHITE = const(24)
_DIM_WHITE = const(8)


def build(kind, pin, inverted=False, brightness="normal"):
    """Return a light that offers set(on), dark now.

    `kind` is "pin", "pwm" or "neopixel", `brightness` "normal", "dim" or "off" (never lit).
    """
    if kind == "neopixel":
        return Pixel(pin, {"normal": _WHITE, "dim": _DIM_WHITE, "off": 0}[brightness])
    if brightness == "dim":
        return DimLed(pin, inverted)
    return Led(pin, inverted, brightness != "off")


class Led:
    """`inverted` where the LED lights on a low level; `lit`: False keeps it dark."""

    def __init__(self, pin, inverted, lit=True):
        self._inverted = inverted
        self._lit = lit
        self._pin = Pin(pin, Pin.OUT, value=inverted)

    def set(self, on):
        self._pin.value(bool(on and self._lit) != self._inverted)


class DimLed:
    """An LED that is on for a small part of each millisecond."""

    def __init__(self, pin, inverted):
        self._off = 65535 if inverted else 0
        self._on = 65535 - _DIM_DUTY if inverted else _DIM_DUTY
        self._pwm = PWM(Pin(pin, Pin.OUT, value=inverted), freq=_PWM_HZ, duty_u16=self._off)

    def set(self, on):
        self._pwm.duty_u16(self._on if on else self._off)


class Pixel:
    """White only: the rhythm carries the meaning, never the colour."""

    def __init__(self, pin, white):
        # Only boards with such a light carry the module's cost.
        from neopixel import NeoPixel

        self._white = white
        self._pixels = NeoPixel(Pin(pin, Pin.OUT), 1)
        self.set(False)

    def set(self, on):
        self._pixels[0] = (self._white if on else 0,) * 3
        self._pixels.write()

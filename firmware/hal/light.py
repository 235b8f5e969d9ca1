"""One light: an LED on a pin, or the first of a strip of NeoPixels."""

from machine import Pin

# Enough to be seen by day, and easy on a small battery.
_WHITE = (24, 24, 24)
_OFF = (0, 0, 0)


def build(kind, pin, inverted=False):
    """Return a light that offers set(on); `kind` is "pin", "pwm" or "neopixel"."""
    if kind == "neopixel":
        return Pixel(pin)
    return Led(pin, inverted)


class Led:
    """`inverted` where the LED lights on a low level."""

    def __init__(self, pin, inverted):
        self._inverted = inverted
        self._pin = Pin(pin, Pin.OUT, value=inverted)

    def set(self, on):
        self._pin.value(bool(on) != self._inverted)


class Pixel:
    """White only: the rhythm carries the meaning, never the colour."""

    def __init__(self, pin):
        # Only boards with such a light carry the module's cost.
        from neopixel import NeoPixel

        self._pixels = NeoPixel(Pin(pin, Pin.OUT), 1)
        self.set(False)

    def set(self, on):
        self._pixels[0] = _WHITE if on else _OFF
        self._pixels.write()

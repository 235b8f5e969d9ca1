"""What shows the patterns: an LED on a pin, or the first of a strip of NeoPixels; with it a buzzer
and a motor, where the board has them.
"""

from machine import Pin


def build(kind, pin, inverted=False, brightness="normal", buzzer=None, vibration=None):
    """Return what offers set(on), off now.

    `kind` is "pin", "pwm" or "neopixel", `brightness` "normal", "dim" or "off" (never lit); buzzer
    and vibration are as in fob.json, None without.
    """
    light = _light(kind, pin, inverted, brightness)
    if not buzzer and not vibration:
        return light
    from hal import lamps

    parts = [light]
    if vibration:
        parts.append(Led(**vibration))
    if buzzer:
        made = lamps.tone if buzzer["kind"] == "tone" else Led
        parts.append(made(buzzer["pin"], buzzer["inverted"]))
    return lamps.Several(parts)


def _light(kind, pin, inverted, brightness):
    if kind != "neopixel" and brightness != "dim":
        return Led(pin, inverted, brightness != "off")
    from hal import lamps

    return lamps.Pixel(pin, brightness) if kind == "neopixel" else lamps.dimmed(pin, inverted)


class Led:
    """An LED, or what else is on or off; `inverted` where that is on at a low level, `lit`: False
    keeps it off."""

    def __init__(self, pin, inverted, lit=True):
        self._inverted = inverted
        self._lit = lit
        self._pin = Pin(pin, Pin.OUT, value=inverted)

    def set(self, on):
        self._pin.value(bool(on and self._lit) != self._inverted)

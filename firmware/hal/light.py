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


def build(kind, pin, inverted=False, brightness="normal", buzzer=None, vibration=None):
    """Return what offers set(on), off now.

    `kind` is "pin", "pwm" or "neopixel", `brightness` "normal", "dim" or "off" (never lit); buzzer
    and vibration are as in fob.json, None without.
    """
    light = _light(kind, pin, inverted, brightness)
    if not buzzer and not vibration:
        return light
    parts = [light]
    if vibration:
        parts.append(Led(**vibration))
    if buzzer and buzzer["kind"] == "tone":
        parts.append(Pulsed(buzzer["pin"], buzzer["inverted"], _TONE_HZ, _TONE_DUTY))
    elif buzzer:
        parts.append(Led(buzzer["pin"], buzzer["inverted"]))
    return Several(parts)


def _light(kind, pin, inverted, brightness):
    if kind == "neopixel":
        return Pixel(pin, {"normal": _WHITE, "dim": _DIM_WHITE, "off": 0}[brightness])
    if brightness == "dim":
        return Pulsed(pin, inverted, _PWM_HZ, _DIM_DUTY)
    return Led(pin, inverted, brightness != "off")


class Several:
    """All of them, together."""

    def __init__(self, parts):
        self._parts = parts

    def set(self, on):
        for part in self._parts:
            part.set(on)


class Led:
    """An LED, or what else is on or off; `inverted` where that is on at a low level, `lit`: False
    keeps it off."""

    def __init__(self, pin, inverted, lit=True):
        self._inverted = inverted
        self._lit = lit
        self._pin = Pin(pin, Pin.OUT, value=inverted)

    def set(self, on):
        self._pin.value(bool(on and self._lit) != self._inverted)


class Pulsed:
    """A pin that is active for `duty` (of 65536) of each period: a dim LED, or a tone."""

    def __init__(self, pin, inverted, hertz, duty):
        self._off = 65535 if inverted else 0
        self._on = 65535 - duty if inverted else duty
        self._pwm = PWM(Pin(pin, Pin.OUT, value=inverted), freq=hertz, duty_u16=self._off)

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

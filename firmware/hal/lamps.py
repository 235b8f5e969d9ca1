"""What lights, sounds or shakes by more than a level on a pin: loaded only where a board has it."""

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


def tone(pin, inverted):
    """Return a piezo that sounds while it is on."""
    return Pulsed(pin, inverted, _TONE_HZ, _TONE_DUTY)


def dimmed(pin, inverted):
    """Return an LED that is on for a small part of the time."""
    return Pulsed(pin, inverted, _PWM_HZ, _DIM_DUTY)


class Several:
    """All of them, together."""

    def __init__(self, parts):
        self._parts = parts

    def set(self, on):
        for part in self._parts:
            part.set(on)


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

    def __init__(self, pin, brightness):
        # Only boards with such a light carry the module's cost.
        from neopixel import NeoPixel

        self._white = {"normal": _WHITE, "dim": _DIM_WHITE, "off": 0}[brightness]
        self._pixels = NeoPixel(Pin(pin, Pin.OUT), 1)
        self.set(False)

    def set(self, on):
        self._pixels[0] = (self._white if on else 0,) * 3
        self._pixels.write()

"""Why the firmware runs, how long it may, how it goes to sleep and what outlives that: reset, wake,
watchdog, battery, the RTC's memory and clock.

Behaviour of the chips: MicroPython documentation, modules `machine` and `esp32`, and the ESP32
port's source for what wake_pins() leaves out.
"""

import os
from time import ticks_diff, ticks_ms, time_ns

import esp32
import machine
from machine import ADC, RTC, WDT, Pin
from micropython import const

# How the chip came to run the firmware.
POWER_ON = "power-on"
WOKEN = "woken"
WATCHDOG = "watchdog"
RESET = "reset"

# machine.wake_reason() has no name for it: ESP_SLEEP_WAKEUP_GPIO of the ESP-IDF.
_GPIO_WAKE = const(7)

# Longer than the slowest computation, a key agreement, keeps everything else waiting.
_WATCHDOG_MS = const(10000)
# For an upload through the REPL: the watchdog cannot be stopped.
_HANDED_OVER_MS = const(600000)
# After power-on, before the watchdog is armed.
_WINDOW_MS = const(5000)
_HELD_MS = const(300000)
# A file in the root of the flash.
_FLAG = const("maintenance")

# A button that stays down is looked at again after this time, doubled each time, six times
# at most.
_REARM_MS = const(5000)
_REARM_DOUBLINGS = const(6)
_RETAINED = const("stuck")

# One reading of the converter is noisy.
_READINGS = const(4)


def cause():
    """Return POWER_ON, WOKEN (from deep sleep), WATCHDOG or RESET."""
    number = machine.reset_cause()
    if number == machine.PWRON_RESET:
        return POWER_ON
    if number == machine.DEEPSLEEP_RESET:
        return WOKEN
    return WATCHDOG if number == machine.WDT_RESET else RESET


def restart():
    """Start the chip afresh; does not return."""
    machine.reset()


def rtc_memory(*data):
    """Return what the RTC's 2048 bytes hold, or have them hold `data`.

    They are kept in deep sleep and over a watchdog reset, and lost with the power.
    """
    return RTC().memory(*data)


def now_ms():
    """Return milliseconds since some moment before the first call, by the RTC's clock.

    In deep sleep an RC oscillator counts them, which may be off by some parts in a thousand; and a
    laptop may set the clock.
    """
    return time_ns() // 1000000


class Power:
    """One board's power; `board` as in fob.json.

    `buttons` offers gpios, pressed_level and levels() -> mask; `retained` offers get(name) and
    put(name, bytes). `woken` is the mask of the buttons whose press ended a deep sleep, `stuck`
    that of the buttons that were left out because they were down when it began, and still are.
    """

    def __init__(self, buttons, board, retained):
        self._buttons = buttons
        self._retained = retained
        wake, usb, battery = board["wake"], board["usb"], board["battery"]
        ext0 = wake["ext0"]
        # GPIO numbers by what wakes for them.
        self._wake = {
            "ext0": [] if ext0 is None else [ext0],
            "ext1": wake["ext1"],
            "gpio": wake["gpio"],
        }
        self._wdt = None
        self._usb = None if usb is None else Pin(usb, Pin.IN)
        self._adc = None
        if battery:
            self._ratio = battery["ratio"]
            self._adc = ADC(Pin(battery["pin"]), atten=ADC.ATTN_11DB)
        self._began_ms = ticks_ms()
        self._left_out = self._doublings = 0
        self._in_vain = False
        levels = buttons.levels()
        woken = cause() == WOKEN
        # What keeps the fob awake. Who just connected the power may want it to stay so; after a
        # hang nobody is there, and only the watchdog can end the next one.
        self._window = cause() == POWER_ON
        self._held = levels if self._window else 0
        self._flag = not woken and _FLAG in os.listdir("/")
        self.woken = self.stuck = 0
        if woken:
            self._left_out, self._doublings = retained.get(_RETAINED) or bytes(2)
            pressed = self._pressed()
            released = pressed & self._left_out
            self._in_vain = released & levels > 0
            self.stuck = self._left_out & levels
            self.woken = (pressed & ~released | levels) & ~self.stuck

    @property
    def maintenance(self):
        """True while the fob must stay awake: for USB power, for a flag found at any start but a
        wake, and after power-on for a while, a longer one if a button was held all through it."""
        awake_ms = ticks_diff(ticks_ms(), self._began_ms)
        if self._window:
            self._held &= self._buttons.levels()
            self._window = awake_ms < _WINDOW_MS
        elif self._held and awake_ms >= _HELD_MS:
            # A button that is stuck must not empty the battery.
            self._held = 0
        powered = self._usb is not None and self._usb.value() == 1
        return bool(self._window or self._held or self._flag or powered)

    def feed(self):
        """Tell the watchdog that all is well; the first time outside maintenance arms it."""
        if self._wdt:
            self._wdt.feed()
        elif not self.maintenance:
            self._wdt = WDT(timeout=_WATCHDOG_MS)

    def hand_over(self):
        """Leave the REPL to a laptop, with time enough for an upload."""
        if self._wdt:
            self._wdt = WDT(timeout=_HANDED_OVER_MS)

    def battery_mv(self):
        """Return the battery's voltage in mV, None where it cannot be measured."""
        if not self._adc:
            return None
        try:
            microvolts = 0
            for _ in range(_READINGS):
                microvolts += self._adc.read_uv()
        except OSError:
            # The converter is busy or broken: no reason for a press to fail.
            return None
        return int(microvolts // _READINGS * self._ratio) // 1000

    def temperature_c(self):
        """Return the chip's temperature in degrees Celsius, None where it cannot be measured."""
        # The first ESP32 has another sensor than its successors, which nobody calibrated.
        if hasattr(esp32, "mcu_temperature"):
            return esp32.mcu_temperature()
        if hasattr(esp32, "raw_temperature"):
            return (esp32.raw_temperature() - 32) * 5 // 9
        return None

    def sleep(self, held):
        """Sleep deeply until a button is pressed; does not return.

        The buttons of the mask `held` that are still down cannot wake: their level would at once,
        again and again. Their release can where the chip offers it, so that the next press counts;
        a timer looks after them in any case. Any other that goes down meanwhile wakes, since what
        wakes is a level.
        """
        held &= self._buttons.levels()
        for source, gpios in self._wake.items():
            if gpios:
                self._arm(source, gpios, held)
        doublings = 0
        if held and held == self._left_out:
            doublings = min(self._doublings + 1, _REARM_DOUBLINGS)
        self._retained.put(_RETAINED, bytes((held, doublings)))
        if held:
            machine.deepsleep(_REARM_MS << doublings)
        else:
            machine.deepsleep()

    def _arm(self, source, gpios, held):
        """Arm one source: it has one level for all of its pins.

        Free buttons come first: only a source without one can wait for releases. Not again at
        once where it saw one that was none, as it may with a bad contact.
        """
        bits = self._buttons.gpios
        level = self._buttons.pressed_level
        free = [gpio for gpio in gpios if not held >> bits.index(gpio) & 1]
        if not free and not self._in_vain:
            free = gpios
            level ^= 1
        # An empty tuple takes pins away; None would leave those of before.
        pins = tuple(map(Pin, free))
        wake_on = getattr(esp32, "wake_on_" + source)
        if source == "ext0":
            wake_on(pins[0] if pins else None, level == 1)
        else:
            wake_on(pins, level == 1)

    def _pressed(self):
        """Return the mask of the buttons that ended the sleep; none when a timer did."""
        sources = {machine.EXT0_WAKE: "ext0", machine.EXT1_WAKE: "ext1", _GPIO_WAKE: "gpio"}
        pins = self._wake.get(sources.get(machine.wake_reason(), ""), ())
        if len(pins) > 1:
            try:
                pins = machine.wake_pins()
            except AttributeError:
                # Before MicroPython 1.29. What is still down is known by its level; of a button
                # that is up again this is known where it is the only one of its source.
                return 0
        mask = 0
        for bit, gpio in enumerate(self._buttons.gpios):
            if gpio in pins:
                mask |= 1 << bit
        return mask

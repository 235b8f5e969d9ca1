"""The ESP32's `machine`, as far as the firmware uses it; its hardware is the bench.

Names and signatures are those of the ESP32 port. Lives in the firmware's heap, so it stays small.
Input levels and voltages are pushed by the bench and kept here: reading one costs no round trip.
"""

import gc
import time

import bridge
import micropython
from umachine import PinBase as _PinBase
from umachine import Signal, idle, mem8, mem16, mem32, soft_reset, time_pulse_us  # noqa: F401

PWRON_RESET = 1
HARD_RESET = 2
WDT_RESET = 3
DEEPSLEEP_RESET = 4
SOFT_RESET = 5
PIN_WAKE = EXT0_WAKE = 2
EXT1_WAKE = 3
TIMER_WAKE = 4
SLEEP = 2
DEEPSLEEP = 4

_pins = {}
_levels = {}
_microvolts = {}


def _on_event(name, args):
    if name == "measure_heap":
        _tell_heap()
        return
    gpio, value = args
    if name == "voltage":
        _microvolts[gpio] = value
        return
    pin = _pins.get(gpio)
    before = pin and pin.value()
    _levels[gpio] = value
    if not pin or not pin._handler or pin.value() == before:
        return
    if pin._trigger & (Pin.IRQ_FALLING if before else Pin.IRQ_RISING):
        try:
            micropython.schedule(pin._handler, pin)
        except RuntimeError:  # the queue is full: the chip, too, drops the interrupt
            pass


def _tell_heap():
    gc.collect()
    bridge.post("board", "heap", gc.mem_alloc())


bridge.on("board", _on_event)
_cause, _wake, _wake_pins, _id, _applied, _measured, _gpio = bridge.call("board", "started")
_levels.update(_applied)
_microvolts.update(_measured)
_hertz = 160_000_000
_RTC_PIECE = 128


class Pin(_PinBase):
    IN = 1
    OUT = 3
    OPEN_DRAIN = 7
    PULL_DOWN = 1
    PULL_UP = 2
    IRQ_RISING = 1
    IRQ_FALLING = 2
    WAKE_LOW = 4
    WAKE_HIGH = 5
    DRIVE_0 = 0
    DRIVE_1 = 1
    DRIVE_2 = 2
    DRIVE_3 = 3

    # As on the chip there is one object per pin, and it keeps its settings.
    def __new__(cls, id, *args, **kwargs):
        if isinstance(id, Pin):
            return id
        if id not in _pins:
            if not isinstance(id, int) or id < 0 or not _gpio >> id & 1:
                raise ValueError("invalid pin")
            pin = _pins[id] = object.__new__(cls)
            pin._id = id
            pin._mode = cls.IN
            pin._pull = pin._handler = None
            pin._output = pin._trigger = 0
        return _pins[id]

    def __init__(self, id, mode=-1, pull=-1, *, value=None, drive=None, alt=None):
        self.init(mode, pull, value=value)

    def __repr__(self):
        return "Pin(%d)" % self._id

    def init(self, mode=-1, pull=-1, *, value=None, drive=None, alt=None):
        if value is not None:
            self._output = int(bool(value))
        if pull != -1:
            self._pull = pull
        if mode != -1:
            self._mode = mode
        if self._mode == self.OUT and (mode != -1 or value is not None):
            _drive(self, self._output * 65535)

    def value(self, x=None):
        if x is not None:
            self._output = int(bool(x))
            if self._mode == self.OUT:
                _drive(self, self._output * 65535)
            return None
        if self._mode == self.OUT or (self._mode == self.OPEN_DRAIN and not self._output):
            return self._output
        level = _levels.get(self._id)
        return level if level is not None else int(self._pull == self.PULL_UP)

    __call__ = value

    def on(self):
        self.value(1)

    def off(self):
        self.value(0)

    def toggle(self):
        self.value(not self._output)

    def irq(self, handler=None, trigger=3, *, priority=1, wake=None, hard=False):
        self._handler = handler
        self._trigger = trigger


def _drive(pin, duty):
    bridge.post("board", "output", pin._id, duty, time.ticks_us())


class PWM:
    def __init__(self, dest, *, freq=5000, duty_u16=32768, invert=False):
        self._pin = Pin(dest)
        self.init(freq=freq, duty_u16=duty_u16, invert=invert)

    def init(self, *, freq=None, duty_u16=None, invert=None):
        if freq is not None:
            self._freq = freq
        if invert is not None:
            self._invert = invert
        if duty_u16 is not None:
            self._duty = duty_u16
        _drive(self._pin, 65535 - self._duty if self._invert else self._duty)

    def duty_u16(self, value=None):
        if value is None:
            return self._duty
        return self.init(duty_u16=value)

    def freq(self, value=None):
        if value is None:
            return self._freq
        return self.init(freq=value)

    def deinit(self):
        _drive(self._pin, 0)


class ADC:
    ATTN_0DB = 0
    ATTN_2_5DB = 1
    ATTN_6DB = 2
    ATTN_11DB = 3

    def __init__(self, id, *, sample_ns=0, atten=0):
        self._id = Pin(id)._id
        self.init(atten=atten)

    def init(self, *, sample_ns=0, atten=0):
        # The most each attenuation can measure, from the ESP32 port's documentation.
        self._most = (950_000, 1_250_000, 1_750_000, 2_450_000)[atten]

    def read_uv(self):
        return min(_microvolts.get(self._id, 0), self._most)

    def read_u16(self):
        return self.read_uv() * 65535 // self._most


class RTC:
    def __init__(self, id=0):
        pass

    def memory(self, data=None):
        if data is None:
            return bridge.call("board", "read_rtc_memory")
        if len(data) > 2048:
            raise ValueError("buffer too long")
        # In pieces, which take little memory: on the chip it takes none. The last one counts.
        data = memoryview(data)
        for start in range(0, max(1, len(data)), _RTC_PIECE):
            piece = bytes(data[start : start + _RTC_PIECE])
            bridge.post("board", "write_rtc_memory", start, piece, len(data))
        return None


class WDT:
    def __init__(self, *, id=0, timeout=5000):
        if id != 0 or timeout < 1000:
            raise ValueError("WDT timeout too short" if id == 0 else None)
        bridge.post("board", "start_watchdog", timeout)

    def feed(self):
        bridge.post("board", "feed_watchdog")


# The bench ends the process inside these calls, so that no handler or `finally` runs any more.


def reset():
    bridge.call("board", "reset")


def deepsleep(time_ms=0):
    _tell_heap()
    bridge.call("board", "deepsleep", time_ms)


def reset_cause():
    return _cause


def wake_reason():
    return _wake


def wake_pins():
    return tuple(_wake_pins)


def unique_id():
    return _id


def freq(hz=None):
    global _hertz
    if hz is None:
        return _hertz
    _hertz = hz
    return None

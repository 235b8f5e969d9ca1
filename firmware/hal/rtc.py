"""What outlives deep sleep: the RTC's memory and its clock. Both are lost with the power."""

from time import time_ns

from machine import RTC


class RtcMemory:
    """2048 bytes that are kept in deep sleep and over a watchdog reset."""

    def __init__(self):
        self._rtc = RTC()

    def read(self):
        return self._rtc.memory()

    def write(self, data):
        self._rtc.memory(data)


def now_ms():
    """Return milliseconds since some moment before the first call.

    In deep sleep an RC oscillator counts them, which may be off by some parts in a thousand; and a
    laptop may set the clock.
    """
    return time_ns() // 1000000

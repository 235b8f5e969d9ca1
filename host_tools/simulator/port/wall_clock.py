"""Stands in for `time` on a board in real time: the interpreter's own, but for the time of day.

That is the laptop's, and a chip's own begins with its power. In virtual time: clock.py.
"""

from asyncio import core

import bridge
import utime
from utime import *  # noqa: F403
from utime import time_ns as _laptops_ns

# So long nobody looks whether Ctrl-C was typed.
_GLANCE_MS = 20

_ahead_ns = bridge.call("board", "wall_clock_us") * 1000 - _laptops_ns()


def time_ns():
    return _laptops_ns() + _ahead_ns


def time():
    return time_ns() // 1000000000


def sleep_us(us):
    bridge.heed()
    utime.sleep_us(us)
    bridge.heed()


def sleep_ms(ms):
    bridge.heed()
    utime.sleep_ms(ms)
    bridge.heed()


def sleep(seconds):
    bridge.heed()
    utime.sleep(seconds)
    bridge.heed()


class _IOQueue(core.IOQueue):
    """asyncio's, where Ctrl-C is noticed."""

    def wait_io_event(self, ms):
        wait = super().wait_io_event
        bridge.heed()
        if ms >= 0:
            wait(min(ms, _GLANCE_MS))
            bridge.heed()
            return
        # Without a time limit asyncio relies on there being a task afterwards.
        while not core._task_queue.peek():
            wait(_GLANCE_MS)
            bridge.heed()


core.IOQueue = _IOQueue
core._io_queue = _IOQueue()

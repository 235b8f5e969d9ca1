"""Stands in for `time` on a board in real time: the interpreter's own, but for the time of day.

That is the laptop's, and a chip's own begins with its power. In virtual time: clock.py.
"""

import bridge
from utime import *  # noqa: F403
from utime import time_ns as _laptops_ns

_ahead_ns = bridge.call("board", "wall_clock_us") * 1000 - _laptops_ns()


def time_ns():
    return _laptops_ns() + _ahead_ns


def time():
    return time_ns() // 1000000000

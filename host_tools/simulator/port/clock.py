"""Stands in for `time`, and for the clock of asyncio, on a board in virtual time.

Time is what the bench says it is; it moves only while this board waits, and events come only then.
Whatever the firmware computes takes no time.
"""

from asyncio import core

import bridge
from utime import gmtime, localtime, mktime, ticks_add, ticks_diff  # noqa: F401

# Ahead of the interpreter's own clock for good: with that, asyncio marks tasks that may run at
# once, and those come before every task that is due at a time.
_START_MS = 1 << 41
# Who looks at the clock so often without waiting is waiting for it to move.
_STARES = 1000

_stares = 0


def _wait(until_us):
    global _stares
    _stares = 0
    bridge.deliver(bridge.call("clock", "wait", until_us))


def _now_us():
    global _stares
    _stares += 1
    if _stares >= _STARES:
        _wait(bridge.now_us + 1000)
    return bridge.now_us


def ticks_ms():
    return _START_MS + _now_us() // 1000


def ticks_us():
    return _START_MS * 1000 + _now_us()


ticks_cpu = ticks_us


def time():
    return _now_us() // 1000000


def time_ns():
    return _now_us() * 1000


def sleep_us(us):
    until = bridge.now_us + us
    while bridge.now_us < until:
        _wait(until)


def sleep_ms(ms):
    sleep_us(ms * 1000)


def sleep(seconds):
    sleep_us(int(seconds * 1000000))


def _wait_io_event(queue, ms):
    """In place of IOQueue's own: waits for the bench instead of the real pollers."""
    for _ in queue.poller.ipoll(0):
        ms = 0
    if ms:
        _wait(None if ms < 0 else (bridge.now_us // 1000 + ms) * 1000)
    _poll(queue, 0)


_poll = core.IOQueue.wait_io_event
core.IOQueue.wait_io_event = _wait_io_event
core.ticks = ticks_ms

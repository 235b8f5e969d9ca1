"""Stands in for `time`, and for the clock of asyncio, on a board in virtual time.

Time is what the bench says it is; it moves only while this board waits, and events come only then.
Whatever the firmware computes takes no time. In real time there is wall_clock.py instead.
"""

from asyncio import core

import bridge
from utime import gmtime, localtime, mktime, ticks_add, ticks_diff  # noqa: F401

# Ahead of the interpreter's own clock for good: with that, asyncio marks tasks that may run at
# once, and those come before every task that is due at a time.
_START_MS = 1 << 41
# Who looks at the clock so often without waiting is waiting for it to move.
_STARES = 1000

_POLL = 3  # MP_STREAM_POLL
_READ = 1
_WRITE = 4

_stares = 0
# How far the chip's wall clock is ahead of the bench's time.
_ahead_us = bridge.call("board", "wall_clock_us") - bridge.now_us


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
    return (_now_us() + _ahead_us) // 1000000


def time_ns():
    return (_now_us() + _ahead_us) * 1000


def sleep_us(us):
    until = bridge.now_us + us
    while bridge.now_us < until:
        _wait(until)


def sleep_ms(ms):
    sleep_us(ms * 1000)


def sleep(seconds):
    sleep_us(int(seconds * 1000000))


class _IOQueue:
    """asyncio's, for what tells by its ioctl whether it is ready, as a ThreadSafeFlag does.

    In the order in which tasks began to wait, which a real poller does not keep; it would also
    take a millisecond to look at what is no file descriptor.
    """

    def __init__(self):
        self.map = []

    def queue_read(self, stream):
        self._queue(stream, _READ)

    def queue_write(self, stream):
        self._queue(stream, _WRITE)

    def _queue(self, stream, direction):
        self.map.append((core.cur_task, stream, direction))
        core.cur_task.data = self

    def remove(self, task):
        self.map = [entry for entry in self.map if entry[0] is not task]

    def wait_io_event(self, ms):
        if not self._wake() and ms:
            _wait(None if ms < 0 else (bridge.now_us // 1000 + ms) * 1000)
            self._wake()

    def _wake(self):
        ready = [entry for entry in self.map if entry[1].ioctl(_POLL, entry[2])]
        for task, _, _ in ready:
            self.remove(task)
            core._task_queue.push(task)
        return ready


core.IOQueue = _IOQueue
core._io_queue = _IOQueue()
core.ticks = ticks_ms

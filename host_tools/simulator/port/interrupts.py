"""Brings the bench's events to the main thread while it works or sleeps, in real time.

In virtual time nothing interrupts: there a board asks for events whenever it waits (clock.py).
"""

import _thread
import select
import socket
import time

import bridge
import micropython

_delivered = _thread.allocate_lock()
_ready = select.poll()
_events = None


def watch(events):
    """Deliver from this connection of the bridge from now on; to be called once."""
    global _events
    _events = events
    _ready.register(events.socket, select.POLLIN)
    _delivered.acquire()
    _thread.start_new_thread(_watch, ())


def _watch():
    # MicroPython's threads have no interpreter lock here: this one waits and schedules, no more.
    while True:
        if not _events.read:
            for _ in _ready.ipoll():
                pass
            try:
                bench_is_there = _events.socket.recv(1, socket.MSG_PEEK)
            except OSError:
                bench_is_there = False
            if not bench_is_there:
                bridge.end_process()
        try:
            micropython.schedule(_deliver, None)
        except RuntimeError:  # the queue holds 4; somebody else filled it
            continue
        _delivered.acquire()
        # Between two frames the main thread comes to its turn, as between two radio events.
        time.sleep_ms(1)


def _deliver(_):
    try:
        # In the middle of a call: come back after it, the thread schedules again.
        if not bridge.calling and (_events.read or _ready.poll(0)):
            bridge.deliver(bridge.decode(_events.receive()))
    finally:
        _delivered.release()

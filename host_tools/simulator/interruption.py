"""Signals to the MicroPython process of a board: Ctrl-C, and its end."""

import asyncio
import contextlib
import os
import signal
import sys
from asyncio.subprocess import Process
from collections.abc import Callable
from pathlib import Path

from host_tools.simulator.bridge import Bridge
from host_tools.simulator.virtual_time import is_virtual

_GRACE = 0.15  # longer than port/bridge.py heeds the event
_BETWEEN_LOOKS = 0.002
_LOOKS = 150
_IN_A_ROW = 3
_ASLEEP = "S"


class Interruption:
    """Ctrl-C for a process, as the service of the bench that it is heard by.

    At SIGINT MicroPython's Unix port leaves whatever it is doing at once, be it in the middle of a
    collection of garbage with a lock in its hand, and then hangs or dies. So in real time it is
    asked by an event first, which the stand-ins heed when the firmware calls or waits. What does
    neither gets the signal, if possible while it sleeps.
    """

    def __init__(self, process: Process, bridge: Bridge, computes: Callable[[], bool]) -> None:
        """`computes`: whether a program runs; at its prompt a process reads Ctrl-C by itself."""
        self._process = process
        self._bridge = bridge
        self._computes = computes
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None

    def send(self) -> None:
        """Interrupt it."""
        if is_virtual():
            _signal(self._process.pid, signal.SIGINT)
            self._bridge.interrupt()
            return
        self._bridge.interrupt()
        if self._timer is None:
            self._timer = self._loop.call_later(_GRACE, self._look, _LOOKS, 0)

    def heard(self) -> None:
        """It has heeded the event."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _look(self, left: int, asleep: int) -> None:
        self._timer = None
        if self._process.returncode is not None or not self._computes():
            return
        asleep = asleep + 1 if _sleeps(self._process.pid) else 0
        if left and asleep < _IN_A_ROW:
            self._timer = self._loop.call_later(_BETWEEN_LOOKS, self._look, left - 1, asleep)
        else:
            _signal(self._process.pid, signal.SIGINT)


def kill(process: Process) -> None:
    """End it at once."""
    if sys.platform == "win32":
        process.kill()
    else:
        _signal(process.pid, signal.SIGKILL)


def _sleeps(pid: int) -> bool:
    """Whether the main thread of a process sleeps, as far as this system tells."""
    try:
        stat = Path(f"/proc/{pid}/task/{pid}/stat").read_text()
    except OSError:
        return True
    # The state follows the name, which is in brackets and may hold anything.
    return stat.rpartition(")")[2].split()[0] == _ASLEEP


def _signal(pid: int, number: int) -> None:
    # Process.send_signal() would look for the exit code first, and take it from the loop that waits
    # for it. Who is gone already needs no signal, which is as well.
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)

"""Signals to the MicroPython process of a board: Ctrl-C, and its end."""

import asyncio
import contextlib
import os
import signal
import sys
from asyncio.subprocess import Process
from collections.abc import Callable

from host_tools.simulator.bridge import Bridge
from host_tools.simulator.interpreter import interrupt_signal
from host_tools.simulator.virtual_time import is_virtual

_GRACE = 0.1
_BETWEEN_LOOKS = 0.004


class Interruption:
    """Ctrl-C for a process, as the service of the bench that it is heard by.

    In virtual time it is a signal. In real time that may come in the middle of what a chip does in
    C, so the process is asked by an event first, which the stand-ins heed when the firmware calls
    or waits. What does neither gets the signal.

    An interrupt is for the program that runs when it is sent: once that is seen to have ended, it
    is nobody's. So whoever would heed it asks first, by `interrupted`.
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
            self._look_soon(self._loop.time() + _GRACE)

    def heed(self) -> bool:
        """Whether there is an interrupt for the program that runs, which is hereby heeded."""
        pending = self._timer is not None
        self.forget()
        return pending and self._computes()

    def forget(self) -> None:
        """The program has ended."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _look_soon(self, patience: float) -> None:
        self._timer = self._loop.call_later(_BETWEEN_LOOKS, self._look, patience)

    def _look(self, patience: float) -> None:
        self._timer = None
        if self._process.returncode is not None or not self._computes():
            return
        if self._loop.time() < patience:
            self._look_soon(patience)
        else:
            _signal(self._process.pid, interrupt_signal())


def kill(process: Process) -> None:
    """End it at once."""
    if sys.platform == "win32":
        process.kill()
    else:
        _signal(process.pid, signal.SIGKILL)


def _signal(pid: int, number: int) -> None:
    # Process.send_signal() would look for the exit code first, and take it from the loop that waits
    # for it. Who is gone already needs no signal, which is as well.
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)

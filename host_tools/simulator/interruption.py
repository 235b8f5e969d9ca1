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

# Looks at the process: the first that may find it heedless, how many asleep in a row then say that
# a signal does no harm, and the last, which says that it computes without an end.
_BETWEEN_LOOKS = 0.003
_FIRST_LOOK, _IN_A_ROW, _LAST_LOOK = 50, 3, 150
_ASLEEP = "S"


class Interruption:
    """Ctrl-C for a process, as the service of the bench that it is heard by.

    At SIGINT MicroPython's Unix port leaves whatever it is doing at once, be it in the middle of a
    collection of garbage with a lock in its hand, and then hangs or dies. So in real time it is
    asked by an event first, which the stand-ins heed when the firmware calls or waits. What does
    neither gets the signal, if possible while it sleeps.

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
            self._look_soon(1, 0)

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

    def _look_soon(self, number: int, asleep: int) -> None:
        self._timer = self._loop.call_later(_BETWEEN_LOOKS, self._look, number, asleep)

    def _look(self, number: int, asleep: int) -> None:
        self._timer = None
        if self._process.returncode is not None or not self._computes():
            return
        if number >= _FIRST_LOOK:
            asleep = asleep + 1 if _sleeps(self._process.pid) else 0
        if asleep == _IN_A_ROW or number == _LAST_LOOK:
            _signal(self._process.pid, signal.SIGINT)
        else:
            self._look_soon(number + 1, asleep)


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

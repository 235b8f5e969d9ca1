"""`fob monitor`: the fob's serial console, both ways."""

import contextlib
import sys
import time
from collections.abc import Callable

import click
import serial

from host_tools.cable.errors import refused
from host_tools.cable.ports import choose_port
from host_tools.cable.session import BAUD, PORT_FAULTS
from host_tools.cli.options import port_option
from host_tools.cli.screen import errors
from host_tools.cli.typed import Typed, typed
from host_tools.failure import Unreachable

_OPENING_FAULTS: tuple[type[Exception], ...] = (*PORT_FAULTS, ValueError)
_END = b"\x1d"
_ONE_READ = 0.05
_LOOK_AGAIN = 0.2
_PROMPT = b">>> "
_SILENT = "A fob that sleeps says nothing."
_INTERRUPTED = "The fob is at its prompt and serves no button: restart it, or type Ctrl-D there."


@click.command()
@port_option
def monitor(port: str | None) -> None:
    """Show the fob's serial console, and type at it.

    Ctrl-] ends it. Looking on does not disturb the fob. What you type goes to it: Ctrl-C
    interrupts it for MicroPython's prompt, and Ctrl-D there has it go on. When the cable is pulled,
    it waits for it. Without a terminal it sends the lines of its input; after their end it goes on
    until Ctrl-C, or a Ctrl-] among them.

    \b
    Example:
      fob monitor
    """
    line = _Line(lambda: choose_port(port))
    line.open()
    try:
        with typed() as keys:
            errors().print(f"{line.name}: Ctrl-] ends. {_SILENT}", style="dim")
            _connect(line, keys)
    finally:
        line.close()
        if line.at_prompt:
            errors().print(f"\n{_INTERRUPTED}", style="yellow")


def _connect(line: "_Line", keys: Typed) -> None:
    while True:
        pressed, end, _ = keys().partition(_END)
        data = line.exchange(pressed)
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
        if end:
            return


class _Line:
    """The cable to a fob: comes back by itself."""

    def __init__(self, find: Callable[[], str]) -> None:
        """`find` names the port, or raises Unreachable."""
        self._find = find
        self._port: serial.Serial | None = None
        self._tail = b""
        self.name = ""

    @property
    def at_prompt(self) -> bool:
        """Whether MicroPython waits at its prompt, as far as can be seen."""
        return self._tail == _PROMPT

    def open(self) -> None:
        """Raises Unreachable."""
        self.name = self._find()
        try:
            self._port = serial.serial_for_url(
                self.name, BAUD, timeout=_ONE_READ, write_timeout=1, exclusive=True
            )
        except _OPENING_FAULTS as error:
            raise refused(self.name, error) from error

    def exchange(self, data: bytes) -> bytes:
        """Send, and return what came; waits a moment for it, and while the port is away."""
        if self._port is None:
            self._look_again()
            return b""
        try:
            if data:
                # A fob that sleeps reads nothing: what was typed for it is lost, as on any wire.
                with contextlib.suppress(serial.SerialTimeoutException):
                    self._port.write(data)
            came: bytes = self._port.read(max(1, self._port.in_waiting))
        except PORT_FAULTS:
            self.close()
            self._tail = b""
            errors().print(f"\n{self.name} is gone: waiting for it.", style="yellow")
            return b""
        self._tail = (self._tail + came)[-len(_PROMPT) :]
        return came

    def close(self) -> None:
        """Let go of the port; does not raise."""
        port, self._port = self._port, None
        if port is not None:
            with contextlib.suppress(*PORT_FAULTS):
                port.close()

    def _look_again(self) -> None:
        time.sleep(_LOOK_AGAIN)
        with contextlib.suppress(Unreachable):
            self.open()
            errors().print(f"{self.name} is back.", style="yellow")

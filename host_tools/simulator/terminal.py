"""Where a laptop finds the virtual board's REPL: a pseudo-terminal for any serial program.

MicroPython's Unix port reads from a terminal of its own, which it sets as it likes; between the two
stands this module, as the USB bridge of a board does: what a laptop types reaches the prompt or, as
Ctrl-C, whatever runs. Linux and macOS only.
"""

import asyncio
import os
import sys
from collections.abc import Callable

if sys.platform != "win32":
    import pty
    import termios
    import tty

_INTERRUPT = b"\x03"
_MOST_UNREAD = 1 << 20


class Terminal:
    """Lives as long as the board has power, while one process after the other sits behind it."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        # Our own end on the laptop's side keeps the terminal alive between two programs there.
        self._primary, self._replica = pty.openpty()
        tty.setraw(self._replica)
        self._screen = _Outlet(self._primary)
        self.path = os.ttyname(self._replica)
        """What a laptop opens as its serial port."""
        self._stdin = -1
        self._keys: _Outlet | None = None
        self._interrupt: Callable[[], None] | None = None
        self.at_prompt = False
        self._held = b""
        self._loop.add_reader(self._primary, lambda: self.type(os.read(self._primary, 4096)))

    def attach(self) -> int:
        """The terminal of a new process: what it gets as stdin, to be closed here afterwards."""
        self.detach()
        self._stdin, replica = pty.openpty()
        self._keys = _Outlet(self._stdin)
        tty.setraw(replica)
        # A flag without other use here, which MicroPython clears while it reads at its prompt.
        mode = termios.tcgetattr(replica)
        mode[3] |= termios.ISIG
        mode[6][termios.VINTR] = mode[6][termios.VQUIT] = mode[6][termios.VSUSP] = b"\0"
        termios.tcsetattr(replica, termios.TCSANOW, mode)
        return replica

    def detach(self) -> None:
        """The process is gone, and with it what was typed for it."""
        if self._keys is not None:
            self._keys.close()
        self._keys = None
        self._interrupt = None
        self.at_prompt = False
        self._held = b""

    def start(self, interrupt: Callable[[], None]) -> None:
        """The process runs Python code: `interrupt` does what Ctrl-C does to it."""
        self._interrupt = interrupt
        self.type(b"")

    def prompt(self) -> None:
        """The process reads at its prompt for the first time: it gets what was typed before."""
        self.at_prompt = True
        self.type(b"")

    def show(self, output: bytes) -> None:
        """Send the laptop what the process wrote."""
        self._screen.send(output)

    def type(self, data: bytes) -> None:
        """Type at the board, as a laptop does."""
        data, self._held = self._held + data, b""
        if self._keys is None:
            return
        if self._interrupt is None:
            self._held = data
        elif self.at_prompt:
            self._type_at_prompt(self._keys, data, self._interrupt)
        else:
            # What is typed before a prompt appears, its terminal would forget.
            self._held = data.replace(_INTERRUPT, b"")
            if _INTERRUPT in data:
                self._interrupt()

    def close(self) -> None:
        """Remove the terminal."""
        self.detach()
        self._loop.remove_reader(self._primary)
        self._screen.close()
        os.close(self._replica)

    def _type_at_prompt(self, keys: "_Outlet", data: bytes, interrupt: Callable[[], None]) -> None:
        for index, part in enumerate(data.split(_INTERRUPT)):
            if index and termios.tcgetattr(self._stdin)[3] & termios.ISIG:
                interrupt()
            elif index:
                part = _INTERRUPT + part
            keys.send(part)


class _Outlet:
    """Writes without waiting for who reads; when nobody does, what is new gets lost."""

    def __init__(self, primary: int) -> None:
        self._primary = primary
        self._unread = b""
        self._loop = asyncio.get_running_loop()
        os.set_blocking(primary, False)

    def send(self, data: bytes) -> None:
        if len(self._unread) + len(data) <= _MOST_UNREAD:
            self._unread += data
            self._write()

    def close(self) -> None:
        self._loop.remove_writer(self._primary)
        os.close(self._primary)

    def _write(self) -> None:
        try:
            self._unread = self._unread[os.write(self._primary, self._unread) :]
        except BlockingIOError:
            pass
        except OSError:  # the process has ended
            self._unread = b""
        if self._unread:
            self._loop.add_writer(self._primary, self._write)
        else:
            self._loop.remove_writer(self._primary)

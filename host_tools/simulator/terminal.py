"""Where a laptop finds the virtual board's REPL: a pseudo-terminal for any serial program.

MicroPython's Unix port reads from a terminal of its own, which it sets as it likes; between the two
stands this module, as the USB bridge of a board does: what a laptop types reaches the prompt or, as
Ctrl-C, whatever runs. Linux and macOS only.
"""

import asyncio
import contextlib
import os
import sys
from collections.abc import Callable
from pathlib import Path

if sys.platform != "win32":
    import pty
    import termios
    import tty

_INTERRUPT = b"\x03"
_MOST_UNREAD = 1 << 20


class Terminal:
    """Lives as long as the board has power, while one process after the other sits behind it."""

    def __init__(self, link: Path | None = None) -> None:
        """`link` becomes a symbolic link to the terminal, as long as there is one: a name that
        stays the same however often the cable is pulled."""
        self._loop = asyncio.get_running_loop()
        self._link = link
        self._cable: _Cable | None = None
        self._pull: tuple[int, Callable[[], None]] | None = None
        self._stdin = -1
        self._keys: _Outlet | None = None
        self._interrupt: Callable[[], None] | None = None
        self._paste = _RawPaste()
        self.at_prompt = False
        self._held = b""
        self._unheard = b""
        self.plug()

    @property
    def path(self) -> str | None:
        """What a laptop opens as its serial port; None while the cable is not plugged in."""
        if self._cable is None:
            return None
        return self._cable.path if self._link is None else str(self._link)

    def plug(self) -> None:
        """Plug the USB cable in: there is a new terminal."""
        if self._cable is not None:
            return
        self._cable = cable = _Cable()
        self._loop.add_reader(cable.primary, lambda: self._receive(cable.read()))
        if self._link is not None:
            self._link.unlink(missing_ok=True)
            self._link.symlink_to(cable.path)

    def unplug(self) -> None:
        """Pull the cable: the terminal is gone, and whoever has it open reads an error."""
        if self._cable is None:
            return
        cable, self._cable = self._cable, None
        self._pull = None
        self._loop.remove_reader(cable.primary)
        cable.close()
        if self._link is not None:
            self._link.unlink(missing_ok=True)

    def after_typed(self, count: int, pull: Callable[[], None]) -> None:
        """Call `pull`, which unplugs, once the laptop typed `count` more bytes; what comes behind
        them is lost."""
        self._pull = (count, pull)

    @property
    def computes(self) -> bool:
        """Whether the process runs a program and does not read at its prompt."""
        if self._keys is None:
            return False
        if not self.at_prompt or self._paste.runs:
            return True
        return bool(termios.tcgetattr(self._stdin)[3] & termios.ISIG)

    def attach(self) -> int:
        """The terminal of a new process: what it gets as stdin, to be closed here afterwards."""
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
        """The process is gone, and with it what was typed for it; not what came while it was about
        to go, as when a laptop resets the board, ends its session and begins the next."""
        if self._keys is None:
            return
        self._keys.close()
        self._keys = None
        self._interrupt = None
        self._paste = _RawPaste()
        self.at_prompt = False
        self._held, self._unheard = self._unheard, b""

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
        self._paste.written(output)
        self._unheard = b""
        if self._cable is not None:
            self._cable.screen.send(output)

    def type(self, data: bytes) -> None:
        """Type at the board, as a laptop does."""
        data, self._held = self._held + data, b""
        if self._keys is None or self._interrupt is None:
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
        self.unplug()

    def _receive(self, data: bytes) -> None:
        if self._pull is None:
            self.type(data)
            return
        count, pull = self._pull
        self._pull = (count - len(data), pull)
        self.type(data[:count])
        if len(data) >= count:
            pull()

    def _type_at_prompt(self, keys: "_Outlet", data: bytes, interrupt: Callable[[], None]) -> None:
        for index, part in enumerate(data.split(_INTERRUPT)):
            if index and self.computes:
                interrupt()
                self._unheard = _INTERRUPT
            elif index:
                part = _INTERRUPT + part
            if self._unheard:
                self._unheard += part
            self._paste.typed(part)
            keys.send(part)


class _Cable:
    """The pseudo-terminal on the laptop's side."""

    def __init__(self) -> None:
        # Our own end on the laptop's side keeps the terminal alive between two programs there.
        self.primary, self._replica = pty.openpty()
        tty.setraw(self._replica)
        self.screen = _Outlet(self.primary)
        self.path = os.ttyname(self._replica)

    def read(self) -> bytes:
        with contextlib.suppress(BlockingIOError):
            return os.read(self.primary, 4096)
        return b""

    def close(self) -> None:
        self.screen.close()
        os.close(self._replica)


class _RawPaste:
    """Follows the raw REPL's raw-paste mode, in which MicroPython leaves its terminal as it is
    while the program runs.

    "R", 1 and two bytes answer the request; a 4 confirms the program's end, and it runs; two more 4
    come with the end of its output and of its error (MicroPython reference, "The MicroPython
    Interactive Interpreter Mode").
    """

    _REQUEST = b"\x05A\x01"
    _GRANTED = b"R\x01"
    _MARK = b"\x04"

    def __init__(self) -> None:
        self._typed = self._written = b""
        self._marks_to_come = 0

    @property
    def runs(self) -> bool:
        return self._marks_to_come in (1, 2)

    def typed(self, data: bytes) -> None:
        if self._marks_to_come == 0:
            self._typed = (self._typed + data)[-len(self._REQUEST) :]

    def written(self, data: bytes) -> None:
        if self._marks_to_come == 0:
            if self._typed != self._REQUEST:
                return
            self._written += data
            if self._GRANTED not in self._written:
                return
            data = self._written.partition(self._GRANTED)[2][2:]
            self._typed = self._written = b""
            self._marks_to_come = 3
        self._marks_to_come = max(0, self._marks_to_come - data.count(self._MARK))


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

"""The USB socket of a virtual board: a serial port as long as there is power and a cable."""

import sys
from pathlib import Path

from host_tools.simulator.terminal import Terminal


class UsbSocket:
    """Remembers the cable while the board is off. On Windows nothing ever comes of it."""

    def __init__(self, board: str, link: Path | None) -> None:
        """`board` names it in errors; `link` is Terminal's."""
        self._board = board
        self._link = link
        self.plugged = True
        """Whether a laptop's cable is in."""
        self.powered: Terminal | None = None
        """What sits behind the socket; None while the board has no power."""

    @property
    def terminal(self) -> Terminal:
        """The same where there has to be one; raises RuntimeError, or OSError on Windows."""
        if sys.platform == "win32":
            raise OSError("Windows has no pseudo-terminals: the board's REPL is out of reach")
        if self.powered is None:
            raise RuntimeError(f"{self._board} has no power")
        return self.powered

    @property
    def path(self) -> str:
        """The serial port. Raises RuntimeError where there is none."""
        path = self.terminal.path
        if path is None:
            raise RuntimeError(f"{self._board} is not plugged in")
        return path

    def power_up(self) -> None:
        """Have a port where a cable is in."""
        if sys.platform == "win32":
            return
        self.powered = Terminal(self._link)
        if not self.plugged:
            self.powered.unplug()

    def power_down(self) -> None:
        """Have none; the cable stays where it is."""
        if self.powered is not None:
            self.powered.close()
        self.powered = None

    def plug(self) -> None:
        """Put the cable in."""
        self.plugged = True
        if self.powered is not None:
            self.powered.plug()

    def unplug(self) -> None:
        """Pull it."""
        self.plugged = False
        if self.powered is not None:
            self.powered.unplug()

"""What is typed, byte by byte, for a serial console: nothing is kept back, nothing echoed."""

import contextlib
import queue
import sys
import threading
from collections.abc import Callable, Iterator

Typed = Callable[[], bytes]
"""What was typed since the last call; empty when nothing was. Does not wait."""

# Windows' names for keys that have no character, as terminals elsewhere send them.
_WINDOWS_KEYS = dict(
    zip("HPMKGOS", ("\x1b[" + key for key in ("A", "B", "C", "D", "H", "F", "3~")), strict=True)
)


@contextlib.contextmanager
def typed() -> Iterator[Typed]:
    """Standard input: single keys, Ctrl-C among them, at a terminal; whole lines otherwise.

    A terminal is as it was afterwards, whatever happened.
    """
    if not sys.stdin.isatty():
        yield _lines()
    elif sys.platform == "win32":
        yield _windows_keys
    else:
        with _raw_terminal() as keys:
            yield keys


def _lines() -> Typed:
    """Lines as a person at a prompt ends them, with a carriage return."""
    read: queue.SimpleQueue[bytes] = queue.SimpleQueue()

    def listen() -> None:
        with contextlib.suppress(OSError, ValueError):
            for line in sys.stdin:
                read.put(line.replace("\n", "\r").encode())

    # Nothing ends a read of standard input but its end; the thread dies with the process.
    threading.Thread(target=listen, daemon=True).start()

    def take() -> bytes:
        with contextlib.suppress(queue.Empty):
            return read.get_nowait()
        return b""

    return take


if sys.platform == "win32":
    import msvcrt

    def _windows_keys() -> bytes:
        keys = ""
        while msvcrt.kbhit():
            key = msvcrt.getwch()
            keys += _WINDOWS_KEYS.get(msvcrt.getwch(), "") if key in "\x00\xe0" else key
        return keys.encode()

else:
    import os
    import select
    import termios
    import tty

    @contextlib.contextmanager
    def _raw_terminal() -> Iterator[Typed]:
        terminal = sys.stdin.fileno()
        before = termios.tcgetattr(terminal)

        def take() -> bytes:
            ready, _, _ = select.select([terminal], [], [], 0)
            return os.read(terminal, 1024) if ready else b""

        try:
            tty.setraw(terminal)
            # Lines that end with a line feed alone begin at the left nevertheless.
            mode = termios.tcgetattr(terminal)
            mode[1] |= termios.OPOST | termios.ONLCR
            termios.tcsetattr(terminal, termios.TCSANOW, mode)
            yield take
        finally:
            termios.tcsetattr(terminal, termios.TCSADRAIN, before)

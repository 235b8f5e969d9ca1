"""What a fob prints on its console, line by line, while it goes on living."""

import time
from collections.abc import Callable, Iterator

import serial

from host_tools.cable.session import BAUD, PORT_FAULTS

_ONE_READ = 0.25
_BEFORE_ANOTHER_TRY = 0.25
_LONGEST_LINE = 10_000


def port_lines(port: str, on_wait: Callable[[], None] = lambda: None) -> Iterator[str]:
    """Every line that comes from `port`, for ever; the fob is not interrupted.

    The port may vanish and come back, as that of a chip with USB of its own does whenever it
    sleeps: then `on_wait` is told, once each time.
    """
    waiting = False
    while True:
        rest = b""
        try:
            # Nobody else reads meanwhile: half of what a session hears would end up here.
            with serial.serial_for_url(port, BAUD, timeout=_ONE_READ, exclusive=True) as line:
                waiting = False
                while True:
                    *lines, rest = (rest + line.read(max(1, line.in_waiting))).split(b"\n")
                    rest = rest[-_LONGEST_LINE:]
                    for text in lines:
                        yield text.decode(errors="replace").rstrip("\r")
        except PORT_FAULTS:
            if not waiting:
                waiting = True
                on_wait()
            time.sleep(_BEFORE_ANOTHER_TRY)

"""What a fob prints on its console, line by line, while it goes on living."""

import sys
import time
from collections.abc import Callable, Iterator

from serial import Serial, SerialException

from host_tools.session import BAUD

_ONE_READ = 0.25
_BEFORE_ANOTHER_TRY = 0.25

_FAULTS: tuple[type[Exception], ...] = (SerialException, OSError)
if sys.platform != "win32":
    import termios

    _FAULTS += (termios.error,)


def port_lines(port: str, on_wait: Callable[[], None] = lambda: None) -> Iterator[str]:
    """Every line that comes from `port`, for ever; the fob is not interrupted.

    The port may vanish and come back, as that of a chip with USB of its own does whenever it
    sleeps: then `on_wait` is told, once each time.
    """
    waiting = False
    while True:
        rest = b""
        try:
            with Serial(port, BAUD, timeout=_ONE_READ) as serial:
                waiting = False
                while True:
                    *lines, rest = (rest + serial.read(max(1, serial.in_waiting))).split(b"\n")
                    for line in lines:
                        yield line.decode(errors="replace").rstrip("\r")
        except _FAULTS:
            if not waiting:
                waiting = True
                on_wait()
            time.sleep(_BEFORE_ANOTHER_TRY)

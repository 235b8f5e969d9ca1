"""Where the MicroPython that plays the chip comes from."""

import ctypes
import os
import shutil
import signal
import sys
from functools import cache
from importlib.util import find_spec
from pathlib import Path

# As on a chip the exception waits until the interpreter may be left.
_INTERRUPT = "mp_sched_keyboard_interrupt"
_HEED_SIGNAL = f"""
import ctypes
handler = ctypes.cast(ctypes.CDLL(m.__file__).{_INTERRUPT}, ctypes.c_void_p)
ctypes.CDLL(None).signal(%d, handler)
"""


def micropython_command(*, interruptible: bool = False) -> list[str]:
    """The start of a command line that runs the MicroPython Unix port.

    interruptible   it heeds the signal `interrupt_signal()`; starting takes a little longer.

    FOB_MICROPYTHON names a program, for systems for which PyPI has no wheel. Raises
    FileNotFoundError with what to do when there is no interpreter.
    """
    named = os.environ.get("FOB_MICROPYTHON")
    if named:
        program = shutil.which(named)
        if program is None:
            raise FileNotFoundError(f"FOB_MICROPYTHON names no program: {named}")
        return [program]
    module = find_spec("micropython_module")
    if module is not None and module.origin is not None:
        # Not the `micropython` script beside this Python: on Windows that is a starter, and
        # killing it would leave the interpreter running. Not -m micropython: that loses the exit
        # code. -I -S: a third faster to start, and a module of that name in the current folder is
        # somebody else's.
        start = (
            f"import sys; sys.path.append({str(Path(module.origin).parent)!r})\n"
            "import micropython_module as m\n"
            f"{_HEED_SIGNAL % interrupt_signal() if interruptible and _may_wait() else ''}"
            "sys.exit(m.run_main(sys.argv))"
        )
        return [sys.executable, "-I", "-S", "-c", start]
    program = shutil.which("micropython")
    if program is None:
        raise FileNotFoundError(
            "MicroPython's Unix port is missing: install it and name it in FOB_MICROPYTHON"
        )
    return [program]


def interrupt_signal() -> int:
    """What does to a process of MicroPython as Ctrl-C does to a chip.

    Without the module from PyPI it is SIGINT, at which the Unix port leaves whatever it is doing at
    once, be it in the middle of a collection of garbage with a lock in its hand, and then hangs or
    dies.
    """
    return signal.SIGUSR1 if _may_wait() else signal.SIGINT


@cache
def _may_wait() -> bool:
    module = find_spec("micropython_module")
    if os.environ.get("FOB_MICROPYTHON") or sys.platform == "win32" or module is None:
        return False
    return hasattr(ctypes.CDLL(module.origin), _INTERRUPT)

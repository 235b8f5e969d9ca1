"""Where the MicroPython that plays the chip comes from."""

import os
import shutil
import sys
from importlib.util import find_spec


def micropython_command() -> list[str]:
    """The start of a command line that runs the MicroPython Unix port.

    FOB_MICROPYTHON names a program, for systems for which PyPI has no wheel. Raises
    FileNotFoundError with what to do when there is no interpreter.
    """
    named = os.environ.get("FOB_MICROPYTHON")
    if named:
        program = shutil.which(named)
        if program is None:
            raise FileNotFoundError(f"FOB_MICROPYTHON names no program: {named}")
        return [program]
    if find_spec("micropython_module") is not None:
        # Not the `micropython` script beside this Python: on Windows that is a starter, and
        # killing it would leave the interpreter running. -P: a micropython.py in the current
        # folder is somebody else's. Not -m micropython: that loses the exit code.
        start = "import micropython, sys; sys.exit(micropython.main())"
        return [sys.executable, "-P", "-c", start]
    program = shutil.which("micropython")
    if program is None:
        raise FileNotFoundError(
            "MicroPython's Unix port is missing: install it and name it in FOB_MICROPYTHON"
        )
    return [program]

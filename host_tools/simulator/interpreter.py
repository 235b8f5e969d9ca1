"""Where the MicroPython that plays the chip comes from."""

import os
import shutil
import sys
from importlib.util import find_spec
from pathlib import Path


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
    module = find_spec("micropython_module")
    if module is not None and module.origin is not None:
        # Not the `micropython` script beside this Python: on Windows that is a starter, and
        # killing it would leave the interpreter running. Not -m micropython: that loses the exit
        # code. -I -S: a third faster to start, and a module of that name in the current folder is
        # somebody else's.
        folder = str(Path(module.origin).parent)
        start = (
            f"import sys; sys.path.append({folder!r}); import micropython_module as m;"
            " sys.exit(m.run_main(sys.argv))"
        )
        return [sys.executable, "-I", "-S", "-c", start]
    program = shutil.which("micropython")
    if program is None:
        raise FileNotFoundError(
            "MicroPython's Unix port is missing: install it and name it in FOB_MICROPYTHON"
        )
    return [program]

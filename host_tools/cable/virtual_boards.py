"""Where virtual boards announce themselves, for they are on no bus that lists them.

Each is a file `<process id>-<name>.json` with {"port", "name"} in `virtual_boards_folder()`.
"""

import contextlib
import json
import os
import stat
import sys
import tempfile
from pathlib import Path

from host_tools.failure import Failure


def virtual_boards_folder() -> Path:
    """The folder of this user's virtual boards, made if it is missing.

    Raises Failure where somebody else could write to it: whoever does could pose as a fob.
    """
    runtime = os.environ.get("XDG_RUNTIME_DIR", "")
    user = os.getuid() if sys.platform != "win32" else 0
    folder = Path(tempfile.gettempdir()) / f"open-key-fob-{user}"
    if runtime and Path(runtime).is_dir():
        folder = Path(runtime) / "open-key-fob"
    folder.mkdir(mode=0o700, exist_ok=True)
    if sys.platform != "win32":
        found = folder.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != user or found.st_mode & 0o022:
            raise Failure(f"others can write to {folder}", "Remove it.")
    return folder


def announced_boards() -> list[tuple[str, str]]:
    """Port and name of each that runs; what dead ones left behind is removed."""
    if sys.platform == "win32":  # there are no pseudo-terminals to be at
        return []
    boards = []
    with contextlib.suppress(Failure, OSError):
        for file in sorted(virtual_boards_folder().glob("*.json")):
            if not _is_running(file.name.partition("-")[0]):
                file.unlink(missing_ok=True)
                continue
            # One that is being written or removed is no board yet, or no more.
            with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
                said = json.loads(file.read_text())
                boards.append((said["port"], said["name"]))
    return boards


def _is_running(process: str) -> bool:
    try:
        os.kill(int(process), 0)
    except (ProcessLookupError, ValueError, OverflowError):
        return False
    except PermissionError:
        pass
    return True

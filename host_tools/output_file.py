"""Files that the tools write on this computer: whole or not at all."""

import errno
import os
from contextlib import suppress
from pathlib import Path

from host_tools.failure import Failure, InputError

_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_LONGEST_SHOWN = 40


def write_whole(path: Path, data: bytes) -> None:
    """Put a file in its place, over one that is there; where that fails, nothing has changed.

    Raises InputError, and Failure where there is no room.
    """
    # What a link leads to is replaced, not the link.
    target = Path(os.path.realpath(path))
    beside = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        if target.is_dir():
            raise IsADirectoryError(errno.EISDIR, "Is a directory")
        if target.exists() and not target.is_file():
            raise InputError(f"{path} is no ordinary file", "Name another one.")
        beside.write_bytes(data)
        beside.replace(target)
    except OSError as error:
        raise unwritable(path, error) from None
    finally:
        with suppress(OSError):
            beside.unlink()


def unwritable(path: Path, error: OSError) -> Failure:
    """Why the file `path` cannot be written, from what the system says of it."""
    if error.errno in _NO_ROOM:
        return Failure(f"there is no room for {path}", "Make room, or name a file on another disk.")
    if error.errno in (errno.ENOENT, errno.ENOTDIR):
        return InputError(
            f"there is no folder {path.absolute().parent}", "Make it, or name another file."
        )
    if error.errno == errno.EISDIR:
        return InputError(f"{path} is a folder", "Name a file in it.")
    if error.errno == errno.ENAMETOOLONG:
        return InputError(
            f"the name {path.name[:_LONGEST_SHOWN]}... is too long", "Take a shorter one."
        )
    return InputError(
        f"{path} cannot be written ({error.strerror})", "Name a file in a folder of yours."
    )

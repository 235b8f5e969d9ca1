"""What can be wrong between a laptop and a board, and the words for it."""

import errno
import re
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Literal

from host_tools.cable.fob_files import making_room
from host_tools.failure import Failure, Unreachable, sentence

Kind = Literal["port", "permission", "busy", "silent", "gone", "full", "board"]

ASLEEP = "it may be asleep: press a button on it, or unplug it and plug it in again"

_LIST = "`fob ports` lists those there are."
_NO_PORT = (errno.ENOTTY, errno.EISDIR, errno.ENOTDIR, errno.EINVAL)
_IN_USE = (errno.EAGAIN, errno.EBUSY)
# An ESP32's ROM says this when its flash holds no program: erased, or never written.
_BLANK = re.compile(r"invalid header|flash read err|No bootable app|waiting for download")
# What part of a text is letters, in another coding than expected at worst.
_READABLE = 0.7
# LFS_ERR_CORRUPT, as MicroPython hands it on.
_CORRUPT = 84


class DeviceError(Unreachable):
    """The board cannot be reached or does not do what it is asked to.

    kind    "port" there is none, "permission", "busy" another program has it, "silent", "gone" it
            vanished, "full" no space on the flash, "board" it answers, but wrongly.
    may_come    whether waiting may help: the port of a sleeping chip with native USB is away.
    reached     the board is there and does as it is told, but cannot: a failure like others.
    """

    def __init__(
        self,
        kind: Kind,
        problem: str,
        remedy: str = "",
        *,
        may_come: bool = False,
        reached: bool = False,
    ) -> None:
        super().__init__(problem, remedy)
        self.kind = kind
        self.may_come = may_come
        self.reached = reached
        if reached:
            self.exit_code = Failure.exit_code


class BoardRaised(Exception):
    """The program that the board ran ended with an exception.

    report  its traceback, last its last line, errno that of an OSError.
    """

    def __init__(self, report: str) -> None:
        lines = [line.strip() for line in report.splitlines() if line.strip()]
        self.report = report
        self.last = lines[-1] if lines else "nothing"
        # MicroPython names the number alone unless it knows a name for it.
        number = re.match(r"OSError: (?:\[Errno )?(-?\d+)", self.last)
        self.errno = abs(int(number[1])) if number else None
        super().__init__(self.last)

    @property
    def is_memory(self) -> bool:
        return self.last.startswith("MemoryError")


def refused(port: str, error: Exception) -> DeviceError:
    """Why a port does not open, from what pyserial raised."""
    number = getattr(error, "errno", None)
    # Of Windows' reasons and those of termios pyserial keeps the text only.
    if number is None and (found := re.search(r"(?:Error)?\((\d+), ", str(error))):
        number = int(found[1])
    if number in (errno.EACCES, errno.EPERM):
        # Windows has no other permission for a port than that nobody else uses it.
        return _busy(port) if sys.platform == "win32" else _forbidden(port)
    if number in _IN_USE:
        return _busy(port)
    if number in _NO_PORT or isinstance(error, ValueError):
        return DeviceError("port", f"{port} is no serial port", _LIST)
    if number == errno.EIO:
        return DeviceError("port", f"nothing is connected to {port}", _LIST)
    return DeviceError("port", f"there is no port {port}", _LIST, may_come=True)


def no_repl(port: str, heard: str) -> DeviceError:
    """Why nobody answers at the REPL, from what was heard at the port instead."""
    if _BLANK.search(heard):
        return DeviceError(
            "board",
            f"the board at {port} has no MicroPython",
            "`fob flash --firmware FILE` writes it.",
        )
    if "CTRL-B to exit" in heard:
        return lost(port, answers=True)
    said = [line.strip() for line in heard.splitlines() if line.strip()]
    if not said:
        return DeviceError("silent", f"the board at {port} does not answer", sentence(ASLEEP))
    letters = "".join(said)
    if sum(" " <= letter <= "~" for letter in letters) < _READABLE * len(letters):
        return DeviceError(
            "board",
            f"what {port} sends cannot be read",
            "Try another cable; if the board is new, `fob flash --firmware FILE` writes "
            "MicroPython.",
        )
    # The last line may not be whole yet.
    line = said[-2] if len(said) > 1 else said[0]
    return DeviceError(
        "board",
        f"no MicroPython answers at {port}, which says {_short(line)}",
        "If it is the fob's board, `fob flash --firmware FILE` writes MicroPython; else name "
        "another by --port.",
    )


def lost(port: str, *, answers: bool) -> DeviceError:
    """A conversation ended in the middle; `answers` if the port at least is still there."""
    if answers:
        return DeviceError(
            "silent",
            f"the board at {port} stopped answering",
            "Unplug it, plug it in again and run the same command again.",
        )
    return DeviceError(
        "gone",
        f"{port} vanished in the middle",
        "Plug the cable in again and run the same command again.",
    )


def restarted(port: str) -> DeviceError:
    """The board began afresh while it was at work."""
    return DeviceError(
        "board",
        f"the board at {port} restarted in the middle",
        "Run the same command again; if it comes again, try another cable or USB socket.",
    )


def garbled(port: str) -> DeviceError:
    """What arrives is not what was sent."""
    return DeviceError(
        "board", f"data gets garbled on its way through {port}", "Try another cable or USB socket."
    )


def unmountable(port: str) -> DeviceError:
    """There are no files, and no place for any."""
    return DeviceError(
        "board",
        f"the file system of the board at {port} cannot be mounted",
        "`fob flash --erase` makes a new one; what was on it is lost.",
        reached=True,
    )


def failed(port: str, raised: BoardRaised) -> DeviceError:
    """A program of these tools raised on the board."""
    if raised.errno == errno.ENODEV:
        return unmountable(port)
    if raised.errno in (errno.EIO, _CORRUPT):
        return DeviceError(
            "board",
            f"the file system of the board at {port} is damaged",
            "`fob flash --erase` makes a new one; what was on it is lost.",
            reached=True,
        )
    if raised.errno == errno.ENOSPC:
        return full(port, {})
    if raised.is_memory:
        return DeviceError(
            "board",
            f"the board at {port} has not enough memory free",
            "Restart it and try again.",
            reached=True,
        )
    return DeviceError(
        "board",
        f"the board at {port} says {_short(raised.last)}",
        "Restart it and try again.",
        reached=True,
    )


def full(port: str, files: Mapping[str, int]) -> DeviceError:
    """No space is left beside `files`, by size."""
    return DeviceError(
        "full", f"the flash of the board at {port} is full", making_room(files), reached=True
    )


def _busy(port: str) -> DeviceError:
    return DeviceError(
        "busy",
        f"another program uses {port}",
        "Close it (a serial monitor, an IDE, mpremote, another `fob`) and try again.",
    )


def _forbidden(port: str) -> DeviceError:
    remedy = "Ask who administers this computer for access to it."
    if sys.platform.startswith("linux"):
        remedy = (
            f"Add yourself to its group by `sudo usermod -aG {_group(port)} $USER`, "
            "then log out and in again."
        )
    return DeviceError("permission", f"you may not use {port}", remedy)


def _group(port: str) -> str:
    """The group that may use the port: dialout on most Linux systems, uucp on some."""
    with suppress(ImportError, OSError, KeyError):
        if (group := Path(port).group()) != "root":
            return group
    return "dialout"


def _short(text: str) -> str:
    return f"{text[:60]!r}"

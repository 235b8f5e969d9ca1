"""Writes the flash of a board with esptool: the only place that runs it.

It runs as a program of its own; its words become one line with a remedy here. Everything it does
begins with a reset into the chip's bootloader.
"""

import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Self

from host_tools.cable.errors import DeviceError, lost, refused
from host_tools.failure import Failure, InputError
from host_tools.installation.partitions import (
    TABLE_OFFSET,
    TABLE_SIZE,
    Partition,
    TableError,
    parse_table,
)

ESPTOOL = (sys.executable, "-m", "esptool")

# The bridges of cheap boards do not all manage the fast one.
_BAUDS = (460800, 115200)
_BLOCK = 4096
_MAGIC = b"littlefs"
_MAGIC_WITHIN = 32
_UNITS = {"KB": 1 << 10, "MB": 1 << 20}
_CONNECTED = re.compile(r"^Connected to (ESP\S+) on ", re.MULTILINE)
_FLASH_SIZE = re.compile(r"^Detected flash size: (\d+)(KB|MB)", re.MULTILINE)
_PERCENT = re.compile(r"(\d{1,3}\.\d)%")
_ERROR = re.compile(r"error occurred: (.*)")
_ERRNO = re.compile(r"\[Errno (\d+)\]|Error\((\d+), ")

_BOOTLOADER = (
    "Hold the board's BOOT button, press and release RESET (or plug the cable in anew), let go of"
    " BOOT, and run the same command again."
)
_CABLE = "Try another cable or USB socket and run the same command again."


class TransferFailure(Failure):
    """The connection to the bootloader broke off, or garbles what goes over it."""


@dataclass(frozen=True)
class Found:
    """What sits on the port."""

    chip: str
    """ "esp32", "esp32c3", ..."""
    flash_size: int
    """Bytes."""


class Flasher:
    """The board on a port, while its bootloader listens; leaving starts what is on its flash.

    program     esptool, and the arguments before any other.
    """

    def __init__(self, port: str, program: Sequence[str] = ESPTOOL) -> None:
        self.port = port
        self._program = tuple(program)
        self._waits = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, _kind: object, error: object, _traceback: object) -> None:
        if self._waits and not isinstance(error, KeyboardInterrupt | DeviceError):
            self._run("read-mac", after="hard-reset")

    def find(self) -> Found:
        """Ask which chip and flash there are. Raises DeviceError, Failure."""
        said = self._run("flash-id", after="no-reset")
        self._waits = True
        chip, size = _CONNECTED.search(said), _FLASH_SIZE.search(said)
        if chip is None or size is None:
            raise Failure("esptool does not tell the board's chip and flash size", _CABLE)
        name = chip[1].lower().replace("-", "")
        return Found(chip=name, flash_size=int(size[1]) * _UNITS[size[2]])

    def read(self, offset: int, size: int) -> bytes:
        """So many bytes of the flash. Raises DeviceError, Failure."""
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "flash"
            place = (hex(offset), hex(size), str(file))
            self._run("read-flash", "--no-progress", *place, after="no-reset")
            self._waits = True
            return file.read_bytes()

    def read_table(self) -> list[Partition] | None:
        """The partitions on the board; None for a flash without a table, an erased one."""
        try:
            return parse_table(self.read(TABLE_OFFSET, TABLE_SIZE))
        except TableError:
            return None

    def has_files(self, partition: Partition) -> bool:
        """Whether a littlefs lies there: both copies of its first block name it."""
        # No more than that is read: a small file, such as a key, lies in those blocks itself.
        return any(
            _MAGIC in self.read(partition.offset + block * _BLOCK, _MAGIC_WITHIN)
            for block in (0, 1)
        )

    def write(
        self,
        file: Path,
        offset: int,
        *,
        erase: bool = False,
        on_progress: Callable[[float], None] | None = None,
    ) -> None:
        """Write a file to the flash, verify it and start it.

        erase           all of the flash before that.
        on_progress     gets the part that is done, 0 to 1.

        Raises DeviceError, Failure: then the flash may be half written.
        """
        arguments = ["write-flash", *(["--erase-all"] if erase else []), hex(offset), str(file)]
        try:
            self._run(*arguments, after="hard-reset", on_progress=on_progress)
        except TransferFailure:
            slowly = _BAUDS[1]
            self._run(*arguments, after="hard-reset", on_progress=on_progress, baud=slowly)
        self._waits = False

    def _run(
        self,
        *arguments: str,
        after: str,
        on_progress: Callable[[float], None] | None = None,
        baud: int = _BAUDS[0],
    ) -> str:
        """Run esptool; what it said."""
        command = esptool_command(self._program, self.port, baud, after, arguments)
        said: list[str] = []
        with subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=os.environ | {"PYTHONUNBUFFERED": "1", "NO_COLOR": "1", "COLUMNS": "200"},
        ) as process:
            assert process.stdout is not None
            try:
                for line in _lines(process.stdout):
                    said.append(line)
                    percent = _PERCENT.search(line)
                    if percent and on_progress:
                        on_progress(float(percent[1]) / 100)
            except BaseException:
                # Ctrl-C reaches it by itself in a terminal, and nowhere else.
                process.terminate()
                raise
        text = "\n".join(said)
        if process.returncode:
            raise explain(self.port, text)
        return text


def is_pseudo_terminal(port: str) -> bool:
    """Whether a program is at the other end, as with a virtual board, and no chip to reset."""
    path = str(Path(port).resolve())
    return path.startswith("/dev/pts/") or bool(re.fullmatch(r"/dev/ttys\d{3}", path))


def esptool_command(
    program: Sequence[str], port: str, baud: int, after: str, arguments: Sequence[str]
) -> list[str]:
    """The command line of one run of esptool, version 5."""
    options = ["--port", port, "--baud", str(baud), "--before", "default-reset", "--after", after]
    return [*program, *options, *arguments]


def explain(port: str, said: str) -> Failure:
    """What went wrong, from what esptool said before it failed."""
    found = _ERROR.search(said)
    if found is None:
        last = next((line.strip() for line in reversed(said.splitlines()) if line.strip()), "")
        return Failure(f"esptool failed: {last[:100] or 'it said nothing'}", _CABLE)
    reason = found[1].strip().rstrip(".")
    if "could not open" in reason.lower():
        number = _ERRNO.search(said)
        return refused(port, OSError(int(number[1] or number[2]) if number else 2, ""))
    if "Wrong boot mode" in reason or "No serial data received" in reason:
        return DeviceError(
            "silent", f"the board at {port} does not start its bootloader", _BOOTLOADER
        )
    if "Failed to connect" in reason:
        return DeviceError("silent", f"no ESP32's bootloader answers at {port}", _BOOTLOADER)
    if "serial exception" in said:
        return lost(port, answers=False)
    if re.search(r"Secure Boot|[Ee]ncrypt|Secure Download", reason):
        return InputError(
            f"the board is locked by its maker ({reason[:80]})",
            "It takes no other program: use another board.",
        )
    if "requires chip revision" in reason or "is not an ESP" in reason:
        return InputError(
            f"the file does not fit the board's chip ({reason.partition('. Use')[0][:100]})",
            "Take another build of MicroPython.",
        )
    return TransferFailure(f"esptool failed at {port}: {reason[:100]}", _CABLE)


def _lines(stream: IO[bytes]) -> Iterator[str]:
    """Lines as they come; a progress bar may end its own by a carriage return."""
    kept = b""
    while chunk := os.read(stream.fileno(), 4096):
        *whole, kept = re.split(rb"[\r\n]", kept + chunk)
        yield from (line.decode(errors="replace") for line in whole)
    if kept:
        yield kept.decode(errors="replace")

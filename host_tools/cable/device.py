"""A fob at the other end of a cable: its files, and what it does when asked.

    with Device(port) as device:
        device.stage("/fob.json", data)
        device.commit(["/fob.json"])
        device.call("status")

Paths are absolute.
"""

import base64
import errno
import hashlib
import json
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Self

from host_tools.cable import console, programs
from host_tools.cable.console import ConsoleError, NoConsole
from host_tools.cable.errors import BoardRaised, DeviceError, failed, full, garbled, unmountable
from host_tools.cable.facts import PROGRAM as FACTS
from host_tools.cable.facts import Facts
from host_tools.cable.fob_files import STAGED
from host_tools.cable.interrupts import interrupts_held_back
from host_tools.cable.session import SILENCE, Session
from host_tools.cable.wiping import PROGRAM as WIPE

__all__ = ["ConsoleError", "Device", "DeviceError", "Facts", "NoConsole"]

Progress = Callable[[int, int], None]
"""Gets what is done so far, bytes where nothing else is said, and the total."""

_Kind = type | tuple[type, ...]

# One program for each: at 115,200 baud the ways there and back cost as much as 400 bytes. The board
# needs about five times as much memory meanwhile.
_CHUNK = 2048
_FORMATTING = 120.0
# Erasing a block is silent, and slow on a worn flash.
_WIPING = 60.0


class Device:
    """A board with MicroPython, as a context manager.

    Leaving it restarts the board, whatever happened, so that the fob lives on; not with
    `keep_repl`. `on_wait` is told what a person can do while the board does not answer; after
    `patience` seconds that is a DeviceError. So is a board that is no ESP32, unless `any_chip`.

    Every method raises DeviceError when the board is lost; a later one looks for it again.
    """

    def __init__(
        self,
        port: str,
        *,
        on_wait: Callable[[str], None] | None = None,
        patience: float = 20.0,
        keep_repl: bool = False,
        any_chip: bool = False,
    ) -> None:
        self.port = port
        self._session = Session(port, on_wait, patience)
        self._keep_repl = keep_repl
        self._any_chip = any_chip
        self._facts: Facts | None = None
        self._staged: list[str] = []
        self._has_library = False

    def __enter__(self) -> Self:
        self._connect()
        return self

    def __exit__(self, *_: object) -> None:
        self._session.leave(reset=not self._keep_repl)

    @property
    def facts(self) -> Facts:
        """What runs on the board, as it said when the session began."""
        if self._facts is None:
            raise RuntimeError("the board was not asked yet")
        return self._facts

    def call(
        self,
        name: str,
        /,
        *,
        on_event: Callable[[dict[str, Any]], None] | None = None,
        timeout: float = 30.0,
        **arguments: Any,
    ) -> dict[str, Any]:
        """Have the firmware's console do something; its result.

        on_event    gets each event as it comes.
        timeout     seconds of silence that mean that it hangs.

        Raises ConsoleError when the fob reports an error, NoConsole when it cannot be asked.
        """
        listener = console.Listener(name, on_event)
        program = console.program(name, arguments)
        try:
            self._run(program, silence=timeout, on_line=listener.hear)
        except BoardRaised as raised:
            self.require_files()
            raise console.failed(raised) from raised
        return listener.result()

    def require_files(self) -> None:
        """Raise DeviceError where there is no file system, and so no place for any."""
        if not self.facts.mounted:
            raise unmountable(self.port)

    def files(self) -> dict[str, int]:
        """Every file's size in bytes, by path."""
        return dict(sorted(self._rows(programs.LIST, str, int)))

    def read(self, path: str) -> bytes | None:
        """A file's contents; None when there is no such file."""
        rows = self._rows(programs.read(path), str)
        if not rows:
            return None
        *parts, (digest,) = rows
        try:
            data = b"".join(base64.b64decode(part) for (part,) in parts)
        except ValueError:
            raise garbled(self.port) from None
        if hashlib.sha256(data).hexdigest() != digest:
            raise garbled(self.port)
        return data

    def hashes(self, paths: Iterable[str]) -> dict[str, str | None]:
        """SHA-256 of each file in hexadecimal; None when there is no such file."""
        wanted = list(paths)
        found = self._rows(programs.hashes(wanted), (str, type(None))) if wanted else []
        if len(found) != len(wanted):
            raise garbled(self.port)
        return {path: digest for path, (digest,) in zip(wanted, found, strict=True)}

    def free(self) -> tuple[int, int]:
        """Bytes of the file system: free, total."""
        free, total = self._row(programs.FREE, int, int)
        return free, total

    def stage(self, path: str, data: bytes, on_progress: Progress | None = None) -> None:
        """Write what shall become `path` beside it, as PATH.new; `commit` puts it there.

        What is there already, of an earlier try, is not written again. When the flash is full,
        everything that was staged and not committed in this session is removed.
        """
        new, digest = path + STAGED, hashlib.sha256(data).hexdigest()
        progress = on_progress or (lambda *_: None)
        progress(0, len(data))
        if self.hashes([new])[new] != digest:
            self._staged.append(new)
            try:
                arrived = self._write(new, data, progress)
            except DeviceError as error:
                if error.kind == "full":
                    raise self._full() from error
                raise
            if arrived != digest:
                raise garbled(self.port)
        progress(len(data), len(data))

    def commit(self, paths: Sequence[str], remove: Sequence[str] = ()) -> None:
        """Put staged files in their places, in this order, then remove others.

        One program on the board: a pulled cable cannot come between, and Ctrl-C waits for it.
        """
        with interrupts_held_back():
            self._files(programs.commit(paths, remove))
        self._staged = [new for new in self._staged if new.removesuffix(STAGED) not in paths]

    def remove(self, paths: Sequence[str]) -> None:
        """Remove files or empty folders; those that are not there do not matter."""
        self._files(programs.remove(paths))

    def format(self, on_progress: Progress | None = None) -> None:
        """Erase all of the file system's flash and what the RTC keeps, then make a new, empty one.

        on_progress     gets the blocks done so far, and their total.
        """

        self._do(programs.FORMAT, silence=_FORMATTING, on_line=_told_to(on_progress))
        self._staged.clear()
        self._ask()

    def wipe(self, on_progress: Progress | None = None) -> None:
        """Remove and overwrite key, configuration and state; MicroPython and the firmware stay.

        on_progress     gets the free blocks that are overwritten so far, and their total.
        """
        self._do(WIPE, silence=_WIPING, on_line=_told_to(on_progress))

    def reset(self) -> None:
        """Restart the board; whatever is asked next interrupts it again."""
        self._session.leave(reset=True)

    def _connect(self) -> None:
        self._session.open()
        self._has_library = False
        try:
            self._ask()
        except BaseException:
            self._session.leave(reset=True)
            raise

    def _ask(self) -> None:
        try:
            (told,) = _rows(self._do(FACTS))
            facts = self._facts = Facts.of(told)
        except (TypeError, ValueError):
            raise garbled(self.port) from None
        if facts.chip is None and not self._any_chip:
            raise DeviceError(
                "board",
                f"the board at {self.port} is no ESP32 but {facts.machine or facts.platform}",
                "Choose another by --port; `fob boards` lists what can be a fob.",
            )

    def _write(self, path: str, data: bytes, progress: Progress) -> str:
        """Write a file; the SHA-256 of what is there then."""
        chunks = [data[at : at + _CHUNK] for at in range(0, len(data), _CHUNK)]
        program = programs.begin(path)
        done = 0
        for chunk in chunks:
            self._files(f"{program}\n{programs.write(chunk)}")
            program = ""
            done += len(chunk)
            progress(done, len(data))
        (digest,) = self._row(f"{program}\n{programs.end(path)}", (str, type(None)))
        return str(digest)

    def _full(self) -> DeviceError:
        self._files(programs.give_up(self._staged))
        self._staged.clear()
        return full(self.port, self.files())

    def _row(self, program: str, *kinds: _Kind) -> list[Any]:
        rows = self._rows(program, *kinds)
        if len(rows) != 1:
            raise garbled(self.port)
        return rows[0]

    def _rows(self, program: str, *kinds: _Kind) -> list[list[Any]]:
        """The rows of values of these kinds that a program prints; see programs."""
        rows = _rows(self._files(program))
        for row in rows:
            if len(row) != len(kinds) or not all(map(isinstance, row, kinds)):
                raise garbled(self.port)
        return rows

    def _files(self, program: str) -> list[str]:
        """Run a program that may use the library."""
        if not self._session.is_open:
            self._connect()
        if not self._has_library:
            self._do(programs.CLOSE)
            self._do(programs.LIBRARY)
            self._has_library = True
        return self._do(program)

    def _do(
        self,
        program: str,
        *,
        silence: float = SILENCE,
        on_line: Callable[[str], None] | None = None,
    ) -> list[str]:
        try:
            try:
                return self._run(program, silence=silence, on_line=on_line)
            except BoardRaised as raised:
                if not raised.is_memory:
                    raise
                self._run(programs.RELIEVE)
                return self._run(program, silence=silence, on_line=on_line)
        except BoardRaised as raised:
            if raised.errno not in (None, errno.ENOSPC) and self._facts is not None:
                self.require_files()
            raise failed(self.port, raised) from raised

    def _run(
        self,
        program: str,
        *,
        silence: float = SILENCE,
        on_line: Callable[[str], None] | None = None,
    ) -> list[str]:
        if not self._session.is_open:
            self._connect()
        return self._session.run(program, silence=silence, on_line=on_line)


def _told_to(on_progress: Progress | None) -> Callable[[str], None]:
    """What hears a program's lines, and hands on the rows that say how far it is."""

    def hear(line: str) -> None:
        for row in _rows([line]):
            if on_progress and len(row) == 2 and all(type(each) is int for each in row):
                on_progress(*row)

    return hear


def _rows(lines: Iterable[str]) -> list[Any]:
    rows = []
    for line in lines:
        try:
            row = json.loads(line)
        except (RecursionError, ValueError):
            continue
        if isinstance(row, list):
            rows.append(row)
    return rows

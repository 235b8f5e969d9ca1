"""What the MicroPython process of a board prints, line by line."""

import asyncio
import os
import subprocess
import sys
from asyncio.subprocess import Process
from collections.abc import Callable

from host_tools.simulator.virtual_time import is_virtual

_CHUNK = 1 << 16

OnLine = Callable[[str], None]


class Output:
    """Lines as they are printed. Give the process `stdout`, then call `attach`."""

    stdout: int = subprocess.PIPE

    def __init__(self, on_line: OnLine) -> None:
        self._on_line = on_line
        self._reading: asyncio.Task[None] | None = None

    def attach(self, process: Process) -> None:
        """Begin to read."""
        assert process.stdout is not None
        self._reading = asyncio.create_task(self._read(process.stdout))

    def catch_up(self) -> None:
        """Report what was printed up to now, where that can be told."""

    def show_raw(self, show: Callable[[bytes], None]) -> None:
        raise NotImplementedError

    async def close(self) -> None:
        """Report the rest; the process has ended, or never began."""
        if self._reading is not None:
            await self._reading

    def _print(self, line: bytes) -> None:
        self._on_line(line.decode("utf-8", "replace").rstrip("\r\n"))

    async def _read(self, stdout: asyncio.StreamReader) -> None:
        async for line in stdout:
            self._print(line)


class PipeOutput(Output):
    """In virtual time lines are reported when somebody catches up with them: thus a process that
    prints, then calls, is seen to do so in this order, however fast either end is."""

    def __init__(self, on_line: OnLine) -> None:
        super().__init__(on_line)
        self._pipe, self.stdout = os.pipe()
        os.set_blocking(self._pipe, False)
        self._printed = b""
        self._show: Callable[[bytes], None] | None = None
        self._loop = asyncio.get_running_loop()

    def attach(self, _process: Process) -> None:
        os.close(self.stdout)
        self.stdout = -1
        # A process that prints more than the pipe holds would never come to its next call.
        self._loop.add_reader(self._pipe, self._take if is_virtual() else self.catch_up)

    def show_raw(self, show: Callable[[bytes], None]) -> None:
        """From here on it is no lines but a conversation: `show` gets all of it, at once."""
        self._show = show
        self._loop.add_reader(self._pipe, self.catch_up)

    def catch_up(self) -> None:
        while self._take():
            pass
        if self._show is not None:
            printed, self._printed = self._printed, b""
            self._show(printed)
            return
        *lines, self._printed = self._printed.split(b"\n")
        for line in lines:
            self._print(line)

    async def close(self) -> None:
        self.catch_up()
        if self._printed:
            self._print(self._printed)
        self._loop.remove_reader(self._pipe)
        os.close(self._pipe)
        if self.stdout >= 0:
            os.close(self.stdout)

    def _take(self) -> bytes:
        try:
            data = os.read(self._pipe, _CHUNK)
        except BlockingIOError:
            return b""
        if not data:
            self._loop.remove_reader(self._pipe)
        self._printed += data
        return data


def open_output(on_line: OnLine) -> Output:
    """The one that suits the system: on Windows no loop can watch a pipe of ours."""
    return Output(on_line) if sys.platform == "win32" else PipeOutput(on_line)

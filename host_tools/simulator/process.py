"""One run of the firmware: a MicroPython process from its start to its end."""

import asyncio
import os
import re
import secrets
import subprocess
import sys
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from host_tools.simulator.bridge import Bridge, BridgeServer
from host_tools.simulator.interpreter import interrupt_signal, micropython_command
from host_tools.simulator.interruption import Interruption, kill
from host_tools.simulator.output import open_output
from host_tools.simulator.terminal import Terminal
from host_tools.simulator.virtual_time import Work, is_virtual

_POWER_ON = Path(__file__).parent / "port" / "power_on.py"
_ENDINGS = {  # exit codes of port/power_on.py
    10: "main.py returned",
    11: "boot.py or main.py raised",
    12: "soft reset",
    13: "the flash cannot be mounted",
    14: "main.py was interrupted",
}
STAND_INS = 57 * 1024
"""Bytes of heap that port/ takes. On a chip these modules are in C and take nothing of it, so that
it is given besides what the firmware has. 71 kB are in use before boot.py runs, of which 14 are the
tables that the firmware's own names take on a chip, too (see port/power_on.py)."""

_UNITS = {"K": 1024, "M": 1024**2}
_LONE_NEWLINE = re.compile(rb"(?<!\r)\n")
_PROMPTS = (b">>> ", b">")
_OWN_VARIABLES = {
    *("MICROPYPATH", "MICROPYINSPECT"),
    *("FOB_CLOCK", "FOB_INTERRUPT", "FOB_POWER_CUT", "FOB_REPL"),
}
_START_TIMEOUT = 20.0
_END_TIMEOUT = 5.0

End = Callable[[str, int], None]
"""Kills the process because of the chip itself: a reason (see Hardware.connect) and ms of sleep."""


@dataclass(frozen=True)
class Stop:
    """How a run of the firmware ended. `code` is the exit code if the process ended by itself,
    `ms` how long it wants to sleep (0: until something wakes it)."""

    reason: str
    code: int | None = None
    ms: int = 0


class Firmware:
    """One MicroPython process on a flash image.

    heap            what the firmware has, as for -X heapsize: bytes, or with K or M.
    on_start        gets the bridge before boot.py runs and must serve it.
    on_line         gets each line that is printed, until the REPL begins.
    on_repl         is told that main.py is over and the REPL waits; without a terminal, the process
                    ends instead.
    environment     what port/ shall find there besides its own.
    """

    def __init__(
        self,
        flash: Path,
        heap: str,
        *,
        on_start: Callable[[Bridge, End], Awaitable[None]],
        on_line: Callable[[str], None],
        on_repl: Callable[[Stop], None],
        terminal: Terminal | None,
        environment: Mapping[str, str],
    ) -> None:
        self._flash = flash
        self._heap = heap
        self._on_start = on_start
        self._on_line = on_line
        self._on_repl = on_repl
        self._terminal = terminal
        self._environment = environment
        self._killed: list[Stop] = []
        self._repl: Stop | None = None

    async def run(self) -> Stop:
        """Run until the process ends; it never outlives this call."""
        server = BridgeServer()
        await server.start()
        self._output = open_output(self._print)
        try:
            # Time stands still while nobody but the process itself can tell whether it works.
            with Work() as work:
                return await self._run(server, work)
        finally:
            if self._terminal is not None:
                self._terminal.detach()
            await self._output.close()
            await server.close()

    async def _run(self, server: BridgeServer, work: Work) -> Stop:
        token = secrets.token_hex(8)
        expected = server.expect(token, on_call=self._output.catch_up)
        process = await self._start(server.environment(token))

        def end(reason: str, ms: int) -> None:
            self._killed.append(Stop(reason, ms=ms))
            work.resume()
            if self._terminal is not None:
                # What is typed from now on is for the next process.
                self._terminal.detach()
            kill(process)

        exited = asyncio.create_task(process.wait())
        try:
            both: set[asyncio.Future[Any]] = {expected, exited}
            await asyncio.wait(both, timeout=_START_TIMEOUT, return_when="FIRST_COMPLETED")
            if expected.done():
                self._bridge = expected.result()
                self._interruption = Interruption(process, self._bridge, self._computes)
                self._bridge.serve("process", _Milestones(self))
                await self._on_start(self._bridge, end)
                # From here to its end the bridge knows.
                work.pause()
                self._bridge.on_closed(work.resume)
                await _watch(self._bridge, exited, lambda: bool(self._killed))
            elif not exited.done():
                end(f"MicroPython did not start within {_START_TIMEOUT:g} s", 0)
        finally:
            work.resume()
            if process.returncode is None:
                kill(process)
            await exited
        return self._stop(exited.result())

    async def _start(self, bridge: str) -> asyncio.subprocess.Process:
        variables = {key: text for key, text in os.environ.items() if key not in _OWN_VARIABLES}
        variables |= {"FOB_BRIDGE": bridge, "FOB_FLASH": str(self._flash), **self._environment}
        if is_virtual():
            variables["FOB_CLOCK"] = "virtual"
        stdin = subprocess.DEVNULL
        interruptible = self._terminal is not None and not is_virtual()
        if interruptible:
            variables["FOB_INTERRUPT"] = f"kill -{int(interrupt_signal())} $PPID"
        if self._terminal is not None:
            variables["FOB_REPL"] = "1"
            stdin = self._terminal.attach()
        try:
            process = await asyncio.create_subprocess_exec(
                *micropython_command(interruptible=interruptible),
                *("-X", f"heapsize={_size(self._heap) + STAND_INS}", str(_POWER_ON)),
                env=variables,
                stdin=stdin,
                stdout=self._output.stdout,
                stderr=subprocess.STDOUT,
                limit=1 << 20,
                **_APART,
            )
        finally:
            if stdin != subprocess.DEVNULL:
                os.close(stdin)
        self._output.attach(process)
        return process

    def _stop(self, code: int) -> Stop:
        if self._killed:
            return self._killed[0]
        if self._repl is not None and code >= 0:
            return Stop("soft reset", code)  # Ctrl-D, sys.exit(), machine.soft_reset()
        return Stop(_ENDINGS.get(code, "MicroPython died"), code)

    def _print(self, line: str) -> None:
        # In a board's traceback nothing but its own files is seen: the rest is written in C.
        if f'File "{_POWER_ON.parent}{os.sep}' in line:
            return
        if self._terminal is not None:
            self._terminal.show(line.encode() + b"\r\n")
        self._on_line(line)

    def _converse(self, output: bytes) -> None:
        assert self._terminal is not None and self._repl is not None
        # A chip's serial port ends every line so.
        self._terminal.show(_LONE_NEWLINE.sub(b"\r\n", output))
        if output.endswith(_PROMPTS):
            self._interruption.forget()
            self._bridge.rest()
            if not self._terminal.at_prompt:
                self._on_repl(self._repl)
                self._terminal.prompt()

    def _computes(self) -> bool:
        """Whether there is a program to interrupt; at its prompt a signal would be its end."""
        if self._terminal is None:
            return False
        self._output.catch_up()
        # Between the end of main.py and the prompt there is none.
        waits = self._repl is not None and not self._terminal.at_prompt
        return not waits and self._terminal.computes


class _Milestones:
    """Service "process", for port/power_on.py and what it runs."""

    def __init__(self, firmware: Firmware) -> None:
        self._firmware = firmware

    def boot(self) -> None:
        """From now on an interrupt is the firmware's."""
        if self._firmware._terminal is not None:
            self._firmware._terminal.start(self._firmware._interruption.send)

    def repl(self, code: int) -> None:
        """What is printed from now on is the REPL's."""
        self._firmware._repl = Stop(_ENDINGS[code], code)
        self._firmware._output.show_raw(self._firmware._converse)

    def interrupted(self) -> bool:
        """Whether to raise a KeyboardInterrupt."""
        return self._firmware._interruption.heed()


def _size(heap: str) -> int:
    return int(heap.rstrip("KM")) * _UNITS.get(heap[-1], 1)


async def _watch(
    bridge: Bridge, exited: "asyncio.Task[int]", was_killed: Callable[[], bool]
) -> None:
    """Wait for the end of the process; raises what broke the bridge, which is a bench's error."""
    closed = asyncio.create_task(bridge.closed())
    both: set[asyncio.Future[Any]] = {closed, exited}
    try:
        await asyncio.wait(both, return_when="FIRST_COMPLETED")
        if was_killed():
            return
        # One end is there, the other follows: the last posts are still under way, or the process
        # is noticing that the bench hung up.
        await asyncio.wait(both, timeout=_END_TIMEOUT)
        if closed.done():
            closed.result()
    finally:
        closed.cancel()
        await asyncio.wait([closed])


# Ctrl-C in the terminal is for the bench; a board does not hear it.
_APART: dict[str, Any]
if sys.platform == "win32":
    _APART = {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP}
else:
    _APART = {"start_new_session": True}

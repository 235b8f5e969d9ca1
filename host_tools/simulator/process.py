"""One run of the firmware: a MicroPython process from its start to its end."""

import asyncio
import os
import secrets
import subprocess
import sys
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from host_tools.simulator.bridge import Bridge, BridgeServer
from host_tools.simulator.interpreter import micropython_command
from host_tools.simulator.output import Output, open_output
from host_tools.simulator.virtual_time import Work, is_virtual

_POWER_ON = Path(__file__).parent / "port" / "power_on.py"
_ENDINGS = {  # exit codes of port/power_on.py
    10: "main.py returned",
    11: "boot.py or main.py raised",
    12: "soft reset",
    13: "the flash cannot be mounted",
}
_OWN_VARIABLES = {"MICROPYPATH", "FOB_CLOCK", "FOB_POWER_CUT"}
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


async def run_firmware(
    flash: Path,
    heap: str,
    on_start: Callable[[Bridge, End], Awaitable[None]],
    on_line: Callable[[str], None],
    environment: Mapping[str, str],
) -> Stop:
    """Run the firmware of a flash image until its process ends; it never outlives this call.

    `on_start` gets the bridge before boot.py runs and must serve it; `on_line` each line printed.
    `environment`: what port/ shall find there besides its own.
    """
    server = BridgeServer()
    await server.start()
    output = open_output(lambda line: None if _from_bench(line) else on_line(line))
    try:
        # Time stands still while nobody but the process itself can tell whether it works.
        with Work() as work:
            return await _run(flash, heap, on_start, environment, server, output, work)
    finally:
        await output.close()
        await server.close()


async def _run(
    flash: Path,
    heap: str,
    on_start: Callable[[Bridge, End], Awaitable[None]],
    environment: Mapping[str, str],
    server: BridgeServer,
    output: Output,
    work: Work,
) -> Stop:
    token = secrets.token_hex(8)
    expected = server.expect(token, on_call=output.catch_up)
    variables = {key: value for key, value in os.environ.items() if key not in _OWN_VARIABLES}
    variables |= {"FOB_BRIDGE": server.environment(token), "FOB_FLASH": str(flash), **environment}
    if is_virtual():
        variables["FOB_CLOCK"] = "virtual"
    process = await asyncio.create_subprocess_exec(
        *micropython_command(),
        *("-X", f"heapsize={heap}", str(_POWER_ON)),
        env=variables,
        stdin=subprocess.DEVNULL,
        stdout=output.stdout,
        stderr=subprocess.STDOUT,
        limit=1 << 20,
        **_APART,
    )
    output.attach(process)
    killed: list[Stop] = []

    def end(reason: str, ms: int) -> None:
        killed.append(Stop(reason, ms=ms))
        work.resume()
        process.kill()

    exited = asyncio.create_task(process.wait())
    try:
        both: set[asyncio.Future[Any]] = {expected, exited}
        await asyncio.wait(both, timeout=_START_TIMEOUT, return_when="FIRST_COMPLETED")
        if expected.done():
            bridge = expected.result()
            await on_start(bridge, end)
            # From here to its end the bridge knows.
            work.pause()
            bridge.on_closed(work.resume)
            await _watch(bridge, exited, lambda: bool(killed))
        elif not exited.done():
            killed.append(Stop(f"MicroPython did not start within {_START_TIMEOUT:g} s"))
    finally:
        work.resume()
        if process.returncode is None:
            process.kill()
        await exited
    code = exited.result()
    return killed[0] if killed else Stop(_ENDINGS.get(code, "MicroPython died"), code)


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


def _from_bench(line: str) -> bool:
    # On a board a traceback starts with the script: what ran it is not written in Python.
    return f'"{_POWER_ON}"' in line


# Ctrl-C in the terminal is for the bench; a board does not hear it.
_APART: dict[str, Any]
if sys.platform == "win32":
    _APART = {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP}
else:
    _APART = {"start_new_session": True}

"""MicroPython scripts as boards with a radio, watched line by line."""

import asyncio
import os
from types import TracebackType
from typing import Self

from host_tools.simulator.interpreter import micropython_command
from host_tools.simulator.radio.air import Air, address_of
from host_tools.simulator.radio.controller import AirController
from host_tools.simulator.radio.serve import BoardServer

# What every script begins with. Events are collected with copies of their buffers.
PRELUDE = """
import bluetooth, os, sys, time
ble = bluetooth.BLE()
events = []
def copied(value):
    return bytes(value) if isinstance(value, (memoryview, bluetooth.UUID)) else value

def irq(event, data):
    events.append((event,) + tuple(copied(value) for value in data))

def wait(event):
    began = time.ticks_ms()
    while True:
        for found in events:
            if found[0] == event:
                events.remove(found)
                return found[1:]
        if time.ticks_diff(time.ticks_ms(), began) > 5000:
            raise Exception("no event %d but %r" % (event, events))
        time.sleep_ms(1)

def refusal(function, *args, **kwargs):
    try:
        return function(*args, **kwargs)
    except OSError as error:
        return "OSError %d" % error.errno
    except (ValueError, TypeError) as error:
        return type(error).__name__

def connect(address, **more):
    ble.gap_connect(*address)
    return wait(7)[0]

def discover(link, uuid):
    ble.gattc_discover_characteristics(link, 1, 0xFFFF, uuid)
    handle = wait(11)[2]
    wait(12)
    return handle

ble.active(True)
ble.irq(irq)
"""


class ScriptBoard:
    """A running script. `says` waits for its lines, `tell` gives it one to read from stdin."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self.lines: list[str] = []

    async def says(self, text: str) -> str:
        """The next line that contains `text`; those before are kept in `lines`."""
        assert self._process.stdout is not None
        async for raw in self._process.stdout:
            self.lines.append(raw.decode().rstrip())
            if text in self.lines[-1]:
                return self.lines[-1]
        raise AssertionError(f"ended without saying {text!r}: {self.lines}")

    def tell(self, line: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(line.encode() + b"\n")

    async def ends(self) -> list[str]:
        """Wait for the end of the script, which must be a good one; all its lines."""
        assert self._process.stdout is not None
        rest = (await self._process.stdout.read()).decode()
        self.lines += rest.splitlines()
        assert await self._process.wait() == 0, self.lines
        return self.lines


class Boards:
    """Boards on one air; an async context manager that leaves no process behind."""

    def __init__(self, *, paced: bool = False) -> None:
        self.air = Air(paced=paced)
        self._server = BoardServer(self.air)
        self._processes: list[asyncio.subprocess.Process] = []

    async def __aenter__(self) -> Self:
        await self._server.__aenter__()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        for process in self._processes:
            if process.returncode is None:
                process.kill()
            await process.wait()
        await self._server.__aexit__(kind, error, traceback)

    async def start(self, name: str, script: str) -> ScriptBoard:
        """Run `script` on a board of 160 kB, with `irq` registered and the radio on."""
        process = await asyncio.create_subprocess_exec(
            *micropython_command(),
            *("-X", "heapsize=160K", "-c", PRELUDE + script),
            env=os.environ | self._server.environment(name),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        self._processes.append(process)
        return ScriptBoard(process)

    def controller(self, name: str) -> AirController:
        """The controller of a board that has started."""
        return next(known for known in self.air.devices if known.name == name)


def address(name: str) -> str:
    """The address of the board `name`, as MicroPython source for gap_connect."""
    return f"(0, {bytes.fromhex(address_of(name).replace(':', ''))!r})"


# One service with one characteristic that offers everything.
SERVER = """
UUID = bluetooth.UUID("A5A5A5A5-0001-9999-1111-5A5A5A5A5A5A")
((handle,),) = ble.gatts_register_services(((bluetooth.UUID(0x180D), ((UUID, 0x3A),)),))
ble.gatts_write(handle, "first")
ble.gap_advertise(20_000, b"\\x02\\x01\\x06", resp_data=b"\\x04\\x09car")
print("advertising")
"""
UUID = 'UUID = bluetooth.UUID("A5A5A5A5-0001-9999-1111-5A5A5A5A5A5A")\n'
UNTIL_DISCONNECTED = "wait(2)\n"


def central(script: str) -> str:
    """A central that has found the characteristic of SERVER: `link` and `handle` are ready."""
    return f"{UUID}link = connect({address('peripheral')})\nhandle = discover(link, UUID)\n{script}"

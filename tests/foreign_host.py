"""`fob car` in its own process, and another Bluetooth host that connects to it.

The host is Bumble's as any third party would use it; the key is the tests' own.
"""

from __future__ import annotations

import asyncio
import json
import socket
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

from bumble.core import AdvertisingData
from bumble.device import Advertisement, Device, Peer
from bumble.gatt_client import CharacteristicProxy
from bumble.hci import Address
from bumble.transport import open_transport

from host_tools.protocol import vcsec_pb2 as vcsec
from tests.legacy_client import LegacyKey

VIN = "5YJ3E1EA1KF130307"
HASH_NAME = "S284f35021aa10195C"
UUIDS = "000002{}-b2d1-43f0-9b88-960cebf8b91e"
SECONDS = 20.0


class FobCar:
    """A running `fob car --json`."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self.events: list[dict[str, Any]] = []

    async def event(self, kind: str, text: str = "") -> dict[str, Any]:
        """Read events up to one of this kind with this text in it."""
        assert self._process.stdout
        while line := await asyncio.wait_for(self._process.stdout.readline(), SECONDS):
            self.events.append(json.loads(line))
            if self.events[-1]["kind"] == kind and text in self.events[-1].get("text", ""):
                return self.events[-1]
        raise AssertionError(f"the car ended before {kind}: {self.events}")

    def type(self, key: str) -> None:
        assert self._process.stdin
        self._process.stdin.write(f"{key}\n".encode())

    def close_input(self) -> None:
        assert self._process.stdin
        self._process.stdin.close()

    def signal(self, number: int) -> None:
        self._process.send_signal(number)

    async def exit_code(self) -> int:
        assert self._process.stdout
        # What is left to say must be read, or the car may wait for it.
        while line := await asyncio.wait_for(self._process.stdout.readline(), SECONDS):
            self.events.append(json.loads(line))
        return await asyncio.wait_for(self._process.wait(), SECONDS)


@asynccontextmanager
async def fob_car(*arguments: str) -> AsyncIterator[FobCar]:
    """Run the car until the block ends."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        "from host_tools.cli import main; main()",
        *("car", "--json", "--vin", VIN, *arguments),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    car = FobCar(process)
    try:
        await car.event("ready")
        yield car
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


class ForeignHost:
    """A Bluetooth host that knows the published protocol and nothing of this project."""

    def __init__(self, device: Device) -> None:
        self.device = device
        self.key = LegacyKey()
        self.mtu = 0
        self._peer: Peer | None = None
        self._characteristics: dict[str, CharacteristicProxy[Any]] = {}
        self._received = bytearray()
        self._arrived = asyncio.Event()

    async def find(self, name: str) -> Advertisement:
        """Scan until the name is seen, which only an active scan brings."""
        found: asyncio.Future[Advertisement] = asyncio.get_running_loop().create_future()

        def advertisement(report: Advertisement) -> None:
            seen = report.data.get(AdvertisingData.Type.COMPLETE_LOCAL_NAME)
            if seen == name and not found.done():
                found.set_result(report)

        self.device.on(Device.EVENT_ADVERTISEMENT, advertisement)
        await self.device.start_scanning(active=True)
        try:
            return await asyncio.wait_for(found, SECONDS)
        finally:
            await self.device.stop_scanning()
            self.device.remove_listener(Device.EVENT_ADVERTISEMENT, advertisement)

    async def connect(self, address: Address) -> None:
        """Connect, and subscribe to what the vehicle says."""
        connection = await self.device.connect(address, timeout=SECONDS)
        peer = self._peer = Peer(connection)
        self.mtu = await peer.request_mtu(247)
        await peer.discover_services()
        for service in peer.services:
            await service.discover_characteristics()
            for each in service.characteristics:
                self._characteristics[str(each.uuid).lower()] = each
        await self.characteristic("13").subscribe(self._indicated, prefer_notify=False)

    def characteristic(self, number: str) -> CharacteristicProxy[Any]:
        return self._characteristics[UUIDS.format(number)]

    async def disconnect(self) -> None:
        assert self._peer
        await self._peer.connection.disconnect()
        self._received.clear()

    async def write(self, frame: bytes) -> None:
        size = self.mtu - 3
        for start in range(0, len(frame), size):
            piece = frame[start : start + size]
            await self.characteristic("12").write_value(piece, with_response=True)

    async def message(self) -> vcsec.FromVCSECMessage:
        """The next message of the vehicle in the older protocol."""
        return vcsec.FromVCSECMessage.FromString((await self.frame())[2:])

    async def frame(self) -> bytes:
        """The next frame of the vehicle."""
        async with asyncio.timeout(SECONDS):
            while len(self._received) < 2 or len(self._received) < 2 + self._length():
                self._arrived.clear()
                await self._arrived.wait()
        end = 2 + self._length()
        frame = bytes(self._received[:end])
        del self._received[:end]
        return frame

    async def ask(self, frame: bytes) -> vcsec.FromVCSECMessage:
        await self.write(frame)
        return await self.message()

    async def pair(self, car: FobCar) -> None:
        """Add the key, with the driver tapping the card, and fetch the vehicle's key."""
        waiting = await self.ask(self.key.whitelist_request())
        assert waiting.commandStatus.operationStatus == vcsec.OPERATIONSTATUS_WAIT
        car.type("t")
        done = await self.message()
        assert done.commandStatus.whitelistOperationStatus.operationStatus == 0
        session = await self.ask(self.key.key_request())
        self.key.agree(session.sessionInfo.publicKey)

    def _length(self) -> int:
        return int.from_bytes(self._received[:2], "big")

    def _indicated(self, value: bytes) -> None:
        assert len(value) <= self.mtu - 3
        self._received += value
        self._arrived.set()


@asynccontextmanager
async def foreign_host(spec: str, address: str = "C0:00:00:00:00:01") -> AsyncIterator[ForeignHost]:
    """A host of its own on the controller behind `spec`."""
    async with AsyncExitStack() as stack:
        transport = await stack.enter_async_context(await open_transport(spec))
        device = Device.with_hci("host", Address(address), transport.source, transport.sink)
        await asyncio.wait_for(device.power_on(), SECONDS)
        yield ForeignHost(device)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


Scenario = Callable[[FobCar, ForeignHost], Awaitable[None]]


def play(scenario: Scenario, *arguments: str) -> None:
    """Run a scenario over TCP."""

    async def run() -> None:
        port = free_port()
        lent = ("--host-transport", f"tcp-server:127.0.0.1:{port}")
        async with (
            fob_car(*lent, *arguments) as car,
            foreign_host(f"tcp-client:127.0.0.1:{port}") as host,
        ):
            await scenario(car, host)

    asyncio.run(run())

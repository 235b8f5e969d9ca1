"""Another Bluetooth host, over a borrowed controller, against `fob car` in its own process.

The host is Bumble's as any third party would use it; the key is the tests' own.
"""

from __future__ import annotations

import asyncio
import json
import signal
import socket
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from bumble.core import AdvertisingData
from bumble.device import Advertisement, Device, Peer
from bumble.gatt_client import CharacteristicProxy
from bumble.hci import Address
from bumble.transport import open_transport

from host_tools.protocol import vcsec_pb2 as vcsec
from tests.legacy_client import DOCUMENTED_PERMISSIONS, LegacyKey, frame, level, rke
from tests.signed_client import Answer, SignedKey

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


async def pairs_and_unlocks(car: FobCar, host: ForeignHost) -> None:
    report = await host.find(HASH_NAME)
    assert report.is_connectable
    await host.connect(report.address)
    pushed = await host.message()
    assert pushed.vehicleStatus.vehicleLockState == vcsec.VEHICLELOCKSTATE_LOCKED
    await host.pair(car)
    none = await host.ask(host.key.signed(level(vcsec.AUTHENTICATION_LEVEL_NONE)))
    assert none.commandStatus.operationStatus == vcsec.OPERATIONSTATUS_OK
    unlocked = await host.ask(host.key.signed(rke(vcsec.RKE_ACTION_UNLOCK)))
    assert unlocked.commandStatus.operationStatus == vcsec.OPERATIONSTATUS_OK
    status = await host.message()
    assert status.vehicleStatus.vehicleLockState == vcsec.VEHICLELOCKSTATE_UNLOCKED
    await car.event("state", "unlocked")
    car.type("q")
    assert await car.exit_code() == 0


@pytest.mark.parametrize("mtu", [115, 23])
def test_a_foreign_host_pairs_and_unlocks(mtu: int) -> None:
    async def scenario(car: FobCar, host: ForeignHost) -> None:
        await pairs_and_unlocks(car, host)
        assert host.mtu == mtu

    play(scenario, "--mtu", str(mtu))


@pytest.mark.skipif(sys.platform == "win32", reason="no pseudo-terminals")
def test_a_foreign_host_does_so_over_a_pseudo_terminal(tmp_path: Path) -> None:
    async def run() -> None:
        path = tmp_path / "hci"
        async with (
            fob_car("--host-transport", f"pty:{path}") as car,
            foreign_host(f"serial:{path}") as host,
        ):
            await pairs_and_unlocks(car, host)

    asyncio.run(run())


def test_the_name_may_be_the_newer_one() -> None:
    async def scenario(car: FobCar, host: ForeignHost) -> None:
        report = await host.find("Tesla 130307")
        await host.connect(report.address)
        assert (await host.message()).HasField("vehicleStatus")

    play(scenario, "--name", "vin")


def test_the_card_may_tap_itself() -> None:
    async def scenario(car: FobCar, host: ForeignHost) -> None:
        await host.connect((await host.find(HASH_NAME)).address)
        await host.message()
        await host.ask(host.key.whitelist_request())
        done = await host.message()
        assert done.commandStatus.whitelistOperationStatus.HasField("signerOfOperation")

    play(scenario, "--tap-after", "0")


def test_a_car_that_requires_none_refuses_until_it_comes() -> None:
    async def scenario(car: FobCar, host: ForeignHost) -> None:
        await host.connect((await host.find(HASH_NAME)).address)
        await host.message()
        await host.pair(car)
        refused = await host.ask(host.key.signed(rke(vcsec.RKE_ACTION_UNLOCK)))
        assert refused.commandStatus.operationStatus == vcsec.OPERATIONSTATUS_ERROR
        await host.ask(host.key.signed(level(vcsec.AUTHENTICATION_LEVEL_NONE)))
        done = await host.ask(host.key.signed(rke(vcsec.RKE_ACTION_UNLOCK)))
        assert done.commandStatus.operationStatus == vcsec.OPERATIONSTATUS_OK

    play(scenario, "--require-none")


@pytest.mark.parametrize(("arguments", "accepted"), [((), False), (("--plaintext-b",), True)])
def test_the_older_plaintext_is_accepted_when_asked_for(
    arguments: tuple[str, ...], accepted: bool
) -> None:
    async def scenario(car: FobCar, host: ForeignHost) -> None:
        await host.connect((await host.find(HASH_NAME)).address)
        await host.message()
        await host.pair(car)
        wrapped = vcsec.ToVCSECMessage(unsignedMessage=rke(vcsec.RKE_ACTION_UNLOCK))
        answer = await host.ask(host.key.signed(wrapped.SerializeToString()))
        ok = answer.commandStatus.operationStatus == vcsec.OPERATIONSTATUS_OK
        assert ok is accepted

    play(scenario, *arguments)


async def answer(host: ForeignHost, key: SignedKey) -> Answer:
    """The vehicle's next answer to the message that `key` made last; what it pushes is left out."""
    while (found := key.read(await host.frame())) is None:
        pass
    return found


def test_a_foreign_host_speaks_the_signed_command_protocol_with_a_car_of_2026() -> None:
    async def scenario(car: FobCar, host: ForeignHost) -> None:
        await host.connect((await host.find(HASH_NAME)).address)
        key = SignedKey(vin=VIN)
        await host.write(key.whitelist_request())
        await car.event("enrolment", "waiting for the tap")
        car.type("t")
        await car.event("enrolment", "added")
        car.type("b")
        await car.event("key", "restarted")
        await host.write(frame(key.request()))
        untagged = await answer(host, key)
        assert not untagged.envelope.HasField("signature_data")
        await host.write(frame(key.request()))
        key.take(await answer(host, key))
        await host.write(frame(key.command(rke(vcsec.RKE_ACTION_UNLOCK))))
        done = await answer(host, key)
        assert done.encrypted and not done.fault
        await car.event("accepted", "RKE_ACTION_UNLOCK")

    play(scenario, "--vintage", "2026")


@pytest.mark.parametrize(("arguments", "enrolled"), [((), True), (("--vintage", "2023"), False)])
def test_a_key_without_a_role_is_enrolled_where_no_vintage_is_named(
    arguments: tuple[str, ...], enrolled: bool
) -> None:
    async def scenario(car: FobCar, host: ForeignHost) -> None:
        await host.connect((await host.find(HASH_NAME)).address)
        await host.message()
        request = host.key.whitelist_request(role=0, permissions=DOCUMENTED_PERMISSIONS)
        answer = await host.ask(request)
        waits = answer.commandStatus.operationStatus == vcsec.OPERATIONSTATUS_WAIT
        assert waits == enrolled

    play(scenario, *arguments)


def test_a_repeated_nonce_is_answered_then_ends_the_car_with_exit_code_1() -> None:
    async def scenario(car: FobCar, host: ForeignHost) -> None:
        await host.connect((await host.find(HASH_NAME)).address)
        await host.message()
        await host.pair(car)
        lock = rke(vcsec.RKE_ACTION_LOCK)
        await host.ask(host.key.signed(lock, counter=7))
        fault = await host.ask(host.key.signed(rke(vcsec.RKE_ACTION_UNLOCK), counter=7))
        assert fault.commandStatus.signedMessageStatus.signedMessageInformation == 3
        assert "NONCE REUSED" in (await car.event("violation"))["text"]
        assert await car.exit_code() == 1

    play(scenario)


def test_the_answering_characteristic_cannot_be_read() -> None:
    async def scenario(car: FobCar, host: ForeignHost) -> None:
        await host.connect((await host.find(HASH_NAME)).address)
        with pytest.raises(Exception, match="READ_NOT_PERMITTED"):
            await host.characteristic("13").read_value()
        assert await host.characteristic("14").read_value()

    play(scenario)


def test_the_link_can_be_opened_again() -> None:
    async def scenario(car: FobCar, host: ForeignHost) -> None:
        for _ in range(4):
            await host.connect((await host.find(HASH_NAME)).address)
            assert (await host.message()).HasField("vehicleStatus")
            await host.disconnect()

    play(scenario)


def test_a_host_that_vanished_makes_room_for_the_next() -> None:
    async def run() -> None:
        port = free_port()
        spec = f"tcp-client:127.0.0.1:{port}"
        async with fob_car("--host-transport", f"tcp-server:127.0.0.1:{port}") as car:
            for _ in range(4):
                async with foreign_host(spec) as host:
                    await host.connect((await host.find(HASH_NAME)).address)
                    assert (await host.message()).HasField("vehicleStatus")
            await car.event("disconnected")

    asyncio.run(run())


@pytest.mark.skipif(sys.platform == "win32", reason="no signals")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_car_in_order(number: int) -> None:
    async def run() -> None:
        async with fob_car("--host-transport", "pty") as car:
            car.signal(number)
            assert await car.exit_code() == 0

    asyncio.run(run())


def test_the_end_of_standard_input_does_not_end_the_car() -> None:
    async def scenario(car: FobCar, host: ForeignHost) -> None:
        car.close_input()
        await host.connect((await host.find(HASH_NAME)).address)
        assert (await host.message()).HasField("vehicleStatus")

    play(scenario)

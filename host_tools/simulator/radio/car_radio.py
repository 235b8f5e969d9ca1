"""The simulated car on the air: a GATT peripheral on any Bumble controller, virtual or real."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
from collections.abc import Callable
from typing import Literal

from bumble.att import ATT_PDU, AttributeValue
from bumble.core import UUID, AdvertisingData
from bumble.device import AdvertisingType, Connection, Device, DeviceConfiguration
from bumble.gatt import Characteristic, Service
from bumble.hci import Address, HCI_Error, HCI_LE_Set_Random_Address_Command, OwnAddressType
from bumble.host import Host
from bumble.transport.common import TransportSink, TransportSource

from host_tools.simulator.car import Car, ConnectionLimitReached
from host_tools.simulator.faults import Interference, Operation, Verdict
from host_tools.simulator.radio.car_link import CarLink, Send
from host_tools.simulator.radio.intercept import operation
from host_tools.simulator.radio.interfered_server import InterferedServer

SERVICE = UUID("00000211-b2d1-43f0-9b88-960cebf8b91e")
TO_VEHICLE = UUID("00000212-b2d1-43f0-9b88-960cebf8b91e")
FROM_VEHICLE = UUID("00000213-b2d1-43f0-9b88-960cebf8b91e")
VERSION = UUID("00000214-b2d1-43f0-9b88-960cebf8b91e")

REAL_CAR_MTU = 115
"""What cars answer to an MTU request (seen in logs of two projects)."""

RSSI = -50
"""dBm of a car that stands beside the fob."""

WEAKER = 10
"""dB by which of several cars each is weaker than the one before it, to begin with."""

# The 16-bit service in the advertisement; the 128-bit one is not advertised.
_ADVERTISED_SERVICE = UUID.from_16_bits(0x1122)

# What a real car's version characteristic holds was never published.
_VERSION_VALUE = b"\x01"

# Seconds between looks at names, addresses and time-outs.
_TICK = 0.25

# Seconds; real controllers that load their firmware first take a few.
_POWER_ON = 15.0

AddressKind = Literal["public", "random", "rotating"]

_log = logging.getLogger(__name__)


async def _disconnect(connection: Connection) -> None:
    # The link may break while the command is on its way.
    with contextlib.suppress(HCI_Error):
        await connection.disconnect()


def car_address(number: int) -> str:
    """The public address of the car `number`, from 1 on."""
    return f"2C:A7:74:00:00:{number:02X}"


def resolvable_address(source: random.Random) -> Address:
    """A random address as those have who change theirs."""
    made_up = bytearray(source.randbytes(6))
    # Resolvable private addresses begin with the bits 01 (Vol 6, Part B, 1.3.2.2).
    made_up[5] = made_up[5] & 0x3F | 0x40
    return Address(bytes(made_up), Address.RANDOM_DEVICE_ADDRESS)


def static_address(source: random.Random) -> Address:
    """A random address as those have who keep theirs; these begin with the bits 11."""
    made_up = bytearray(source.randbytes(6))
    made_up[5] |= 0xC0
    return Address(bytes(made_up), Address.RANDOM_DEVICE_ADDRESS)


class CarRadio:
    """Advertises a car and carries values between its links and the air.

    source, sink: the HCI ends of a controller.
    mtu: what the car answers to an MTU request. notify: offer notifications, not indications.
    address: the controller's own, a random one for good, or one that changes while advertising
        every `rotation` seconds. advertising_interval: seconds. interference: what is done to the
        conversation; may be set at any time. seed: of random addresses,
        which are new ones without it.
    """

    def __init__(
        self,
        car: Car,
        source: TransportSource,
        sink: TransportSink,
        *,
        mtu: int = REAL_CAR_MTU,
        notify: bool = False,
        address: AddressKind = "public",
        rotation: float = 900.0,
        advertising_interval: float = 0.1,
        interference: Interference | None = None,
        seed: int | None = None,
    ) -> None:
        self.car = car
        self.interference = interference or Interference()
        self.requests: list[list[Operation]] = []
        """The ATT requests of each link there has been."""
        self._mtu = mtu
        self._random = random.Random(seed)
        self._source = source
        self._notify = notify
        self._address: AddressKind = address
        self._address_changes = 0
        self._rotation = rotation
        self._advertised: tuple[str, bool, int] | None = None
        self._epoch = 0
        self._changed = asyncio.Event()
        self._readvertised = asyncio.Event()
        self._stopping = False
        self._hidden = False
        self._links: dict[Connection, CarLink] = {}
        self._ending: set[asyncio.Task[None]] = set()
        self._main: asyncio.Task[None] | None = None
        interval_ms = advertising_interval * 1000
        self.device = Device(
            config=DeviceConfiguration(
                name=car.advertised_name,
                address=resolvable_address(self._random),
                advertising_interval_min=interval_ms,
                advertising_interval_max=interval_ms,
                # Cars do not pair on the level of Bluetooth.
                le_privacy_enabled=False,
                classic_enabled=False,
            ),
            host=Host(source, sink),
        )
        self.shift_handles(0)
        self.device.on(Device.EVENT_CONNECTION, self._connected)

    @property
    def address(self) -> str:
        """The address in advertisements right now."""
        public = self._address == "public"
        address = self.device.public_address if public else self.device.random_address
        return address.to_string(with_type_qualifier=False)

    async def advertises(self, *, connectable: bool) -> None:
        """Wait until the advertisements say that the car takes a connection, or does not."""
        await self._until(lambda advertised: advertised[1] == connectable)

    async def _until(self, true: Callable[[tuple[str, bool, int]], bool]) -> None:
        while self._advertised is None or not true(self._advertised):
            self._readvertised.clear()
            await self._readvertised.wait()

    async def start(self) -> None:
        """Power the controller on and advertise until `stop`.

        Raises TimeoutError when the controller does not answer.
        """
        async with asyncio.timeout(_POWER_ON):
            await self.device.power_on()
        self._stopping = False
        self._advertised = None
        self._main = asyncio.create_task(self._run())

    async def lost(self) -> None:
        """Wait until the controller is gone; raises what ended the advertising, if that did."""
        assert self._main
        await asyncio.wait(
            {self._main, self._source.terminated}, return_when=asyncio.FIRST_COMPLETED
        )
        if self._main.done():
            self._main.result()

    async def stop(self) -> None:
        """Drop every link and stop advertising; errors of the advertising task are raised."""
        # Not cancelled: a command to the controller must not be left half-way.
        self._stopping = True
        self._changed.set()
        if self._main:
            await self._main
        for connection in list(self._links):
            await _disconnect(connection)
        await asyncio.gather(*self._ending, return_exceptions=True)
        await self.device.power_off()

    async def drop(self, peer: str) -> None:
        """Disconnect the link whose CarConnection has this peer, as a car may at any time."""
        for connection, link in list(self._links.items()):
            if link.car_connection.peer == peer:
                await _disconnect(connection)

    @property
    def hidden(self) -> bool:
        """Whether the car is out of everybody's reach."""
        return self._hidden

    async def hide(self) -> None:
        """Be out of everybody's reach, as far as a controller can: drop every link, advertise no
        more."""
        self._hidden = True
        self._changed.set()
        for connection in list(self._links):
            await _disconnect(connection)

    def show(self) -> None:
        """Be there again."""
        self._hidden = False
        self._changed.set()

    async def change_address(self) -> None:
        """Advertise under a new random address; links stay as they are."""
        if self._address == "public":
            self._address = "random"
        self._address_changes += 1
        epoch = self._address_epoch()
        self._changed.set()
        await self._until(lambda advertised: advertised[2] >= epoch)

    def shift_handles(self, services: int) -> None:
        """From the next connection on, so many services come before the vehicle's."""
        server = InterferedServer(self.device, self._judge, self._end)
        server.max_mtu = self._mtu
        self.device.gatt_server = server
        self.device.add_default_services()
        for _ in range(services):
            self.device.add_service(_other_service())
        self._from_vehicle: Characteristic[bytes] = Characteristic(
            FROM_VEHICLE,
            Characteristic.Properties.NOTIFY
            if self._notify
            else Characteristic.Properties.INDICATE,
            Characteristic.Permissions(0),
            b"",
        )
        self._from_vehicle.on(Characteristic.EVENT_SUBSCRIPTION, self._subscribed)
        self.device.add_service(self._service())

    def _service(self) -> Service:
        to_vehicle: Characteristic[bytes] = Characteristic(
            TO_VEHICLE,
            Characteristic.Properties.WRITE,
            Characteristic.WRITEABLE,
            AttributeValue(write=self._written),
        )
        version: Characteristic[bytes] = Characteristic(
            VERSION,
            Characteristic.Properties.READ,
            Characteristic.READABLE,
            AttributeValue(read=self._version_read),
        )
        return Service(SERVICE, [to_vehicle, self._from_vehicle, version])

    async def _run(self) -> None:
        """Keep the advertisement as it should be, and the car's time going."""
        while not self._stopping:
            self.car.tick()
            try:
                await self._advertise()
                self._readvertised.set()
            except HCI_Error as error:
                # A connection may arrive between the commands; the next round sees it.
                _log.debug("advertising: %s", error)
                self._advertised = None
            due = self.car.next_due
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_TICK if due is None else min(_TICK, due)):
                    await self._changed.wait()
            self._changed.clear()
        # A controller that is gone advertises no more anyway, and answers nothing.
        with contextlib.suppress(HCI_Error, TimeoutError):
            async with asyncio.timeout(_POWER_ON):
                await self.device.stop_advertising()

    async def _advertise(self) -> None:
        if self._hidden:
            await self.device.stop_advertising()
            self._advertised = None
            return
        epoch = self._address_epoch()
        wanted = (self.car.advertised_name, self.car.connectable, epoch)
        if wanted == self._advertised:
            return
        new_address, self._epoch = self._epoch != epoch, epoch
        self._advertised = wanted
        name, connectable, _ = wanted
        await self.device.stop_advertising()
        if new_address:
            await self._change_address()
        await self.device.start_advertising(
            # A full car still answers scans: that is how clients learn that it is full.
            advertising_type=(
                AdvertisingType.UNDIRECTED_CONNECTABLE_SCANNABLE
                if connectable
                else AdvertisingType.UNDIRECTED_SCANNABLE
            ),
            own_address_type=(
                OwnAddressType.PUBLIC if self._address == "public" else OwnAddressType.RANDOM
            ),
            advertising_data=bytes(
                AdvertisingData(
                    [
                        (AdvertisingData.FLAGS, bytes([0x06])),
                        (
                            AdvertisingData.COMPLETE_LIST_OF_16_BIT_SERVICE_CLASS_UUIDS,
                            bytes(_ADVERTISED_SERVICE),
                        ),
                    ]
                )
            ),
            scan_response_data=bytes(
                AdvertisingData([(AdvertisingData.COMPLETE_LOCAL_NAME, name.encode())])
            ),
        )

    def _address_epoch(self) -> int:
        """Counts the addresses a rotating car has had."""
        if self._address != "rotating":
            return self._address_changes
        periods = int(asyncio.get_running_loop().time() / self._rotation)
        return periods + self._address_changes

    async def _change_address(self) -> None:
        address = resolvable_address(self._random)
        await self.device.send_sync_command(
            HCI_LE_Set_Random_Address_Command(random_address=address)
        )
        self.device.random_address = address

    def _connected(self, connection: Connection) -> None:
        # The controller stopped advertising by itself.
        self._advertised = None
        self._changed.set()
        try:
            car_connection = self.car.connect(str(connection.peer_address))
        except ConnectionLimitReached:
            connection.cancel_on_disconnection(_disconnect(connection))
            return
        link = CarLink(car_connection, connection, self._sender(connection), self)
        car_connection.on_drop = lambda: self._end(connection)
        self._links[connection] = link
        connection.on(Connection.EVENT_DISCONNECTION, lambda _: self._disconnected(connection))

    def _disconnected(self, connection: Connection) -> None:
        # Kept until it has ended: the event loop alone does not keep a task alive.
        sender = self._links.pop(connection).close()
        self._ending.add(sender)
        sender.add_done_callback(self._ending.discard)
        self._advertised = None
        self._changed.set()

    def _subscribed(self, connection: Connection, notify: bool, indicate: bool) -> None:
        if link := self._links.get(connection):
            link.subscribe(notify if self._notify else indicate)

    def _written(self, connection: Connection, value: bytes) -> None:
        if link := self._links.get(connection):
            link.car_connection.write(value)

    def _version_read(self, connection: Connection) -> bytes:
        if link := self._links.get(connection):
            link.car_connection.read_version()
        return _VERSION_VALUE

    def _sender(self, connection: Connection) -> Send:
        # The table may change later; this link keeps the one it has seen.
        server, from_vehicle = self.device.gatt_server, self._from_vehicle
        send = server.notify_subscriber if self._notify else server.indicate_subscriber
        return lambda piece: send(connection, from_vehicle, piece)

    def _end(self, connection: Connection) -> None:
        ending = asyncio.create_task(_disconnect(connection))
        self._ending.add(ending)
        ending.add_done_callback(self._ending.discard)

    def _judge(
        self, connection: Connection, pdu: ATT_PDU, is_cccd: bool
    ) -> tuple[Verdict, int, float]:
        link = self._links.get(connection)
        op = operation(pdu.op_code, is_cccd=is_cccd)
        verdict = link.intercept.request(op) if link and op else None
        if link and op == "write" and verdict in ("disconnect", "silent", "error"):
            link.car_connection.lose(getattr(pdu, "attribute_value", b""))
        return verdict, self.interference.error_code, self.interference.delay


def _other_service() -> Service:
    value: Characteristic[bytes] = Characteristic(
        UUID.from_16_bits(0x2A29),
        Characteristic.Properties.READ,
        Characteristic.READABLE,
        b"",
    )
    return Service(UUID.from_16_bits(0x180A), [value])

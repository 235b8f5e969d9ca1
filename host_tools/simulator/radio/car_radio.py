"""The simulated car on the air: a GATT peripheral on any Bumble controller, virtual or real."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable
from typing import Literal

from bumble.att import ATT_READ_NOT_PERMITTED_ERROR, ATT_Error, AttributeValue
from bumble.core import UUID, AdvertisingData
from bumble.device import AdvertisingType, Connection, Device, DeviceConfiguration
from bumble.gatt import Characteristic, Service
from bumble.hci import Address, HCI_Error, HCI_LE_Set_Random_Address_Command, OwnAddressType
from bumble.host import Host
from bumble.transport.common import TransportSink, TransportSource

from host_tools.simulator.car import Car, CarConnection, ConnectionLimitReached

SERVICE = UUID("00000211-b2d1-43f0-9b88-960cebf8b91e")
TO_VEHICLE = UUID("00000212-b2d1-43f0-9b88-960cebf8b91e")
FROM_VEHICLE = UUID("00000213-b2d1-43f0-9b88-960cebf8b91e")
VERSION = UUID("00000214-b2d1-43f0-9b88-960cebf8b91e")

REAL_CAR_MTU = 115
"""What cars answer to an MTU request (seen in logs of two projects)."""

ATT_HEADER = 3

# The 16-bit service in the advertisement; the 128-bit one is not advertised.
_ADVERTISED_SERVICE = UUID.from_16_bits(0x1122)

# What a real car's version characteristic holds was never published.
_VERSION_VALUE = b"\x01"

# Seconds between looks at names, addresses and time-outs.
_TICK = 0.25

# Seconds; real controllers that load their firmware first take a few.
_POWER_ON = 15.0

AddressKind = Literal["public", "random", "rotating"]

_Send = Callable[[Connection, bytes], Awaitable[None]]

_log = logging.getLogger(__name__)


def _refuse_read(connection: Connection) -> bytes:
    # Bumble does not look at the properties.
    raise ATT_Error(ATT_READ_NOT_PERMITTED_ERROR)


async def _disconnect(connection: Connection) -> None:
    # The link may break while the command is on its way.
    with contextlib.suppress(HCI_Error):
        await connection.disconnect()


class CarRadio:
    """Advertises a car and carries values between its links and the air.

    source, sink: the HCI ends of a controller.
    mtu: what the car answers to an MTU request. notify: offer notifications, not indications.
    address: the controller's own, a random one for good, or one that changes while advertising
        every `rotation` seconds. advertising_interval: seconds.
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
    ) -> None:
        self.car = car
        self._source = source
        self._notify = notify
        self._address = address
        self._rotation = rotation
        self._advertised: tuple[str, bool, int] | None = None
        self._changed = asyncio.Event()
        self._readvertised = asyncio.Event()
        self._stopping = False
        self._links: dict[Connection, _Link] = {}
        self._ending: set[asyncio.Task[None]] = set()
        self._main: asyncio.Task[None] | None = None
        interval_ms = advertising_interval * 1000
        self.device = Device(
            config=DeviceConfiguration(
                name=car.advertised_name,
                address=Address.generate_static_address(),
                advertising_interval_min=interval_ms,
                advertising_interval_max=interval_ms,
                # Cars do not pair on the level of Bluetooth.
                le_privacy_enabled=False,
                classic_enabled=False,
            ),
            host=Host(source, sink),
        )
        self._from_vehicle: Characteristic[bytes] = Characteristic(
            FROM_VEHICLE,
            Characteristic.Properties.NOTIFY if notify else Characteristic.Properties.INDICATE,
            Characteristic.Permissions(0),
            AttributeValue(read=_refuse_read),
        )
        self.device.add_service(self._service())
        self.device.gatt_server.max_mtu = mtu
        self.device.on(Device.EVENT_CONNECTION, self._connected)
        self._from_vehicle.on(Characteristic.EVENT_SUBSCRIPTION, self._subscribed)

    @property
    def address(self) -> str:
        """The address in advertisements right now."""
        public = self._address == "public"
        address = self.device.public_address if public else self.device.random_address
        return address.to_string(with_type_qualifier=False)

    async def advertises(self, *, connectable: bool) -> None:
        """Wait until the advertisements say that the car takes a connection, or does not."""
        while self._advertised is None or self._advertised[1] != connectable:
            self._readvertised.clear()
            await self._readvertised.wait()

    async def start(self) -> None:
        """Power the controller on and advertise until `stop`.

        Raises TimeoutError when the controller does not answer.
        """
        async with asyncio.timeout(_POWER_ON):
            await self.device.power_on()
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

    def _service(self) -> Service:
        to_vehicle: Characteristic[bytes] = Characteristic(
            TO_VEHICLE,
            Characteristic.Properties.WRITE,
            Characteristic.WRITEABLE,
            AttributeValue(read=_refuse_read, write=self._written),
        )
        version: Characteristic[bytes] = Characteristic(
            VERSION, Characteristic.Properties.READ, Characteristic.READABLE, _VERSION_VALUE
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
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_TICK):
                    await self._changed.wait()
            self._changed.clear()

    async def _advertise(self) -> None:
        epoch = self._address_epoch()
        wanted = (self.car.advertised_name, self.car.connectable, epoch)
        if wanted == self._advertised:
            return
        new_address = self._advertised is not None and self._advertised[2] != epoch
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
            return 0
        return int(asyncio.get_running_loop().time() / self._rotation)

    async def _change_address(self) -> None:
        address = Address.generate_static_address()
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
        link = _Link(car_connection, connection, self._send)
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

    async def _send(self, connection: Connection, chunk: bytes) -> None:
        server = self.device.gatt_server
        if self._notify:
            await server.notify_subscriber(connection, self._from_vehicle, chunk)
        else:
            await server.indicate_subscriber(connection, self._from_vehicle, chunk)


class _Link:
    """Sends the frames of one CarConnection, in pieces, once the other side has subscribed."""

    def __init__(self, car_connection: CarConnection, connection: Connection, send: _Send) -> None:
        self.car_connection = car_connection
        self._connection = connection
        self._send = send
        self._ready = asyncio.Event()
        self._subscribed = asyncio.Event()
        car_connection.on_frame = self._ready.set
        self._ready.set()
        self._sender = asyncio.create_task(self._run())

    def subscribe(self, on: bool) -> None:
        if on:
            self._subscribed.set()
        else:
            self._subscribed.clear()

    def close(self) -> asyncio.Task[None]:
        """The link is gone; the task returned is about to end."""
        self._sender.cancel()
        self.car_connection.disconnect()
        return self._sender

    async def _run(self) -> None:
        # Asked each time: asyncio.wait_for, inside Bumble, loses a cancellation that coincides
        # with what it waits for.
        while self.car_connection.is_open:
            await self._subscribed.wait()
            await self._ready.wait()
            self._ready.clear()
            for frame in self.car_connection.take_frames():
                size = self._connection.att_mtu - ATT_HEADER
                for start in range(0, len(frame), size):
                    await self._send(self._connection, frame[start : start + size])

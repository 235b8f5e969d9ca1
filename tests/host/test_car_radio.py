"""The simulated car on the virtual radio, met by other devices on it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from bumble.core import UUID, AdvertisingData
from bumble.device import Advertisement, Connection, Device, Peer
from bumble.gatt import Characteristic
from bumble.gatt_client import CharacteristicProxy
from bumble.hci import Address
from bumble.host import Host

from host_tools.protocol import vcsec_pb2 as vcsec
from host_tools.simulator.car import Car
from host_tools.simulator.radio.air import Air
from host_tools.simulator.radio.car_radio import FROM_VEHICLE, SERVICE, TO_VEHICLE, CarRadio
from tests.car_bench import VIN
from tests.legacy_client import LegacyKey, answers, information

HASH_NAME = "Sa6bab0d54ffaecf1C"
SECONDS = 10.0

STATUS = information(vcsec.INFORMATION_REQUEST_TYPE_GET_STATUS)


class Street:
    """A car on the air, and whoever passes by."""

    def __init__(self, car: Car, radio: CarRadio, air: Air) -> None:
        self.car = car
        self.radio = radio
        self._air = air
        self._count = 0

    async def device(self) -> Device:
        """A new device on the same air."""
        self._count += 1
        address = f"C0:00:00:00:00:{self._count:02X}"
        source, sink = self._air.hci(f"device {self._count}")
        device = Device(name="passer-by", address=Address(address), host=Host(source, sink))
        await device.power_on()
        return device

    async def connect(self, device: Device | None = None) -> Connection:
        device = device or await self.device()
        report = await see(device, lambda report: report.is_connectable)
        return await device.connect(report.address, timeout=SECONDS)


async def see(device: Device, wanted: Callable[[Advertisement], bool]) -> Advertisement:
    """Scan until an advertisement is as wanted."""
    found: asyncio.Future[Advertisement] = asyncio.get_running_loop().create_future()

    def advertisement(report: Advertisement) -> None:
        if wanted(report) and not found.done():
            found.set_result(report)

    device.on(Device.EVENT_ADVERTISEMENT, advertisement)
    await device.start_scanning(active=True, filter_duplicates=False)
    try:
        return await asyncio.wait_for(found, SECONDS)
    finally:
        await device.stop_scanning()
        device.remove_listener(Device.EVENT_ADVERTISEMENT, advertisement)


def name_of(report: Advertisement) -> Any:
    return report.data.get(AdvertisingData.Type.COMPLETE_LOCAL_NAME)


class Client:
    """The vehicle's characteristics as seen over one connection."""

    def __init__(self, connection: Connection) -> None:
        self.peer = Peer(connection)
        self.indications: asyncio.Queue[bytes] = asyncio.Queue()
        self._characteristics: dict[Any, CharacteristicProxy[Any]] = {}

    async def discover(self, mtu: int = 247) -> None:
        self.mtu = await self.peer.request_mtu(mtu)
        (service,) = await self.peer.discover_service(SERVICE)
        for each in await service.discover_characteristics():
            self._characteristics[each.uuid] = each

    async def subscribe(self, prefer_notify: bool = False) -> None:
        await self[FROM_VEHICLE].subscribe(self.indications.put_nowait, prefer_notify=prefer_notify)

    async def write(self, value: bytes) -> None:
        await self[TO_VEHICLE].write_value(value, with_response=True)

    async def frame(self) -> tuple[bytes, list[int]]:
        """The next frame, and the sizes of its pieces."""
        data = b""
        sizes = []
        while len(data) < 2 or len(data) < 2 + int.from_bytes(data[:2], "big"):
            piece = bytes(await asyncio.wait_for(self.indications.get(), SECONDS))
            data += piece
            sizes.append(len(piece))
        return data, sizes

    def __getitem__(self, uuid: Any) -> CharacteristicProxy[Any]:
        return self._characteristics[uuid]


Scenario = Callable[[Street], Awaitable[None]]


def play(scenario: Scenario, name: Any = "hash", **options: Any) -> None:
    async def run() -> None:
        air = Air()
        car = Car(VIN, name=name)
        source, sink = air.hci("car", "2C:A7:74:00:00:01")
        radio = CarRadio(car, source, sink, advertising_interval=0.02, **options)
        await radio.start()
        await scenario(Street(car, radio, air))
        await radio.stop()

    asyncio.run(run())


def test_the_name_comes_only_with_the_scan_response() -> None:
    async def scenario(street: Street) -> None:
        device = await street.device()
        report = await see(device, lambda report: name_of(report) == HASH_NAME)
        assert report.is_connectable
        assert str(report.address).startswith("2C:A7:74:00:00:01")
        services = report.data.get(AdvertisingData.Type.COMPLETE_LIST_OF_16_BIT_SERVICE_CLASS_UUIDS)
        assert services == [UUID.from_16_bits(0x1122)]
        assert HASH_NAME.encode() not in bytes(street.radio.device.advertising_data)

    play(scenario)


def test_an_alternating_car_is_seen_under_both_names() -> None:
    async def scenario(street: Street) -> None:
        device = await street.device()
        await see(device, lambda report: name_of(report) == HASH_NAME)
        await see(device, lambda report: name_of(report) == "Tesla 000000")

    play(scenario, name="alternate")


def test_the_characteristics_have_the_properties_of_a_real_car() -> None:
    async def scenario(street: Street) -> None:
        client = Client(await street.connect())
        await client.discover()
        assert client.mtu == 115
        assert client[TO_VEHICLE].properties == Characteristic.Properties.WRITE
        assert client[FROM_VEHICLE].properties == Characteristic.Properties.INDICATE

    play(scenario)


@pytest.mark.parametrize(("mtu", "pieces"), [(115, [71]), (23, [20, 20, 20, 11])])
def test_a_long_answer_comes_in_pieces_that_fit(mtu: int, pieces: list[int]) -> None:
    async def scenario(street: Street) -> None:
        client = Client(await street.connect())
        await client.discover()
        await client.subscribe()
        await client.frame()
        key = LegacyKey()
        for start in range(0, 88, 20):
            await client.write(key.whitelist_request()[start : start + 20])
        await client.frame()
        street.car.tap_card()
        await client.frame()
        await client.write(key.key_request())
        frame, sizes = await client.frame()
        assert answers([frame])[0].sessionInfo.publicKey == street.car.public_key
        assert sizes == pieces

    play(scenario, mtu=mtu)


def test_the_status_waits_for_the_subscription() -> None:
    async def scenario(street: Street) -> None:
        client = Client(await street.connect())
        await client.discover()
        await client.write(STATUS)
        assert client.indications.empty()
        await client.subscribe()
        for _ in range(2):
            frame, _ = await client.frame()
            assert answers([frame])[0].HasField("vehicleStatus")

    play(scenario)


def test_the_car_may_notify_instead() -> None:
    async def scenario(street: Street) -> None:
        client = Client(await street.connect())
        await client.discover()
        assert client[FROM_VEHICLE].properties == Characteristic.Properties.NOTIFY
        await client.subscribe(prefer_notify=True)
        frame, _ = await client.frame()
        assert answers([frame])[0].HasField("vehicleStatus")

    play(scenario, notify=True)


def test_a_full_car_is_seen_but_not_connectable() -> None:
    async def scenario(street: Street) -> None:
        connections = [await street.connect() for _ in range(3)]
        device = await street.device()
        full = await see(device, lambda report: not report.is_connectable)
        assert len(street.car.connections) == 3
        await connections[0].disconnect()
        await see(device, lambda report: report.is_connectable)
        assert len(street.car.connections) == 2
        assert str(full.address) == str((await see(device, lambda _: True)).address)

    play(scenario)


def test_a_disconnect_is_noticed_by_the_car() -> None:
    async def scenario(street: Street) -> None:
        device = await street.device()
        for _ in range(5):
            connection = await street.connect(device)
            assert len(street.car.connections) == 1
            await connection.disconnect()
            await see(device, lambda report: report.is_connectable)
            assert street.car.connections == []

    play(scenario)


def test_the_car_may_drop_a_link() -> None:
    async def scenario(street: Street) -> None:
        connection = await street.connect()
        gone = asyncio.get_running_loop().create_future()
        connection.on(Connection.EVENT_DISCONNECTION, gone.set_result)
        await street.radio.drop(street.car.connections[0].peer)
        await asyncio.wait_for(gone, SECONDS)
        assert street.car.connections == []

    play(scenario)


def test_a_rotating_address_changes_and_still_serves() -> None:
    async def scenario(street: Street) -> None:
        device = await street.device()
        first = await see(device, lambda report: report.is_connectable)
        await see(device, lambda report: report.address != first.address)
        client = Client(await street.connect(device))
        await client.discover()
        await client.subscribe()
        assert answers([(await client.frame())[0]])[0].HasField("vehicleStatus")

    play(scenario, address="rotating", rotation=0.5)


def test_a_car_out_of_reach_drops_its_links_and_is_heard_again_when_it_is_back() -> None:
    async def scenario(street: Street) -> None:
        connection = await street.connect()
        gone = asyncio.Event()
        connection.on(Connection.EVENT_DISCONNECTION, lambda _: gone.set())
        await street.radio.hide()
        await asyncio.wait_for(gone.wait(), SECONDS)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.2):
                await see(await street.device(), lambda report: True)
        street.radio.show()
        await street.connect()

    play(scenario)

"""Several cars around one fob, on both radios: each is heard with its own strength and reached by
itself."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import pytest

from host_tools.protocol import vcsec_pb2 as vcsec
from host_tools.simulator.car import Behaviour, Car
from host_tools.simulator.radio import irq
from host_tools.simulator.radio.car_on_air import CarOnAir, cars_on_air
from host_tools.simulator.radio.direct import DirectRadio, direct_radios
from host_tools.simulator.virtual_time import run
from tests.fob_radio import SCAN_US, Fob, RecordingBridge
from tests.legacy_client import information

VINS = ("5YJ3E1EA1KF000000", "5YJ3E1EA1KF000001", "5YJ3E1EA1KF000002")
TO_VEHICLE_HANDLE = 16
STATUS = information(vcsec.INFORMATION_REQUEST_TYPE_GET_STATUS)

Cars = Mapping[str, Car]
Radios = Mapping[str, CarOnAir] | Mapping[str, DirectRadio]
Scenario = Callable[[Fob, Cars, Any], Awaitable[None]]


def play(kind: str, scenario: Scenario, **behaviour: Any) -> None:
    """Run a scenario with a fob and three cars, in virtual time."""

    async def main() -> None:
        clock = asyncio.get_running_loop().time
        draw = random.Random(7).randbytes
        cars = {
            vin: Car(vin, clock=clock, random=draw, behaviour=Behaviour(**behaviour))
            for vin in VINS
        }
        radios: Radios = (
            direct_radios(cars, seed=1)
            if kind == "direct"
            else cars_on_air(cars, seed=1, paced=True)
        )
        for radio in radios.values():
            await radio.start()
        bridge: Any = RecordingBridge()
        fob = Fob(next(iter(radios.values())).host(bridge, "fob"), bridge)
        await fob.call(fob.ble.active, True)
        await scenario(fob, cars, radios)
        for radio in radios.values():
            await radio.stop()

    run(main())


async def heard(fob: Fob, seconds: float = 0.5) -> dict[str, int]:
    """The names heard in so many seconds, with the strength of each."""
    begin = len(fob.events)
    await fob.call(fob.ble.gap_scan, int(seconds * 1000), SCAN_US, SCAN_US, True)
    await fob.bridge.event(irq.SCAN_DONE, after=begin)
    return {
        bytes(event[5])[2:].decode(): event[4]
        for event in fob.events[begin:]
        if event[0] == irq.SCAN_RESULT and event[3] == 4
    }


def peer(radio: CarOnAir | DirectRadio) -> tuple[int, bytes]:
    return 0, bytes.fromhex(radio.address.replace(":", ""))


both = pytest.mark.parametrize("kind", ["direct", "bumble"])


@both
def test_each_car_is_heard_with_its_own_strength(kind: str) -> None:
    async def scenario(fob: Fob, cars: Cars, radios: Any) -> None:
        names = [cars[vin].advertised_name for vin in VINS]
        assert await heard(fob) == dict(zip(names, (-50, -60, -70), strict=True))
        radios[VINS[2]].rssi = -41
        radios[VINS[0]].walk_away()
        assert await heard(fob) == {names[1]: -60, names[2]: -41}
        radios[VINS[0]].come_back()
        assert names[0] in await heard(fob)

    play(kind, scenario)


@both
def test_what_is_written_comes_to_the_car_of_that_link(kind: str) -> None:
    async def scenario(fob: Fob, cars: Cars, radios: Any) -> None:
        links = []
        for vin in VINS[1:]:
            event = await fob.connect(peer(radios[vin]))
            assert event[0] == irq.PERIPHERAL_CONNECT
            links.append(event[1])
        assert [len(car.connections) for car in cars.values()] == [0, 1, 1]
        received = [sum(e.kind == "received" for e in car.events) for car in cars.values()]
        assert received == [0, 0, 0]
        await fob.write(links[1], TO_VEHICLE_HANDLE, STATUS)
        await asyncio.sleep(0.1)
        received = [sum(e.kind == "received" for e in car.events) for car in cars.values()]
        assert received == [0, 0, 1]
        radios[VINS[2]].walk_away()
        begin = len(fob.events)
        event = await fob.bridge.event(irq.PERIPHERAL_DISCONNECT, after=begin)
        assert event[1] == links[1] and len(cars[VINS[1]].connections) == 1

    play(kind, scenario)


@both
@pytest.mark.parametrize("reads", [True, False], ids=["read", "left alone"])
def test_reading_the_version_keeps_an_idle_link(kind: str, reads: bool) -> None:
    async def scenario(fob: Fob, cars: Cars, radios: Any) -> None:
        link, _, from_vehicle = await fob.subscribed()
        version = from_vehicle + 3
        begin = len(fob.events)
        for _ in range(5):
            await asyncio.sleep(20)
            if reads:
                done = await fob.until(irq.GATTC_READ_DONE, fob.ble.gattc_read, link, version)
                assert done[3] == 0
        dropped = any(event[0] == irq.PERIPHERAL_DISCONNECT for event in fob.events[begin:])
        assert dropped == (not reads)

    play(kind, scenario, idle_timeout=42.0)

"""A board's "ble" without a board: a bridge that records, on either radio of the car."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from typing import Any

from host_tools.simulator.car import Car
from host_tools.simulator.radio import irq
from host_tools.simulator.radio.air import Air
from host_tools.simulator.radio.ble_host import BleHost
from host_tools.simulator.radio.car_radio import FROM_VEHICLE, SERVICE, TO_VEHICLE, CarRadio
from host_tools.simulator.radio.direct import DirectRadio
from host_tools.simulator.radio.direct_host import DirectHost
from host_tools.simulator.virtual_time import run
from tests.car_bench import VIN

CAR_ADDRESS = "2C:A7:74:00:00:01"
SCAN_US = 30_000
INTERVALS_US = 7_500, 15_000

Event = tuple[Any, ...]


class RecordingBridge:
    """Keeps what would go to the board."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.times: list[float] = []
        self._arrived = asyncio.Event()
        self._callbacks: list[Callable[[], None]] = []

    def serve(self, service: str, handler: object) -> None:
        assert service == "ble"

    def emit(self, service: str, name: str, *args: object) -> None:
        assert (service, name) == ("ble", "irq")
        self.events.append(args)
        self.times.append(asyncio.get_running_loop().time())
        self._arrived.set()

    def on_closed(self, callback: Callable[[], None]) -> None:
        self._callbacks.append(callback)

    def cut(self) -> None:
        """The board is gone."""
        for callback in self._callbacks:
            callback()

    async def event(self, *wanted: int, after: int = 0, timeout: float = 40) -> Event:  # noqa: ASYNC109
        """The first event with one of these numbers from index `after` on."""
        async with asyncio.timeout(timeout):
            while True:
                for event in self.events[after:]:
                    if event[0] in wanted:
                        return event
                self._arrived.clear()
                await self._arrived.wait()


class Fob:
    """The calls a fob makes, each waiting for the event that ends it."""

    def __init__(self, ble: BleHost | DirectHost, bridge: RecordingBridge) -> None:
        self.ble = ble
        self.bridge = bridge

    @property
    def events(self) -> list[Event]:
        return self.bridge.events

    async def call(self, method: Callable[..., Any], *args: object) -> Any:
        value = method(*args)
        return await value if isinstance(value, Awaitable) else value

    async def until(self, end: int, method: Callable[..., Any], *args: object) -> Event:
        """Call and wait for the event `end`."""
        begin = len(self.events)
        await self.call(method, *args)
        return await self.bridge.event(end, after=begin)

    async def find(self) -> tuple[int, bytes]:
        """Scan until a name came; address type and address."""
        begin = len(self.events)
        await self.call(self.ble.gap_scan, 5000, SCAN_US, SCAN_US, True)
        while True:
            event = await self.bridge.event(irq.SCAN_RESULT, after=begin)
            begin = self.events.index(event, begin) + 1
            if event[3] == 4:
                return event[1], event[2]

    async def connect(self, peer: tuple[int, bytes], timeout_ms: int = 5000) -> Event:
        begin = len(self.events)
        await self.call(self.ble.gap_connect, *peer, timeout_ms, *INTERVALS_US)
        return await self.bridge.event(
            irq.PERIPHERAL_CONNECT, irq.PERIPHERAL_DISCONNECT, after=begin
        )

    async def met(self) -> int:
        """Connect to the car; the link's handle."""
        await self.call(self.ble.active, True)
        event = await self.connect(await self.find())
        assert event[0] == irq.PERIPHERAL_CONNECT
        return int(event[1])

    async def subscribed(self) -> tuple[int, int, int]:
        """Connect, discover and subscribe: handles of the link, to and from vehicle."""
        link = await self.met()
        begin = len(self.events)
        await self.until(
            irq.GATTC_SERVICE_DONE, self.ble.gattc_discover_services, link, bytes(SERVICE)
        )
        _, _, start, end, _ = await self.bridge.event(irq.GATTC_SERVICE_RESULT, after=begin)
        discover = self.ble.gattc_discover_characteristics
        await self.until(irq.GATTC_CHARACTERISTIC_DONE, discover, link, start, end, None)
        found = {
            event[5]: event
            for event in self.events[begin:]
            if event[0] == irq.GATTC_CHARACTERISTIC_RESULT
        }
        to_vehicle = found[bytes(TO_VEHICLE)][3]
        _, _, last, from_vehicle, properties, _ = found[bytes(FROM_VEHICLE)]
        await self.until(
            irq.GATTC_DESCRIPTOR_DONE,
            self.ble.gattc_discover_descriptors,
            link,
            from_vehicle,
            last,
        )
        bits = b"\x02\x00" if properties & 0x20 else b"\x01\x00"
        assert (await self.write(link, from_vehicle + 1, bits))[3] == 0
        return link, to_vehicle, from_vehicle

    async def write(self, link: int, handle: int, value: bytes) -> Event:
        return await self.until(irq.GATTC_WRITE_DONE, self.ble.gattc_write, link, handle, value, 1)

    async def indication(self, after: int = 0) -> bytes:
        event = await self.bridge.event(irq.GATTC_INDICATE, irq.GATTC_NOTIFY, after=after)
        return bytes(event[3])


class Place:
    """A car with one of its radios, and the fobs around it."""

    def __init__(self, car: Car, radio: DirectRadio | CarRadio, air: Air | None) -> None:
        self.car = car
        self.radio = radio
        self._air = air

    def fob(self, name: str = "fob") -> Fob:
        bridge: Any = RecordingBridge()
        if isinstance(self.radio, DirectRadio):
            return Fob(self.radio.host(bridge, name), bridge)
        assert self._air is not None
        return Fob(BleHost(self._air, bridge, name), bridge)


Scenario = Callable[[Place], Awaitable[Any]]


def listen_for_errors() -> list[dict[str, Any]]:
    """What goes wrong in callbacks, which nobody waits for."""
    errors: list[dict[str, Any]] = []
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda _, context: errors.append(context))
    return errors


def make_car(**options: Any) -> Car:
    return Car(
        VIN,
        clock=asyncio.get_running_loop().time,
        random=random.Random(7).randbytes,
        **options,
    )


def play_direct(scenario: Scenario, *, car: dict[str, Any] | None = None, **options: Any) -> Any:
    """Run a scenario on a DirectRadio, in virtual time."""

    async def main() -> Any:
        errors = listen_for_errors()
        simulated = make_car(**(car or {}))
        radio = DirectRadio(simulated, **{"seed": 1} | options)
        result = await scenario(Place(simulated, radio, None))
        assert errors == []
        return result

    return run(main())


def play_air(scenario: Scenario, *, car: dict[str, Any] | None = None, **options: Any) -> Any:
    """Run a scenario on a CarRadio over Bumble, in virtual time."""

    async def main() -> Any:
        errors = listen_for_errors()
        simulated = make_car(**(car or {}))
        air = Air(paced=True)
        source, sink = air.hci("car", CAR_ADDRESS)
        radio = CarRadio(simulated, source, sink, **{"seed": 1} | options)
        await radio.start()
        try:
            result = await scenario(Place(simulated, radio, air))
        finally:
            await radio.stop()
        assert errors == []
        return result

    return run(main())

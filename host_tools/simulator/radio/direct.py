"""The car's radio without Bumble: the car directly behind a board's bluetooth.BLE.

A drop-in for Air and CarRadio where cars and the fobs around them are all there is: the same
calls, errors and events in the same order, at the times of advertisements and connection events.
Everything waits by the running loop's call_later, in real as in virtual time. What it leaves out
against Air: other devices, peripherals, HCI.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Mapping
from typing import Any

from bumble.hci import Address

from host_tools.simulator.bridge import Bridge
from host_tools.simulator.car import Car
from host_tools.simulator.faults import Interference
from host_tools.simulator.radio.advertising import MAX_DELAY, ReportType
from host_tools.simulator.radio.car_radio import (
    FROM_VEHICLE,
    REAL_CAR_MTU,
    RSSI,
    SERVICE,
    TO_VEHICLE,
    VERSION,
    WEAKER,
    AddressKind,
    car_address,
    resolvable_address,
    static_address,
)
from host_tools.simulator.radio.direct_host import DirectHost, Heard
from host_tools.simulator.radio.direct_link import DirectLink, Surroundings
from host_tools.simulator.radio.vehicle_table import Table, vehicle_table

# Flags, and the list of 16-bit services with 0x1122.
_ADVERTISING_DATA = bytes.fromhex("020106" + "03032211")
_COMPLETE_NAME = 0x09

# Seconds between looks at the car's time-outs: at most, while somebody is connected; at least.
_TICK = 0.25
_SHORTEST_TICK = 0.001

# After CONNECT_IND, in connection intervals, until the hosts know of the link: estimated. Its first
# event comes 1.25 ms later or up to an interval after that (Vol 6, Part B, 4.5.3).
_ESTABLISHING = (1.25, 2.0)


class DirectRadio(Surroundings):
    """Give `radio.host` to the boards that can hear the car.

    beside: another car's radio; the boards hear both, whichever made them.
    mtu, notify, address, rotation, interference: as for CarRadio. rssi: dBm, as the boards hear it.
    connection_interval: seconds the central chooses within what the fob asks for; the longest by
    default. force_interval: it is that, whatever the fob asks for, as where the car gets the fob's
    stack to agree to its own. seed: of advertising delays, connect latency and addresses.
    """

    def __init__(
        self,
        car: Car,
        *,
        beside: DirectRadio | None = None,
        rssi: int = RSSI,
        mtu: int = REAL_CAR_MTU,
        notify: bool = False,
        address: AddressKind = "public",
        rotation: float = 900.0,
        advertising_interval: float = 0.15,
        connection_interval: float | None = None,
        force_interval: bool = False,
        interference: Interference | None = None,
        seed: int | None = None,
    ) -> None:
        self._name = car.advertised_name
        self._notify = notify
        super().__init__(car, self._table(0), mtu, interference or Interference(), [])
        self.rssi = rssi
        self._all: list[DirectRadio] = beside._all if beside else []
        self._all.append(self)
        self.links: list[DirectLink] = []
        self.random = random.Random(seed)
        self._connection_interval = connection_interval
        self._force_interval = force_interval
        self._rotation = rotation if address == "rotating" else None
        self._rotate_at: float | None = None
        self._advertising_interval = advertising_interval
        self._advertises = True
        self._listeners: list[DirectHost] = []
        self._due = 0.0
        self._next_advertisement: asyncio.TimerHandle | None = None
        self._next_tick: asyncio.TimerHandle | None = None
        self._address = Address(car_address(len(self._all)), Address.PUBLIC_DEVICE_ADDRESS)
        if address != "public":
            self._address = resolvable_address(self.random)

    def host(self, bridge: Bridge, name: str) -> DirectHost:
        """The radio of one run of a board's process, served as "ble"."""
        return DirectHost(self._all, bridge, name)

    @property
    def address(self) -> str:
        """The address in advertisements right now."""
        return self._address.to_string(with_type_qualifier=False)

    @property
    def att_requests(self) -> int:
        """ATT requests so far, of all links of all cars; `requests` lists those of each link."""
        return sum(len(each) for radio in self._all for each in radio.requests)

    async def start(self) -> None:
        """Advertise, as it does from the beginning."""
        self._advertises = True

    async def stop(self) -> None:
        """Drop every link and stop advertising."""
        self._advertises = False
        for link in list(self.links):
            link.drop()

    async def drop(self, peer: str) -> None:
        """Disconnect the link whose CarConnection has this peer, as a car may at any time."""
        for link in list(self.links):
            if link.peer == peer:
                link.drop()

    async def change_address(self, *, resolvable: bool = True) -> None:
        """Advertise under a new random address, one of those that change or one that looks as if
        it were to last; links stay as they are."""
        self._address = (resolvable_address if resolvable else static_address)(self.random)

    def shift_handles(self, services: int) -> None:
        """From the next connection on, so many more services come before the vehicle's."""
        self.table = self._table(services)

    def walk_away(self) -> None:
        """Nobody hears the car any more; links are lost in time."""
        self.in_reach = False
        for link in list(self.links):
            link.fall_silent()

    def come_back(self) -> None:
        """The car is heard again; links not yet lost go on."""
        self.in_reach = True
        for link in list(self.links):
            link.be_heard()

    def listen(self, host: DirectHost) -> None:
        """Have a host hear advertisements."""
        if host not in self._listeners:
            self._listeners.append(host)
        if self._next_advertisement is None:
            now = asyncio.get_running_loop().time()
            if self._due <= now:
                # It went on while nobody listened; where it is now, nobody knows.
                self._due = now + self.random.uniform(0, self._advertising_interval)
            self._await_advertisement()

    def unlisten(self, host: DirectHost) -> None:
        """Have it hear them no more."""
        if host in self._listeners:
            self._listeners.remove(host)
        if not self._listeners and self._next_advertisement is not None:
            self._next_advertisement.cancel()
            self._next_advertisement = None

    def interval(self, least: float, most: float) -> float:
        """Seconds of the connection interval for a fob that asks for these."""
        wanted = self._connection_interval or most
        return wanted if self._force_interval else min(max(wanted, least), most)

    def latency(self, interval: float) -> float:
        """Seconds from the advertisement a connection begins with until it is established."""
        return self.random.uniform(*_ESTABLISHING) * interval

    def accepts(self, address: Address) -> bool:
        """Whether a connection to this address can be established now."""
        return (
            self.in_reach and self._advertises and self.car.connectable and address == self._address
        )

    def connect(
        self,
        peer: str,
        interval: float,
        to_fob: Callable[[bytes], None],
        on_end: Callable[[], None],
    ) -> DirectLink:
        """A new link to a fob; raises ConnectionLimitReached."""
        self.tell("connected")
        link = DirectLink(self, peer, interval, to_fob, on_end, self.links.remove)
        self.links.append(link)
        if self._next_tick is None:
            self._tick()
        return link

    def _table(self, shift: int) -> Table:
        uuids = tuple(bytes(uuid) for uuid in (TO_VEHICLE, FROM_VEHICLE, VERSION))
        return vehicle_table(self._name, bytes(SERVICE), uuids, notify=self._notify, shift=shift)

    def _await_advertisement(self) -> None:
        loop = asyncio.get_running_loop()
        self._next_advertisement = loop.call_at(self._due, self._advertise)

    def _advertise(self) -> None:
        self._rotate()
        if self._advertises and self.in_reach:
            self.tell("advertised")
            name = self.car.advertised_name.encode()
            heard = Heard(
                self,
                self._address,
                # A full car still answers scans: that is how clients learn that it is full.
                ReportType.ADV_IND if self.car.connectable else ReportType.ADV_SCAN_IND,
                _ADVERTISING_DATA,
                bytes([len(name) + 1, _COMPLETE_NAME]) + name,
            )
            for host in list(self._listeners):
                host.heard(heard)
        self._due += self._advertising_interval + self.random.uniform(0, MAX_DELAY)
        self._next_advertisement = None
        if self._listeners:
            self._await_advertisement()

    def _rotate(self) -> None:
        if self._rotation is None:
            return
        now = asyncio.get_running_loop().time()
        if self._rotate_at is not None and now >= self._rotate_at:
            self._address = resolvable_address(self.random)
            self._rotate_at = None
        if self._rotate_at is None:
            self._rotate_at = now + self._rotation

    def attend(self) -> None:
        """Look after what the car is about to do by itself. Due when something was done to it while
        nobody was connected."""
        due = self.car.next_due
        pauses = [_TICK] if self.links else []
        if due is not None:
            pauses.append(max(due, _SHORTEST_TICK))
        if not pauses:
            return
        loop = asyncio.get_running_loop()
        when = loop.time() + min(pauses)
        if self._next_tick is not None:
            if self._next_tick.when() <= when:
                return
            self._next_tick.cancel()
        self._next_tick = loop.call_at(when, self._tick)

    def _tick(self) -> None:
        self._next_tick = None
        self.car.tick()
        self.attend()


def direct_radios(
    cars: Mapping[str, Car], *, seed: int | None = None, **options: Any
) -> dict[str, DirectRadio]:
    """Radios of cars that stand around the same fobs, by the cars' names; each is WEAKER than the
    one before it. seed, options: see DirectRadio."""
    radios: dict[str, DirectRadio] = {}
    for number, (name, car) in enumerate(cars.items()):
        radios[name] = DirectRadio(
            car,
            beside=next(iter(radios.values()), None),
            rssi=RSSI - number * WEAKER,
            seed=None if seed is None else seed + number,
            **options,
        )
    return radios

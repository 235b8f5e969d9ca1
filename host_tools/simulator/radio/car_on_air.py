"""A car and the boards around it on a virtual air, each with a Bluetooth stack of its own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bumble.transport.common import AsyncPipeSink

from host_tools.simulator.bridge import Bridge
from host_tools.simulator.car import Car
from host_tools.simulator.faults import Interference, Operation
from host_tools.simulator.radio.air import Air
from host_tools.simulator.radio.ble_host import BleHost
from host_tools.simulator.radio.car_radio import RSSI, WEAKER, CarRadio, car_address


class CarOnAir:
    """The counterpart of DirectRadio with Bumble in between. Options: see CarRadio."""

    def __init__(
        self,
        car: Car,
        *,
        beside: CarOnAir | None = None,
        rssi: int = RSSI,
        paced: bool = False,
        **options: Any,
    ) -> None:
        """`beside`: another car, on the same air, which alone is `paced` or not: see Air. `rssi`:
        dBm, as the boards hear it."""
        self.air: Air = beside.air if beside else Air(paced=paced)
        self._all: list[CarOnAir] = beside._all if beside else []
        self._all.append(self)
        number = len(self._all)
        self._controller = self.air.controller(f"car {number}", car_address(number))
        self.rssi = rssi
        self.car_radio = CarRadio(car, self._controller, AsyncPipeSink(self._controller), **options)

    def host(self, bridge: Bridge, name: str) -> BleHost:
        """The radio of one run of a board's process."""
        return BleHost(self.air, bridge, name)

    @property
    def att_requests(self) -> int:
        """ATT requests so far, of all links of all cars."""
        return self.air.att_requests

    @property
    def requests(self) -> list[list[Operation]]:
        """The ATT requests of each link there has been."""
        return self.car_radio.requests

    @property
    def interference(self) -> Interference:
        """What is done to the conversation; may be set at any time."""
        return self.car_radio.interference

    @interference.setter
    def interference(self, interference: Interference) -> None:
        self.car_radio.interference = interference

    @property
    def address(self) -> str:
        """The address in advertisements right now."""
        return self.car_radio.address

    @property
    def rssi(self) -> int:
        """dBm, as the boards hear it."""
        return self._controller.rssi

    @rssi.setter
    def rssi(self, dbm: int) -> None:
        self._controller.rssi = dbm

    @property
    def in_reach(self) -> bool:
        """Whether the boards hear the car."""
        return self._controller.in_range

    async def start(self) -> None:
        await self.car_radio.start()

    async def stop(self) -> None:
        await self.car_radio.stop()

    async def drop(self, peer: str) -> None:
        """Disconnect the link whose CarConnection has this peer."""
        await self.car_radio.drop(peer)

    async def change_address(self) -> None:
        """Advertise under a new random address; links stay as they are."""
        await self.car_radio.change_address()

    def shift_handles(self, services: int) -> None:
        """From the next connection on, so many more services come before the vehicle's."""
        self.car_radio.shift_handles(services)

    def walk_away(self) -> None:
        """Nobody hears the car any more."""
        self.air.walk_away(self._controller)

    def come_back(self) -> None:
        """The car is heard again."""
        self.air.come_back(self._controller)


def cars_on_air(
    cars: Mapping[str, Car], *, seed: int | None = None, **options: Any
) -> dict[str, CarOnAir]:
    """Cars on one air, by their names; each is WEAKER than the one before it. seed, options: see
    CarOnAir."""
    radios: dict[str, CarOnAir] = {}
    for number, (name, car) in enumerate(cars.items()):
        radios[name] = CarOnAir(
            car,
            beside=next(iter(radios.values()), None),
            rssi=RSSI - number * WEAKER,
            seed=None if seed is None else seed + number,
            **options,
        )
    return radios

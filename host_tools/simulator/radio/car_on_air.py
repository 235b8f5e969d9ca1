"""The car and the boards around it on a virtual air, each with a Bluetooth stack of its own."""

from __future__ import annotations

from typing import Any

from bumble.transport.common import AsyncPipeSink

from host_tools.simulator.bridge import Bridge
from host_tools.simulator.car import Car
from host_tools.simulator.faults import Interference, Operation
from host_tools.simulator.radio.air import Air
from host_tools.simulator.radio.ble_host import BleHost
from host_tools.simulator.radio.car_radio import CarRadio

CAR_ADDRESS = "2C:A7:74:00:00:01"


class CarOnAir:
    """The counterpart of DirectRadio with Bumble in between. Options: see CarRadio."""

    def __init__(self, car: Car, *, paced: bool = False, **options: Any) -> None:
        """`paced`: see Air."""
        self.air = Air(paced=paced)
        self._controller = self.air.controller("car", CAR_ADDRESS)
        self.car_radio = CarRadio(car, self._controller, AsyncPipeSink(self._controller), **options)

    def host(self, bridge: Bridge, name: str) -> BleHost:
        """The radio of one run of a board's process."""
        return BleHost(self.air, bridge, name)

    @property
    def att_requests(self) -> int:
        """ATT requests so far, of all links."""
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

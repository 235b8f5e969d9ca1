"""The air between Bluetooth controllers: everything virtual here can hear everything else.

Bumble's LocalLink with what a trial found missing: scan responses, advertising types and
intervals, scan duty, public addresses, cancelled and refused connects, lost links. Every
controller on it also serves a foreign host stack over any Bumble transport.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable

from bumble import ll
from bumble.controller import Controller
from bumble.hci import Address, HCI_ErrorCode
from bumble.link import LocalLink
from bumble.transport.common import AsyncPipeSink, TransportSink, TransportSource

from host_tools.simulator.radio.att_pdu import AttPdu
from host_tools.simulator.radio.connection import AirConnection
from host_tools.simulator.radio.controller import AirController


def address_of(name: str) -> str:
    """The public address made up for a controller of this name."""
    return hashlib.sha256(name.encode()).digest()[:6].hex(":").upper()


class Air(LocalLink):
    """Make one in a running event loop; give each device a controller on it.

    paced: data waits for connection events and lost links for their supervision time-out, as in
    nature. Otherwise everything happens at once.
    """

    def __init__(self, *, paced: bool = False) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.paced = paced
        self.on_att: list[Callable[[AttPdu], None]] = []
        """Told of every ATT PDU when it is sent."""
        self.att_requests = 0
        """ATT requests so far, of all links."""
        self.devices: list[AirController] = []
        """The controllers that are on."""

    def controller(self, name: str, address: str | None = None) -> AirController:
        """A new controller; `address` is its public one ("AA:BB:CC:DD:EE:FF"), made up from the
        name by default."""
        public = Address(address or address_of(name), Address.PUBLIC_DEVICE_ADDRESS)
        return AirController(name, self, public)

    def hci(self, name: str, address: str | None = None) -> tuple[TransportSource, TransportSink]:
        """A new controller's HCI ends, as bumble's Host wants them."""
        controller = self.controller(name, address)
        return controller, AsyncPipeSink(controller)

    def add_controller(self, controller: Controller) -> None:
        assert isinstance(controller, AirController)
        self.devices.append(controller)

    def remove_controller(self, controller: Controller) -> None:
        """Switch a controller off for good: its links break."""
        assert isinstance(controller, AirController)
        if controller in self.devices:
            controller.fall_silent()
            self.devices.remove(controller)

    def send_advertising_pdu(
        self, sender_controller: Controller, packet: ll.AdvertisingPdu
    ) -> None:
        assert isinstance(sender_controller, AirController)
        if not sender_controller.in_range:
            return
        for controller in self.devices:
            if controller is not sender_controller and controller.in_range:
                asyncio.get_running_loop().call_soon(controller.on_ll_advertising_pdu, packet)

    def saw(self, pdu: AttPdu) -> None:
        """Count and report an ATT PDU."""
        self.att_requests += pdu.is_request
        for observer in self.on_att:
            observer(pdu)

    def walk_away(self, controller: AirController) -> None:
        """Take a controller out of everybody's range: its links break without a word."""
        controller.in_range = False
        for connection in controller.connections:
            self.break_link(connection)

    def come_back(self, controller: AirController) -> None:
        """Bring it within range again."""
        controller.in_range = True

    def break_link(self, connection: AirConnection) -> None:
        """Let a connection die of its supervision time-out, on both ends."""
        delay = connection.parameters.timeout * 0.01 if self.paced else 0.0
        loop = asyncio.get_running_loop()
        for end in (connection, connection.peer):
            if end.is_open:
                end.is_open = False
                loop.call_later(
                    delay,
                    end.controller.on_le_disconnected,
                    end,
                    HCI_ErrorCode.CONNECTION_TIMEOUT_ERROR,
                )

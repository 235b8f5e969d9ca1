"""One end of a connection on the air, as the link layer sees it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bumble import ll
from bumble.controller import Connection
from bumble.core import PhysicalTransport
from bumble.hci import (
    HCI_SUCCESS,
    Address,
    HCI_Connection_Complete_Event,
    HCI_LE_Connection_Complete_Event,
    HCI_LE_Connection_Update_Command,
    HCI_LE_Create_Connection_Command,
    Role,
)

from host_tools.simulator.radio.att_pdu import observe

if TYPE_CHECKING:
    from host_tools.simulator.radio.controller import AirController

INTERVAL_UNIT = 0.00125
"""Seconds of one unit of the connection interval (Vol 6, Part B, 4.5.1)."""


@dataclass(frozen=True)
class LinkParameters:
    """What the central decided, in the units of HCI: 1.25 ms, events, 10 ms."""

    interval: int
    latency: int
    timeout: int

    @classmethod
    def wanted(
        cls, command: HCI_LE_Create_Connection_Command | HCI_LE_Connection_Update_Command
    ) -> LinkParameters | None:
        """What a host asks for, or None if it may not (Vol 4, Part E, 7.8.12 and 7.8.18)."""
        least, most = command.connection_interval_min, command.connection_interval_max
        latency, timeout = command.max_latency, command.supervision_timeout
        if not 6 <= least <= most <= 3200 or latency > 499 or not 10 <= timeout <= 3200:
            return None
        # More than two connection events that the peripheral listens to.
        if timeout * 10 <= (1 + latency) * most * 1.25 * 2:
            return None
        return cls(most, latency, timeout)


class AirConnection(Connection):
    """Knows its other end, so that addresses play no part in where data goes."""

    controller: AirController
    peer: AirConnection

    def __init__(
        self,
        controller: AirController,
        role: Role,
        self_address: Address,
        peer_address: Address,
        parameters: LinkParameters,
    ) -> None:
        super().__init__(
            controller=controller,
            handle=controller.allocate_connection_handle(),
            role=role,
            self_address=self_address,
            peer_address=peer_address,
            link=controller.air,
            transport=PhysicalTransport.LE,
            link_type=HCI_Connection_Complete_Event.LinkType.ACL,
        )
        self.parameters = parameters
        self.is_open = True
        self._loop = asyncio.get_running_loop()
        self._began = self._loop.time()
        self._last_arrival = 0.0
        controller.le_connections[peer_address] = self

    def announce(self) -> None:
        """Tell the own host that the connection is there."""
        self.controller.send_hci_packet(
            HCI_LE_Connection_Complete_Event(
                status=HCI_SUCCESS,
                connection_handle=self.handle,
                role=self.role,
                peer_address_type=self.peer_address.address_type,
                peer_address=self.peer_address,
                connection_interval=self.parameters.interval,
                peripheral_latency=self.parameters.latency,
                supervision_timeout=self.parameters.timeout,
                central_clock_accuracy=0,
            )
        )

    def on_acl_pdu(self, pdu: bytes) -> None:
        if not self.peer.is_open:
            return
        att = observe(pdu, self._loop.time(), self.self_address, self.peer_address)
        if att is not None:
            self.controller.air.saw(att)
        self._send(lambda: self.peer.controller.on_acl_pdu(self.peer, pdu))

    def send_ll_control_pdu(self, packet: ll.ControlPdu) -> None:
        self._send(lambda: self.peer.controller.on_ll_control_pdu(self.self_address, packet))

    def _send(self, arrive: Callable[[], None]) -> None:
        def arrive_if_open() -> None:
            if self.peer.is_open:
                arrive()

        if not self.controller.air.paced:
            self._loop.call_soon(arrive_if_open)
            return
        # Data waits for the next connection event, and never overtakes.
        interval = self.parameters.interval * INTERVAL_UNIT
        passed = (self._loop.time() - self._began) // interval
        due = self._began + (passed + 1) * interval
        self._last_arrival = max(due, self._last_arrival + 1e-6)
        self._loop.call_at(self._last_arrival, arrive_if_open)


def connect(
    central: AirController,
    central_address: Address,
    peripheral: AirController,
    peripheral_address: Address,
    parameters: LinkParameters,
) -> None:
    """Make both ends at once; their hosts learn of it."""
    near = AirConnection(central, Role.CENTRAL, central_address, peripheral_address, parameters)
    far = AirConnection(
        peripheral, Role.PERIPHERAL, peripheral_address, central_address, parameters
    )
    near.peer, far.peer = far, near
    far.announce()
    near.announce()

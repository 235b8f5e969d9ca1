"""Lends a virtual controller of the air to another Bluetooth host, over a Bumble transport."""

from __future__ import annotations

from bumble.controller import Controller
from bumble.transport import open_transport
from bumble.transport.common import Transport


async def lend(controller: Controller, spec: str) -> Transport:
    """Open the transport `spec` and join it to the controller; close it to take it back.

    The other side speaks HCI as to a serial controller (H4).
    """
    transport = await open_transport(spec)
    transport.source.set_packet_sink(controller)
    controller.set_packet_sink(transport.sink)
    return transport

"""Lends a virtual controller of the air to another Bluetooth host, over a Bumble transport."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator
from pathlib import Path

from bumble.core import InvalidPacketError
from bumble.transport import open_transport
from bumble.transport.common import PacketParser

from host_tools.simulator.radio.controller import AirController

_TCP_SERVER = "tcp-server:"
_PTY = "pty"

_log = logging.getLogger(__name__)


@contextlib.asynccontextmanager
async def lend(controller: AirController, spec: str) -> AsyncIterator[None]:
    """Join the transport `spec` to the controller while the block runs.

    The other side speaks HCI as to a serial controller (H4). Raises what the transport raises
    when it cannot be opened.
    """
    if spec.startswith(_TCP_SERVER):
        host, port = spec.removeprefix(_TCP_SERVER).rsplit(":", maxsplit=1)
        clients = _Clients(controller)
        server = await asyncio.start_server(clients.serve, None if host == "_" else host, int(port))
        try:
            yield
        finally:
            server.close()
            clients.close()
        return
    scheme, _, path = spec.partition(":")
    if scheme == _PTY:
        # Here, because Windows has no such thing.
        from host_tools.simulator.radio.host_pty import HostPty

        terminal = HostPty(controller, Path(path) if path else None)
        try:
            yield
        finally:
            terminal.close()
        return
    async with await open_transport(spec) as transport:
        transport.source.set_packet_sink(controller)
        controller.set_packet_sink(transport.sink)
        yield


class _Clients:
    """Hosts that come one after the other over TCP.

    Bumble's own transport does not notice when one goes, and loses the next if it comes quickly.
    """

    def __init__(self, controller: AirController) -> None:
        self._controller = controller
        self._writer: asyncio.StreamWriter | None = None

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Be the controller of one host until it goes, or the next one comes."""
        self.close()
        self._writer = writer
        self._controller.set_packet_sink(self)
        parser = PacketParser(self._controller)
        try:
            while data := await reader.read(4096):
                parser.feed_data(data)
        except (ConnectionError, InvalidPacketError) as error:
            _log.warning("the host on TCP is gone: %s", error)
        finally:
            if self._writer is writer:
                self.close()

    def on_packet(self, packet: bytes) -> None:
        """Take a packet from the controller to the host."""
        if self._writer:
            self._writer.write(packet)

    def close(self) -> None:
        """Turn the present host away, if there is one; its links break."""
        if self._writer:
            self._writer.close()
            self._writer = None
            self._controller.set_packet_sink(None)
            self._controller.fall_silent()

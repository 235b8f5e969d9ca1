"""The bench's end of a board's bluetooth.BLE: service "ble" of the bridge.

The board calls the methods of Gap and Gatt. Events go to it as ("irq", event, *values), and those
that wait for its handler's answer as ("ask", ticket, event, *values), which it answers by posting
"answer" with the ticket.
"""

from __future__ import annotations

import asyncio
import itertools

from host_tools.simulator.bridge import Bridge
from host_tools.simulator.radio import irq
from host_tools.simulator.radio.air import Air
from host_tools.simulator.radio.ble_gatt import Gatt
from host_tools.simulator.radio.gatt_database import Database
from host_tools.simulator.radio.gatt_server import GattServer

SERVICE = "ble"


class BleHost(Gatt):
    """One board's radio, for one run of its process: it leaves the air when the bridge closes."""

    def __init__(self, air: Air, bridge: Bridge, name: str, address: str | None = None) -> None:
        """name: of the controller; its public address is made from it unless given."""
        super().__init__(air, name, address)
        self._air = air
        self._bridge = bridge
        self._tickets = itertools.count(1)
        self._answers: dict[int, asyncio.Future[int]] = {}
        bridge.serve(SERVICE, self)
        bridge.on_closed(self._leave)

    def emit(self, event: int, *args: object) -> None:
        if self._is_active:
            self._bridge.emit(SERVICE, "irq", event, *args)

    def make_server(self, database: Database) -> GattServer:
        return GattServer(database, self._ask_to_read, self._tell_written)

    async def _ask_to_read(self, conn_handle: int, handle: int) -> int:
        return await self._ask(irq.GATTS_READ_REQUEST, conn_handle, handle)

    async def _tell_written(self, conn_handle: int, handle: int) -> None:
        # On the board the handler has run before the response leaves.
        await self._ask(irq.GATTS_WRITE, conn_handle, handle)

    async def _ask(self, event: int, *args: object) -> int:
        ticket = next(self._tickets)
        self._answers[ticket] = asyncio.get_running_loop().create_future()
        try:
            self._bridge.emit(SERVICE, "ask", ticket, event, *args)
            return await self._answers[ticket]
        finally:
            del self._answers[ticket]

    def answer(self, ticket: int, value: int) -> None:
        """The board's handler returned `value`."""
        answer = self._answers.get(ticket)
        if answer is not None and not answer.done():
            answer.set_result(value)

    def _leave(self) -> None:
        self._is_active = False
        self._forget_timers()
        self._air.remove_controller(self.controller)
        self._abandon_links()

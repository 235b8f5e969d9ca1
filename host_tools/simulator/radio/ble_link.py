"""One connection of a board's Bluetooth host: its ATT traffic in both roles."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import Awaitable, Callable
from typing import Protocol

from bumble.att import ATT_CID, ATT_RESPONSES, Opcode
from bumble.hci import Address

from host_tools.simulator.radio.gatt_server import AttError, GattServer

DEFAULT_MTU = 23
TRANSACTION_TIMEOUT = 30.0  # seconds (Vol 3, Part F, 3.3.3)

NOT_CONNECTED = 7
"""NimBLE's BLE_HS_ENOTCONN: the status when the link breaks meanwhile."""
TIMED_OUT = 13
"""NimBLE's BLE_HS_ETIMEOUT: the status when the other side does not respond."""
ATT_ERROR = 0x100
"""NimBLE's BLE_HS_ERR_ATT_BASE: added to the other side's ATT error code."""

_RESPONSES = frozenset(int(opcode) for opcode in ATT_RESPONSES)


class LinkLost(Exception):
    """The connection ended before the answer came."""


class LinkEvents(Protocol):
    """What the application is told of."""

    preferred_mtu: int

    def mtu_exchanged(self, link: Link) -> None: ...
    def notified(self, link: Link, handle: int, value: bytes) -> None: ...
    def indicated(self, link: Link, handle: int, value: bytes) -> None: ...
    def indication_done(self, link: Link, handle: int, status: int) -> None: ...
    def timed_out(self, link: Link) -> None: ...


class Link:
    """Requests are served one after the other; of procedures one runs at a time (`is_busy`)."""

    def __init__(
        self,
        handle: int,
        is_central: bool,
        peer: Address,
        send: Callable[[int, bytes], None],
        server: GattServer,
        events: LinkEvents,
    ) -> None:
        """`send` takes an L2CAP channel and a PDU."""
        self.handle = handle
        self.is_central = is_central
        self.peer = peer
        self.mtu = DEFAULT_MTU
        self.subscriptions: dict[int, int] = {}
        self.prepared: list[tuple[int, int, bytes]] = []
        self.is_busy = False
        self.is_terminating = False
        self.exchanged_mtu = False
        self._send = send
        self._server = server
        self._events = events
        self._inbox: asyncio.Queue[bytes] = asyncio.Queue()
        self._requests: asyncio.Queue[bytes] = asyncio.Queue()
        self._indications: asyncio.Queue[tuple[int, bytes]] = asyncio.Queue()
        self._response: asyncio.Future[bytes] | None = None
        self._confirmation: asyncio.Future[None] | None = None
        self._procedures: set[asyncio.Task[None]] = set()
        self._workers = [
            asyncio.create_task(work) for work in (self._sort(), self._serve(), self._indicate())
        ]

    def on_att_pdu(self, pdu: bytes) -> None:
        """An ATT PDU arrived."""
        if pdu:
            self._inbox.put_nowait(pdu)

    async def _sort(self) -> None:
        while True:
            self._take(await self._inbox.get())
            # Whoever waited for this one runs before the next is looked at, so that events are
            # reported in the order in which they came.
            await asyncio.sleep(0)

    def _take(self, pdu: bytes) -> None:
        opcode = pdu[0]
        if opcode in _RESPONSES:
            if self._response is not None and not self._response.done():
                self._response.set_result(pdu)
        elif opcode == Opcode.ATT_HANDLE_VALUE_CONFIRMATION:
            if self._confirmation is not None and not self._confirmation.done():
                self._confirmation.set_result(None)
        elif opcode == Opcode.ATT_HANDLE_VALUE_NOTIFICATION and len(pdu) >= 3:
            self._events.notified(self, struct.unpack_from("<H", pdu, 1)[0], pdu[3:])
        elif opcode == Opcode.ATT_HANDLE_VALUE_INDICATION and len(pdu) >= 3:
            self._events.indicated(self, struct.unpack_from("<H", pdu, 1)[0], pdu[3:])
            self.send_att(bytes([Opcode.ATT_HANDLE_VALUE_CONFIRMATION]))
        else:
            self._requests.put_nowait(pdu)

    def send_att(self, pdu: bytes) -> None:
        """Send a PDU, cut to the MTU as NimBLE does."""
        self._send(ATT_CID, pdu[: self.mtu])

    def notify(self, handle: int, value: bytes) -> None:
        """Send a notification."""
        header = struct.pack("<BH", Opcode.ATT_HANDLE_VALUE_NOTIFICATION, handle)
        self.send_att(header + value)

    def indicate(self, handle: int, value: bytes) -> None:
        """Send an indication when those before it are confirmed."""
        self._indications.put_nowait((handle, value))

    def agree_on_mtu(self, theirs: int) -> int:
        ours = self._events.preferred_mtu
        # The response still goes out under the old one; it is short enough for any.
        self._set_mtu(min(ours, theirs))
        return ours

    async def exchange_mtu(self) -> None:
        """Offer the preferred MTU; raises as `request`."""
        ours = self._events.preferred_mtu
        self.exchanged_mtu = True
        response = await self.request(struct.pack("<BH", Opcode.ATT_EXCHANGE_MTU_REQUEST, ours))
        self._set_mtu(min(ours, struct.unpack_from("<H", response, 1)[0]))

    def _set_mtu(self, mtu: int) -> None:
        self.exchanged_mtu = True
        self.mtu = max(mtu, DEFAULT_MTU)
        self._events.mtu_exchanged(self)

    async def request(self, pdu: bytes) -> bytes:
        """Send a request; its response. Raises AttError, LinkLost or TimeoutError."""
        self._response = asyncio.get_running_loop().create_future()
        self.send_att(pdu)
        async with asyncio.timeout(TRANSACTION_TIMEOUT):
            response = await self._response
        if response[0] == Opcode.ATT_ERROR_RESPONSE:
            _, handle, code = struct.unpack_from("<BHB", response, 1)
            raise AttError(code, handle)
        return response

    def start(self, procedure: Awaitable[None], done: Callable[[int], None]) -> None:
        """Run a client procedure in the background; done(status) is called at its end."""
        self.is_busy = True
        task = asyncio.create_task(self._run(procedure, done))
        self._procedures.add(task)
        task.add_done_callback(self._procedures.discard)

    async def _run(self, procedure: Awaitable[None], done: Callable[[int], None]) -> None:
        status = 0
        try:
            await procedure
        except AttError as error:
            status = ATT_ERROR + error.code
        except LinkLost:
            status = NOT_CONNECTED
        except TimeoutError:
            status = TIMED_OUT
            self._events.timed_out(self)
        self.is_busy = False
        done(status)

    async def close(self) -> None:
        """The connection is gone: let whatever waits for the other side fail."""
        for waiting in (self._response, self._confirmation):
            if waiting is not None and not waiting.done():
                waiting.set_exception(LinkLost())
        if self._procedures:
            await asyncio.wait(self._procedures)
        for worker in self._workers:
            worker.cancel()
        await asyncio.wait(self._workers)

    def abandon(self) -> None:
        """Nobody is interested any more."""
        for task in [*self._procedures, *self._workers]:
            task.cancel()

    async def _serve(self) -> None:
        while True:
            response = await self._server.respond(self, await self._requests.get())
            if response is not None:
                self.send_att(response)

    async def _indicate(self) -> None:
        while True:
            handle, value = await self._indications.get()
            self._confirmation = asyncio.get_running_loop().create_future()
            header = struct.pack("<BH", Opcode.ATT_HANDLE_VALUE_INDICATION, handle)
            self.send_att(header + value)
            status = 0
            try:
                async with asyncio.timeout(TRANSACTION_TIMEOUT):
                    await self._confirmation
            except LinkLost:
                status = NOT_CONNECTED
            except TimeoutError:
                status = TIMED_OUT
            self._events.indication_done(self, handle, status)

"""A connection between a board and the car without Bumble: connection events, and the car's end."""

from __future__ import annotations

import asyncio
import struct
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from bumble.att import ATT_CID, Opcode

from host_tools.simulator.car import Car
from host_tools.simulator.faults import Interference, Operation, Verdict
from host_tools.simulator.radio.ble_link import DEFAULT_MTU
from host_tools.simulator.radio.connection_events import (
    L2CAP_HEADER,
    TERMINATION,
    ConnectionEvents,
    ll_pdus,
)
from host_tools.simulator.radio.gatt_database import CCCD, INDICATE, NOTIFY
from host_tools.simulator.radio.gatt_server import GattServer
from host_tools.simulator.radio.intercept import Intercept, operation
from host_tools.simulator.radio.on_air import OnAir, OnAirKind
from host_tools.simulator.radio.vehicle_table import Table

SUPERVISION_TIMEOUT = 2.56
"""Seconds without a packet after which either end takes the link for lost: NimBLE's choice."""

End = Literal["fob", "car"]

_ATT_HEADER = 3
_SUBSCRIBED = {NOTIFY: 1, INDICATE: 2}


@dataclass(eq=False)
class Surroundings:
    """What every link of a car shares. on_air: told of everything as it begins."""

    car: Car
    table: Table
    mtu: int
    interference: Interference
    requests: list[list[Operation]]
    in_reach: bool = True
    on_air: list[Callable[[OnAir], None]] = field(default_factory=list)

    def tell(
        self, kind: OnAirKind, *, arrives: float | None = None, pdu: bytes = b"", pieces: int = 0
    ) -> None:
        """Tell whoever watches; what takes no time arrives at once."""
        now = asyncio.get_running_loop().time()
        for observer in self.on_air:
            observer(OnAir(now, kind, now if arrives is None else arrives, pdu, pieces))


class DirectLink:
    """The car's end; the other end hands PDUs in by `send` and gets them by `to_fob`.

    A PDU goes with the next connection event, so a request and its response take two of them.
    on_end: the other end learns that the link is gone. Raises ConnectionLimitReached.
    """

    def __init__(
        self,
        surroundings: Surroundings,
        peer: str,
        interval: float,
        to_fob: Callable[[bytes], None],
        on_end: Callable[[], None],
        on_closed: Callable[[DirectLink], None],
    ) -> None:
        """peer: the fob's address. on_closed: the car's end is gone."""
        self.handle = 0
        self.mtu = DEFAULT_MTU
        self.subscriptions: dict[int, int] = {}
        self.prepared: list[tuple[int, int, bytes]] = []
        self.peer = peer
        self._shared = surroundings
        self._table = surroundings.table
        self._to_fob = to_fob
        self._on_end = on_end
        self._on_closed = on_closed
        self._loop = asyncio.get_running_loop()
        began = self._loop.time()
        self._events: dict[End, ConnectionEvents] = {
            "fob": ConnectionEvents(began, interval),
            "car": ConnectionEvents(began, interval),
        }
        self._open: set[End] = {"fob", "car"}
        self._held: list[tuple[End, int, Callable[[], None]]] = []
        self._losing: asyncio.TimerHandle | None = None
        self._outbox: deque[bytes] = deque()
        self._unconfirmed = False
        self._responses: set[asyncio.Task[None]] = set()
        self._connection = surroundings.car.connect(peer)
        self._connection.on_frame = self._pump_soon
        self._connection.on_drop = self.drop
        self._intercept = Intercept(self._connection, surroundings)
        self._server = GattServer(self._table.database, self._allow, self._written)

    def send(self, channel: int, pdu: bytes) -> None:
        """The fob sends."""
        if channel == ATT_CID and pdu:
            self._carry_pdu("car", pdu, lambda: self._arrived(pdu))

    def drop(self) -> None:
        """The car takes the link down."""
        self._close_car()
        self._carry("fob", TERMINATION, self._close_fob)

    def leave(self) -> None:
        """The fob takes the link down; it learns from on_end that it is."""
        self._shared.tell("leaving")
        self._carry("car", TERMINATION, self._close_car)
        # Its own end is over when that was acknowledged.
        self._carry("fob", TERMINATION, self._close_fob)

    def switch_off(self) -> None:
        """The fob says farewell and does not wait."""
        self._carry("car", TERMINATION, self._close_car)
        self._open.discard("fob")

    def abandon(self) -> None:
        """The fob is without power: the car notices by its supervision time-out."""
        self._open.discard("fob")
        self.fall_silent()

    def fall_silent(self) -> None:
        """Nothing gets through until `be_heard`; in the end the link is lost."""
        if self._losing is None:
            self._losing = self._loop.call_later(SUPERVISION_TIMEOUT, self._lose)

    def be_heard(self) -> None:
        """The ends hear each other again; what was sent meanwhile arrives."""
        if "fob" not in self._open:
            return
        if self._losing is not None:
            self._losing.cancel()
            self._losing = None
        held, self._held = self._held, []
        for end, payload, arrive in held:
            self._carry(end, payload, arrive)

    def _lose(self) -> None:
        self._close_car()
        self._close_fob()

    def _close_car(self) -> None:
        if "car" in self._open:
            self._open.discard("car")
            self._connection.disconnect()
            if self._losing is not None and "fob" not in self._open:
                self._losing.cancel()
            self._on_closed(self)

    def _close_fob(self) -> None:
        if "fob" in self._open:
            self._open.discard("fob")
            if self._losing is not None:
                self._losing.cancel()
            self._on_end()

    def _carry_pdu(self, end: End, pdu: bytes, arrive: Callable[[], None]) -> None:
        payload = len(pdu) + L2CAP_HEADER
        arrives = self._carry(end, payload, arrive)
        kind: OnAirKind = "to car" if end == "car" else "to fob"
        self._shared.tell(kind, arrives=arrives, pdu=pdu, pieces=ll_pdus(payload))

    def _carry(self, end: End, payload: int, arrive: Callable[[], None]) -> float:
        due = self._events[end].send(self._loop.time(), payload)
        self._loop.call_at(due, self._arrive, end, payload, arrive)
        return due

    def _arrive(self, end: End, payload: int, arrive: Callable[[], None]) -> None:
        if end not in self._open:
            return
        if self._shared.in_reach:
            arrive()
        else:
            self._held.append((end, payload, arrive))

    def _arrived(self, pdu: bytes) -> None:
        opcode = pdu[0]
        if opcode == Opcode.ATT_HANDLE_VALUE_CONFIRMATION:
            self._unconfirmed = False
            self._send_next()
            return
        op = operation(opcode, is_cccd=self._is_cccd(pdu))
        verdict = self._intercept.request(op) if op else None
        if verdict in ("disconnect", "silent", "error"):
            if op == "write" and self._handle(pdu) == self._table.to_vehicle:
                self._connection.lose(pdu[3:])
            if verdict == "disconnect":
                self.drop()
            elif verdict == "error":
                error = self._shared.interference.error_code
                self._answer(
                    struct.pack(
                        "<BBHB", Opcode.ATT_ERROR_RESPONSE, opcode, self._handle(pdu), error
                    )
                )
            return
        task = self._loop.create_task(self._respond(pdu, verdict))
        self._responses.add(task)
        task.add_done_callback(self._responses.discard)

    async def _respond(self, pdu: bytes, verdict: Verdict) -> None:
        response = await self._server.respond(self, pdu)
        if verdict == "disconnect after":
            self.drop()
        elif verdict == "late" and response is not None:
            self._loop.call_later(self._shared.interference.delay, self._answer, response)
        elif verdict is None and response is not None:
            self._answer(response)
        # What the car says comes after the response.
        self._pump_soon()

    def _answer(self, response: bytes) -> None:
        if "car" in self._open:
            self._carry_pdu("fob", response, lambda: self._to_fob(response))

    @staticmethod
    def _handle(pdu: bytes) -> int:
        return int.from_bytes(pdu[1:3], "little")

    def _is_cccd(self, pdu: bytes) -> bool:
        handle = self._handle(pdu)
        rows = self._table.database.rows
        return 0 < handle <= len(rows) and rows[handle - 1].type == CCCD

    def agree_on_mtu(self, theirs: int) -> int:
        self.mtu = max(DEFAULT_MTU, min(theirs, self._shared.mtu))
        return self._shared.mtu

    async def _allow(self, _link: int, handle: int) -> int:
        if handle == self._table.version:
            self._connection.read_version()
        return 0

    async def _written(self, _link: int, handle: int) -> None:
        if handle == self._table.to_vehicle:
            self._connection.write(self._table.database[handle].value)

    def _pump_soon(self) -> None:
        self._loop.call_soon(self._pump)

    def _pump(self) -> None:
        """Send what the car has to say, once the fob has subscribed."""
        bits = self.subscriptions.get(self._table.from_vehicle, 0)
        if "car" not in self._open or not bits & _SUBSCRIBED[self._table.update]:
            return
        size = self.mtu - _ATT_HEADER
        for data in self._intercept.take_frames():
            for start in range(0, len(data), size):
                for delay, piece in self._intercept.indications(data[start : start + size]):
                    if delay:
                        self._loop.call_later(delay, self._queue, piece)
                    else:
                        self._queue(piece)

    def _queue(self, piece: bytes) -> None:
        self._outbox.append(piece)
        self._send_next()

    def _send_next(self) -> None:
        indicates = self._table.update == INDICATE
        opcode = Opcode.ATT_HANDLE_VALUE_NOTIFICATION
        if indicates:
            opcode = Opcode.ATT_HANDLE_VALUE_INDICATION
        while self._outbox and not self._unconfirmed:
            header = struct.pack("<BH", opcode, self._table.from_vehicle)
            # Only one indication is on its way; the confirmation lets the next one go.
            self._unconfirmed = indicates
            self._answer(header + self._outbox.popleft())

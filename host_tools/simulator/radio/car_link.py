"""One of the car's links on Bumble's radio."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from bumble.device import Connection

from host_tools.simulator.car import CarConnection
from host_tools.simulator.radio.intercept import Intercept, Radio

ATT_HEADER = 3

Send = Callable[[bytes], Awaitable[None]]


class CarLink:
    """Sends the frames of one CarConnection, in pieces, once the other side has subscribed."""

    def __init__(
        self, car_connection: CarConnection, connection: Connection, send: Send, radio: Radio
    ) -> None:
        self.car_connection = car_connection
        self.intercept = Intercept(car_connection, radio)
        self._late: set[asyncio.Task[None]] = set()
        self._connection = connection
        self._send = send
        self._ready = asyncio.Event()
        self._subscribed = asyncio.Event()
        car_connection.on_frame = self._ready.set
        self._ready.set()
        self._sender = asyncio.create_task(self._run())

    def subscribe(self, on: bool) -> None:
        if on:
            self._subscribed.set()
        else:
            self._subscribed.clear()

    def close(self) -> asyncio.Task[None]:
        """The link is gone; the task returned is about to end."""
        self._sender.cancel()
        for late in self._late:
            late.cancel()
        self.car_connection.disconnect()
        return self._sender

    async def _run(self) -> None:
        # Asked each time: asyncio.wait_for, inside Bumble, loses a cancellation that coincides
        # with what it waits for.
        while self.car_connection.is_open:
            await self._subscribed.wait()
            await self._ready.wait()
            self._ready.clear()
            for frame in self.intercept.take_frames():
                size = self._connection.att_mtu - ATT_HEADER
                for start in range(0, len(frame), size):
                    for delay, piece in self.intercept.indications(frame[start : start + size]):
                        if delay:
                            self._send_later(delay, piece)
                        else:
                            await self._send(piece)

    def _send_later(self, delay: float, piece: bytes) -> None:
        async def send() -> None:
            await asyncio.sleep(delay)
            await self._send(piece)

        late = asyncio.create_task(send())
        self._late.add(late)
        late.add_done_callback(self._late.discard)

"""The bench's end of the bridge to the MicroPython process of a virtual board.

The other end is port/bridge.py. In real time each board opens two loopback TCP connections and
introduces itself on both with a line ["calls" | "events", token]; in lockstep, which is how virtual
time is kept, there is one, ["lockstep", token]. Every further line is a JSON array:

    board to bench, calls:   [ticket, service, name, args]    ticket 0 wants no answer
    bench to board, calls:   [ticket, error, value]           error null or an exception's name
    bench to board, events:  [[service, name, args], ...]     all events of one turn of the loop

In lockstep an answer has a fourth value, the time in us, and the board fetches its events by a
call of ["clock", "wait", [until us | null]] whenever it has nothing to do. Until then time stands
still; a call that has to wait for its answer lets it move.

Bytes travel as {"b": hex}; the rest is None, bool, int, str and lists of these.
"""

import asyncio
import contextlib
import inspect
import json
import os
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any

from host_tools.simulator.virtual_time import Work

SERVICE_PATIENCE = 5.0  # seconds a call waits for its service to be served

Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]
Answer = tuple[str | None, Any]


class Bridge(ABC):
    """One board, as long as its process lives."""

    def __init__(self, token: str, calls: Connection, on_call: Callable[[], None]) -> None:
        """`on_call` is called before each call is carried out."""
        self.token = token
        self._reader, self._writer = calls
        self._on_call = on_call
        self._services: dict[str, asyncio.Future[object]] = {}
        self._outbox: list[list[Any]] = []
        self._task = asyncio.create_task(self._answer_calls())

    @abstractmethod
    def _flush(self) -> None:
        """Bring the outbox on its way."""

    @abstractmethod
    def interrupt(self) -> None:
        """Ctrl-C. In virtual time the process has been sent a signal, and a wait that it may be in
        has to end; in real time it is asked to heed it (port/bridge.py)."""

    @abstractmethod
    def rest(self) -> None:
        """The board waits for a human, which it does not tell by a call."""

    def _stamp(self) -> list[int]:
        """What every answer ends with."""
        return []

    def _hang_up(self) -> None:
        self._writer.close()

    def serve(self, service: str, handler: object) -> None:
        """Answer calls of `service` by the public methods of `handler`, plain or async.

        A method reports failure by OSError(errno, ...), ValueError or TypeError. Anything else it
        raises is an error of the bench: it closes the bridge and surfaces in `closed()`.
        """
        if self._service(service).done():
            del self._services[service]
        self._service(service).set_result(handler)

    def emit(self, service: str, name: str, *args: object) -> None:
        """Queue an event. Events of one turn of the loop reach the board as one frame."""
        if self.is_closed:
            return
        if not self._outbox:
            asyncio.get_running_loop().call_soon(self._flush)
        self._outbox.append([service, name, [_encode(arg) for arg in args]])

    @property
    def is_closed(self) -> bool:
        return self._task.done()

    async def closed(self) -> None:
        """Wait until the board is gone; raises what broke the bench, if that is why."""
        await asyncio.wait([self._task])
        if not self._task.cancelled():
            self._task.result()

    def on_closed(self, callback: Callable[[], None]) -> None:
        """Have `callback` called when the board is gone, for whatever reason."""
        self._task.add_done_callback(lambda _: callback())

    async def close(self) -> None:
        """Hang up: the board's process ends."""
        self._task.cancel()
        await asyncio.wait([self._task])

    def _service(self, name: str) -> asyncio.Future[object]:
        # The board may call before the bench got round to serving.
        if name not in self._services:
            self._services[name] = asyncio.get_running_loop().create_future()
        return self._services[name]

    async def _answer_calls(self) -> None:
        try:
            async for line in self._reader:
                self._on_call()
                ticket, service, name, args = json.loads(line)
                answer = await self._carry_out(service, name, [_decode(arg) for arg in args])
                if ticket:
                    self._writer.write(_line([ticket, *answer, *self._stamp()]))
        except ConnectionError:
            pass  # the process was killed
        finally:
            self._hang_up()

    async def _carry_out(self, service: str, name: str, args: list[Any]) -> Answer:
        return await self._call(service, name, args)

    async def _call(self, service: str, name: str, args: list[Any]) -> Answer:
        served = self._service(service)
        if not served.done():
            await asyncio.wait([served], timeout=SERVICE_PATIENCE)
        if not served.done():
            return "ValueError", f"nobody serves {service!r} on this bench"
        handler = served.result()
        method = None if name.startswith("_") else getattr(handler, name, None)
        if method is None:
            return "ValueError", f"{service} has no {name}"
        try:
            value = method(*args)
            if inspect.isawaitable(value):
                value = await value
        except OSError as error:
            return "OSError", error.errno
        except (ValueError, TypeError) as error:
            return type(error).__name__, str(error)
        return None, _encode(value)


class RealTimeBridge(Bridge):
    """Events are sent when they happen."""

    def __init__(
        self, token: str, calls: Connection, events: Connection, on_call: Callable[[], None]
    ) -> None:
        super().__init__(token, calls, on_call)
        self._events_reader, self._events_writer = events

    def interrupt(self) -> None:
        self.emit("process", "interrupt")

    def rest(self) -> None:
        """Time does not wait for it."""

    def _flush(self) -> None:
        if not self.is_closed:
            self._events_writer.write(_line(self._outbox))
        self._outbox = []

    def _hang_up(self) -> None:
        super()._hang_up()
        self._events_writer.close()


class LockstepBridge(Bridge):
    """Events wait until the board does; while it works, time stands still."""

    def __init__(self, token: str, calls: Connection, on_call: Callable[[], None]) -> None:
        super().__init__(token, calls, on_call)
        self._work = Work()
        self._work.resume()
        self._clock = _Clock()
        self.serve("clock", self._clock)
        self.serve("chance", Chance())

    def _flush(self) -> None:
        self._clock.put(self._outbox)
        self._outbox = []

    def _stamp(self) -> list[int]:
        return [round(asyncio.get_running_loop().time() * 1_000_000)]

    def interrupt(self) -> None:
        self._clock.put([])

    def rest(self) -> None:
        self._work.pause()

    async def _carry_out(self, service: str, name: str, args: list[Any]) -> Answer:
        self._work.pause()
        try:
            return await super()._carry_out(service, name, args)
        finally:
            self._work.resume()

    def _hang_up(self) -> None:
        super()._hang_up()
        self._work.end()


class _Clock:
    """Service "clock" of a board in lockstep."""

    def __init__(self) -> None:
        self._events: list[list[Any]] = []
        self._happened = asyncio.Event()

    def put(self, events: list[list[Any]]) -> None:
        self._events += events
        self._happened.set()

    async def wait(self, until_us: int | None) -> list[list[Any]]:
        """The events since the last call or, without any, the next ones; none if it is `until_us`
        before there are."""
        until = None if until_us is None else until_us / 1_000_000
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout_at(until):
                await self._happened.wait()
        self._happened.clear()
        events, self._events = self._events, []
        return events


class Chance:
    """Service "chance" of a board in lockstep: its random generator, which a bench may replace."""

    def __init__(self, draw: Callable[[int], bytes] = os.urandom) -> None:
        """`draw`: so many random bytes."""
        self._draw = draw

    def draw(self, count: int) -> bytes:
        return self._draw(count)


class BridgeServer:
    """Listens for virtual boards on a loopback port of the system's choice."""

    def __init__(self, on_stranger: Callable[[Bridge], None] | None = None) -> None:
        """`on_stranger` is given boards whose token nobody expects; without it they are hung up."""
        self._on_stranger = on_stranger
        self._expected: dict[str, tuple[asyncio.Future[Bridge], Callable[[], None]]] = {}
        self._halves: dict[tuple[str, str], Connection] = {}
        self._bridges: list[Bridge] = []
        self._server: asyncio.Server | None = None
        self.port = 0

    async def start(self) -> None:
        """Listen; `port` is valid afterwards."""
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0, limit=1 << 20)
        self.port = self._server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        """Stop listening and hang up on every board."""
        for future, _ in self._expected.values():
            future.cancel()
        for bridge in self._bridges:
            await bridge.close()
        for _, writer in self._halves.values():
            writer.close()
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()

    def environment(self, token: str) -> str:
        """The FOB_BRIDGE value that brings a board here under `token` (without colons)."""
        return f"127.0.0.1:{self.port}:{token}"

    def expect(
        self, token: str, on_call: Callable[[], None] = lambda: None
    ) -> asyncio.Future[Bridge]:
        """The next board that introduces itself as `token`; call it before the process starts.

        `on_call` is called before each of its calls is carried out.
        """
        future: asyncio.Future[Bridge] = asyncio.get_running_loop().create_future()
        self._expected[token] = future, on_call
        return future

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            kind, token = json.loads(await reader.readline())
        except (ValueError, ConnectionError):
            writer.close()
            return
        self._halves[kind, token] = reader, writer
        if kind == "lockstep":
            self._introduce(token, LockstepBridge, kind)
        elif ("calls", token) in self._halves and ("events", token) in self._halves:
            self._introduce(token, RealTimeBridge, "calls", "events")

    def _introduce(self, token: str, make: Callable[..., Bridge], *kinds: str) -> None:
        connections = [self._halves.pop((kind, token)) for kind in kinds]
        future, on_call = self._expected.pop(token, (None, lambda: None))
        introduce = self._on_stranger if future is None else future.set_result
        if introduce is None or (future is not None and future.cancelled()):
            for _, writer in connections:
                writer.close()
            return
        bridge = make(token, *connections, on_call)
        self._bridges = [known for known in self._bridges if not known.is_closed] + [bridge]
        introduce(bridge)


def _line(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode() + b"\n"


def _encode(value: object) -> Any:
    if isinstance(value, bytes | bytearray | memoryview):
        return {"b": bytes(value).hex()}
    if isinstance(value, list | tuple):
        return [_encode(item) for item in value]
    return value


def _decode(value: Any) -> Any:
    if isinstance(value, dict):
        return bytes.fromhex(value["b"])
    if isinstance(value, list):
        return [_decode(item) for item in value]
    return value

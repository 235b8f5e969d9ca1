"""Forged messages, and the places of a conversation where somebody may put them."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from host_tools.protocol import vcsec_pb2 as vcsec
from host_tools.simulator.bench import Bench
from host_tools.simulator.car.link import frame
from host_tools.simulator.faults import Interference, LateAt, Operation, Reply, Together

# A write's response comes within two connection intervals of 15 ms.
_ANSWERED = 0.05
_LATE = 0.2


Message = vcsec.FromVCSECMessage
ForgedKey = Literal["another key", "invalid point", "too short"]


def present() -> Message:
    """The state in which a warm press finds the car."""
    status = Message()
    status.vehicleStatus.vehicleLockState = vcsec.VEHICLELOCKSTATE_UNLOCKED
    return status


def wanted() -> Message:
    """The state to which a warm press leads."""
    status = Message()
    status.vehicleStatus.vehicleLockState = vcsec.VEHICLELOCKSTATE_LOCKED
    return status


def status_of(operation: int) -> Message:
    """A bare commandStatus."""
    message = Message()
    message.commandStatus.operationStatus = operation  # type: ignore[assignment]
    return message


def session_info(kind: ForgedKey) -> Message:
    """A sessionInfo of somebody else."""
    point = (
        ec.derive_private_key(7654321, ec.SECP256R1())
        .public_key()
        .public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    )
    key = {"another key": point, "invalid point": point[:-1] + b"\0", "too short": point[:33]}
    return Message(sessionInfo=vcsec.SessionInfo(publicKey=key[kind]))


class SayFirst(Interference):
    """Puts forged messages before the first thing that the car says."""

    def __init__(self, forged: Sequence[Message]) -> None:
        self._frames = [frame(each.SerializeToString()) for each in forged]

    def on_frame(self, data: bytes) -> list[bytes]:
        forged, self._frames = self._frames, []
        return [*forged, data]


class SayAtWrite(Interference):
    """Puts forged messages into a link, `delay` seconds after write number `nth` came."""

    def __init__(self, bench: Bench, nth: int, forged: Sequence[Message], delay: float) -> None:
        self._bench = bench
        self._until = nth
        self._frames = [frame(each.SerializeToString()) for each in forged]
        self._delay = delay

    def on_request(self, op: Operation, index: int) -> None:
        if op != "write":
            return
        self._until -= 1
        if self._until == -1 and self._delay:
            asyncio.get_running_loop().call_later(self._delay, self._say)
        elif self._until == -1:
            self._say()

    def _say(self) -> None:
        for link in self._bench.car.connections:
            for data in self._frames:
                link.queue(data)


class Chatter(Interference):
    """Says something every `period` seconds while the fob is connected, for ever."""

    def __init__(self, bench: Bench, frames: Sequence[bytes], period: float) -> None:
        self._bench = bench
        self._frames = list(frames)
        self._period = period
        self._talking = False

    def on_request(self, op: Operation, index: int) -> None:
        if op == "cccd" and not self._talking:
            self._talking = True
            self._talk()

    def _talk(self) -> None:
        links = self._bench.car.connections
        self._talking = bool(links) and self._bench.radio.interference is not None
        if not links:
            return
        for link in links:
            for data in self._frames:
                link.queue(data)
        asyncio.get_running_loop().call_later(self._period, self._talk)


class AnswerKeyRequests(Interference):
    """Answers the next `times` requests for the car's key in its place."""

    def __init__(self, forged: Message, times: int = 1, *, also: bool = False) -> None:
        self._frame = frame(forged.SerializeToString())
        self._left = times
        self._also = also
        self._genuine: list[bytes] = []

    def on_frame(self, data: bytes) -> list[bytes]:
        genuine = Message.FromString(data[2:])
        if not genuine.HasField("sessionInfo") or not self._left or data == self._frame:
            return [data]
        self._left -= 1
        return [self._frame, data] if self._also else [self._frame]


Place = Literal[
    "on connect",
    "between the writes",
    "before the last write's answer",
    "after the last write",
]


@dataclass(frozen=True)
class Say:
    """A Strike: forged messages at a place of a warm press, which has two writes, while the car is
    deaf to so many sealed messages."""

    forged: tuple[Message, ...]
    place: Place
    deaf: int = 0

    async def __call__(self, bench: Bench) -> Interference:
        deaf = Reply([], times=self.deaf)
        match self.place:
            case "on connect":
                return Together(SayFirst(self.forged), deaf)
            case "between the writes":
                said = SayAtWrite(bench, 0, self.forged, 0.0)
                # The first one is answered late enough for the fob to have heard it all.
                return Together(said, LateAt("write", _LATE), deaf)
            case "before the last write's answer":
                return Together(SayAtWrite(bench, 1, self.forged, 0.0), deaf)
            case "after the last write":
                return Together(SayAtWrite(bench, 1, self.forged, _ANSWERED), deaf)


@dataclass(frozen=True)
class SayWhilePairing:
    """A Strike: forged messages so many seconds after the request to add the key."""

    forged: tuple[Message, ...]
    delay: float

    async def __call__(self, bench: Bench) -> Interference:
        return SayAtWrite(bench, 0, self.forged, self.delay)


@dataclass(frozen=True)
class Talk:
    """A Strike: endless talk."""

    frames: tuple[bytes, ...]
    period: float = 0.02
    deaf: int = 0

    async def __call__(self, bench: Bench) -> Interference:
        return Together(Chatter(bench, self.frames, self.period), Reply([], times=self.deaf))

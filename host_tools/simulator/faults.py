"""What a test or trial does to the conversation between a fob and the simulated car.

One seam for both radios: give one `interference=`, or set it between presses. Everything here
strikes a number of times and then lets be, so that the next press can show that it works.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Literal

from google.protobuf.message import DecodeError

from host_tools.protocol import vcsec_pb2 as vcsec
from host_tools.simulator.car.link import MAX_MESSAGE, frame

Operation = Literal[
    "mtu",
    "discover services",
    "discover characteristics",
    "discover descriptors",
    "cccd",
    "write",
    "read",
]

Verdict = (
    Literal["error", "disconnect", "disconnect after", "silent", "silent after", "late"] | None
)
"""What becomes of a request. None: as usual. "error": refused with an ATT error. "disconnect": the
car takes the link down. "silent": no response, ever. These keep the request from having an effect,
unless "after" says that it had. "late": it has its effect now, its response comes later."""

FOREVER = 1 << 30

UNLIKELY_ERROR = 0x0E
"""ATT error code (Core, Vol 3, Part F, 3.4.1.1)."""


class Interference:
    """Does nothing; subclasses override what they touch.

    error_code: of "error". delay: seconds of "late".
    """

    error_code = UNLIKELY_ERROR
    delay = 1.0

    def on_request(self, op: Operation, index: int) -> Verdict:
        """An ATT request of the fob; index counts the connection's requests from 0."""
        return None

    def on_message(self, message: bytes) -> list[bytes] | None:
        """A whole message to the car, without length; frames to answer it in the car's place."""
        return None

    def on_frame(self, data: bytes) -> list[bytes]:
        """A frame of the car's, length included; the frames that are sent for it."""
        return [data]

    def on_indication(self, data: bytes) -> list[tuple[float, bytes]]:
        """One piece of a frame about to be indicated; what is sent for it, seconds from now."""
        return [(0.0, data)]


class Together(Interference):
    """Several at once; each sees what those before it left."""

    def __init__(self, *parts: Interference) -> None:
        self._parts = parts

    def on_request(self, op: Operation, index: int) -> Verdict:
        for part in self._parts:
            verdict = part.on_request(op, index)
            if verdict is not None:
                self.error_code, self.delay = part.error_code, part.delay
                return verdict
        return None

    def on_message(self, message: bytes) -> list[bytes] | None:
        for part in self._parts:
            answers = part.on_message(message)
            if answers is not None:
                return answers
        return None

    def on_frame(self, data: bytes) -> list[bytes]:
        frames = [data]
        for part in self._parts:
            frames = [each for before in frames for each in part.on_frame(before)]
        return frames

    def on_indication(self, data: bytes) -> list[tuple[float, bytes]]:
        pieces = [(0.0, data)]
        for part in self._parts:
            pieces = [
                (delay + more, each)
                for delay, before in pieces
                for more, each in part.on_indication(before)
            ]
        return pieces


class AtRequest(Interference):
    """One verdict on the requests at a position of their connection, or on those of a kind."""

    def __init__(self, where: int | Operation, verdict: Verdict, *, times: int = 1) -> None:
        self._where = where
        self._verdict = verdict
        self._left = times

    @property
    def struck(self) -> bool:
        """Whether it had its way as often as it should."""
        return self._left == 0

    def on_request(self, op: Operation, index: int) -> Verdict:
        if self._where not in (op, index) or not self._left:
            return None
        self._left -= 1
        return self._verdict


class DisconnectAt(AtRequest):
    """The car takes the link down instead of responding; `after`: once the request took effect."""

    def __init__(self, where: int | Operation, *, after: bool = False, times: int = 1) -> None:
        super().__init__(where, "disconnect after" if after else "disconnect", times=times)


class AttErrorAt(AtRequest):
    """The car refuses the request."""

    def __init__(
        self, where: int | Operation, code: int = UNLIKELY_ERROR, *, times: int = 1
    ) -> None:
        super().__init__(where, "error", times=times)
        self.error_code = code


class SilentAt(AtRequest):
    """The car's ATT server never responds; `after`: though the request took effect."""

    def __init__(self, where: int | Operation, *, after: bool = False, times: int = 1) -> None:
        super().__init__(where, "silent after" if after else "silent", times=times)


class LateAt(AtRequest):
    """The request takes effect, and its response comes `delay` seconds later."""

    def __init__(self, where: int | Operation, delay: float = 1.0, *, times: int = 1) -> None:
        super().__init__(where, "late", times=times)
        self.delay = delay


class OnIndications(Interference):
    """Strikes at `times` indications from number `first` on, counted since it was made."""

    def __init__(self, first: int = 0, *, times: int = 1) -> None:
        self._first = first
        self._times = times
        self._seen = 0

    @property
    def struck(self) -> bool:
        """Whether it had its way as often as it should."""
        return self._seen >= self._first + self._times

    def on_indication(self, data: bytes) -> list[tuple[float, bytes]]:
        index, self._seen = self._seen, self._seen + 1
        if 0 <= index - self._first < self._times:
            return self.spoil(data)
        return [(0.0, data)]

    def spoil(self, data: bytes) -> list[tuple[float, bytes]]:
        raise NotImplementedError


class Duplicate(OnIndications):
    """Sends it twice."""

    def spoil(self, data: bytes) -> list[tuple[float, bytes]]:
        return [(0.0, data), (0.0, data)]


class Drop(OnIndications):
    """Sends nothing."""

    def spoil(self, data: bytes) -> list[tuple[float, bytes]]:
        return []


class Truncate(OnIndications):
    """Sends its first `keep` bytes."""

    def __init__(self, first: int = 0, *, keep: int = 3, times: int = 1) -> None:
        super().__init__(first, times=times)
        self._keep = keep

    def spoil(self, data: bytes) -> list[tuple[float, bytes]]:
        return [(0.0, data[: self._keep])]


class Garbage(OnIndications):
    """Sends as many random bytes."""

    def __init__(self, first: int = 0, *, seed: int = 0, times: int = 1) -> None:
        super().__init__(first, times=times)
        self._random = random.Random(seed)

    def spoil(self, data: bytes) -> list[tuple[float, bytes]]:
        return [(0.0, self._random.randbytes(len(data)))]


class Oversize(OnIndications):
    """Announces a message one byte longer than any may be."""

    def spoil(self, data: bytes) -> list[tuple[float, bytes]]:
        return [(0.0, (MAX_MESSAGE + 1).to_bytes(2, "big") + data[2:])]


class Late(OnIndications):
    """Sends it `delay` seconds later; those behind it do not wait."""

    def __init__(self, first: int = 0, *, delay: float = 1.0, times: int = 1) -> None:
        super().__init__(first, times=times)
        self._delay = delay

    def spoil(self, data: bytes) -> list[tuple[float, bytes]]:
        return [(self._delay, data)]


class Reorder(Interference):
    """Holds indication number `first` back until the next one has gone; lost if none comes."""

    def __init__(self, first: int = 0) -> None:
        self._until_held = first
        self._held: bytes | None = None

    @property
    def struck(self) -> bool:
        """Whether two changed places."""
        return self._until_held < 0 and self._held is None

    def on_indication(self, data: bytes) -> list[tuple[float, bytes]]:
        if self._held is not None:
            held, self._held = self._held, None
            return [(0.0, data), (0.0, held)]
        self._until_held -= 1
        if self._until_held == -1:
            self._held = data
            return []
        return [(0.0, data)]


class CarSilent(Interference):
    """The car takes messages but says nothing more after its first `after` frames."""

    def __init__(self, after: int = 0, *, times: int = FOREVER) -> None:
        self._after = after
        self._left = times

    def on_frame(self, data: bytes) -> list[bytes]:
        if self._after:
            self._after -= 1
        elif self._left:
            self._left -= 1
            return []
        return [data]


class Reply(Interference):
    """Sealed messages are answered with `answers` in the car's place; the car only overhears them.

    where: "sealed" messages, or those that ask for "pairing".
    """

    def __init__(
        self,
        answers: Sequence[vcsec.FromVCSECMessage],
        *,
        where: Literal["sealed", "pairing"] = "sealed",
        times: int = 1,
    ) -> None:
        self._frames = [frame(answer.SerializeToString()) for answer in answers]
        self._pairing = where == "pairing"
        self._left = times

    @property
    def struck(self) -> bool:
        """Whether it had its way as often as it should."""
        return self._left == 0

    def on_message(self, message: bytes) -> list[bytes] | None:
        try:
            request = vcsec.ToVCSECMessage.FromString(message)
        except DecodeError:
            return None
        is_pairing = request.signedMessage.signatureType == vcsec.SIGNATURE_TYPE_PRESENT_KEY
        if not request.HasField("signedMessage") or is_pairing != self._pairing or not self._left:
            return None
        self._left -= 1
        return list(self._frames)


class FaultReply(Reply):
    """Sealed messages are refused with a SignedMessage_information_E; `counter`: the last one the
    car says that it accepted."""

    def __init__(self, information: int, counter: int = 0, *, times: int = 1) -> None:
        super().__init__([signed_fault(information, counter)], times=times)


class PairingReply(Reply):
    """Requests to add a key are refused with a WhitelistOperation_information_E."""

    def __init__(self, information: int, *, times: int = 1) -> None:
        answer = vcsec.FromVCSECMessage()
        status = answer.commandStatus
        status.operationStatus = vcsec.OPERATIONSTATUS_ERROR
        status.whitelistOperationStatus.whitelistOperationInformation = information  # type: ignore[assignment]
        status.whitelistOperationStatus.operationStatus = vcsec.OPERATIONSTATUS_ERROR
        super().__init__([answer], where="pairing", times=times)


class Wait(Reply):
    """The next `n` sealed messages are answered with WAIT: the car is busy."""

    def __init__(self, n: int = 1) -> None:
        wait = vcsec.FromVCSECMessage(
            commandStatus=vcsec.CommandStatus(operationStatus=vcsec.OPERATIONSTATUS_WAIT)
        )
        super().__init__([wait], times=n)


class Spoof(Interference):
    """Puts forged messages before `times` frames of the car's that carry a commandStatus: the car
    did what it was told, and somebody says otherwise."""

    def __init__(self, forged: Sequence[vcsec.FromVCSECMessage], *, times: int = 1) -> None:
        self._frames = [frame(each.SerializeToString()) for each in forged]
        self._left = times

    @property
    def struck(self) -> bool:
        """Whether it had its way as often as it should."""
        return self._left == 0

    def on_frame(self, data: bytes) -> list[bytes]:
        genuine = vcsec.FromVCSECMessage.FromString(data[2:])
        if not self._left or not genuine.HasField("commandStatus"):
            return [data]
        self._left -= 1
        return [*self._frames, data]


def signed_fault(information: int, counter: int = 0) -> vcsec.FromVCSECMessage:
    """A message that refuses a sealed one."""
    answer = vcsec.FromVCSECMessage()
    answer.commandStatus.operationStatus = vcsec.OPERATIONSTATUS_ERROR
    status = answer.commandStatus.signedMessageStatus
    status.signedMessageInformation = information  # type: ignore[assignment]
    status.counter = counter
    return answer

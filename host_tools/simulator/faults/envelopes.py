"""Interference with the envelopes of the signed-command protocol, built without the firmware's
code.

Which answer belongs to which request is told by the routing address, as a fob tells it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal

from google.protobuf.message import DecodeError, Message

from host_tools.protocol import universal_message_pb2 as universal
from host_tools.simulator.car.link import frame
from host_tools.simulator.faults.interference import Interference

Envelope = universal.RoutableMessage

RequestKind = Literal["session info", "sealed", "plain"]
"""What a fob sends: a session info request, a signed message, or one without a signature."""

Words = Callable[[Envelope], Sequence[Message]]
"""From a request to what is said to it."""

Change = Callable[[Envelope, Envelope], Sequence[Message]]
"""From an answer and its request to what is said in the answer's place."""


def envelope_in(message: bytes) -> Envelope | None:
    """The RoutableMessage that a message is, None for one of the older protocol."""
    envelope = Envelope()
    try:
        envelope.ParseFromString(message)
    except DecodeError:
        return None
    return envelope if envelope.HasField("to_destination") else None


def kind_of(request: Envelope) -> RequestKind:
    if request.HasField("session_info_request"):
        return "session info"
    return "sealed" if request.HasField("signature_data") else "plain"


def answer_to(request: Envelope) -> Envelope:
    """An empty answer of vehicle security."""
    answer = Envelope(request_uuid=request.uuid)
    answer.to_destination.routing_address = request.from_destination.routing_address
    answer.from_destination.domain = universal.DOMAIN_VEHICLE_SECURITY
    return answer


class OnRequests(Interference):
    """Strikes at `times` requests of a kind, or of any, from number `first` on."""

    def __init__(self, kind: RequestKind | None = None, *, first: int = 0, times: int = 1) -> None:
        self._kind = kind
        self._until = first
        self._left = times

    @property
    def struck(self) -> bool:
        """Whether it had its way as often as it should."""
        return self._left == 0

    def hit(self, message: bytes) -> Envelope | None:
        """The request that a message is, if it is one to strike at."""
        request = envelope_in(message)
        if request is None or self._kind not in (None, kind_of(request)) or not self._left:
            return None
        if self._until:
            self._until -= 1
            return None
        self._left -= 1
        return request


class AnswerInstead(OnRequests):
    """Requests are answered with `words` in the car's place; the car only overhears them."""

    def __init__(
        self,
        words: Words,
        kind: RequestKind | None = None,
        *,
        first: int = 0,
        times: int = 1,
    ) -> None:
        super().__init__(kind, first=first, times=times)
        self._words = words

    def on_message(self, message: bytes) -> list[bytes] | None:
        request = self.hit(message)
        return None if request is None else frames_of(self._words(request))


class AtMessage(OnRequests):
    """Does something when a request came whole, before the car acts on it."""

    def __init__(
        self,
        act: Callable[[], None],
        kind: RequestKind | None = None,
        *,
        first: int = 0,
        times: int = 1,
    ) -> None:
        super().__init__(kind, first=first, times=times)
        self._act = act

    def on_message(self, message: bytes) -> list[bytes] | None:
        if self.hit(message) is not None:
            self._act()
        return None


class ChangeAnswers(OnRequests):
    """The car's answers to requests go through `change`; those of a request all do."""

    def __init__(
        self,
        change: Change,
        kind: RequestKind | None = None,
        *,
        first: int = 0,
        times: int = 1,
    ) -> None:
        super().__init__(kind, first=first, times=times)
        self._change = change
        self._requests: dict[bytes, Envelope] = {}

    def on_message(self, message: bytes) -> list[bytes] | None:
        request = self.hit(message)
        if request is not None:
            self._requests[request.from_destination.routing_address] = request
        return None

    def on_frame(self, data: bytes) -> list[bytes]:
        answer = envelope_in(data[2:])
        request = answer and self._requests.get(answer.to_destination.routing_address)
        if answer is None or request is None:
            return [data]
        return frames_of(self._change(answer, request))


class LateAnswers(ChangeAnswers):
    """The car's answers to requests come `delay` seconds later; what is behind them does not
    wait."""

    def __init__(
        self, delay: float, kind: RequestKind | None = None, *, first: int = 0, times: int = 1
    ) -> None:
        super().__init__(self._note, kind, first=first, times=times)
        self._late = 0
        self._delay_of_answers = delay

    def _note(self, answer: Envelope, request: Envelope) -> Sequence[Message]:
        self._late += len(frames_of([answer])[0])
        return [answer]

    def on_indication(self, data: bytes) -> list[tuple[float, bytes]]:
        if not self._late:
            return [(0.0, data)]
        self._late = max(0, self._late - len(data))
        return [(self._delay_of_answers, data)]


def frames_of(messages: Sequence[Message]) -> list[bytes]:
    return [frame(each.SerializeToString()) for each in messages]

"""What one press took, by what the car saw of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from google.protobuf.message import DecodeError

from host_tools.protocol import universal_message_pb2 as universal
from host_tools.simulator.car import CarEvent
from host_tools.simulator.moments import FRAMES

Protocol = Literal["signed", "legacy"]


@dataclass(frozen=True)
class Measurement:
    """One press: ms from the finger's release to the car's acceptance, ATT requests and frames;
    protocol: that of the frame which the car accepted."""

    ms: float
    att_requests: int
    frames: int
    protocol: Protocol


def measure(
    events: Sequence[CarEvent],
    released: float,
    att_requests: int,
    *,
    end: Literal["accepted", "granted"] = "accepted",
) -> Measurement | None:
    """What the car's events of one press amount to, None if it accepted nothing.

    released: when the finger went up, on the car's clock. end: the kind of the event that it came
    to, "granted" for passive entry.
    """
    accepted = [at for at, event in enumerate(events) if event.kind == end]
    if not accepted:
        return None
    received = [event.data for event in events[: accepted[-1]] if event.kind == "received"]
    return Measurement(
        ms=(events[accepted[-1]].time - released) * 1000,
        att_requests=att_requests,
        frames=sum(event.kind in FRAMES for event in events),
        protocol=protocol_of(received[-1]),
    )


def protocol_of(frame: bytes) -> Protocol:
    """By the destination that every RoutableMessage has; its field is none of a ToVCSECMessage."""
    message = universal.RoutableMessage()
    try:
        message.ParseFromString(frame[2:])
    except DecodeError:
        return "legacy"
    return "signed" if message.HasField("to_destination") else "legacy"

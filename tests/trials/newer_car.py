"""What a trial does to a car that may speak the signed-command protocol."""

from __future__ import annotations

from collections.abc import Sequence

from google.protobuf.message import DecodeError

from host_tools.protocol import universal_message_pb2 as universal
from host_tools.simulator.car import Car
from host_tools.simulator.car.behaviour import Behaviour, Vintage
from host_tools.simulator.car.link import frame
from host_tools.simulator.faults import Interference

YEARS: Sequence[Vintage] = ("2021", "2023", "2026")


def update(car: Car, behaviour: Behaviour) -> None:
    """Give a car other software: these rules, and with the restart a new epoch."""
    # Every part of a car holds the same rules.
    vars(car.behaviour).update(vars(behaviour))
    car.reboot()


def envelope(frame_of_message: bytes) -> universal.RoutableMessage | None:
    """The RoutableMessage in a frame to or from a car, None for another message."""
    message = universal.RoutableMessage()
    try:
        message.ParseFromString(frame_of_message[2:])
    except DecodeError:
        return None
    return message if message.HasField("to_destination") else None


class Fault(Interference):
    """Sealed messages of the signed-command protocol are refused in the car's place, without any
    proof; the car only overhears them."""

    def __init__(self, code: universal.MessageFault_E, *, times: int = 1) -> None:
        self._code = code
        self._left = times

    def on_message(self, message: bytes) -> list[bytes] | None:
        request = envelope(frame(message))
        if request is None or not request.HasField("signature_data") or not self._left:
            return None
        self._left -= 1
        answer = universal.RoutableMessage(request_uuid=request.uuid)
        answer.to_destination.routing_address = request.from_destination.routing_address
        answer.from_destination.domain = universal.DOMAIN_VEHICLE_SECURITY
        answer.signedMessageStatus.operation_status = universal.OPERATIONSTATUS_ERROR
        answer.signedMessageStatus.signed_message_fault = self._code
        return [frame(answer.SerializeToString())]


class Untagged(Interference):
    """The next session infos of the car lack their tag, as those right after enrolling may."""

    def __init__(self, *, times: int = 1) -> None:
        self._left = times

    def on_frame(self, data: bytes) -> list[bytes]:
        answer = envelope(data)
        if answer is None or not answer.HasField("session_info") or not self._left:
            return [data]
        self._left -= 1
        answer.ClearField("signature_data")
        return [frame(answer.SerializeToString())]


class Impostor(Interference):
    """Another car, which knows the fob's key as well as anybody may, answers in the car's place."""

    def __init__(self, car: Car) -> None:
        self._link = car.connect("the fob")
        self._link.take_frames()

    def on_message(self, message: bytes) -> list[bytes]:
        self._link.write(frame(message))
        return self._link.take_frames()

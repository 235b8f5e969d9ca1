"""Where a radio of the car lets an Interference into one of its links."""

from __future__ import annotations

from typing import Protocol

from bumble.att import Opcode

from host_tools.simulator.car import CarConnection
from host_tools.simulator.faults import Interference, Operation, Verdict

_OPERATIONS: dict[int, Operation] = {
    Opcode.ATT_EXCHANGE_MTU_REQUEST: "mtu",
    Opcode.ATT_FIND_BY_TYPE_VALUE_REQUEST: "discover services",
    Opcode.ATT_READ_BY_GROUP_TYPE_REQUEST: "discover services",
    Opcode.ATT_READ_BY_TYPE_REQUEST: "discover characteristics",
    Opcode.ATT_FIND_INFORMATION_REQUEST: "discover descriptors",
    Opcode.ATT_READ_REQUEST: "read",
    Opcode.ATT_READ_BLOB_REQUEST: "read",
    Opcode.ATT_WRITE_REQUEST: "write",
}


def operation(opcode: int, *, is_cccd: bool) -> Operation | None:
    """What an ATT request does, None for other PDUs; is_cccd: to the attribute it names."""
    found = _OPERATIONS.get(opcode)
    return "cccd" if found == "write" and is_cccd else found


class Radio(Protocol):
    """Whose interference it is at any moment."""

    interference: Interference
    requests: list[list[Operation]]


class Intercept:
    """Between one CarConnection and the air."""

    def __init__(self, connection: CarConnection, radio: Radio) -> None:
        self._connection = connection
        self._radio = radio
        self._requests: list[Operation] = []
        radio.requests.append(self._requests)
        connection.on_message = lambda message: radio.interference.on_message(message)

    def request(self, op: Operation) -> Verdict:
        """An ATT request came."""
        self._requests.append(op)
        return self._radio.interference.on_request(op, len(self._requests) - 1)

    def take_frames(self) -> list[bytes]:
        """Frames to be sent."""
        interference = self._radio.interference
        frames = self._connection.take_frames()
        return [each for data in frames for each in interference.on_frame(data)]

    def indications(self, piece: bytes) -> list[tuple[float, bytes]]:
        """What to send for a piece of a frame: delay in seconds, value."""
        return self._radio.interference.on_indication(piece)

"""What an observer of the air sees of the Attribute Protocol (Core, Vol 3, Part F)."""

import struct
from dataclasses import dataclass

from bumble.att import ATT_CID, ATT_REQUESTS, Opcode
from bumble.hci import Address

_REQUESTS = frozenset(int(opcode) for opcode in ATT_REQUESTS)

# Where a PDU carries its attribute handle, counted from the opcode.
_HANDLE_OFFSETS = {
    Opcode.ATT_ERROR_RESPONSE: 2,
    Opcode.ATT_READ_REQUEST: 1,
    Opcode.ATT_READ_BLOB_REQUEST: 1,
    Opcode.ATT_WRITE_REQUEST: 1,
    Opcode.ATT_WRITE_COMMAND: 1,
    Opcode.ATT_SIGNED_WRITE_COMMAND: 1,
    Opcode.ATT_PREPARE_WRITE_REQUEST: 1,
    Opcode.ATT_PREPARE_WRITE_RESPONSE: 1,
    Opcode.ATT_HANDLE_VALUE_NOTIFICATION: 1,
    Opcode.ATT_HANDLE_VALUE_INDICATION: 1,
}


@dataclass(frozen=True)
class AttPdu:
    """One ATT PDU on its way.

    time: of the event loop's clock, when it was sent. handle: None for PDUs without one.
    value: what follows the handle, or the opcode where there is no handle.
    """

    time: float
    source: Address
    destination: Address
    opcode: int
    handle: int | None
    value: bytes

    @property
    def is_request(self) -> bool:
        """True for PDUs that oblige the other side to respond."""
        return self.opcode in _REQUESTS

    @property
    def name(self) -> str:
        """The specification's name, ATT_WRITE_REQUEST for example."""
        return Opcode(self.opcode).name


def observe(l2cap_pdu: bytes, time: float, source: Address, destination: Address) -> AttPdu | None:
    """The ATT PDU inside an L2CAP frame, None for other channels and for empty ones."""
    if len(l2cap_pdu) < 5 or struct.unpack_from("<H", l2cap_pdu, 2)[0] != ATT_CID:
        return None
    pdu = l2cap_pdu[4:]
    handle = None
    start = 1
    offset = _HANDLE_OFFSETS.get(Opcode(pdu[0]))
    if offset is not None and len(pdu) >= offset + 2:
        handle = struct.unpack_from("<H", pdu, offset)[0]
        start = offset + 2
    return AttPdu(time, source, destination, pdu[0], handle, pdu[start:])

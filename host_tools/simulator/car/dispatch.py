"""Which protocol a message is of."""

from __future__ import annotations

import contextlib

from google.protobuf.message import DecodeError

from host_tools.protocol import universal_message_pb2 as universal
from host_tools.protocol import vcsec_pb2 as vcsec

from .behaviour import Behaviour
from .connection import CarConnection
from .events import Log
from .legacy import SignedMessageFault
from .legacy_messages import LegacyMessages
from .signature import MessageFault
from .signed_messages import SignedMessages


class Dispatcher:
    """Takes the messages of all links, in the order in which they come."""

    def __init__(
        self, behaviour: Behaviour, legacy: LegacyMessages, signed: SignedMessages, log: Log
    ) -> None:
        self._behaviour = behaviour
        self._legacy = legacy
        self._signed = signed
        self._log = log

    def message(self, payload: bytes, connection: CarConnection, now: float) -> None:
        """Take one message without its length; whatever it holds, nothing is raised."""
        try:
            request = _parse(payload)
        except DecodeError:
            self._log("ignored", "not a protobuf message", connection, data=payload)
            return
        if isinstance(request, vcsec.ToVCSECMessage):
            self._legacy.message(request, connection, now)
        elif request is None or self._behaviour.protocols == "legacy":
            self._log("ignored", "neither signed nor unsigned", connection, data=payload)
            self.overhear(payload, connection)
        else:
            self._signed.message(request, connection)

    def overhear(self, payload: bytes, connection: CarConnection) -> None:
        """Note the nonce of a message that was on the air, but does not come to the car."""
        with contextlib.suppress(DecodeError, SignedMessageFault, MessageFault):
            match _parse(payload):
                case vcsec.ToVCSECMessage() as request:
                    self._legacy.overhear(request, connection)
                case universal.RoutableMessage() as envelope:
                    self._signed.overhear(envelope)


def _parse(payload: bytes) -> vcsec.ToVCSECMessage | universal.RoutableMessage | None:
    """The message of either protocol, which have no field number in common; None for neither.

    Raises DecodeError.
    """
    request = vcsec.ToVCSECMessage.FromString(payload)
    if request.WhichOneof("sub_message"):
        return request
    envelope = universal.RoutableMessage.FromString(payload)
    return envelope if envelope.ListFields() else None

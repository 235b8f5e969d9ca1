"""The answers to one message of the signed-command protocol."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from host_tools.protocol import universal_message_pb2 as universal
from host_tools.protocol import vcsec_pb2 as vcsec

from . import answers
from .behaviour import Behaviour
from .connection import CarConnection
from .replies import Replies
from .signed import DOMAIN, SignedSession
from .whitelist import WhitelistKey

ENCRYPT_RESPONSE = 1 << universal.FLAG_ENCRYPT_RESPONSE


@dataclass
class SignedConversation:
    """The answers to one message. key: who signed it, if it is verified; its answers may then be
    encrypted, under a counter that rises."""

    connection: CarConnection
    request: universal.RoutableMessage
    replies: Replies
    behaviour: Behaviour
    session: SignedSession
    status: Callable[[], vcsec.VehicleStatus]
    key: WhitelistKey | None = None
    sealed: int = 0

    def say(self, answer: vcsec.FromVCSECMessage) -> None:
        what = answer.WhichOneof("sub_message") or "empty message"
        envelope = self._envelope()
        envelope.protobuf_message_as_bytes = answer.SerializeToString()
        self._send(envelope, what)

    def succeed(self, key: WhitelistKey) -> None:
        for form in self.behaviour.success:
            match form:
                case "empty":
                    self.say(vcsec.FromVCSECMessage())
                case "status":
                    self.say(answers.ok())
                case "vehicle-status":
                    self.say(answers.vehicle_status(self.status()))

    def refuse(self, code: vcsec.GenericError_E) -> None:
        if code == vcsec.GENERICERROR_UNAUTHORIZED:
            self.fault(universal.MESSAGEFAULT_ERROR_INSUFFICIENT_PRIVILEGES)
        else:
            self.say(answers.error())
            self.say(answers.nominal_error(code))

    def wait(self) -> None:
        match self.behaviour.busy_as:
            case "command-status":
                self.say(answers.wait())
            case "operation-status":
                envelope = self._envelope()
                status = envelope.signedMessageStatus
                status.operation_status = universal.OPERATIONSTATUS_WAIT
                self._send(envelope, "operation status WAIT")
            case "fault":
                self.fault(universal.MESSAGEFAULT_ERROR_BUSY)

    def fault(self, code: universal.MessageFault_E) -> None:
        """Refuse the message."""
        self._send(self._fault(code), f"fault {_name(code)}")

    def inform(self, public_key: bytes, fault: universal.MessageFault_E | None = None) -> None:
        """Tell a key the state of the session, with the fault that made it necessary."""
        envelope = self._envelope() if fault is None else self._fault(fault)
        info, tag = self.session.information(public_key, self.request.uuid)
        envelope.session_info = info
        if tag is not None:
            envelope.signature_data.session_info_tag.tag = tag
        if self.behaviour.echo_uuid != "never":
            envelope.request_uuid = self.request.uuid
        what = "session info" if tag is not None else "session info without a tag"
        if fault is not None:
            what = f"fault {_name(fault)}, {what}"
        self.replies.send(self.connection, envelope, what)

    def _envelope(self) -> universal.RoutableMessage:
        envelope = universal.RoutableMessage()
        envelope.to_destination.routing_address = self.request.from_destination.routing_address
        envelope.from_destination.domain = DOMAIN
        if self.behaviour.echo_uuid == "always":
            envelope.request_uuid = self.request.uuid
        return envelope

    def _fault(self, code: universal.MessageFault_E) -> universal.RoutableMessage:
        envelope = self._envelope()
        envelope.signedMessageStatus.operation_status = universal.OPERATIONSTATUS_ERROR
        envelope.signedMessageStatus.signed_message_fault = code
        return envelope

    def _send(self, envelope: universal.RoutableMessage, what: str) -> None:
        self._seal(envelope)
        limit = self.behaviour.response_limit
        if limit is not None and envelope.ByteSize() > limit:
            what = f"fault RESPONSE_MTU_EXCEEDED: {what} of {envelope.ByteSize()} bytes"
            envelope = self._fault(universal.MESSAGEFAULT_ERROR_RESPONSE_MTU_EXCEEDED)
            self._seal(envelope)
        sealed = envelope.signature_data.HasField("AES_GCM_Response_data")
        self.replies.send(self.connection, envelope, f"{what}, encrypted" if sealed else what)

    def _seal(self, envelope: universal.RoutableMessage) -> None:
        wanted = self.request.flags & ENCRYPT_RESPONSE and self.behaviour.encryption != "never"
        if self.key and wanted:
            self.sealed += 1
            envelope.flags = self.behaviour.answer_flags
            self.session.seal(envelope, self.request, self.key, self.sealed)


def _name(code: universal.MessageFault_E) -> str:
    return universal.MessageFault_E.Name(code).removeprefix("MESSAGEFAULT_ERROR_")

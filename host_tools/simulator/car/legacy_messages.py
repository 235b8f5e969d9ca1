"""The older protocol: bare ToVCSECMessages, answered with bare FromVCSECMessages."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from google.protobuf.message import DecodeError

from host_tools.protocol import vcsec_pb2 as vcsec

from . import answers
from .authentication import Authentication
from .behaviour import Behaviour
from .commands import Commands, describe
from .connection import CarConnection
from .enrolment import Enrolment
from .events import Log
from .keyring import KeyRing
from .legacy import LegacySession, Opened, SignedMessageFault
from .replies import Replies
from .whitelist import WhitelistKey


@dataclass(frozen=True)
class LegacyConversation:
    """The answers to one message."""

    connection: CarConnection
    replies: Replies
    behaviour: Behaviour
    status: Callable[[], vcsec.VehicleStatus]

    def say(self, answer: vcsec.FromVCSECMessage) -> None:
        what = answer.WhichOneof("sub_message") or "empty message"
        self.replies.send(self.connection, answer, what)

    def succeed(self, key: WhitelistKey) -> None:
        match self.behaviour.acknowledge:
            case "status":
                self.say(answers.ok())
            case "counter":
                self.say(answers.ok(key.counter))
            case "vehicle-status":
                self.say(answers.vehicle_status(self.status()))

    def refuse(self, code: vcsec.GenericError_E) -> None:
        self.say(answers.error())
        self.say(answers.nominal_error(code))

    def wait(self) -> None:
        self.say(answers.wait())


class LegacyMessages:
    """Takes ToVCSECMessages."""

    def __init__(
        self,
        behaviour: Behaviour,
        session: LegacySession,
        ring: KeyRing,
        enrolment: Enrolment,
        authentication: Authentication,
        commands: Commands,
        replies: Replies,
        status: Callable[[], vcsec.VehicleStatus],
        log: Log,
        on_bad_seal: Callable[[], None],
    ) -> None:
        """on_bad_seal: told of every signed message that is refused for its seal."""
        self._behaviour = behaviour
        self._session = session
        self._ring = ring
        self._enrolment = enrolment
        self._authentication = authentication
        self._commands = commands
        self._replies = replies
        self._status = status
        self._log = log
        self._on_bad_seal = on_bad_seal

    def message(self, request: vcsec.ToVCSECMessage, connection: CarConnection, now: float) -> None:
        """Take one message; whatever it holds, nothing is raised."""
        talk = LegacyConversation(connection, self._replies, self._behaviour, self._status)
        signed = request.signedMessage
        if signed.signatureType == vcsec.SIGNATURE_TYPE_PRESENT_KEY:
            self._present_key(signed, talk, now)
        elif self._behaviour.protocols == "signed":
            self._log("ignored", "message of the older protocol", connection)
            self.overhear(request, connection)
        elif request.HasField("unsignedMessage"):
            self._unsigned(request.unsignedMessage, talk)
        else:
            self._sealed(signed, talk)

    def overhear(self, request: vcsec.ToVCSECMessage, connection: CarConnection) -> None:
        """Note the nonce of a message that the car does not act on; raises SignedMessageFault."""
        signed = request.signedMessage
        is_sealed = request.HasField("signedMessage")
        if is_sealed and signed.signatureType != vcsec.SIGNATURE_TYPE_PRESENT_KEY:
            self._session.note(signed, _tokens(connection))

    def _unsigned(self, message: vcsec.UnsignedMessage, talk: LegacyConversation) -> None:
        which = message.WhichOneof("sub_message")
        if which == "InformationRequest":
            self._commands.inform(message.InformationRequest, talk)
        elif which == "WhitelistOperation":
            self._log("refused", "unsigned change of the whitelist", talk.connection)
            talk.say(
                answers.whitelist_refused(vcsec.WHITELISTOPERATION_INFORMATION_NO_PERMISSION_TO_ADD)
            )
        elif which is None:
            self._log("ignored", "empty unsigned message", talk.connection)
        else:
            self._log("refused", f"GENERICERROR_UNAUTHORIZED: unsigned {which}", talk.connection)
            talk.refuse(vcsec.GENERICERROR_UNAUTHORIZED)

    def _present_key(
        self, message: vcsec.SignedMessage, talk: LegacyConversation, now: float
    ) -> None:
        try:
            request = vcsec.UnsignedMessage.FromString(message.protobufMessageAsBytes)
        except DecodeError:
            request = vcsec.UnsignedMessage()
        if request.WhichOneof("sub_message") == "WhitelistOperation":
            self._enrolment.request(request.WhitelistOperation, talk.connection, now)
        elif self._behaviour.protocols == "signed":
            self._log("ignored", "nothing that a card could approve", talk.connection)
        else:
            self._fault(SignedMessageFault(vcsec.SIGNEDMESSAGE_INFORMATION_FAULT_UNKNOWN), talk)

    def _sealed(self, message: vcsec.SignedMessage, talk: LegacyConversation) -> None:
        try:
            opened = self._session.open(message, _tokens(talk.connection))
            request = self._parse(opened.plaintext, opened.key)
            self._check_form(opened, request, talk.connection)
        except SignedMessageFault as fault:
            self._fault(fault, talk)
            return
        key = opened.key
        who = f"key {key.key_id.hex()}, counter {message.counter}"
        if self._is_active(key, request, talk.connection):
            self._commands.execute(request, key, who, talk, opened.token)
            return
        mode = self._behaviour.require_none
        self._log(
            "ignored" if mode == "ignore" else "refused",
            f"{describe(request)} before any authenticationResponse ({who})",
            talk.connection,
        )
        if mode == "refuse":
            unknown = vcsec.SIGNEDMESSAGE_INFORMATION_FAULT_UNKNOWN
            talk.say(answers.signed_fault(unknown, key.counter))

    def _parse(self, plaintext: bytes, key: WhitelistKey) -> vcsec.UnsignedMessage:
        """Read the plaintext in a form this car knows; raises SignedMessageFault."""
        try:
            if "A" in self._behaviour.plaintext:
                request = vcsec.UnsignedMessage.FromString(plaintext)
                if request.WhichOneof("sub_message"):
                    return request
            if "B" in self._behaviour.plaintext:
                request = vcsec.ToVCSECMessage.FromString(plaintext).unsignedMessage
                if request.WhichOneof("sub_message"):
                    return request
        except DecodeError:
            pass
        raise SignedMessageFault(vcsec.SIGNEDMESSAGE_INFORMATION_FAULT_UNKNOWN, key)

    def _check_form(
        self, opened: Opened, request: vcsec.UnsignedMessage, connection: CarConnection
    ) -> None:
        """Raises SignedMessageFault for a token that is over, and for a form that is not taken."""
        forms, key = self._behaviour.response_forms, opened.key
        stale = vcsec.SIGNEDMESSAGE_INFORMATION_FAULT_INVALID_TOKEN
        if opened.token is not None:
            if forms == "plain":
                raise SignedMessageFault(vcsec.SIGNEDMESSAGE_INFORMATION_FAULT_UNKNOWN, key)
            if not self._authentication.check_token(opened.token, key, connection):
                raise SignedMessageFault(stale, key)
        # NONE answers nothing: it marks the key as active.
        elif forms == "token" and request.authenticationResponse.authenticationLevel:
            raise SignedMessageFault(stale, key)

    def _is_active(
        self, key: WhitelistKey, request: vcsec.UnsignedMessage, connection: CarConnection
    ) -> bool:
        if not self._behaviour.require_none:
            return True
        if request.WhichOneof("sub_message") in ("authenticationResponse", "InformationRequest"):
            return True
        return connection.active_key is not None and connection.active_key.key_id == key.key_id

    def _fault(self, fault: SignedMessageFault, talk: LegacyConversation) -> None:
        self._log("refused", f"signed message: {fault}", talk.connection)
        talk.say(answers.signed_fault(fault.information, fault.counter))
        if fault.information != vcsec.SIGNEDMESSAGE_INFORMATION_FAULT_UNKNOWN:
            self._on_bad_seal()
        if (
            fault.information == vcsec.SIGNEDMESSAGE_INFORMATION_FAULT_AES_DECRYPT_AUTH
            and self._behaviour.push_key
        ):
            talk.say(answers.session_info(self._ring.vehicle_key.public_key))


def _tokens(connection: CarConnection) -> list[bytes | None]:
    return [connection.token, *connection.former_tokens]

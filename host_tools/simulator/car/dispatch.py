"""Who may ask for what: from a message to its effect and its answer."""

from __future__ import annotations

import contextlib
from collections.abc import Callable

from google.protobuf import text_format
from google.protobuf.message import DecodeError

from host_tools.protocol import vcsec_pb2 as vcsec

from . import answers
from .behaviour import Behaviour
from .body import Body, CommandRefusal
from .connection import CarConnection
from .enrolment import Enrolment
from .events import Log
from .information import Information
from .legacy import LegacySession, SignedMessageFault
from .whitelist import WhitelistKey, WhitelistRefusal


class Dispatcher:
    """Takes the messages of all links, in the order in which they come."""

    def __init__(
        self,
        behaviour: Behaviour,
        session: LegacySession,
        enrolment: Enrolment,
        information: Information,
        body: Body,
        log: Log,
        on_fault: Callable[[SignedMessageFault], None],
    ) -> None:
        """on_fault: told of every signed message that is refused."""
        self._behaviour = behaviour
        self._session = session
        self._enrolment = enrolment
        self._information = information
        self._body = body
        self._log = log
        self._on_fault = on_fault

    def message(self, payload: bytes, connection: CarConnection, now: float) -> None:
        """Take one message without its length; whatever it holds, nothing is raised."""
        try:
            request = vcsec.ToVCSECMessage.FromString(payload)
        except DecodeError:
            self._log("ignored", "not a protobuf message", connection, data=payload)
            return
        which = request.WhichOneof("sub_message")
        if which == "unsignedMessage":
            self._unsigned(request.unsignedMessage, connection)
        elif which is None:
            self._log("ignored", "neither signed nor unsigned", connection, data=payload)
        elif request.signedMessage.signatureType == vcsec.SIGNATURE_TYPE_PRESENT_KEY:
            self._present_key(request.signedMessage, connection, now)
        else:
            self._sealed(request.signedMessage, connection)

    def overhear(self, payload: bytes, connection: CarConnection) -> None:
        """Note the nonce of a message that was on the air, but does not come to the car."""
        with contextlib.suppress(DecodeError, SignedMessageFault):
            request = vcsec.ToVCSECMessage.FromString(payload)
            signed = request.signedMessage
            if (
                request.HasField("signedMessage")
                and signed.signatureType != vcsec.SIGNATURE_TYPE_PRESENT_KEY
            ):
                self._session.note(signed, connection.token)

    def _unsigned(self, message: vcsec.UnsignedMessage, connection: CarConnection) -> None:
        which = message.WhichOneof("sub_message")
        if which == "InformationRequest":
            self._inform(message.InformationRequest, connection)
        elif which == "WhitelistOperation":
            self._log("refused", "unsigned change of the whitelist", connection)
            self._reply(
                connection,
                answers.whitelist_refused(
                    vcsec.WHITELISTOPERATION_INFORMATION_NO_PERMISSION_TO_ADD
                ),
            )
        elif which is None:
            self._log("ignored", "empty unsigned message", connection)
        else:
            self._refuse_command(f"unsigned {which}", vcsec.GENERICERROR_UNAUTHORIZED, connection)

    def _present_key(
        self, message: vcsec.SignedMessage, connection: CarConnection, now: float
    ) -> None:
        try:
            request = vcsec.UnsignedMessage.FromString(message.protobufMessageAsBytes)
        except DecodeError:
            request = vcsec.UnsignedMessage()
        if request.WhichOneof("sub_message") == "WhitelistOperation":
            self._enrolment.request(request.WhitelistOperation, connection, now)
        else:
            self._fault(
                SignedMessageFault(vcsec.SIGNEDMESSAGE_INFORMATION_FAULT_UNKNOWN), connection
            )

    def _sealed(self, message: vcsec.SignedMessage, connection: CarConnection) -> None:
        try:
            key, plaintext = self._session.open(message, connection.token)
            request = self._parse(plaintext, key)
        except SignedMessageFault as fault:
            self._fault(fault, connection)
            return
        who = f"key {key.key_id.hex()}, counter {message.counter}"
        what = text_format.MessageToString(request, as_one_line=True).strip()
        if not self._is_active(key, request, connection):
            mode = self._behaviour.require_none
            self._log(
                "ignored" if mode == "ignore" else "refused",
                f"{what} before any authenticationResponse ({who})",
                connection,
            )
            if mode == "refuse":
                self._reply(
                    connection,
                    answers.signed_fault(
                        vcsec.SIGNEDMESSAGE_INFORMATION_FAULT_UNKNOWN, key.counter
                    ),
                )
        elif self._behaviour.busy > 0:
            self._behaviour.busy -= 1
            self._log("refused", f"busy: {what} ({who})", connection)
            self._reply(connection, answers.wait())
        else:
            self._execute(request, key, f"{what} ({who})", connection)

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

    def _is_active(
        self, key: WhitelistKey, request: vcsec.UnsignedMessage, connection: CarConnection
    ) -> bool:
        if not self._behaviour.require_none:
            return True
        if request.WhichOneof("sub_message") in ("authenticationResponse", "InformationRequest"):
            return True
        return connection.active_key is not None and connection.active_key.key_id == key.key_id

    def _execute(
        self,
        request: vcsec.UnsignedMessage,
        key: WhitelistKey,
        text: str,
        connection: CarConnection,
    ) -> None:
        try:
            match request.WhichOneof("sub_message"):
                case "InformationRequest":
                    self._inform(request.InformationRequest, connection)
                    return
                case "WhitelistOperation":
                    self._enrolment.apply(request.WhitelistOperation, key)
                    self._reply(connection, answers.whitelist_done(key.key_id))
                    return
                case "RKEAction":
                    self._body.remote_action(request.RKEAction, key)
                case "closureMoveRequest":
                    self._body.move_closures(request.closureMoveRequest, key)
                case "authenticationResponse":
                    connection.active_key = key
                    connection.level = request.authenticationResponse.authenticationLevel
                case "setMetaDataForKey":
                    key.form_factor = request.setMetaDataForKey.keyFormFactor
                case "keyfobInfo":
                    key.keyfob_info = request.keyfobInfo
        except CommandRefusal as refusal:
            self._refuse_command(text, refusal.code, connection)
        except WhitelistRefusal as refusal:
            self._log("refused", f"{refusal}: {text}", connection)
            self._reply(connection, answers.whitelist_refused(refusal.information))
        else:
            self._log("accepted", text, connection)
            self._acknowledge(key, connection)

    def _acknowledge(self, key: WhitelistKey, connection: CarConnection) -> None:
        match self._behaviour.acknowledge:
            case "status":
                self._reply(connection, answers.ok())
            case "counter":
                self._reply(connection, answers.ok(key.counter))
            case "vehicle-status":
                self._reply(connection, answers.vehicle_status(self._body.status()))

    def _inform(self, request: vcsec.InformationRequest, connection: CarConnection) -> None:
        answer = self._information.answer(request, connection)
        if answer:
            self._reply(connection, answer)
        else:
            name = str(request.informationRequestType)
            self._log("ignored", f"information request of type {name}", connection)

    def _fault(self, fault: SignedMessageFault, connection: CarConnection) -> None:
        self._log("refused", f"signed message: {fault}", connection)
        self._reply(connection, answers.signed_fault(fault.information, fault.counter))
        self._on_fault(fault)
        if (
            fault.information == vcsec.SIGNEDMESSAGE_INFORMATION_FAULT_AES_DECRYPT_AUTH
            and self._behaviour.push_key
        ):
            self._reply(connection, answers.session_info(self._session.vehicle_key.public_key))

    def _refuse_command(
        self, text: str, code: vcsec.GenericError_E, connection: CarConnection
    ) -> None:
        self._log("refused", f"{vcsec.GenericError_E.Name(code)}: {text}", connection)
        self._reply(connection, answers.error())
        self._reply(connection, answers.nominal_error(code))

    def _reply(self, connection: CarConnection, answer: vcsec.FromVCSECMessage) -> None:
        if self._behaviour.lose_answers > 0:
            self._behaviour.lose_answers -= 1
            self._log("ignored", f"answer lost: {answer.WhichOneof('sub_message')}", connection)
        else:
            connection.send(answer)

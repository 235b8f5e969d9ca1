"""Who may do what: from a request to its effect, whichever protocol it came in."""

from __future__ import annotations

from typing import Protocol

from google.protobuf import text_format

from host_tools.protocol import vcsec_pb2 as vcsec

from . import answers
from .authentication import Authentication
from .behaviour import Behaviour
from .body import Body, CommandRefusal
from .connection import CarConnection
from .enrolment import Enrolment
from .events import Log
from .information import Information
from .remote_actions import RemoteActions
from .whitelist import WhitelistKey, WhitelistRefusal


class Conversation(Protocol):
    """The answers to one message, in the form of its protocol."""

    @property
    def connection(self) -> CarConnection: ...

    def say(self, answer: vcsec.FromVCSECMessage) -> None:
        """Tell what was asked for."""

    def succeed(self, key: WhitelistKey) -> None:
        """A command of `key` was carried out."""

    def refuse(self, code: vcsec.GenericError_E) -> None:
        """It was not, and why."""

    def wait(self) -> None:
        """The car is busy."""


class Commands:
    """Carries out what keys on the whitelist ask for, and answers what anybody may ask."""

    def __init__(
        self,
        behaviour: Behaviour,
        enrolment: Enrolment,
        information: Information,
        body: Body,
        authentication: Authentication,
        log: Log,
    ) -> None:
        self._behaviour = behaviour
        self._enrolment = enrolment
        self._information = information
        self._body = body
        self._authentication = authentication
        self._actions = RemoteActions(body, behaviour, authentication.cancel)
        self._log = log

    def execute(
        self,
        request: vcsec.UnsignedMessage,
        key: WhitelistKey,
        who: str,
        conversation: Conversation,
        token: bytes | None = None,
    ) -> None:
        """Do what a verified message says, unless its key may not.

        who: asks, for the events. token: of the authenticationRequest that the message is bound to.
        """
        text = f"{describe(request)} ({who})"
        connection = conversation.connection
        if self._behaviour.busy > 0:
            self._behaviour.busy -= 1
            self._log("refused", f"busy: {text}", connection)
            conversation.wait()
            return
        try:
            match request.WhichOneof("sub_message"):
                case "InformationRequest":
                    self.inform(request.InformationRequest, conversation)
                    return
                case "WhitelistOperation":
                    self._enrolment.apply(request.WhitelistOperation, key)
                    conversation.say(answers.whitelist_done(key.key_id))
                    return
                case "RKEAction":
                    self._actions.carry_out(request.RKEAction, key)
                    self._body.asleep = False
                case "closureMoveRequest":
                    self._body.move_closures(request.closureMoveRequest, key)
                    self._body.asleep = False
                case "authenticationResponse":
                    self._authentication.answer(
                        request.authenticationResponse, key, connection, token
                    )
                case "setMetaDataForKey":
                    key.form_factor = request.setMetaDataForKey.keyFormFactor
                case "keyfobInfo":
                    key.keyfob_info = request.keyfobInfo
        except CommandRefusal as refusal:
            self._log("refused", f"GENERICERROR_{refusal}: {text}", connection)
            conversation.refuse(refusal.code)
        except WhitelistRefusal as refusal:
            self._log("refused", f"{refusal}: {text}", connection)
            conversation.say(answers.whitelist_refused(refusal.information))
        else:
            self._log("accepted", text, connection)
            conversation.succeed(key)

    def inform(self, request: vcsec.InformationRequest, conversation: Conversation) -> None:
        """Answer a request for information."""
        kind = request.informationRequestType
        if (
            kind == vcsec.INFORMATION_REQUEST_TYPE_GET_STATUS
            and self._body.asleep
            and self._behaviour.silent_asleep
        ):
            self._log("ignored", "status request while asleep", conversation.connection)
            return
        answer = self._information.answer(request, conversation.connection)
        if answer:
            conversation.say(answer)
        else:
            self._log("ignored", f"information request of type {kind}", conversation.connection)


def describe(request: vcsec.UnsignedMessage) -> str:
    """A request in one line."""
    return text_format.MessageToString(request, as_one_line=True).strip()

"""The signed-command protocol: RoutableMessages to the vehicle security controller, and answers."""

from __future__ import annotations

from collections.abc import Callable

from google.protobuf.message import DecodeError

from host_tools.protocol import universal_message_pb2 as universal
from host_tools.protocol import vcsec_pb2 as vcsec

from . import keys
from .behaviour import Behaviour
from .commands import Commands, describe
from .connection import CarConnection
from .events import Log
from .replies import Replies
from .signature import MessageFault, not_on_whitelist
from .signed import DOMAIN, SignedSession
from .signed_conversation import ENCRYPT_RESPONSE, SignedConversation
from .whitelist import Whitelist

ADDRESS_LENGTH = 16
UUID_LENGTH = 16
# What anybody may ask; a car of this protocol has no answer to more.
_PUBLIC = frozenset(
    (
        vcsec.INFORMATION_REQUEST_TYPE_GET_STATUS,
        vcsec.INFORMATION_REQUEST_TYPE_GET_WHITELIST_INFO,
        vcsec.INFORMATION_REQUEST_TYPE_GET_WHITELIST_ENTRY_INFO,
    )
)


class SignedMessages:
    """Takes RoutableMessages."""

    def __init__(
        self,
        behaviour: Behaviour,
        session: SignedSession,
        whitelist: Whitelist,
        commands: Commands,
        replies: Replies,
        status: Callable[[], vcsec.VehicleStatus],
        log: Log,
        on_bad_seal: Callable[[], None],
    ) -> None:
        """on_bad_seal: told of every message whose signature is wrong."""
        self._behaviour = behaviour
        self._session = session
        self._whitelist = whitelist
        self._commands = commands
        self._replies = replies
        self._status = status
        self._log = log
        self._on_bad_seal = on_bad_seal

    def message(self, request: universal.RoutableMessage, connection: CarConnection) -> None:
        """Take one message; whatever it holds, nothing is raised."""
        if len(request.from_destination.routing_address) != ADDRESS_LENGTH:
            self._log("ignored", "no routing address to answer to", connection)
            return
        if request.to_destination.WhichOneof("sub_destination") != "domain":
            self._log("ignored", "for no domain", connection)
            return
        talk = SignedConversation(
            connection, request, self._replies, self._behaviour, self._session, self._status
        )
        try:
            self._answer(request, talk)
        except MessageFault as fault:
            self._refuse(fault, talk)

    def overhear(self, request: universal.RoutableMessage) -> None:
        """Note nonce and counter of a message that the car does not act on; raises MessageFault."""
        # Every domain has a counter of its own.
        if request.HasField("signature_data") and request.to_destination.domain == DOMAIN:
            self._session.note(request)

    def _answer(self, request: universal.RoutableMessage, talk: SignedConversation) -> None:
        if request.to_destination.domain != DOMAIN:
            raise MessageFault(
                universal.MESSAGEFAULT_ERROR_INVALID_DOMAINS,
                f"domain {request.to_destination.domain}",
            )
        if len(request.uuid) not in (0, UUID_LENGTH):
            raise MessageFault(
                universal.MESSAGEFAULT_ERROR_BAD_PARAMETER, f"uuid of {len(request.uuid)} bytes"
            )
        match request.WhichOneof("payload"):
            case "session_info_request":
                self._inform(request.session_info_request.public_key, talk)
            case "protobuf_message_as_bytes" if request.HasField("signature_data"):
                self._signed(request, talk)
            case "protobuf_message_as_bytes":
                self._plain(_parse(request.protobuf_message_as_bytes), talk)
            case payload:
                raise MessageFault(
                    universal.MESSAGEFAULT_ERROR_BAD_PARAMETER, f"payload: {payload}"
                )

    def _inform(self, public_key: bytes, talk: SignedConversation) -> None:
        if not keys.is_public_key(public_key):
            raise MessageFault(
                universal.MESSAGEFAULT_ERROR_BAD_PARAMETER, "session info for no public key"
            )
        known = self._whitelist.find_public(public_key)
        if not known and self._behaviour.unknown_key == "fault":
            raise not_on_whitelist(public_key)
        talk.inform(public_key)

    def _signed(self, request: universal.RoutableMessage, talk: SignedConversation) -> None:
        talk.key, plaintext = self._session.open(request)
        if self._behaviour.encryption == "required" and not request.flags & ENCRYPT_RESPONSE:
            raise MessageFault(
                universal.MESSAGEFAULT_ERROR_REQUIRES_RESPONSE_ENCRYPTION,
                f"flags {request.flags} do not ask for it",
            )
        message = _parse(plaintext)
        who = f"signed command of key {talk.key.key_id.hex()}, counter {talk.key.counter}"
        self._commands.execute(message, talk.key, who, talk)

    def _plain(self, message: vcsec.UnsignedMessage, talk: SignedConversation) -> None:
        if message.WhichOneof("sub_message") != "InformationRequest":
            raise MessageFault(
                universal.MESSAGEFAULT_ERROR_INSUFFICIENT_PRIVILEGES,
                f"{describe(message)} without a signature",
            )
        kind = message.InformationRequest.informationRequestType
        if kind not in _PUBLIC:
            raise MessageFault(
                universal.MESSAGEFAULT_ERROR_INVALID_COMMAND, f"information of type {kind}"
            )
        self._commands.inform(message.InformationRequest, talk)

    def _refuse(self, fault: MessageFault, talk: SignedConversation) -> None:
        signer = talk.request.signature_data.signer_identity.public_key
        who = f" of key {keys.key_id(signer).hex()}" if signer else ""
        self._log("refused", f"signed-command message{who}: {fault}", talk.connection)
        if fault.resynchronises and self._whitelist.find_public(signer):
            talk.inform(signer, fault.code)
        else:
            talk.fault(fault.code)
        if fault.code == universal.MESSAGEFAULT_ERROR_INVALID_SIGNATURE:
            self._on_bad_seal()


def _parse(plaintext: bytes) -> vcsec.UnsignedMessage:
    """Read what is asked for; raises MessageFault."""
    try:
        message = vcsec.UnsignedMessage.FromString(plaintext)
    except DecodeError:
        raise MessageFault(
            universal.MESSAGEFAULT_ERROR_DECODING, "not an UnsignedMessage"
        ) from None
    if message.WhichOneof("sub_message") is None:
        raise MessageFault(universal.MESSAGEFAULT_ERROR_INVALID_COMMAND, "it asks for nothing")
    return message

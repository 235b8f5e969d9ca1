"""A simulated car of both protocols and a key that answers its authenticationRequests."""

from __future__ import annotations

from typing import Any, Literal

from host_tools.protocol import universal_message_pb2 as universal
from host_tools.protocol import vcsec_pb2 as vcsec
from host_tools.simulator.car import CarConnection
from tests.legacy_client import frame
from tests.signed_bench import SignedBench
from tests.signed_client import SignedKey

Form = Literal["token", "plain", "signed"]

NONE = vcsec.AUTHENTICATION_LEVEL_NONE
UNLOCK = vcsec.AUTHENTICATION_LEVEL_UNLOCK
DRIVE = vcsec.AUTHENTICATION_LEVEL_DRIVE


class PassiveBench(SignedBench):
    """`key` is on the whitelist and in session. form: of its answers: the older protocol's with the
    token or without, or the signed-command protocol's."""

    def __init__(self, form: Form = "token", **changes: Any) -> None:
        super().__init__("2023", **{"push": "raw", **changes})
        self.form: Form = form
        self.link.take_frames()

    def wait(self, seconds: float) -> None:
        """Let time pass, in the steps in which a car's radio lets it."""
        end = self.now + seconds
        while self.now < end:
            self.now = min(end, self.now + 0.25)
            self.car.tick()

    def said_unasked(self, link: CarConnection | None = None) -> list[vcsec.FromVCSECMessage]:
        """What the car said since the last look, raw or to everybody."""
        said = []
        for data in (link or self.link).take_frames():
            envelope = universal.RoutableMessage.FromString(data[2:])
            wrapped = envelope.HasField("to_destination")
            message = envelope.protobuf_message_as_bytes if wrapped else data[2:]
            said.append(vcsec.FromVCSECMessage.FromString(message))
        return said

    def requests(self, link: CarConnection | None = None) -> list[vcsec.AuthenticationRequest]:
        """The authenticationRequests since the last look."""
        return [
            said.authenticationRequest
            for said in self.said_unasked(link)
            if said.HasField("authenticationRequest")
        ]

    def respond(
        self,
        level: int,
        token: bytes | None = None,
        *,
        key: SignedKey | None = None,
        link: CarConnection | None = None,
        **fields: Any,
    ) -> str:
        """Send an authenticationResponse; return "ok", the name of the fault, or of the error.

        token: for the form with one; by default of the last request, which must be there unread.
        """
        key, link = key or self.key, link or self.link
        if self.form == "token" and token is None and level != NONE:
            token = self.requests(link)[-1].sessionInfo.token
        response = vcsec.AuthenticationResponse(authenticationLevel=level, **fields)
        message = vcsec.UnsignedMessage(authenticationResponse=response)
        link.take_frames()
        if self.form == "signed":
            link.write(frame(key.command(message, expires_at=self.car.clock_time + 5)))
            return self._signed_outcome(key, link)
        sealed = key.seal(message.SerializeToString(), aad=token or b"")
        if token is not None:
            sealed.signatureType = vcsec.SIGNATURE_TYPE_AES_GCM_TOKEN
        link.write(frame(vcsec.ToVCSECMessage(signedMessage=sealed)))
        return _legacy_outcome(link.take_frames())

    @staticmethod
    def _signed_outcome(key: SignedKey, link: CarConnection) -> str:
        (answer,) = (answer for data in link.take_frames() if (answer := key.read(data)))
        if answer.fault == universal.MESSAGEFAULT_ERROR_INSUFFICIENT_PRIVILEGES:
            return "UNAUTHORIZED"
        assert answer.fault == 0
        return "ok"


def _legacy_outcome(frames: list[bytes]) -> str:
    said = [vcsec.FromVCSECMessage.FromString(data[2:]) for data in frames]
    status = said[0].commandStatus
    if status.operationStatus == vcsec.OPERATIONSTATUS_OK:
        return "ok"
    if status.HasField("signedMessageStatus"):
        fault = status.signedMessageStatus.signedMessageInformation
        name = vcsec.SignedMessage_information_E.Name(fault)
        return name.removeprefix("SIGNEDMESSAGE_INFORMATION_FAULT_")
    error = vcsec.GenericError_E.Name(said[1].nominalError.genericError)
    return error.removeprefix("GENERICERROR_")

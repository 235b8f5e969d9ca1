"""What is said in the signed-command protocol by somebody who is not the car, and how the car's own
words are spoilt. All of it travels by pickle, as cases do.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from google.protobuf.message import Message

from host_tools.protocol import signatures_pb2 as signatures
from host_tools.protocol import universal_message_pb2 as universal
from host_tools.protocol import vcsec_pb2 as vcsec
from host_tools.simulator.bench import VIN, Bench
from host_tools.simulator.car.link import frame
from host_tools.simulator.faults import Envelope, Impostor, Words, answer_to, envelope_in

from .forgery import wanted

PlainWord = Literal["empty", "OK", "vehicleStatus", "operation status OK", "no payload"]
BusyWord = Literal["command-status", "operation-status", "fault"]
Attached = Literal["nothing", "untagged", "wrong tag", "another key", "an earlier answer"]

BUSY = universal.MESSAGEFAULT_ERROR_BUSY


def nothing(request: Envelope) -> list[Message]:
    """The car does not hear it, and nobody answers."""
    return []


def in_clear(request: Envelope, word: PlainWord) -> list[Message]:
    """A success, as a car that does not encrypt says it."""
    answer = answer_to(request)
    match word:
        case "empty":
            answer.protobuf_message_as_bytes = b""
        case "OK":
            answer.protobuf_message_as_bytes = _status(vcsec.OPERATIONSTATUS_OK)
        case "vehicleStatus":
            answer.protobuf_message_as_bytes = wanted().SerializeToString()
        case "operation status OK":
            answer.signedMessageStatus.operation_status = universal.OPERATIONSTATUS_OK
        case "no payload":
            pass
    return [answer]


def busy(request: Envelope, form: BusyWord) -> list[Message]:
    """WAIT, in one of its forms."""
    answer = answer_to(request)
    match form:
        case "command-status":
            answer.protobuf_message_as_bytes = _status(vcsec.OPERATIONSTATUS_WAIT)
        case "operation-status":
            answer.signedMessageStatus.operation_status = universal.OPERATIONSTATUS_WAIT
        case "fault":
            return [refusal(request, BUSY)]
    return [answer]


def refusal(request: Envelope, fault: universal.MessageFault_E) -> Envelope:
    answer = answer_to(request)
    answer.signedMessageStatus.operation_status = universal.OPERATIONSTATUS_ERROR
    answer.signedMessageStatus.signed_message_fault = fault
    return answer


def nominal_error(request: Envelope, code: vcsec.GenericError_E) -> list[Message]:
    """A refusal in clear."""
    answer = answer_to(request)
    error = vcsec.FromVCSECMessage(nominalError=vcsec.NominalError(genericError=code))
    answer.protobuf_message_as_bytes = error.SerializeToString()
    return [answer]


@dataclass(frozen=True)
class Faulted:
    """Words: a fault in clear, with session info beside it."""

    fault: universal.MessageFault_E
    attached: Attached = "nothing"
    earlier: bytes = b""
    counter: int = 0

    def __call__(self, request: Envelope) -> list[Message]:
        answer = refusal(request, self.fault)
        match self.attached:
            case "untagged" | "wrong tag":
                answer.session_info = Envelope.FromString(self.earlier).session_info
                if self.attached == "wrong tag":
                    answer.signature_data.session_info_tag.tag = bytes(32)
            case "another key":
                answer.MergeFrom(Impostor(VIN).session_info(request, counter=self.counter))
            case "an earlier answer":
                answer.MergeFrom(moved(Envelope.FromString(self.earlier), request))
        return [answer]


@dataclass(frozen=True)
class Impersonated:
    """Words: whatever the fob asks, somebody answers under a key pair of their own.

    counter, status: in the session info. epoch: that of the car, b"" for another. clock: s.
    succeeds: commands are answered with an encrypted success. tells: questions for the status are
    answered, in clear.
    """

    epoch: bytes = b""
    clock: int = 5000
    counter: int = 0
    status: int = 0
    succeeds: bool = True
    tells: bool = True

    def __call__(self, request: Envelope) -> list[Message]:
        impostor = Impostor(VIN, self.epoch or bytes(range(16)), self.clock)
        if request.HasField("session_info_request"):
            return [impostor.session_info(request, counter=self.counter, status=self.status)]
        if not request.HasField("signature_data"):
            return in_clear(request, "vehicleStatus") if self.tells else []
        return [impostor.encrypted(request, vcsec.FromVCSECMessage())] if self.succeeds else []


@dataclass(frozen=True)
class Before:
    """Change: somebody says it before the car's answer."""

    words: Words

    def __call__(self, answer: Envelope, request: Envelope) -> list[Message]:
        return [*self.words(request), answer]


Spoiling = Literal[
    "untagged",
    "empty tag",
    "half a tag",
    "wrong tag",
    "tag of another kind",
    "later clock",
    "counter of 2^32-1",
    "another epoch",
    "bits at its end",
    "no key",
    "empty",
    "not on the whitelist, wrong tag",
]


def spoilt_info(answer: Envelope, request: Envelope, how: Spoiling) -> list[Message]:
    """Change: session info that nobody can prove."""
    if not answer.signature_data.session_info_tag.tag:
        return [answer]
    info = signatures.SessionInfo.FromString(answer.session_info)
    tag = answer.signature_data.session_info_tag
    match how:
        case "untagged":
            answer.ClearField("signature_data")
        case "empty tag":
            tag.tag = b""
        case "half a tag":
            tag.tag = tag.tag[:16]
        case "wrong tag":
            tag.tag = bytes([tag.tag[0] ^ 1]) + tag.tag[1:]
        case "tag of another kind":
            answer.signature_data.AES_GCM_Response_data.tag = tag.tag
        case "later clock":
            info.clock_time += 1000
        case "counter of 2^32-1":
            info.counter = 2**32 - 1
        case "another epoch":
            info.epoch = bytes(16)
        case "no key":
            info.publicKey = b""
        case "not on the whitelist, wrong tag":
            info.status = signatures.SESSION_INFO_STATUS_KEY_NOT_ON_WHITELIST
    answer.session_info = info.SerializeToString()
    if how == "bits at its end":
        answer.session_info += b"\x38\x01"
    elif how == "empty":
        answer.session_info = b""
    return [answer]


Tampering = Literal[
    "ciphertext", "tag", "short tag", "nonce", "counter", "flags", "fault", "in clear", "from"
]


def tampered(answer: Envelope, request: Envelope, what: Tampering) -> list[Message]:
    """Change: an encrypted answer that does not open any more."""
    if not answer.signature_data.HasField("AES_GCM_Response_data"):
        return [answer]
    data = answer.signature_data.AES_GCM_Response_data
    match what:
        case "ciphertext":
            answer.protobuf_message_as_bytes = bytes(len(answer.protobuf_message_as_bytes) + 1)
        case "tag":
            data.tag = data.tag[:-1] + bytes([data.tag[-1] ^ 0x80])
        case "short tag":
            data.tag = data.tag[:4]
        case "nonce":
            data.nonce = bytes(12)
        case "counter":
            data.counter += 1
        case "flags":
            answer.flags ^= 1
        case "fault":
            answer.signedMessageStatus.signed_message_fault = BUSY
        case "in clear":
            answer.ClearField("signature_data")
        case "from":
            answer.from_destination.domain = universal.DOMAIN_INFOTAINMENT
    return [answer]


def doubled(answer: Envelope, request: Envelope) -> list[Message]:
    return [answer, answer]


def lost(answer: Envelope, request: Envelope) -> list[Message]:
    return []


def moved(earlier: Envelope, request: Envelope) -> Envelope:
    """An answer to another request, with the names of this one where nothing protects them."""
    answer = Envelope()
    answer.CopyFrom(earlier)
    answer.to_destination.routing_address = request.from_destination.routing_address
    answer.request_uuid = request.uuid
    return answer


@dataclass(frozen=True)
class Earlier:
    """Words: an answer to an earlier request, to this one's address."""

    earlier: bytes

    def __call__(self, request: Envelope) -> list[Message]:
        return [moved(Envelope.FromString(self.earlier), request)]


def overheard(bench: Bench, kind: Literal["session info", "encrypted"]) -> Envelope:
    """The latest such answer of the car to the fob."""
    for event in reversed(bench.car.events):
        answer = envelope_in(event.data[2:]) if event.kind == "sent" else None
        signature = answer and answer.signature_data.WhichOneof("sig_type")
        wanted_one = "session_info_tag" if kind == "session info" else "AES_GCM_Response_data"
        if answer is not None and signature == wanted_one:
            return answer
    raise LookupError(f"the car gave no {kind}")


async def eavesdropped(bench: Bench) -> Envelope:
    """Session info for the fob's key that the car gives to somebody else, who may ask, too."""
    request = Envelope(uuid=b"somebody's uuid.")
    request.to_destination.domain = universal.DOMAIN_VEHICLE_SECURITY
    request.from_destination.routing_address = b"somebody's place"
    request.session_info_request.public_key = list(bench.car.whitelist)[-1].public_key
    link = bench.car.connect("somebody")
    link.write(frame(request.SerializeToString()))
    # A car that slept takes its time.
    await asyncio.sleep(2)
    bench.car.tick()
    answers = [envelope_in(data[2:]) for data in link.take_frames()]
    link.disconnect()
    return next(each for each in answers if each is not None and each.session_info)


def authentication_requests() -> tuple[bytes, ...]:
    """Passive entry's question, raw and to everybody, as cars of 2026 push it about once a second
    (the frame is Pedro's of tesla-ble issue 229)."""
    wrapped = Envelope.FromString(
        bytes.fromhex(
            "320208003a020802521f1a1d12160a1493054f89de1516dfabad0f1ae0108314e2da02fd1802220101"
        )
    )
    raw = vcsec.FromVCSECMessage.FromString(wrapped.protobuf_message_as_bytes)
    return tuple(_framed([raw, wrapped]))


def _status(operation: int) -> bytes:
    status = vcsec.CommandStatus(operationStatus=operation)  # type: ignore[arg-type]
    return vcsec.FromVCSECMessage(commandStatus=status).SerializeToString()


def _framed(messages: Sequence[Message]) -> list[bytes]:
    return [frame(each.SerializeToString()) for each in messages]

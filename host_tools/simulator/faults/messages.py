"""Interference with whole messages, built without any of the firmware's code."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from google.protobuf.message import DecodeError

from host_tools.protocol import vcsec_pb2 as vcsec
from host_tools.simulator.car.link import frame
from host_tools.simulator.faults.interference import Interference

FOREVER = 1 << 30


class CarSilent(Interference):
    """The car takes messages but says nothing more after its first `after` frames."""

    def __init__(self, after: int = 0, *, times: int = FOREVER) -> None:
        self._after = after
        self._left = times

    def on_frame(self, data: bytes) -> list[bytes]:
        if self._after:
            self._after -= 1
        elif self._left:
            self._left -= 1
            return []
        return [data]


class Reply(Interference):
    """Sealed messages are answered with `answers` in the car's place; the car only overhears them.

    where: "sealed" messages, or those that ask for "pairing".
    """

    def __init__(
        self,
        answers: Sequence[vcsec.FromVCSECMessage],
        *,
        where: Literal["sealed", "pairing"] = "sealed",
        times: int = 1,
    ) -> None:
        self._frames = [frame(answer.SerializeToString()) for answer in answers]
        self._pairing = where == "pairing"
        self._left = times

    @property
    def struck(self) -> bool:
        """Whether it had its way as often as it should."""
        return self._left == 0

    def on_message(self, message: bytes) -> list[bytes] | None:
        try:
            request = vcsec.ToVCSECMessage.FromString(message)
        except DecodeError:
            return None
        is_pairing = request.signedMessage.signatureType == vcsec.SIGNATURE_TYPE_PRESENT_KEY
        if not request.HasField("signedMessage") or is_pairing != self._pairing or not self._left:
            return None
        self._left -= 1
        return list(self._frames)


class FaultReply(Reply):
    """Sealed messages are refused with a SignedMessage_information_E; `counter`: the last one the
    car says that it accepted."""

    def __init__(self, information: int, counter: int = 0, *, times: int = 1) -> None:
        super().__init__([signed_fault(information, counter)], times=times)


class PairingReply(Reply):
    """Requests to add a key are refused with a WhitelistOperation_information_E."""

    def __init__(self, information: int, *, times: int = 1) -> None:
        answer = vcsec.FromVCSECMessage()
        status = answer.commandStatus
        status.operationStatus = vcsec.OPERATIONSTATUS_ERROR
        status.whitelistOperationStatus.whitelistOperationInformation = information  # type: ignore[assignment]
        status.whitelistOperationStatus.operationStatus = vcsec.OPERATIONSTATUS_ERROR
        super().__init__([answer], where="pairing", times=times)


class Wait(Reply):
    """The next `n` sealed messages are answered with WAIT: the car is busy."""

    def __init__(self, n: int = 1) -> None:
        wait = vcsec.FromVCSECMessage(
            commandStatus=vcsec.CommandStatus(operationStatus=vcsec.OPERATIONSTATUS_WAIT)
        )
        super().__init__([wait], times=n)


class Spoof(Interference):
    """Puts forged messages before `times` frames of the car's that carry a commandStatus: the car
    did what it was told, and somebody says otherwise."""

    def __init__(self, forged: Sequence[vcsec.FromVCSECMessage], *, times: int = 1) -> None:
        self._frames = [frame(each.SerializeToString()) for each in forged]
        self._left = times

    @property
    def struck(self) -> bool:
        """Whether it had its way as often as it should."""
        return self._left == 0

    def on_frame(self, data: bytes) -> list[bytes]:
        genuine = vcsec.FromVCSECMessage.FromString(data[2:])
        if not self._left or not genuine.HasField("commandStatus"):
            return [data]
        self._left -= 1
        return [*self._frames, data]


def signed_fault(information: int, counter: int = 0) -> vcsec.FromVCSECMessage:
    """A message that refuses a sealed one."""
    answer = vcsec.FromVCSECMessage()
    answer.commandStatus.operationStatus = vcsec.OPERATIONSTATUS_ERROR
    status = answer.commandStatus.signedMessageStatus
    status.signedMessageInformation = information  # type: ignore[assignment]
    status.counter = counter
    return answer

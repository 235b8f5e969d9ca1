"""The seam: what an interference may do, and doing nothing."""

from __future__ import annotations

from typing import Literal

Operation = Literal[
    "mtu",
    "discover services",
    "discover characteristics",
    "discover descriptors",
    "cccd",
    "write",
    "read",
]

Verdict = (
    Literal["error", "disconnect", "disconnect after", "silent", "silent after", "late"] | None
)
"""What becomes of a request. None: as usual. "error": refused with an ATT error. "disconnect": the
car takes the link down. "silent": no response, ever. These keep the request from having an effect,
unless "after" says that it had. "late": it has its effect now, its response comes later."""

UNLIKELY_ERROR = 0x0E
"""ATT error code (Core, Vol 3, Part F, 3.4.1.1)."""


class Interference:
    """Does nothing; subclasses override what they touch.

    error_code: of "error". delay: seconds of "late".
    """

    error_code = UNLIKELY_ERROR
    delay = 1.0

    def on_request(self, op: Operation, index: int) -> Verdict:
        """An ATT request of the fob; index counts the connection's requests from 0."""
        return None

    def on_message(self, message: bytes) -> list[bytes] | None:
        """A whole message to the car, without length; frames to answer it in the car's place."""
        return None

    def on_frame(self, data: bytes) -> list[bytes]:
        """A frame of the car's, length included; the frames that are sent for it."""
        return [data]

    def on_indication(self, data: bytes) -> list[tuple[float, bytes]]:
        """One piece of a frame about to be indicated; what is sent for it, seconds from now."""
        return [(0.0, data)]


class Together(Interference):
    """Several at once; each sees what those before it left."""

    def __init__(self, *parts: Interference) -> None:
        self._parts = parts

    def on_request(self, op: Operation, index: int) -> Verdict:
        for part in self._parts:
            verdict = part.on_request(op, index)
            if verdict is not None:
                self.error_code, self.delay = part.error_code, part.delay
                return verdict
        return None

    def on_message(self, message: bytes) -> list[bytes] | None:
        for part in self._parts:
            answers = part.on_message(message)
            if answers is not None:
                return answers
        return None

    def on_frame(self, data: bytes) -> list[bytes]:
        frames = [data]
        for part in self._parts:
            frames = [each for before in frames for each in part.on_frame(before)]
        return frames

    def on_indication(self, data: bytes) -> list[tuple[float, bytes]]:
        pieces = [(0.0, data)]
        for part in self._parts:
            pieces = [
                (delay + more, each)
                for delay, before in pieces
                for more, each in part.on_indication(before)
            ]
        return pieces

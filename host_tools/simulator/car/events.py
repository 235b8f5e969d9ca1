"""What happens to the car, for logs and for tests."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol

from host_tools import decode

Kind = Literal[
    "connected",
    "disconnected",
    "received",
    "sent",
    "accepted",
    "refused",
    "ignored",
    "enrolment",
    "authentication",
    "granted",
    "state",
    "key",
    "violation",
]
Direction = Literal["to-vehicle", "from-vehicle"]


class Log(Protocol):
    """How the parts of the car report; `connection` is the CarConnection concerned."""

    def __call__(
        self,
        kind: Kind,
        text: str,
        connection: Link | None = None,
        direction: Direction | None = None,
        data: bytes = b"",
    ) -> None: ...


class Link(Protocol):
    """A link, as far as an event names it."""

    peer: str


@dataclass(frozen=True)
class CarEvent:
    """One thing that happened, at `time` (seconds of the car's clock).

    data: the frame, length included, of `received` and `sent`; the bytes concerned of `ignored`.
    peer: the address of the link it happened on, if any.
    """

    time: float
    kind: Kind
    text: str
    peer: str | None = None
    direction: Direction | None = None
    data: bytes = b""

    @property
    def decoded(self) -> str | None:
        """The frame of `received` and `sent` as indented text; None for other kinds."""
        if self.direction is None:
            return None
        try:
            return decode.decode_frame(self.data, self.direction).text()
        except decode.DecodeError as error:
            return f"({error})"

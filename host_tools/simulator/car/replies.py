"""How answers leave the car: at once, late, or not at all."""

from __future__ import annotations

from collections.abc import Callable

from google.protobuf.message import Message

from .behaviour import Behaviour
from .connection import CarConnection
from .events import Log


class Replies:
    """The answers to all links; what the car says unasked does not come here."""

    def __init__(self, behaviour: Behaviour, clock: Callable[[], float], log: Log) -> None:
        self._behaviour = behaviour
        self._clock = clock
        self._log = log
        self._held: list[tuple[CarConnection, Message, str]] = []
        self._until = 0.0

    @property
    def due(self) -> float | None:
        """When `tick` has something to send."""
        return self._until if self._held else None

    def hold(self, seconds: float) -> None:
        """Answers of the next `seconds` are sent when these are over."""
        self._until = self._clock() + seconds

    def tick(self) -> None:
        """Send what was held long enough."""
        if self._clock() < self._until:
            return
        held, self._held = self._held, []
        for connection, message, what in held:
            connection.send(message, what)

    def send(self, connection: CarConnection, message: Message, what: str) -> None:
        """Answer with a message; `what` it is, for the events."""
        if self._behaviour.lose_answers > 0:
            self._behaviour.lose_answers -= 1
            self._log("ignored", f"answer lost: {what}", connection)
        else:
            self._held.append((connection, message, what))
            self.tick()

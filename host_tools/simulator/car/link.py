"""The car's end of the framing: a 2-byte big-endian length before each message."""

from __future__ import annotations

MAX_MESSAGE = 1024
"""Longer messages are refused (the SDK's maxBLEMessageSize)."""

MAX_GAP = 1.0
"""Seconds between two writes after which a partial frame is dropped (the SDK's rxTimeout)."""


class FrameReader:
    """Reassembles messages from the values written to the car."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._last_write = 0.0
        self._dropped: list[tuple[str, bytes]] = []

    def write(self, data: bytes, now: float) -> list[bytes]:
        """Take one written value; return the messages it completed, without their length."""
        if self._buffer and now - self._last_write > MAX_GAP:
            self._drop(f"rest of the frame did not come within {MAX_GAP:g} s")
        self._last_write = now
        self._buffer += data
        messages = []
        while len(self._buffer) >= 2:
            length = int.from_bytes(self._buffer[:2], "big")
            if not 0 < length <= MAX_MESSAGE:
                self._drop(f"length {length} is not within 1 to {MAX_MESSAGE}")
                break
            if len(self._buffer) < 2 + length:
                break
            messages.append(bytes(self._buffer[2 : 2 + length]))
            del self._buffer[: 2 + length]
        return messages

    def completed_by(self, data: bytes) -> list[bytes]:
        """The messages that `data` would complete; nothing is taken."""
        probe = FrameReader()
        return probe.write(bytes(self._buffer) + data, 0.0)

    def take_dropped(self) -> list[tuple[str, bytes]]:
        """Return, and forget, what could not become a message: reason and bytes."""
        dropped, self._dropped = self._dropped, []
        return dropped

    def _drop(self, reason: str) -> None:
        self._dropped.append((reason, bytes(self._buffer)))
        self._buffer.clear()


def frame(message: bytes) -> bytes:
    """Put the length before a message."""
    return len(message).to_bytes(2, "big") + message

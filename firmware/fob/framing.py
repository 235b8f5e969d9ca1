"""Frames on the link: a two-byte big-endian length, then the message.

One frame may span many writes or indications, and one indication may carry several frames.
Source: SDK pkg/connector/ble/ble.go (limits and receive gap); teslabtapi documentation (prefix).
"""

from time import ticks_diff

from micropython import const

from fob.errors import DecodeError

MAX_MESSAGE = const(1024)
RX_GAP_MS = const(1000)


def frame(message):
    """Return `message` with its length in front."""
    if len(message) > MAX_MESSAGE:
        raise ValueError("message too long")
    return len(message).to_bytes(2, "big") + message


def chunks(framed, size):
    """Yield `framed` in pieces of at most `size` bytes (ATT_MTU - 3 for a write)."""
    view = memoryview(framed)
    for at in range(0, len(view), size):
        yield view[at : at + size]


class Reassembler:
    """Turns fragments into messages, whatever way the peer cut them.

    `received` counts the bytes fed so far; `began` is that count where the message that next()
    returned last began.
    """

    def __init__(self):
        self._buffer = bytearray()
        self._fed_ms = 0
        self.received = self.began = 0

    @property
    def partial(self):
        """A message has come in part."""
        return len(self._buffer) > 0

    def feed(self, fragment, now_ms):
        """Take one fragment, received at `now_ms` (time.ticks_ms)."""
        if self._buffer and ticks_diff(now_ms, self._fed_ms) > RX_GAP_MS:
            self.drop()
        self._fed_ms = now_ms
        self._buffer.extend(fragment)
        self.received += len(fragment)

    def drop(self):
        """Forget what has come of a message that is not whole yet."""
        self._buffer = bytearray()

    def next(self):
        """Return the next whole message, or None; a length over MAX_MESSAGE raises DecodeError.

        After that error everything received so far is dropped, since no boundary is known.
        """
        buffer = self._buffer
        if len(buffer) < 2:
            return None
        end = 2 + (buffer[0] << 8 | buffer[1])
        if end > 2 + MAX_MESSAGE:
            self.drop()
            raise DecodeError("frame too long")
        if len(buffer) < end:
            return None
        self.began = self.received - len(buffer)
        message = bytes(memoryview(buffer)[2:end])
        self._buffer = buffer[end:]
        return message

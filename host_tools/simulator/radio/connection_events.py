"""Connection events of one link: when what is handed to the link layer is with the other end.

Core, Vol 6, Part B: LE 1M, no data length extension (neither end asks for it), so a PDU carries 27
bytes and a longer one goes in pieces; no peripheral latency. An event begins every interval; what
an end wants to send waits for the next one, then goes one PDU after the other, each acknowledged,
as long as there is time before the event after it (4.5.6: the bit MD says that there is more).
Nothing is lost on the air.
"""

from __future__ import annotations

LL_PAYLOAD = 27
"""Bytes of one data PDU without data length extension (4.5.10)."""

L2CAP_HEADER = 4
TERMINATION = 2
"""Bytes of the payload that ends a link: LL_TERMINATE_IND."""

_BYTE = 8e-6
# Preamble, access address, header and CRC (2.1).
_OVERHEAD = 10
_INTERFRAME_SPACE = 150e-6
# Sums of intervals are not exact.
_ROUNDING = 1e-6


def ll_pdus(payload: int) -> int:
    """How many link-layer PDUs carry so many bytes, of which an ATT PDU's L2CAP header is four."""
    return -(-payload // LL_PAYLOAD)


def _air_time(payload: int) -> float:
    """Seconds of a data PDU and the empty one that acknowledges it, pauses included."""
    return (2 * _OVERHEAD + payload) * _BYTE + 2 * _INTERFRAME_SPACE


class ConnectionEvents:
    """One direction of a link. Times are seconds of one clock; `began` that of its first event."""

    def __init__(self, began: float, interval: float) -> None:
        self._began = began
        self._interval = interval
        # The event that was sent in last, and how much of it is used up.
        self._event = 0
        self._used = 0.0

    def send(self, now: float, payload: int) -> float:
        """Hand so many bytes to the link layer; return when they are there, all of them."""
        event = int((now - self._began) / self._interval + _ROUNDING) + 1
        if event > self._event:
            self._event, self._used = event, 0.0
        for start in range(0, payload, LL_PAYLOAD):
            piece = _air_time(min(payload - start, LL_PAYLOAD))
            if self._used + piece > self._interval:
                self._event += 1
                self._used = 0.0
            self._used += piece
        return self._began + self._event * self._interval + self._used

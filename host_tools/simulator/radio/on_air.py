"""What somebody with a sniffer beside the car would see of it and the fobs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

OnAirKind = Literal[
    "scan", "dial", "advertised", "connecting", "connected", "to car", "to fob", "leaving"
]


@dataclass(frozen=True)
class OnAir:
    """Something on the air; times are the loop's.

    scan, dial: a fob begins to listen for advertisements, or to wait for that of one address.
    advertised: an advertising event, told while anybody listens. connecting: a fob answers one
    with a connection request. connected: the first connection event. to car, to fob: an ATT PDU,
    at `time` with the link layer, at `arrives` with the other end, in `ll_pdus` link-layer PDUs.
    leaving: the fob takes the link down.
    """

    time: float
    kind: OnAirKind
    arrives: float
    pdu: bytes = b""
    ll_pdus: int = 0

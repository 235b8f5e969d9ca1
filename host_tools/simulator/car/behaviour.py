"""In what real cars differ, or may: the rules a test can choose."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Refusal = Literal["refuse", "ignore"]


@dataclass(frozen=True)
class LockOut:
    """After `faults` badly sealed messages within `within` seconds, nobody gets a link for
    `lasting` seconds: what was seen once, after about 25 within minutes, for about 20 minutes."""

    faults: int = 25
    within: float = 600.0
    lasting: float = 1200.0


@dataclass
class Behaviour:
    """Rules of one car; they may be changed while it runs.

    plaintext: what a signed message encrypts: an UnsignedMessage (A), a ToVCSECMessage around it
        (B, as some older clients send), or either (AB).
    require_none: what becomes of a command that comes before any authenticationResponse of this
        connection: it runs (False), is answered with a fault, or is ignored.
    require_role: what becomes of a request to add a key without a role; today's cars ignore it or
        answer with code 19.
    acknowledge: how success of a signed message shows: a bare commandStatus, one that carries the
        counter, or only a vehicleStatus.
    announce_enrolment: whether WAIT and the result are sent; newer cars often send neither.
    push_key: whether sessionInfo follows a message that did not decrypt.
    tap_timeout: seconds a request to add a key waits for the card.
    busy: how many of the next signed messages are answered with WAIT.
    lose_answers: how many of the next answers get lost on their way.
    idle_timeout: seconds without a write after which the car drops a link; real ones after about
        42 s; None for never.
    lock_out: what happens after many badly sealed messages; None for nothing.
    """

    plaintext: Literal["A", "B", "AB"] = "A"
    require_none: Refusal | Literal[False] = False
    require_role: Refusal | Literal[False] = False
    acknowledge: Literal["status", "counter", "vehicle-status"] = "status"
    announce_enrolment: bool = True
    push_key: bool = True
    tap_timeout: float = 30.0
    busy: int = 0
    lose_answers: int = 0
    idle_timeout: float | None = None
    lock_out: LockOut | None = None

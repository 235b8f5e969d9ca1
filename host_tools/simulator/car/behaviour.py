"""In what real cars differ, or may: the rules a test can choose."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

Refusal = Literal["refuse", "ignore"]
Vintage = Literal["2021", "2023", "2026"]


@dataclass(frozen=True)
class LockOut:
    """After `faults` badly sealed messages within `within` seconds, nobody gets a link for
    `lasting` seconds: what was seen once, after about 25 within minutes, for about 20 minutes."""

    faults: int = 25
    within: float = 600.0
    lasting: float = 1200.0


@dataclass
class Behaviour:
    """Rules of one car; they may be changed while it runs. Without arguments it is one of 2021.

    protocols: which it speaks: "legacy" the older one, "signed" the signed-command protocol.

    In both protocols:

    require_role: what becomes of a request to add a key without a role; today's cars ignore it or
        answer with code 19.
    announce_enrolment: whether WAIT and the result are sent; newer cars often send neither.
    tap_timeout: seconds a request to add a key waits for the card.
    busy: how many of the next signed messages find the car busy.
    lose_answers: how many of the next answers get lost on their way.
    idle_timeout: seconds without a write, or a read of the version, after which the car drops a
        link; real ones after about 42 s; None for never.
    lock_out: what happens after many badly sealed messages; None for nothing.
    push: how it tells unasked what it has to tell, such as the vehicle status: "raw", "wrapped" in
        a broadcast, or "both".
    silent_asleep: whether it leaves GET_STATUS unanswered while it sleeps.
    wake_time: seconds until it answers the first message after it fell asleep.
    walk_away_lock: whether the car locks itself when the link of the last active key ends.
    dropped_actions: whether it knows the RKE numbers that today's protocol dropped: 2 to 18, 21 to
        28. (31 and 32, which later versions added, are known to whatever speaks signed commands.)
    moving_time: seconds that a motor needs to open or close the rear trunk, the charge port or the
        tonneau, which OPENING and CLOSING tell; 0 for at once.

    In the older protocol:

    plaintext: what a signed message encrypts: an UnsignedMessage (A), a ToVCSECMessage around it
        (B, as some older clients send), or either (AB).
    require_none: what becomes of a command that comes before any authenticationResponse of this
        connection: it runs (False), is answered with a fault, or is ignored.
    acknowledge: how success of a signed message shows: a bare commandStatus, one that carries the
        counter, or only a vehicleStatus.
    response_forms: which authenticationResponses it takes: those with the token, those in plain
        AES_GCM, or any. Others are refused: a token with FAULT_UNKNOWN, plain with INVALID_TOKEN.
    push_key: whether sessionInfo follows a message that did not decrypt.

    In the signed-command protocol:

    encryption: of answers to signed messages: never, where asked for (FLAG_ENCRYPT_RESPONSE), or
        "required": those that do not ask for it are refused.
    unknown_key: how a session info request of a key that is not on the whitelist is answered.
    untagged: how many of the first session infos lack their tag after a key was added.
    echo_uuid: which answers carry the request_uuid; session info that does not cannot be verified
        by everybody.
    success: what is sent for a command that was carried out; up to three answers.
    answer_flags: of the envelope of encrypted answers, whose tag covers them.
    busy_as: how WAIT shows: a commandStatus, the operation_status of the envelope, or a fault.
    lifetime: seconds that a command may be valid for at most.
    response_limit: bytes of an answer's message at most.
    """

    protocols: Literal["legacy", "both", "signed"] = "legacy"
    require_role: Refusal | Literal[False] = False
    announce_enrolment: bool = True
    tap_timeout: float = 30.0
    busy: int = 0
    lose_answers: int = 0
    idle_timeout: float | None = None
    lock_out: LockOut | None = None
    push: Literal["raw", "wrapped", "both"] = "raw"
    silent_asleep: bool = False
    wake_time: float = 0.0
    walk_away_lock: bool = True
    dropped_actions: bool = True
    moving_time: float = 0.0

    plaintext: Literal["A", "B", "AB"] = "A"
    require_none: Refusal | Literal[False] = False
    acknowledge: Literal["status", "counter", "vehicle-status"] = "status"
    response_forms: Literal["any", "token", "plain"] = "any"
    push_key: bool = True

    encryption: Literal["never", "on-request", "required"] = "never"
    unknown_key: Literal["session-info", "fault"] = "session-info"
    untagged: int = 0
    echo_uuid: Literal["always", "session-info", "never"] = "always"
    success: tuple[Literal["empty", "status", "vehicle-status"], ...] = ("empty",)
    answer_flags: int = 0
    busy_as: Literal["command-status", "operation-status", "fault"] = "command-status"
    lifetime: int = 15
    response_limit: int | None = None


_VINTAGES: dict[Vintage, dict[str, Any]] = {
    "2021": {},
    "2023": {
        "protocols": "both",
        "idle_timeout": 42.0,
        "require_role": "refuse",
        "silent_asleep": True,
        "unknown_key": "fault",
        "echo_uuid": "session-info",
        "success": ("status",),
        # Clients that work today, such as tesla-fleet-api, ask for 30.
        "lifetime": 60,
    },
    "2026": {
        "protocols": "signed",
        "idle_timeout": 42.0,
        "require_role": "ignore",
        "announce_enrolment": False,
        "push": "wrapped",
        "dropped_actions": False,
        "silent_asleep": True,
        "wake_time": 1.0,
        "encryption": "required",
        "untagged": 1,
        "response_limit": 1024,
    },
}


def vintage(year: Vintage, **changes: Any) -> Behaviour:
    """The rules of a typical car of a year, with some of them changed.

    2021 speaks the older protocol only; 2023 both, with answers in clear; 2026 the signed-command
    protocol only, with encrypted answers, and is the strictest.
    """
    return Behaviour(**{**_VINTAGES[year], **changes})

"""What the bench tells of presses: one cost for each way to do them, phase by phase."""

from dataclasses import dataclass
from typing import Literal, get_args

State = Literal["cold", "warm"]
Protocol = Literal["legacy", "signed"]
PhaseName = Literal[
    "button",
    "scan",
    "connect",
    "discovery",
    "MTU",
    "subscribe",
    "session",
    "write",
    "car",
    "confirm",
]

PHASES: tuple[PhaseName, ...] = get_args(PhaseName)
"""In the order in which a press goes through them; not every press has all of them.

button: from the finger's release to the first call of the radio. scan: to the advertisement that
the connection begins with. connect: from there to the connection. session: asking for the car's
key or session info, and its answer. write: from the first request of the sealed command to the
arrival of the last one at the car. car: to the moment when its reply is ready. confirm: until the
last piece of the reply is with the fob.
"""


@dataclass(frozen=True)
class Phase:
    """Means over the presses of a case. events: virtual time in connection intervals."""

    name: PhaseName
    ms: float
    events: float
    att_requests: float
    ll_pdus: float


@dataclass(frozen=True)
class Cost:
    """A press from the finger's release to the car's reply: phases in their order, and their sums.

    ll_pdus: link-layer PDUs that carry something, both ways.
    """

    phases: list[Phase]
    ms: float
    events: float
    att_requests: float
    ll_pdus: float


@dataclass(frozen=True)
class Case:
    """The same presses by the fob and by a client as the common ones, and the least they can take.

    ratio: the fob's time by that of the bound; peer_ratio: the peer's.
    """

    state: State
    protocol: Protocol
    mtu: int
    interval_ms: float
    presses: int
    fob: Cost
    bound: Cost
    peer: Cost
    ratio: float
    peer_ratio: float


@dataclass(frozen=True)
class Finding:
    """Presses on a warm session: ms of virtual time from the finger's release to acceptance.

    situation: of the car's address. chosen: what the firmware does in this situation.
    """

    situation: str
    advertising_ms: float
    strategy: str
    chosen: bool
    presses: int
    median_ms: float
    slowest_ms: float


@dataclass(frozen=True)
class Occasion:
    """One press after something happened, at MTU 115; ms as in Finding."""

    vintage: str
    situation: str
    protocol: str
    att_requests: int
    frames: int
    ms: float


@dataclass(frozen=True)
class Results:
    """cases: cold before warm, legacy before signed, MTU 23 before 115, short intervals first."""

    cases: list[Case]
    worst_warm_ratio: float
    findings: list[Finding]
    occasions: list[Occasion]

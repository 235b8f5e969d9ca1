"""What a test or trial does to the conversation between a fob and the simulated car.

One seam for both radios: give one `interference=`, or set it between presses. Everything here
strikes a number of times and then lets be, so that the next press can show that it works.

`interference` is the seam, `requests` acts on ATT requests, `indications` on pieces of frames,
`messages` on what fob and car say.
"""

from .indications import (
    Drop,
    Duplicate,
    Garbage,
    Late,
    Oversize,
    Reorder,
    Truncate,
)
from .interference import (
    UNLIKELY_ERROR,
    Interference,
    Operation,
    Together,
    Verdict,
)
from .messages import (
    FOREVER,
    CarSilent,
    FaultReply,
    PairingReply,
    Reply,
    Spoof,
    Wait,
    signed_fault,
)
from .requests import (
    AtRequest,
    AttErrorAt,
    DisconnectAt,
    LateAt,
    SilentAt,
)

__all__ = [
    "FOREVER",
    "UNLIKELY_ERROR",
    "AtRequest",
    "AttErrorAt",
    "CarSilent",
    "DisconnectAt",
    "Drop",
    "Duplicate",
    "FaultReply",
    "Garbage",
    "Interference",
    "Late",
    "LateAt",
    "Operation",
    "Oversize",
    "PairingReply",
    "Reorder",
    "Reply",
    "SilentAt",
    "Spoof",
    "Together",
    "Truncate",
    "Verdict",
    "Wait",
    "signed_fault",
]

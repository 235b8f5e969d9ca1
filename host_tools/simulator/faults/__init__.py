"""What a test or trial does to the conversation between a fob and the simulated car.

One seam for both radios: give one `interference=`, or set it between presses. Everything here
strikes a number of times and then lets be, so that the next press can show that it works.

`interference` is the seam, `requests` acts on ATT requests, `indications` on pieces of frames,
`messages` on what fob and car say in the older protocol, `envelopes` in the signed-command
protocol; `impostor` speaks that in the car's place.
"""

from .envelopes import (
    AnswerInstead,
    AtMessage,
    ChangeAnswers,
    Envelope,
    LateAnswers,
    RequestKind,
    Words,
    answer_to,
    envelope_in,
    kind_of,
)
from .impostor import Impostor
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
    "AnswerInstead",
    "AtMessage",
    "AtRequest",
    "AttErrorAt",
    "CarSilent",
    "ChangeAnswers",
    "DisconnectAt",
    "Drop",
    "Duplicate",
    "Envelope",
    "FaultReply",
    "Garbage",
    "Impostor",
    "Interference",
    "Late",
    "LateAnswers",
    "LateAt",
    "Operation",
    "Oversize",
    "PairingReply",
    "Reorder",
    "Reply",
    "RequestKind",
    "SilentAt",
    "Spoof",
    "Together",
    "Truncate",
    "Verdict",
    "Wait",
    "Words",
    "answer_to",
    "envelope_in",
    "kind_of",
    "signed_fault",
]

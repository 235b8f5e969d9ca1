"""The one error tree of the firmware.

Every error carries a stable `code` for logs and for the laptop. No text ever holds a key, a
plaintext or a shared secret: texts are printed and kept.
"""


class FobError(Exception):
    """Root of the tree; `needs_laptop` tells the app which light to show."""

    code = "error"
    needs_laptop = False


class AuthenticationFailed(FobError):
    """A tag did not verify; nothing of the message may be used."""

    code = "authentication-failed"


class InvalidKey(FobError):
    """A scalar or point that the curve does not allow."""

    code = "invalid-key"


class DecodeError(FobError):
    """Malformed bytes: truncated, oversized, trailing, or not what the schema says."""

    code = "malformed"


class NeedsLaptop(FobError):
    """Nothing the fob or its owner's finger can mend: configuration, key or state."""

    code = "needs-laptop"
    needs_laptop = True


class ConfigError(NeedsLaptop):
    """Missing, foreign or invalid configuration or key."""

    code = "configuration"


class StoreError(NeedsLaptop):
    """Durable state that is missing or corrupt: never treated as empty."""

    code = "state"


class CounterExhausted(StoreError):
    """The 32-bit counter of this key is used up; only a new key helps."""

    code = "counter-exhausted"


class LinkError(FobError):
    """The radio or the link failed; trying again may help."""

    code = "link"


class AttError(LinkError):
    """The car answered a request with an ATT error, `status` as the stack reports it."""

    code = "att"

    def __init__(self, text, status):
        super().__init__(text)
        self.status = status


class NotFound(LinkError):
    """No advertisement of the car was heard."""

    code = "not-found"


class ConnectionLimit(LinkError):
    """The car was heard but takes no connection: its limit of three is reached."""

    code = "connection-limit"


class Disconnected(LinkError):
    """The link went down."""

    code = "disconnected"


class TimedOut(LinkError):
    """An answer did not come in time."""

    code = "timed-out"


class HeldBack(FobError):
    """The guard stops this fob until its owner confirms: more attempts could do harm."""

    code = "held-back"


class Refused(FobError):
    """The car said no; `reason` is the number it gave (0 when it gave none)."""

    code = "refused"

    def __init__(self, text, reason=0):
        super().__init__(text)
        self.reason = reason


class NotPaired(Refused):
    """The car does not know this fob's key."""

    code = "not-paired"


class KeyRefused(Refused):
    """The car changed nothing on its whitelist; `reason` is the number that it gave for that."""

    code = "key-refused"

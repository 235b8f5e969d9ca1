"""One Bluetooth link to the car, as the car sees it."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from google.protobuf.message import Message

from host_tools.protocol import vcsec_pb2 as vcsec

from .events import Log
from .link import FrameReader, frame
from .whitelist import WhitelistKey

# Tokens that a late answer is still told apart by.
_FORMER_TOKENS = 16


class CarConnection:
    """Values written to the car go in with `write`; frames to indicate come out.

    on_frame is called whenever a frame was added, also unasked ones; it must not call back.
    on_drop is called when the car wants the link to end; `disconnect` is due then.
    on_message is shown every message before the car is: frames it returns are sent instead of the
    car's answer, and the car does not see the message; None lets the car have it.
    Writing after the link is gone does nothing.
    """

    def __init__(
        self,
        peer: str,
        log: Log,
        on_write: Callable[[CarConnection, bytes], None],
        on_close: Callable[[CarConnection], None],
        on_loss: Callable[[CarConnection, bytes], None],
        on_read: Callable[[CarConnection], None],
    ) -> None:
        self.peer = peer
        self.on_frame: Callable[[], None] | None = None
        self.on_drop: Callable[[], None] | None = None
        self.on_message: Callable[[bytes], list[bytes] | None] | None = None
        self.reader = FrameReader()
        self.active_key: WhitelistKey | None = None
        """The key that sent an authenticationResponse over this link."""
        self.level: int = vcsec.AUTHENTICATION_LEVEL_NONE
        """What that response allows (AuthenticationLevel_E)."""
        self.token: bytes | None = None
        """The token of the authenticationRequests that are sent over this link right now."""
        self.former_tokens: deque[bytes] = deque(maxlen=_FORMER_TOKENS)
        """Earlier ones: what is sealed with one of them is recognised, and refused."""
        self.answered_tokens: deque[bytes] = deque(maxlen=_FORMER_TOKENS)
        self.unanswered = 0
        """How many tokens of the present request were not answered."""
        self.last_sign = 0.0
        """Of the car's clock, when something was written or read, or the link was made."""
        self.dropping = False
        """Whether the car wants the link to end."""
        self.is_open = True
        self._log = log
        self._on_write = on_write
        self._on_close = on_close
        self._on_loss = on_loss
        self._on_read = on_read
        self._frames: deque[bytes] = deque()

    def write(self, data: bytes) -> None:
        """Take the value of one ATT write to the car; never raises because of its contents."""
        if self.is_open:
            self._on_write(self, bytes(data))

    def read_version(self) -> None:
        """The version characteristic (0214) is read, which keeps an idle link."""
        if self.is_open:
            self._on_read(self)

    def renew_token(self, token: bytes | None) -> None:
        """Replace the token; None for no request."""
        if self.token is not None:
            self.former_tokens.append(self.token)
        self.token = token

    def lose(self, data: bytes) -> None:
        """A value was written, but the car did not take it: it only was on the air."""
        if self.is_open:
            self._on_loss(self, bytes(data))

    def take_frames(self) -> list[bytes]:
        """Return, and forget, the frames waiting to be sent; each starts with its length."""
        frames = list(self._frames)
        self._frames.clear()
        return frames

    def send(self, message: Message, what: str) -> None:
        """Queue a message, unless the link is gone; `what` it is, for the events."""
        if not self.is_open:
            return
        data = frame(message.SerializeToString())
        self._log("sent", what, self, "from-vehicle", data)
        self.queue(data)

    def queue(self, data: bytes) -> None:
        """Have a frame sent that is not the car's own."""
        self._frames.append(data)
        if self.on_frame:
            self.on_frame()

    def disconnect(self) -> None:
        """The link is gone: frames not yet taken are lost, the key is no longer active."""
        if not self.is_open:
            return
        self.is_open = False
        self._frames.clear()
        self._on_close(self)
        self.active_key = None
        self.level = vcsec.AUTHENTICATION_LEVEL_NONE
        self.token = None

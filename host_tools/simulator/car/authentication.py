"""Passive entry: the car asks its keys whether somebody may come in or drive, and they answer.

A request goes out over every link, about once a second, with a token of its own for each link that
changes after 5 s. The first sufficient answer permits one action, then the level is NONE again;
after 8 s the car gives up. A level that a key sends unasked is kept for one action to come.

An answer without a distance, or with 0, comes from a key next to the car. The unit of the distance
is documented nowhere; this car takes more than 5 of it for too far.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from host_tools.protocol import vcsec_pb2 as vcsec

from . import answers
from .body import Body, CommandRefusal, require
from .connection import CarConnection
from .events import Log
from .keys import Random
from .nonces import Reuse, TokenReuse
from .purposes import Purpose
from .whitelist import Whitelist, WhitelistKey

TOKEN_LENGTH = 20
TOKEN_TIME = 5.0
REQUEST_INTERVAL = 1.0
PATIENCE = 8.0
FAR = 5

_PERMISSIONS = {
    vcsec.AUTHENTICATION_LEVEL_UNLOCK: vcsec.WHITELISTKEYPERMISSION_LOCAL_UNLOCK,
    vcsec.AUTHENTICATION_LEVEL_DRIVE: vcsec.WHITELISTKEYPERMISSION_LOCAL_DRIVE,
}
# How the car tells something unasked over one link: message, what it is.
Tell = Callable[[CarConnection, vcsec.FromVCSECMessage, str], None]


@dataclass
class _Pending:
    """A purpose that no key has met yet; times are of the car's clock."""

    purpose: Purpose
    began: float
    token_began: float
    next_request: float


class Authentication:
    """What one car asks its keys; one purpose at a time, a newer one replaces one that waits."""

    def __init__(
        self,
        body: Body,
        whitelist: Whitelist,
        connections: Sequence[CarConnection],
        clock: Callable[[], float],
        random: Random,
        tell: Tell,
        log: Log,
        on_reuse: Callable[[Reuse], None],
    ) -> None:
        self._body = body
        self._whitelist = whitelist
        self._connections = connections
        self._clock = clock
        self._random = random
        self._tell = tell
        self._log = log
        self._on_reuse = on_reuse
        self._pending: _Pending | None = None

    @property
    def due(self) -> float | None:
        """When `tick` has something to do."""
        if self._pending is None:
            return None
        return min(self._pending.next_request, self._pending.began + PATIENCE)

    def want(self, purpose: Purpose, delay: float = 0.0) -> None:
        """Permit what a level that was sent unasked covers; ask all keys, after `delay`, else."""
        self.withdraw()
        for connection in self._connections:
            if connection.level >= purpose.level and self._kept(connection, purpose):
                self._grant(purpose, connection)
                return
        now = self._clock() + delay
        self._pending = _Pending(purpose, now, now, now)
        self._log("authentication", f"{purpose.text}: wants {_name(purpose.level)}")
        for connection in self._connections:
            self._renew(connection, first=True)
        self.tick(self._clock())

    def withdraw(self) -> None:
        """Want nothing any more; the tokens of requests are over."""
        self._pending = None
        for connection in self._connections:
            connection.renew_token(None)

    def cancel(self) -> None:
        """End what is asked for, and forget levels that were kept."""
        if self._pending:
            self._log("authentication", "cancelled")
        self.withdraw()
        for connection in self._connections:
            connection.level = vcsec.AUTHENTICATION_LEVEL_NONE

    def welcome(self, connection: CarConnection) -> None:
        """Ask over a new link too."""
        if self._pending:
            self._renew(connection, first=True)
            if self._clock() >= self._pending.began:
                self._ask(connection, self._pending.purpose)

    def tick(self, now: float) -> None:
        """Ask again, or give up."""
        self._settle()
        pending = self._pending
        if pending is None:
            return
        if now >= pending.began + PATIENCE:
            self._give_up(pending.purpose)
            return
        if now < pending.next_request:
            return
        if now >= pending.token_began + TOKEN_TIME:
            pending.token_began += TOKEN_TIME
            for connection in self._connections:
                self._renew(connection)
        while pending.next_request <= now:
            pending.next_request += REQUEST_INTERVAL
        for connection in self._connections:
            self._ask(connection, pending.purpose)

    def check_token(self, token: bytes, key: WhitelistKey, connection: CarConnection) -> bool:
        """Whether a message of `key`, sealed with a token of this link, may use it now."""
        if token in connection.answered_tokens:
            self._on_reuse(TokenReuse(key.key_id))
            return False
        return token == connection.token

    def answer(
        self,
        response: vcsec.AuthenticationResponse,
        key: WhitelistKey,
        connection: CarConnection,
        token: bytes | None,
    ) -> None:
        """Take an authenticationResponse; raises CommandRefusal.

        token: the one it is bound to, which `check_token` has checked; None in the forms that name
        none, of which no more may come than tokens were sent.
        """
        self._settle()
        level = response.authenticationLevel
        if level not in vcsec.AuthenticationLevel_E.values():
            raise CommandRefusal(vcsec.GENERICERROR_UNKNOWN)
        wanted = self._pending.purpose if self._pending else None
        if level != vcsec.AUTHENTICATION_LEVEL_NONE:
            require(key, _PERMISSIONS[level])
            if wanted and level >= wanted.level:
                require(key, _PERMISSIONS[wanted.level])
        connection.active_key = key
        connection.level = vcsec.AUTHENTICATION_LEVEL_NONE
        self._count(token, level, key, connection)
        if why := _disregarded(response):
            self._log("authentication", f"{_name(level)} of {_who(key)} counts for NONE: {why}")
            return
        connection.level = level
        if level == vcsec.AUTHENTICATION_LEVEL_NONE:
            return
        if wanted is None:
            self._log("authentication", f"{_who(key)} sends {_name(level)} unasked", connection)
        elif level < wanted.level:
            text = f"{_who(key)} sends {_name(level)}, but {_name(wanted.level)} is wanted"
            self._log("authentication", text, connection)
        else:
            self._grant(wanted, connection)

    def _kept(self, connection: CarConnection, purpose: Purpose) -> bool:
        """Whether the key that sent the level over a link is still one that may."""
        key = connection.active_key and self._whitelist.find(connection.active_key.key_id)
        return key is not None and key.may(_PERMISSIONS[purpose.level])

    def _grant(self, purpose: Purpose, connection: CarConnection) -> None:
        assert connection.active_key
        what = "the car may be driven"
        if purpose.level == vcsec.AUTHENTICATION_LEVEL_DRIVE:
            self._body.may_drive = True
        else:
            what = "the car unlocks"
            self._body.unlock(passively=True)
            if purpose.handle:
                self._body.closures.swing(purpose.handle)
        text = f"{what}: {purpose.text}, {_who(connection.active_key)} answers"
        self._log("granted", f"{text} {_name(connection.level)}", connection)
        connection.level = vcsec.AUTHENTICATION_LEVEL_NONE
        self.withdraw()

    def _settle(self) -> None:
        """Withdraw what was met otherwise, as by a button of a key."""
        pending = self._pending
        if pending is None:
            return
        drives = pending.purpose.level == vcsec.AUTHENTICATION_LEVEL_DRIVE
        if self._body.may_drive if drives else not self._body.locked:
            self._log("authentication", "no longer wanted")
            self.withdraw()

    def _give_up(self, purpose: Purpose) -> None:
        self._log("authentication", f"given up after {PATIENCE:g} s: {purpose.text}")
        self.withdraw()
        if purpose.handle is None:
            return
        unknown = any(connection.active_key is None for connection in self._connections)
        alert = answers.handle_pulled_without_auth(
            purpose.handle_pulled, len(self._connections), unknown_device=unknown
        )
        for connection in self._connections:
            self._tell(connection, alert, "alert")

    def _renew(self, connection: CarConnection, *, first: bool = False) -> None:
        connection.renew_token(self._random(TOKEN_LENGTH))
        connection.unanswered = 1 if first else connection.unanswered + 1

    def _ask(self, connection: CarConnection, purpose: Purpose) -> None:
        assert connection.token
        request = answers.authentication_request(connection.token, purpose.level, purpose.reasons)
        self._tell(connection, request, "authenticationRequest")

    def _count(
        self, token: bytes | None, level: int, key: WhitelistKey, connection: CarConnection
    ) -> None:
        """Watch that no token is answered twice."""
        if token is not None:
            connection.answered_tokens.append(token)
        elif self._pending is None or level == vcsec.AUTHENTICATION_LEVEL_NONE:
            return
        elif connection.unanswered == 0:
            self._on_reuse(TokenReuse(key.key_id))
        connection.unanswered = max(0, connection.unanswered - 1)


def _disregarded(response: vcsec.AuthenticationResponse) -> str | None:
    """Why an answer permits nothing, if so."""
    if response.rejection != vcsec.AUTHENTICATION_REJECTION_NONE:
        return f"rejection {response.rejection}"
    if response.estimatedDistance > FAR:
        return f"at distance {response.estimatedDistance}, far is more than {FAR}"
    return None


def _name(level: int) -> str:
    name = vcsec.AuthenticationLevel_E.Name(level)
    return name.removeprefix("AUTHENTICATION_LEVEL_")


def _who(key: WhitelistKey) -> str:
    return f"key {key.key_id.hex()}"

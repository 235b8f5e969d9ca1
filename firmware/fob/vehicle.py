"""The car as the app sees it: find it, start a session, have a command confirmed.

The radio that is handed in offers: start(), random(n), await find(names, timeout_ms),
await connect(peer, timeout_ms) -> link; the link also offers await open() (discovery and
subscription) and await disconnect().
"""

from time import ticks_add, ticks_ms

from micropython import const

from fob import codes, legacy, messages, names
from fob.errors import Disconnected, NotPaired, Refused, TimedOut
from fob.exchange import Exchange

_FIND_MS = const(6000)
_CONNECT_MS = const(3000)
_ANSWER_MS = const(1500)
_BUSY_MS = const(1000)
_TRIES = const(4)
_CONNECTIONS = const(2)

# A counter that the car reports is not authenticated: followed only once a connection, and only
# this far past the lease, so that a hostile answer cannot use up the counter of this key.
_MAX_COUNTER_JUMP = const(65536)

# After an error without detail, the detail may follow as a message of its own.
_DETAIL_MS = const(300)

# Outcomes of one sealed message.
_ACCEPTED = "accepted"
_BUSY = "busy"
_REFUSED = "refused"
_SILENT = "silent"

# Reasons that no repetition changes, in the owner's words.
_DENIALS = {
    codes.GENERICERROR_CLOSURES_OPEN: "something is open",
    codes.GENERICERROR_DISABLED_FOR_USER_COMMAND: "the car's settings do not allow it",
    codes.GENERICERROR_VEHICLE_NOT_IN_PARK: "the car is not in park",
    codes.GENERICERROR_UNAUTHORIZED: "this key may not do that",
}

_COUNTER_FAULTS = (
    codes.SIGNEDMESSAGE_INFORMATION_FAULT_IV_SMALLER_THAN_EXPECTED,
    codes.SIGNEDMESSAGE_INFORMATION_FAULT_TOKEN_AND_COUNTER_INVALID,
)


class Vehicle:
    """One car and this fob's session with it."""

    def __init__(self, radio, config, counter, cache):
        self._radio = radio
        self._config = config
        self._counter = counter
        self._cache = cache
        self._names = names.of(config.vin)
        self._refusal = 0
        self._jumped = False
        self._failures = 0
        self.session = self._proven()

    async def perform(self, unsigned, lock_state=None):
        """Connect and have the UnsignedMessage carried out; returns when the car confirmed it.

        `lock_state` is the state that the command leads to, where there is one: seeing it
        confirms the command too. Raises a FobError that says why not.
        """
        # Without a state to check, a command that may have been carried out is not repeated.
        connections = 1 if lock_state is None else _CONNECTIONS
        try:
            await self.converse(
                lambda exchange: self._deliver(exchange, unsigned, lock_state), connections
            )
        except (Refused, TimedOut):
            # Perhaps the session confirmed last was a lie: the next press begins with the other.
            self._failures += 1
            raise

    async def converse(self, conversation, connections=_CONNECTIONS):
        """Run `conversation(exchange)` on a fresh connection, again if the link goes down.

        Each starts from the proven session: what an earlier one was told may have been a lie.
        """
        for remaining in range(connections - 1, -1, -1):
            self.session = self._proven()
            self._jumped = False
            link = await self._connect()
            try:
                await link.open()
                await conversation(Exchange(link))
                return
            except Disconnected:
                if not remaining:
                    raise
            finally:
                await link.disconnect()

    async def agree(self, exchange):
        """Ask for the car's key and derive the shared key; kept only once it is proven."""
        answer = await exchange.ask(
            self.session.request(),
            lambda answer: "sessionInfo" in answer or legacy.fault(answer),
            _ANSWER_MS,
        )
        if "sessionInfo" not in answer:
            self._raise_unpaired(legacy.fault(answer)[0])
            raise Refused("the car gives no session", legacy.fault(answer)[0])
        for session in self._cache.sessions:
            if session[0] == answer["sessionInfo"].get("publicKey"):
                self.session = self._session(*session)
                return
        self.session.agree(answer, self._config.private_key, self._radio.random)

    async def prove(self, exchange):
        """Tell the car who is connected, which also proves that the key works; then keep it.

        This is authenticationResponse NONE. Raises NotPaired, Refused or TimedOut.
        """
        outcome = await self._introduce(exchange)
        if outcome == _SILENT:
            # Cars may accept it without a word. They answer in order, so an answer to a later
            # question shows that no fault is still under way.
            answer = await exchange.ask(
                messages.status_request(),
                lambda answer: "vehicleStatus" in answer or legacy.fault(answer),
                _ANSWER_MS,
            )
            if "vehicleStatus" in answer:
                outcome = _ACCEPTED
            else:
                self._refusal, _ = legacy.fault(answer)
                self._raise_unpaired(self._refusal)
        if outcome != _ACCEPTED:
            raise Refused("the car refuses the key", self._refusal)
        self._keep(False, paired=True)

    def _proven(self):
        sessions = self._cache.sessions
        return self._session(*(sessions[self._failures % len(sessions)] if sessions else ()))

    def _session(self, *keys):
        return legacy.Session(self._config.public_key, *keys)

    async def _connect(self):
        self._radio.start()
        peer = await self._radio.find(self._names, _FIND_MS)
        return await self._radio.connect(peer, _CONNECT_MS)

    async def _deliver(self, exchange, unsigned, lock_state):
        if self.session.shared_key is None:
            await self.agree(exchange)
        if not self._cache.needs_none:
            outcome = await self._attempt(exchange, unsigned, lock_state)
            if outcome == _ACCEPTED:
                self._keep(False)
                return
            if outcome == _SILENT and lock_state is None:
                # It may have been carried out: once more could undo it.
                raise TimedOut("the car did not confirm the command")
        await self._introduce(exchange)
        outcome = await self._attempt(exchange, unsigned, lock_state)
        if outcome == _REFUSED:
            raise Refused("the car refuses the command", self._refusal)
        if outcome != _ACCEPTED:
            raise TimedOut("the car did not confirm the command")
        self._keep(True)

    async def _introduce(self, exchange):
        """Send authenticationResponse NONE, which tells the car who is connected.

        Its answer is waited for in full, lest it pass for the command's.
        """
        none = messages.authentication_response(codes.AUTHENTICATION_LEVEL_NONE)
        return await self._attempt(exchange, none, None)

    async def _attempt(self, exchange, unsigned, lock_state):
        """Seal and send until the car decides: _ACCEPTED, _REFUSED or _SILENT."""
        agreed = False
        outcome = _SILENT
        for _ in range(_TRIES):
            await exchange.drain()
            before = exchange.lock_state
            await exchange.send(self.session.seal(unsigned, self._counter.take()))
            outcome, reported = await self._outcome(exchange, before, lock_state)
            if outcome == _BUSY:
                await exchange.drain(_BUSY_MS)
            elif outcome != _REFUSED:
                return outcome
            elif self._refusal in _COUNTER_FAULTS:
                if self._jumped or self._counter.distance(reported) > _MAX_COUNTER_JUMP:
                    return outcome
                self._jumped = True
                self._counter.advance(reported + 1)
            elif self._refusal == codes.SIGNEDMESSAGE_INFORMATION_FAULT_AES_DECRYPT_AUTH:
                if agreed:
                    return outcome
                agreed = True
                await self.agree(exchange)
            else:
                self._raise_unpaired(self._refusal)
                return outcome
        return outcome

    async def _outcome(self, exchange, before, lock_state):
        """Wait for the car's word on the message just sent: (outcome, reported counter)."""
        deadline = ticks_add(ticks_ms(), _ANSWER_MS)
        refused = False
        try:
            while True:
                answer = await exchange.receive_by(deadline)
                decided = self._decided(answer)
                if decided == (_REFUSED, 0) and not self._refusal:
                    refused, deadline = True, ticks_add(ticks_ms(), _DETAIL_MS)
                elif decided:
                    return decided
                # A push counts only as a change: the one on connect tells nothing.
                if "vehicleStatus" in answer:
                    if before is not None and before != lock_state == exchange.lock_state:
                        return _ACCEPTED, 0
                    before = exchange.lock_state
        except TimedOut:
            if refused:
                return _REFUSED, 0
            if lock_state is None:
                return _SILENT, 0
        return await self._ask_state(exchange, lock_state)

    async def _ask_state(self, exchange, lock_state):
        """Resolve a lost acknowledgement by asking for the status, not by guessing."""
        try:
            answer = await exchange.ask(
                messages.status_request(),
                lambda answer: "vehicleStatus" in answer or self._decided(answer),
                _ANSWER_MS,
            )
        except TimedOut:
            return _SILENT, 0
        if "vehicleStatus" in answer:
            return (_ACCEPTED if exchange.lock_state == lock_state else _SILENT), 0
        return self._decided(answer)

    def _decided(self, answer):
        """Return (outcome, reported counter) where `answer` is the car's word, else None.

        Raises Refused where no repetition would help.
        """
        fault = legacy.fault(answer)
        if fault:
            self._refusal, reported = fault
            return _REFUSED, reported
        if "nominalError" in answer:
            reason = answer["nominalError"].get("genericError", 0)
            raise Refused(_DENIALS.get(reason, "the car refuses the command"), reason)
        status = answer.get("commandStatus")
        if status is None or "whitelistOperationStatus" in status:
            return None
        operation = status.get("operationStatus", codes.OPERATIONSTATUS_OK)
        if operation == codes.OPERATIONSTATUS_OK:
            return _ACCEPTED, 0
        if operation == codes.OPERATIONSTATUS_WAIT:
            return _BUSY, 0
        self._refusal = 0
        return _REFUSED, 0

    def _raise_unpaired(self, information):
        if information == codes.SIGNEDMESSAGE_INFORMATION_FAULT_NOT_ON_WHITELIST:
            raise NotPaired("the car does not know this key: pair again", information)

    def _keep(self, needs_none, paired=False):
        self._failures = 0
        session = self.session.vehicle_key, self.session.shared_key
        self._cache.keep(session, needs_none, paired)

"""A connection's talk with a car that speaks the older protocol: session, greeting, commands.

The car's answers are not bound to what they answer, so their places in the stream decide: a word
must begin after the last write of the message went out, and a pushed vehicleStatus after that
write was answered, and it must differ from the status before. The status that a car pushes on
connect proves nothing. Cars answer in order: the answer to a later question bounds what may still
be under way.
"""

from micropython import const

from fob import dialogue, legacy, messages
from fob.cache import NEEDS_NONE
from fob.dialogue import ACCEPTED, ANSWER_MS, BUSY, KNOWN, REFUSED, SILENT, UNKNOWN
from fob.errors import DecodeError, InvalidKey, Refused, TimedOut

_AUTHENTICATION_LEVEL_NONE = const(0)
_OPERATIONSTATUS_OK = const(0)
_OPERATIONSTATUS_WAIT = const(1)
_SIGNEDMESSAGE_INFORMATION_FAULT_NOT_ON_WHITELIST = const(2)
_SIGNEDMESSAGE_INFORMATION_FAULT_IV_SMALLER_THAN_EXPECTED = const(3)
_SIGNEDMESSAGE_INFORMATION_FAULT_TOKEN_AND_COUNTER_INVALID = const(5)
_SIGNEDMESSAGE_INFORMATION_FAULT_AES_DECRYPT_AUTH = const(6)

# Many a car takes authenticationResponse NONE without a word.
_GREETING_MS = const(300)

_COUNTER_FAULTS = (
    _SIGNEDMESSAGE_INFORMATION_FAULT_IV_SMALLER_THAN_EXPECTED,
    _SIGNEDMESSAGE_INFORMATION_FAULT_TOKEN_AND_COUNTER_INVALID,
)


class LegacyDialogue(dialogue.Dialogue):
    """Commands in the older protocol; begins with the session proven last."""

    signed = False
    # Nobody vouches for an OK of this protocol, whoever's key it is.
    stranger = False

    def __init__(self, exchange, means):
        super().__init__(exchange, means, messages.read)
        self._greet = means.cache.traits & NEEDS_NONE
        self._tried = []
        self._enrolling = self._agreed = False
        # False once the car answered in order what was asked after the last message: no word on it
        # is under way any more.
        self.lost = True
        # Of the message sent last: its counter, its place in the stream, the lock state that shows
        # success, and whether the car's word on another one may be under way, so that an OK without
        # a counter is none on this one.
        self._counter = self._sent = 0
        self._lock_state = None
        self._doubtful = False
        # The counter that the last refusal named.
        self._reported = 0
        self.session = self._session(*means.cache.sessions[:1])

    def keep(self, paired=False):
        """Make durable what this dialogue proved."""
        keys = self.session.vehicle_key, self.session.shared_key
        traits = NEEDS_NONE if self._greet and not paired else 0
        self._means.cache.keep(keys, traits, paired)

    async def settle(self, lock_state=None):
        """Resolve a lost acknowledgement by asking for the status, not by guessing.

        Returns the car's word on the message sent last if that comes first, else ACCEPTED where
        the status is `lock_state`, else SILENT, with or without the status: see `lost`.
        """
        exchange = self._exchange
        self.lost = True

        def told(answer):
            if "vehicleStatus" not in answer:
                return self._word(answer, REFUSED)[0] or None
            if exchange.began < exchange.sent:
                return None
            self.lost = False
            return ACCEPTED if exchange.lock_state == lock_state else SILENT

        try:
            return await exchange.ask(lambda: self._plain({}), told, ANSWER_MS)
        except TimedOut:
            return SILENT

    async def command(self, unsigned, lock_state):
        """Send the command, after NONE where the car wants that; return its word: an outcome."""
        if self.session.shared_key is None:
            await self.agree()
        doubtful = False
        if self._greet:
            greeted = await self._send_none(_GREETING_MS)
            doubtful = greeted == SILENT and self.lost
            if greeted == BUSY or (greeted == SILENT and self._exchange.unheard):
                return greeted
        self._agreed = False
        settles = lock_state is not None
        return await self._insist(
            True, unsigned, ANSWER_MS, b"", settles, True, lock_state, doubtful
        )

    def escalate(self, outcome):
        """Prepare another way to say the command after `outcome`; False where there is none."""
        if not self._greet:
            self._greet = True
            return True
        if outcome == REFUSED:
            return False
        # Perhaps the session confirmed last was a lie, and the car says nothing to it.
        self._tried.append(self.session.shared_key)
        cache = self._means.cache
        for keys in cache.sessions:
            if keys[1] not in self._tried:
                self.session = self._session(keys)
                self._greet = cache.traits & NEEDS_NONE
                return True
        return False

    def question(self):
        """Return the message that asks for the session."""
        return self.session.request()

    def hears(self, answer):
        """Return what `answer` says to the question: KNOWN, UNKNOWN, None for nothing.

        KNOWN: the car knows this key, and the shared key is derived.
        """
        if (legacy.fault(answer) or (0,))[0] == _SIGNEDMESSAGE_INFORMATION_FAULT_NOT_ON_WHITELIST:
            return UNKNOWN
        means = self._means
        try:
            for keys in means.cache.sessions:
                if keys[0] == legacy.vehicle_key(answer):
                    self.session = self._session(keys)
            self.session.agree(answer, means.config.private_key, means.random)
        except (DecodeError, InvalidKey):
            # Another answer, or one that was garbled on its way, or is not the car's.
            return None
        return KNOWN

    async def agree(self):
        """Ask for the car's key and derive the shared key; kept only once it is proven."""
        heard = await self._exchange.ask(
            self.question, lambda answer: legacy.fault(answer) or self.hears(answer), ANSWER_MS
        )
        if heard != KNOWN:
            self._reject_unpaired(heard[0])
            raise Refused("the car gives no session", heard[0])

    async def prove(self):
        """Tell the car who is connected, which also proves that the shared key works.

        This is authenticationResponse NONE. Raises NotPaired, Refused or TimedOut. That the car
        does not know the key yet is no fault while it is being enrolled.
        """
        self._enrolling = True
        outcome = await self._send_none(ANSWER_MS)
        if outcome == SILENT and self.lost:
            raise TimedOut("the car does not answer")
        # Cars may accept it without a word; the status that came after it shows that no fault did.
        if outcome not in (ACCEPTED, SILENT):
            raise Refused("the car refuses the key", self.information)

    def _session(self, keys=()):
        return legacy.Session(self._means.config.public_key, *keys)

    def _reject_unpaired(self, information, is_fault=False):
        if information == _SIGNEDMESSAGE_INFORMATION_FAULT_NOT_ON_WHITELIST:
            self._reject(information, is_fault)

    def _plain(self, request):
        return messages.information_request(request)

    async def _send_none(self, wait_ms):
        """Send authenticationResponse NONE, which tells the car who is connected.

        A silent car is asked for its status after `wait_ms`, lest a late word on this pass for
        one on the command.
        """
        self._agreed = False
        response = messages.authentication_response(_AUTHENTICATION_LEVEL_NONE)
        return await self._insist(True, response, wait_ms, b"", True)

    async def _send(
        self,
        unsigned,
        wait_ms,
        token,
        settles=False,
        decides=False,
        lock_state=None,
        doubtful=False,
    ):
        """`settles`: a car that says nothing for `wait_ms` is asked for its status. `decides`: this
        is the command itself, and `lock_state` the state that shows success, or None."""
        exchange, means = self._exchange, self._means
        self._counter = means.counter.take()
        sealed = self.session.seal(unsigned, self._counter, token)
        means.undecided = means.undecided or decides
        await exchange.send(sealed)
        self._sent = exchange.sent
        self._lock_state, self._doubtful = lock_state, doubtful
        outcome = await self._hear(wait_ms)
        if outcome == SILENT and settles:
            return await self.settle(lock_state)
        return outcome

    def _word(self, answer, outcome):
        exchange = self._exchange
        if exchange.began < self._sent:
            return SILENT, False
        fault = legacy.fault(answer)
        if fault:
            self.information, self._reported = fault
            return REFUSED, True
        dialogue.check(answer)
        if "vehicleStatus" in answer:
            # A change of state, after this message was answered, and before it was refused.
            before = exchange.earlier_state
            shown = (
                outcome != REFUSED
                and exchange.began >= exchange.answered
                and before is not None
                and before != self._lock_state == exchange.lock_state
            )
            return ACCEPTED if shown else SILENT, shown
        status = answer.get("commandStatus")
        if status is None or "whitelistOperationStatus" in status:
            return SILENT, False
        counter = status.get("signedMessageStatus", {}).get("counter", 0)
        operation = status.get("operationStatus", _OPERATIONSTATUS_OK)
        if counter and counter != self._counter:
            return SILENT, False
        if operation == _OPERATIONSTATUS_OK:
            sure = counter or not self._doubtful
            return ACCEPTED if sure else SILENT, sure
        if operation == _OPERATIONSTATUS_WAIT:
            return BUSY, False
        self.information = self._reported = 0
        return REFUSED, False

    async def _mend(self, patient):
        information = self.information
        if not information:
            return False
        guard = self._means.guard
        self._reject_unpaired(information, not self._enrolling)
        guard.fault()
        if information in _COUNTER_FAULTS:
            return guard.follow(self._means.counter, self._reported)
        if information != _SIGNEDMESSAGE_INFORMATION_FAULT_AES_DECRYPT_AUTH or not patient:
            return False
        # The car has another key; one that it gave just now is not asked for again.
        agreed, self._agreed = self._agreed, True
        if not agreed:
            await self.agree()
        return not agreed

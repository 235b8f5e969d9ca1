"""Session info, the handshake of the signed-command protocol: ask, verify, take over.

This is what pairing needs of that protocol; signed_dialogue.py adds the commands.
"""

import asyncio

from micropython import const

from fob import messages, routable, signed
from fob.cache import ENCRYPTS, SIGNED
from fob.dialogue import ANSWER_MS, KNOWN, UNKNOWN, UNPROVEN, Dialogue
from fob.errors import AuthenticationFailed, DecodeError, InvalidKey, TimedOut
from fob.vehicle_clock import VehicleClock

_MESSAGEFAULT_ERROR_UNKNOWN_KEY_ID = const(3)

# After session info that proves nothing: the first one after enrolling may lack its tag.
_UNPROVEN_MS = const(2000)


class Handshake(Dialogue):
    """Keeps a session in step with the car; begins as it stood last.

    `means` has retained and now_ms besides.
    """

    signed = True

    def __init__(self, exchange, means):
        super().__init__(exchange, means, self._read)
        config = means.config
        keys = (means.cache.sessions or ((None, None),))[0]
        self.session = signed.Session(config.public_key, config.vin, means.random, keys)
        self._begin_clock()
        self.session.epoch = self._clock.epoch
        self._encrypts = means.cache.traits & ENCRYPTS
        self._asked_ms = 0
        self._answer_ms = ANSWER_MS

    @property
    def stranger(self):
        """The session is with a key that the air offered, not with the one that pairing proved."""
        sessions = self._means.cache.sessions
        return bool(sessions) and self.session.vehicle_key != sessions[-1][0]

    def keep(self, paired=False):
        """Make durable what this dialogue proved."""
        cache = self._means.cache
        traits = cache.traits
        if paired or not self.stranger:
            # What somebody else's key proved must not decide how the car is spoken to, nor put its
            # clock ahead.
            traits = SIGNED | ENCRYPTS if self._encrypts and not paired else SIGNED
            self._clock.keep()
        cache.keep((self.session.vehicle_key, self.session.shared_key), traits, paired)

    async def prove(self):
        """Nothing is left to prove: session info did."""

    def question(self):
        """Return the message that asks for session info."""
        self._asked_ms = self._means.now_ms()
        return self.session.request()

    def hears(self, answer):
        """Return what `answer` says to the question: KNOWN, UNKNOWN, UNPROVEN, None for nothing.

        KNOWN: session info that proves itself says that the car knows this key.
        """
        envelope = answer.get("envelope")
        if envelope is None:
            return None
        if signed.fault(envelope)[1] == _MESSAGEFAULT_ERROR_UNKNOWN_KEY_ID:
            return UNKNOWN
        return self._take_over(envelope)

    async def inform(self):
        """Bring the session in step by asking; False where the car does not understand.

        Raises NotPaired where the car does not know this key, TimedOut where it proves nothing.
        """
        unproven = False

        def told(answer):
            nonlocal unproven
            heard = self.hears(answer)
            unproven = unproven or heard == UNPROVEN
            return heard or None

        for pause_ms in (_UNPROVEN_MS, 0):
            try:
                if await self._exchange.ask(self.question, told, self._answer_ms) == UNKNOWN:
                    self._reject(_MESSAGEFAULT_ERROR_UNKNOWN_KEY_ID)
                return True
            except TimedOut:
                if not unproven:
                    return False
            await asyncio.sleep_ms(pause_ms)
        raise TimedOut("the car proves no session")

    def _begin_clock(self):
        """Begin from the clock that is kept; with another key than vouches for it, from none.

        One for both would let a stranger's say when the real key's messages expire.
        """
        self._clock = VehicleClock(self._means.retained, self._means.now_ms)
        if self.stranger:
            self._clock.forget()

    def _read(self, message):
        """Decode a message of the car; raises DecodeError.

        What answers the message that was sent last is a FromVCSECMessage with "envelope" beside it,
        and "encrypted" where it was; what cannot be opened is nothing.
        """
        answer = routable.read(message)
        envelope = answer.get("envelope")
        if envelope is None:
            return answer
        if not self.session.answered_by(envelope):
            return {}
        try:
            payload, encrypted = self.session.open(envelope)
        except AuthenticationFailed:
            return {}
        answer.update(messages.read(payload))
        answer["encrypted"] = encrypted
        return answer

    def _take_over(self, envelope, asked=True):
        """Take session info over if it proves itself; return KNOWN, UNKNOWN or UNPROVEN.

        What nobody asked for must not change the key: an answer to a sealed message would be held
        against another than sealed it.
        """
        means = self._means
        cache = means.cache
        vehicle_key = self.session.vehicle_key
        keys = (means.config.private_key, cache.sessions) if asked else (None,)
        denies = signed.denies(envelope)
        try:
            info = self.session.verify(envelope, *keys)
            if self.session.vehicle_key != vehicle_key:
                self._begin_clock()
            self._clock.learn(info["epoch"], info["clock_time"], self._asked_ms)
        except (AuthenticationFailed, DecodeError, InvalidKey):
            # Perhaps a car proves nothing to a key that it does not know.
            return UNKNOWN if denies else UNPROVEN
        if denies:
            return UNKNOWN
        used = info["counter"]
        if cache.sessions and not self.stranger:
            means.counter.advance(used + 1)
            self._clock.keep()
            if not cache.traits & SIGNED:
                cache.keep(cache.sessions[-1], SIGNED)
        elif means.counter.reaches(used) and not means.guard.follow(means.counter, used):
            return UNPROVEN
        return KNOWN

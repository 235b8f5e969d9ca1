"""Session info, the handshake of the signed-command protocol: ask, verify, take over.

This is what pairing needs of that protocol; signed_dialogue.py adds the commands.
"""

import asyncio

from micropython import const

from fob import routable, signed
from fob.cache import ENCRYPTS, SIGNED
from fob.errors import AuthenticationFailed, DecodeError, InvalidKey, NotPaired, TimedOut
from fob.vehicle_clock import VehicleClock
from fob.verdicts import ANSWER_MS, KNOWN, UNKNOWN, UNPROVEN

_MESSAGEFAULT_ERROR_UNKNOWN_KEY_ID = const(3)

# After session info that proves nothing: the first one after enrolling may lack its tag.
_UNPROVEN_MS = const(2000)


class Handshake:
    """Keeps a session in step with the car, over one `exchange`; begins as it stood last.

    `means` has config, counter, cache, guard, retained, now_ms and random, as fob.vehicle.Vehicle
    does.
    """

    signed = True

    def __init__(self, exchange, means):
        exchange.read = routable.read
        self._exchange = exchange
        self._means = means
        sessions = means.cache.sessions
        keys = sessions[0] if sessions else (None, None)
        config = means.config
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
        envelope = self._envelope(answer)
        if envelope is None:
            return None
        if signed.fault(envelope)[1] == _MESSAGEFAULT_ERROR_UNKNOWN_KEY_ID:
            return UNKNOWN
        return self._take_over(envelope)

    async def inform(self):
        """Bring the session in step by asking; False where the car does not understand.

        Raises NotPaired where the car does not know this key, TimedOut where it proves nothing.
        """
        told = []

        def decided(answer):
            heard = self.hears(answer)
            if heard is not None:
                told.append(heard)
            return heard

        for last in (False, True):
            try:
                await self._exchange.ask(self.question, decided, self._answer_ms)
            except TimedOut:
                if not told:
                    return False
                if last:
                    raise TimedOut("the car proves no session")
                await asyncio.sleep_ms(_UNPROVEN_MS)
                continue
            if told[-1] == UNKNOWN:
                self._reject_unpaired()
            return True
        return False

    def _begin_clock(self):
        """Begin from the clock that is kept; with another key than vouches for it, from none.

        One for both would let a stranger's say when the real key's messages expire.
        """
        self._clock = VehicleClock(self._means.retained, self._means.now_ms)
        if self.stranger:
            self._clock.forget()

    def _envelope(self, answer):
        envelope = answer.get("envelope")
        if envelope is None or not self.session.answered_by(envelope):
            return None
        return envelope

    def _take_over(self, envelope, asked=True):
        """Take session info over if it proves itself; return KNOWN, UNKNOWN or UNPROVEN.

        What nobody asked for must not change the key: an answer to a sealed message would be held
        against another than sealed it.
        """
        means = self._means
        cache = means.cache
        vehicle_key = self.session.vehicle_key
        try:
            if asked:
                info = self.session.verify(envelope, means.config.private_key, cache.sessions)
            else:
                info = self.session.verify(envelope, None)
            if self.session.vehicle_key != vehicle_key:
                self._begin_clock()
            self._clock.learn(info["epoch"], info["clock_time"], self._asked_ms)
        except (AuthenticationFailed, DecodeError, InvalidKey):
            # Perhaps a car proves nothing to a key that it does not know.
            return UNKNOWN if signed.denies(envelope) else UNPROVEN
        if signed.denies(envelope):
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

    def _reject_unpaired(self, is_fault=False):
        self._means.guard.rejected()
        if is_fault:
            self._means.guard.fault()
        raise NotPaired(
            "the car does not know this key: pair again", _MESSAGEFAULT_ERROR_UNKNOWN_KEY_ID
        )

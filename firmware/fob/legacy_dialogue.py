"""A connection's talk with a car that speaks the older protocol: session, greeting, commands."""

from micropython import const

from fob import legacy, messages
from fob.cache import NEEDS_NONE
from fob.delivery import Delivery
from fob.errors import InvalidKey, NotPaired, Refused, TimedOut
from fob.verdicts import (
    ACCEPTED,
    ANSWER_MS,
    AUTHENTICATED_MS,
    AUTHENTICATION,
    BUSY,
    KNOWN,
    REFUSED,
    SILENT,
    TRIES,
    UNKNOWN,
)

_AUTHENTICATION_LEVEL_NONE = const(0)
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


class LegacyDialogue:
    """Commands in the older protocol, over one `exchange`; begins with the session proven last.

    `means` has config, counter, cache, guard, random and undecided, as fob.vehicle.Vehicle does.
    `information` is what the last refusal said.
    """

    signed = False
    # Nobody vouches for an OK of this protocol, whoever's key it is.
    stranger = False

    def __init__(self, exchange, means):
        exchange.read = messages.read
        self._exchange = exchange
        self._means = means
        self._delivery = Delivery(exchange)
        self._greet = means.cache.traits & NEEDS_NONE
        self._tried = []
        self.session = self._session(*means.cache.sessions[:1])

    @property
    def information(self):
        return self._delivery.information

    @property
    def lost(self):
        """The car did not even answer the question after a message that it kept silent on."""
        return not self._delivery.settled

    def keep(self, paired=False):
        """Make durable what this dialogue proved."""
        keys = self.session.vehicle_key, self.session.shared_key
        traits = NEEDS_NONE if self._greet and not paired else 0
        self._means.cache.keep(keys, traits, paired)

    async def settle(self, lock_state):
        """Ask for the status instead of guessing: ACCEPTED where it is `lock_state`."""
        return await self._delivery.settle(lock_state)

    async def status(self):
        """Return the VehicleStatus; raises TimedOut."""
        return await self.inquire({}, "vehicleStatus")

    async def inquire(self, request, name):
        """Ask what anybody may know: return the field `name` of the car's answer to the
        InformationRequest `request` (dicts); raises TimedOut."""
        answer = await self._exchange.ask(
            lambda: messages.information_request(request), lambda answer: name in answer, ANSWER_MS
        )
        return answer[name]

    async def authenticate(self, level, token=b""):
        """Tell the car, once, how far this key may go by itself (AUTHENTICATION_LEVEL_...); return
        its word, which is mostly SILENT.

        `token`: of the request that this answers alone; without one it permits the car's next
        action. Raises what command raises.
        """
        return await self._authenticate(level, token, AUTHENTICATED_MS)

    async def command(self, unsigned, lock_state):
        """Send the command, after NONE where the car wants that; return its word: an outcome."""
        if self.session.shared_key is None:
            await self.agree()
        delivery = self._delivery
        doubtful = False
        if self._greet:
            greeted = await self._send_none(_GREETING_MS)
            doubtful = greeted == SILENT and not delivery.settled
            if greeted == BUSY or (greeted == SILENT and self._exchange.unheard):
                return greeted

        async def send():
            counter = self._means.counter.take()
            sealed = self.session.seal(unsigned, counter)
            self._means.undecided = True
            outcome = await delivery.send(
                sealed, counter, lock_state, ANSWER_MS, lock_state is not None, doubtful
            )
            self._exchange.greeted |= unsigned[:1] == AUTHENTICATION
            if outcome in (BUSY, REFUSED):
                self._means.undecided = False
            return outcome

        return await self._insist(send)

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
        others = [keys for keys in cache.sessions if keys[1] not in self._tried]
        if not others:
            return False
        self.session = self._session(others[0])
        self._greet = cache.traits & NEEDS_NONE
        return True

    def question(self):
        """Return the message that asks for the session."""
        return self.session.request()

    def hears(self, answer):
        """Return what `answer` says to the question: KNOWN, UNKNOWN, None for nothing.

        KNOWN: the car knows this key, and the shared key is derived.
        """
        if (legacy.fault(answer) or (0,))[0] == _SIGNEDMESSAGE_INFORMATION_FAULT_NOT_ON_WHITELIST:
            return UNKNOWN
        if not answer.get("sessionInfo", {}).get("publicKey"):
            return None
        try:
            self._agree(answer)
        except InvalidKey:
            # Garbled on its way, or not the car's.
            return None
        return KNOWN

    async def agree(self):
        """Ask for the car's key and derive the shared key; kept only once it is proven.

        A key that is none is asked for once more: it was garbled on its way, or not the car's.
        """
        try:
            self._agree(await self._asked())
        except InvalidKey:
            self._agree(await self._asked())

    async def prove(self):
        """Tell the car who is connected, which also proves that the shared key works.

        This is authenticationResponse NONE. Raises NotPaired, Refused or TimedOut. That the car
        does not know the key yet is no fault while it is being enrolled.
        """
        outcome = await self._send_none(ANSWER_MS, enrolling=True)
        if outcome == SILENT and not self._delivery.settled:
            raise TimedOut("the car does not answer")
        # Cars may accept it without a word; the status that came after it shows that no fault did.
        if outcome not in (ACCEPTED, SILENT):
            raise Refused("the car refuses the key", self.information)

    def _session(self, keys=()):
        return legacy.Session(self._means.config.public_key, *keys)

    async def _asked(self):
        answer = await self._exchange.ask(
            self.question,
            lambda answer: answer.get("sessionInfo", {}).get("publicKey") or legacy.fault(answer),
            ANSWER_MS,
        )
        fault = legacy.fault(answer)
        if fault:
            self._reject_unpaired(fault[0])
            raise Refused("the car gives no session", fault[0])
        return answer

    def _agree(self, answer):
        vehicle_key = answer["sessionInfo"]["publicKey"]
        means = self._means
        for keys in means.cache.sessions:
            if keys[0] == vehicle_key:
                self.session = self._session(keys)
                return
        self.session.agree(answer, means.config.private_key, means.random)

    async def _send_none(self, wait_ms, enrolling=False):
        """Send authenticationResponse NONE, which tells the car who is connected.

        A silent car is asked for its status after `wait_ms`, lest a late word on this pass for
        one on the command.
        """
        return await self._authenticate(_AUTHENTICATION_LEVEL_NONE, b"", wait_ms, True, enrolling)

    async def _authenticate(self, level, token, wait_ms, settle=False, enrolling=False):
        response = messages.authentication_response(level)

        async def send():
            counter = self._means.counter.take()
            sealed = self.session.seal(response, counter, token)
            return await self._delivery.send(sealed, counter, None, wait_ms, settle)

        outcome = await self._insist(send, enrolling, settle)
        self._exchange.greeted = outcome in (SILENT, ACCEPTED)
        return outcome

    async def _insist(self, send, enrolling=False, patient=True):
        """Repeat `send` as long as the car's fault can be mended and, where `patient`, also as
        long as the car is busy or has another key."""
        guard = self._means.guard
        agreed = not patient
        outcome = SILENT
        for _ in range(TRIES):
            outcome = await send()
            if outcome == BUSY and patient:
                continue
            if outcome != REFUSED or not self.information:
                break
            self._reject_unpaired(self.information, not enrolling)
            guard.fault()
            if self.information in _COUNTER_FAULTS:
                if not guard.follow(self._means.counter, self._delivery.reported):
                    break
            elif self.information == _SIGNEDMESSAGE_INFORMATION_FAULT_AES_DECRYPT_AUTH:
                if agreed:
                    break
                agreed = True
                await self.agree()
            else:
                break
        return outcome

    def _reject_unpaired(self, information, is_fault=False):
        if information == _SIGNEDMESSAGE_INFORMATION_FAULT_NOT_ON_WHITELIST:
            self._means.guard.rejected()
            if is_fault:
                self._means.guard.fault()
            raise NotPaired("the car does not know this key: pair again", information)

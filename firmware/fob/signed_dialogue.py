"""Commands in the signed-command protocol: sealed, answered, repeated where that helps.

Reactions to faults: the SDK's pkg/protocol/error.go and universal_message.proto.
"""

from micropython import const

from fob import dialogue, messages, signed
from fob.cache import ENCRYPTS
from fob.dialogue import ACCEPTED, BUSY, REFUSED, SILENT, UNKNOWN, UNPROVEN
from fob.errors import Refused, TimedOut
from fob.handshake import Handshake

_OPERATIONSTATUS_WAIT = const(1)
_OPERATIONSTATUS_ERROR = const(2)

_MESSAGEFAULT_ERROR_BUSY = const(1)
_MESSAGEFAULT_ERROR_TIMEOUT = const(2)
_MESSAGEFAULT_ERROR_UNKNOWN_KEY_ID = const(3)
_MESSAGEFAULT_ERROR_INVALID_SIGNATURE = const(5)
_MESSAGEFAULT_ERROR_INVALID_TOKEN_OR_COUNTER = const(6)
_MESSAGEFAULT_ERROR_INTERNAL = const(11)
_MESSAGEFAULT_ERROR_INCORRECT_EPOCH = const(15)
_MESSAGEFAULT_ERROR_TIME_EXPIRED = const(17)
_MESSAGEFAULT_ERROR_TIME_TO_LIVE_TOO_LONG = const(20)
_MESSAGEFAULT_ERROR_RESPONSE_MTU_EXCEEDED = const(25)
_MESSAGEFAULT_ERROR_REPEATED_COUNTER = const(26)

# The car cannot now; the same again a second later may do.
_LATER = (_MESSAGEFAULT_ERROR_BUSY, _MESSAGEFAULT_ERROR_TIMEOUT, _MESSAGEFAULT_ERROR_INTERNAL)
# The session is out of step; session info that proves itself mends it.
_OUT_OF_STEP = (
    _MESSAGEFAULT_ERROR_INVALID_SIGNATURE,
    _MESSAGEFAULT_ERROR_INVALID_TOKEN_OR_COUNTER,
    _MESSAGEFAULT_ERROR_INCORRECT_EPOCH,
    _MESSAGEFAULT_ERROR_TIME_EXPIRED,
    _MESSAGEFAULT_ERROR_TIME_TO_LIVE_TOO_LONG,
    _MESSAGEFAULT_ERROR_REPEATED_COUNTER,
)
# So long a message is good for; halved where the car finds that too long.
_LIFETIME_S = const(5)


class SignedDialogue(Handshake):
    """Commands in the signed-command protocol; `begun` is a Handshake to go on from."""

    def __init__(self, exchange, means, begun=None):
        super().__init__(exchange, means)
        if begun:
            self.session, self._clock = begun.session, begun._clock
        self._lifetime_s = _LIFETIME_S
        self._escalated = False

    async def settle(self, lock_state):
        """Ask for the status instead of guessing: ACCEPTED where it is `lock_state`, else SILENT.

        Cars answer that without authentication. One that encrypts its answers is not asked: it is
        told again, until it vouches for what it did.
        """
        if self._encrypts:
            return SILENT
        try:
            await self.status()
        except TimedOut:
            return SILENT
        return ACCEPTED if self._exchange.lock_state == lock_state else SILENT

    async def command(self, unsigned, lock_state):
        """Send the command, until the car decides; return its word: an outcome."""
        outcome = await self._insist(True, unsigned, self._answer_ms)
        if outcome == SILENT and lock_state is not None:
            return await self.settle(lock_state)
        return outcome or SILENT

    def escalate(self, outcome):
        """Prepare another try after `outcome`; False where there is none."""
        if outcome == REFUSED or self._escalated:
            return False
        self._escalated = True
        self._clock.distrust()
        # Perhaps the car is only slow: the second try is a patient one.
        self._answer_ms *= 2
        return True

    def _plain(self, request):
        return self.session.plain(messages.unsigned({"InformationRequest": request}))

    async def _mend(self, patient):
        mended = self.information in _OUT_OF_STEP
        if mended:
            self._means.guard.fault()
        return mended

    async def _expiry(self):
        """Return when a message sent now is to expire, after session info where that is in doubt;
        None where the car does not understand."""
        expires_at = None
        if self.session.shared_key and self.session.epoch == self._clock.epoch:
            expires_at = self._clock.expires_at(self._lifetime_s)
        if expires_at is None and await self.inform():
            expires_at = self._clock.expires_at(self._lifetime_s)
        return expires_at

    async def _send(self, unsigned, wait_ms, token=b""):
        """This protocol binds no answer to a `token`."""
        exchange, means = self._exchange, self._means
        expires_at = await self._expiry()
        if expires_at is None:
            return None
        self._asked_ms = means.now_ms()
        message = self.session.seal(unsigned, means.counter.take(), expires_at)
        try:
            await exchange.send(message)
        finally:
            means.undecided = means.undecided or exchange.whole
        return await self._hear(wait_ms)

    def _word(self, answer, outcome):
        envelope = answer.get("envelope")
        if envelope is None:
            return SILENT, False
        status, fault = signed.fault(envelope)
        if fault:
            return self._fault(fault, envelope)
        if "session_info" in envelope:
            # Unasked for, beside the answer.
            self._take_over(envelope, asked=False)
            return SILENT, False
        dialogue.check(answer)
        self.information = 0
        command = answer.get("commandStatus", {})
        status = status or command.get("operationStatus", 0)
        if status == _OPERATIONSTATUS_WAIT:
            return BUSY, False
        if status == _OPERATIONSTATUS_ERROR:
            return REFUSED, False
        encrypted = answer["encrypted"]
        if self._encrypts and not encrypted and not self.stranger:
            # This car signs its success: in clear, anybody can say so. A stranger's counts for
            # little anyway, and may be the word of an older car that was taken for this one.
            return SILENT, False
        if encrypted and not self.stranger:
            # Success, that is: its other answers may be encrypted or not.
            self._encrypts = ENCRYPTS
        # A word on the message itself; that on its effect follows, or does not.
        return ACCEPTED, "commandStatus" not in answer

    def _fault(self, fault, envelope):
        self.information = fault
        if fault in _LATER:
            return BUSY, False
        if fault == _MESSAGEFAULT_ERROR_UNKNOWN_KEY_ID:
            self._reject(_MESSAGEFAULT_ERROR_UNKNOWN_KEY_ID, True)
        if fault == _MESSAGEFAULT_ERROR_RESPONSE_MTU_EXCEEDED:
            # It may have been carried out.
            return SILENT, True
        if fault not in _OUT_OF_STEP:
            # Nothing the fob can mend; the laptop has words for the number.
            raise Refused("the car refuses: fault %d" % fault, fault)
        if fault == _MESSAGEFAULT_ERROR_TIME_TO_LIVE_TOO_LONG:
            self._lifetime_s = max(self._lifetime_s // 2, 1)
        told = self._take_over(envelope)
        if told == UNPROVEN:
            self._clock.distrust()
        elif told == UNKNOWN:
            self._reject(_MESSAGEFAULT_ERROR_UNKNOWN_KEY_ID, True)
        return REFUSED, True

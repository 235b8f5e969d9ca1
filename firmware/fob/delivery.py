"""A sealed message and the car's word on it: what counts as confirmed, and what does not.

The car's answers are not bound to what they answer, so their places in the stream decide: a word
must begin after the last write of the message went out, and a pushed vehicleStatus after that
write was answered, and it must differ from the status before. The status that a car pushes on
connect proves nothing. Cars answer in order: the answer to a later question bounds what may still
be under way.
"""

from time import ticks_add, ticks_ms

from micropython import const

from fob import legacy, messages, verdicts
from fob.errors import TimedOut
from fob.verdicts import ACCEPTED, ANSWER_MS, BUSY, BUSY_MS, DETAIL_MS, REFUSED, SILENT

_OPERATIONSTATUS_OK = const(0)
_OPERATIONSTATUS_WAIT = const(1)


class Delivery:
    """Sealed messages on one connection, one at a time.

    `information` and `reported` are what the last refusal said: the SignedMessage_information_E,
    0 where it gave none, and the counter. `settled` tells that the car answered in order what
    was asked after the last message: no word on it is under way any more.
    """

    def __init__(self, exchange):
        self._exchange = exchange
        self._counter = self._sent = 0
        self.information = self.reported = 0
        self.settled = False
        self._doubtful = False

    async def send(self, message, counter, lock_state, wait_ms, settle, doubtful=False):
        """Send what is sealed under `counter`; return ACCEPTED, REFUSED, BUSY or SILENT.

        `lock_state` is the state that shows success, or None. A car that says nothing for
        `wait_ms` is asked for its status where `settle` is true. BUSY comes after the pause that
        it asks for. `doubtful`: the car's word on another message may be under way, so that an OK
        without a counter is none on this one. Raises Refused where no repetition would help.
        """
        exchange = self._exchange
        await exchange.send(message)
        self._counter, self._sent, self._doubtful = counter, exchange.sent, doubtful
        answered = exchange.answered
        deadline = ticks_add(ticks_ms(), wait_ms)
        outcome = SILENT
        try:
            while True:
                answer = await exchange.receive_by(deadline)
                word = self._word(answer)
                if word == ACCEPTED or (word == REFUSED and self.information):
                    return word
                if word > outcome:
                    # It stands if no better follows.
                    outcome = word
                    pause = BUSY_MS if word == BUSY else DETAIL_MS
                    deadline = ticks_add(ticks_ms(), pause)
                fresh = outcome != REFUSED and exchange.began >= answered
                if fresh and self._shows_change(answer, lock_state):
                    return ACCEPTED
        except TimedOut:
            pass
        if outcome == SILENT and settle:
            return await self.settle(lock_state)
        return outcome

    async def settle(self, lock_state=None):
        """Resolve a lost acknowledgement by asking for the status, not by guessing.

        Returns the car's word on the message sent last if that comes first, else ACCEPTED where
        the status is `lock_state`, else SILENT, with or without the status: see `settled`.
        """
        self.settled = False
        try:
            answer = await self._exchange.ask(messages.status_request, self._settles, ANSWER_MS)
        except TimedOut:
            return SILENT
        if "vehicleStatus" not in answer:
            return self._word(answer)
        self.settled = True
        return ACCEPTED if self._exchange.lock_state == lock_state else SILENT

    def _settles(self, answer):
        if "vehicleStatus" in answer:
            return self._exchange.began >= self._exchange.sent
        return self._word(answer) > SILENT

    def _shows_change(self, answer, lock_state):
        before = self._exchange.earlier_state
        return (
            "vehicleStatus" in answer
            and before is not None
            and before != lock_state == self._exchange.lock_state
        )

    def _word(self, answer):
        """Return what `answer` says of the message sent last: an outcome, SILENT for nothing."""
        if self._exchange.began < self._sent:
            return SILENT
        fault = legacy.fault(answer)
        if fault:
            self.information, self.reported = fault
            return REFUSED
        verdicts.check(answer)
        status = answer.get("commandStatus")
        if status is None or "whitelistOperationStatus" in status:
            return SILENT
        counter = status.get("signedMessageStatus", {}).get("counter", 0)
        if counter and counter != self._counter:
            return SILENT
        operation = status.get("operationStatus", _OPERATIONSTATUS_OK)
        if operation == _OPERATIONSTATUS_OK:
            return SILENT if self._doubtful and not counter else ACCEPTED
        if operation == _OPERATIONSTATUS_WAIT:
            return BUSY
        self.information = self.reported = 0
        return REFUSED

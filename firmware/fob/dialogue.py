"""What is alike in both protocols: outcomes of a message, how long they take, and a dialogue."""

from time import ticks_add, ticks_ms

from micropython import const

from fob import messages
from fob.errors import NotPaired, Refused, TimedOut

# Outcomes of one message, the more telling the greater.
SILENT = const(0)
BUSY = const(1)
REFUSED = const(2)
ACCEPTED = const(3)

# What a car says to the question for a session: something that proves nothing, that it does not
# know this key, that it does.
UNPROVEN = const(0)
UNKNOWN = const(1)
KNOWN = const(2)

ANSWER_MS = const(1500)
# Who answers an authenticationRequest goes on listening: most cars say nothing to that.
_AUTHENTICATED_MS = const(500)
# The first byte of an UnsignedMessage that is an authenticationResponse.
_AUTHENTICATION = const(0x1A)
# After an error without detail, the detail may follow as a message of its own.
_DETAIL_MS = const(300)
# How long a busy car wants to be left alone.
_BUSY_MS = const(1000)
# How often a message is repeated to a car that is busy or mends its fault.
TRIES = const(4)


class Dialogue:
    """A connection's talk with the car, over one `exchange`, in the protocol of a subclass.

    `means` has config, counter, cache, guard, random and undecided, as fob.vehicle.Vehicle does.
    `information` is the number that the last refusal gave, 0 where it gave none. `lost`: the car
    did not even answer the question after a message that it kept silent on.

    A subclass has `session`, and besides what is called from outside:
    _send(unsigned, wait_ms, token) seals and sends a message and returns the car's word on it, an
    outcome, or None where the car does not understand; _word(answer, outcome) returns (outcome,
    whether it is final) for an answer, after the `outcome` until then; _mend(patient) returns
    whether a refused message is worth sending again; _plain(request) returns the message that asks
    without authentication.
    """

    lost = False
    information = 0

    def __init__(self, exchange, means, read):
        exchange.read = read
        self._exchange = exchange
        self._means = means

    async def status(self):
        """Return the VehicleStatus, which anybody on the air may pretend; raises TimedOut."""
        return await self.inquire({}, "vehicleStatus")

    async def inquire(self, request, name):
        """Ask what anybody may know, and anybody on the air may pretend: return the field `name` of
        the car's answer to the InformationRequest `request` (dicts); raises TimedOut."""
        exchange = self._exchange
        return await exchange.ask(
            lambda: self._plain(request),  # type: ignore[attr-defined]
            lambda answer: answer.get(name) if exchange.began >= exchange.sent else None,
            ANSWER_MS,
        )

    async def authenticate(self, level, token=b""):
        """Tell the car, once, how far this key may go by itself (AUTHENTICATION_LEVEL_...); return
        its word, which is mostly SILENT.

        `token`: of the request that this answers alone; without one it permits the car's next
        action. Raises what command raises.
        """
        response = messages.authentication_response(level)
        return await self._insist(False, response, _AUTHENTICATED_MS, token) or SILENT

    async def _insist(self, patient, unsigned, *how):
        """Send as long as the car's fault can be mended and, where `patient`, it is busy; `how` is
        for _send. Returns the car's word."""
        outcome = SILENT
        for _ in range(TRIES):
            outcome = await self._send(unsigned, *how)  # type: ignore[attr-defined]
            if outcome in (BUSY, REFUSED):
                self._means.undecided = False
            if outcome == REFUSED:
                if not await self._mend(patient):  # type: ignore[attr-defined]
                    break
            elif outcome != BUSY or not patient:
                break
        if unsigned[0] == _AUTHENTICATION:
            self._exchange.greeted = outcome in (SILENT, ACCEPTED)
        return outcome

    async def _hear(self, wait_ms):
        """Return the car's word on the message that was sent last, within `wait_ms`."""
        outcome = SILENT
        deadline = ticks_add(ticks_ms(), wait_ms)
        try:
            while True:
                answer = await self._exchange.receive_by(deadline)
                word, final = self._word(answer, outcome)  # type: ignore[attr-defined]
                if final:
                    return word
                if word > outcome:
                    # It stands if nothing better follows.
                    outcome = word
                    deadline = ticks_add(ticks_ms(), _BUSY_MS if word == BUSY else _DETAIL_MS)
        except TimedOut:
            return outcome

    def _reject(self, reason, is_fault=False):
        self._means.guard.rejected()
        if is_fault:
            self._means.guard.fault()
        raise NotPaired("the car does not know this key: pair again", reason)


def check(answer):
    """Raise Refused where a decoded FromVCSECMessage names a reason that no repetition changes.

    Its number (GenericError_E) is for the laptop's host_tools/advice/refusals.py.
    """
    if "nominalError" in answer:
        reason = answer["nominalError"].get("genericError", 0)
        raise Refused("the car refuses: error %d" % reason, reason)

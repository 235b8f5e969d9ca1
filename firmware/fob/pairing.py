"""Pairing: ask the car to enrol this fob's key, wait for the owner's card, prove that it works."""

from time import ticks_add, ticks_diff, ticks_ms

from micropython import const

from fob import whitelist
from fob.dialogue import ANSWER_MS, KNOWN, UNPROVEN
from fob.errors import AttError, Disconnected, NotPaired, Refused, TimedOut
from fob.loaded import let_go

_OPERATIONSTATUS_OK = const(0)
_OPERATIONSTATUS_WAIT = const(1)
_OPERATIONSTATUS_ERROR = const(2)
_WHITELISTOPERATION_INFORMATION_NONE = const(0)
_WHITELISTOPERATION_INFORMATION_ATTEMPTING_TO_ADD_KEY_THAT_IS_ALREADY_ON_THE_WHITELIST = const(13)

# Time for a person to find the card and confirm on the screen.
_TOTAL_MS = const(60000)
# Newer cars say nothing after the card; asking for the session tells whether the key is known.
_FIRST_QUESTION_MS = const(500)
_QUESTION_MS = const(2000)
# Each proof that came too early doubles the pause: cars have locked every client out for 20 minutes
# after some 25 messages that they could not read.
_PROOF_MS = const(3000)


async def pair(vehicle, config, report):
    """Enrol the key of `config` with the car; returns when the car proved that it knows it.

    `report(text)` is told each step. Raises TimedOut when no card came in time, Refused with the
    whitelist operation's number, or what the link raises. That the owner starts it confirms what
    the guard holds back.
    """
    # What presses left behind; p256 is needed soon, and sooner there is more memory to load it.
    let_go("signed_dialogue", "legacy_dialogue", "gcm", "journal")
    from fob import p256

    # The agreement lets go of it.
    del p256
    vehicle.guard.confirm()
    deadline = ticks_add(ticks_ms(), _TOTAL_MS)

    async def conversation(exchange):
        await exchange.send(_request(config))
        report("hold your key card to the reader in the car")
        tongue = _Tongue(vehicle, exchange, config.protocol)
        pause = _PROOF_MS
        wait = _FIRST_QUESTION_MS if tongue.signed else pause
        while True:
            dialogue = await _acquainted(exchange, tongue, deadline, wait, report)
            try:
                await dialogue.prove()
                vehicle.keep(exchange, dialogue, paired=True)
                return
            except (NotPaired, TimedOut):
                # Too early, or an answer was lost: until the deadline that is no reason to give up.
                report("the car does not know the key yet")
                wait = pause = 2 * pause

    while True:
        try:
            await vehicle.converse(conversation)
            return
        except (AttError, Disconnected):
            # A car drops idle links after about 40 s: the same request again does no harm.
            if ticks_diff(deadline, ticks_ms()) <= 0:
                raise


def _request(config):
    permissions = whitelist.DOCUMENTED_PERMISSIONS if config.enrol == "permissions" else None
    return whitelist.enrolment(config.public_key, config.role, config.form_factor, permissions)


class _Tongue:
    """The protocol in which the car is asked, until it has answered in it."""

    def __init__(self, vehicle, exchange, protocol):
        self._vehicle = vehicle
        self._exchange = exchange
        self._searches = protocol == "auto"
        self._questions = 0
        self._dialogue = self._learned(protocol != "legacy")

    @property
    def signed(self):
        return self._dialogue.signed

    def question(self):
        """Return the next question: two in the newer protocol, one in the older, and so on."""
        signed = self._questions % 3 < 2
        self._questions += 1
        if self._searches and signed != self.signed:
            self._dialogue = None
            self._dialogue = self._learned(signed)
        return self._dialogue.question()

    def hears(self, answer):
        """Return the dialogue in which `answer` shows that the car knows the key, or None."""
        told = self._dialogue.hears(answer)
        if told == UNPROVEN:
            # A car that seems to understand is asked on in its protocol, yet not for ever by one
            # forged answer.
            self._questions = 0
        elif told is not None:
            self._searches = False
        return self._dialogue if told == KNOWN else None

    def _learned(self, signed):
        if signed:
            return self._vehicle.handshake(self._exchange)
        return self._vehicle.dialogue(self._exchange, False)


async def _acquainted(exchange, tongue, deadline, wait_ms, report):
    """Return the dialogue in whose protocol the car shows, when asked, that it knows the key."""
    question = ticks_add(ticks_ms(), wait_ms)
    enrolled = False
    since = 0
    while True:
        remaining = ticks_diff(deadline, ticks_ms())
        if remaining <= 0:
            raise TimedOut("no card was held to the reader in time")
        try:
            quiet = max(0, ticks_diff(question, ticks_ms()))
            answer = await exchange.receive(min(quiet, remaining))
        except TimedOut:
            await exchange.send(tongue.question())
            # A time of its own: whatever else the car says must not put the next one off.
            pause = _QUESTION_MS if tongue.signed else _PROOF_MS
            if enrolled:
                # Asked anew, a slow car begins anew, too: after one round it gets longer.
                since += 1
                pause = _FIRST_QUESTION_MS if since < 3 else ANSWER_MS
            question = ticks_add(ticks_ms(), pause)
            continue
        dialogue = tongue.hears(answer)
        if dialogue:
            return dialogue
        if _accepted(answer, report):
            enrolled = True
            question = ticks_ms()


def _accepted(answer, report):
    """True when `answer` says that the key is enrolled; raises Refused when it never will be."""
    status = answer.get("commandStatus")
    # A fault answers the question, not the request: the key is not known yet.
    if status is None or "signedMessageStatus" in status:
        return False
    operation = status.get("whitelistOperationStatus")
    if operation is None:
        if status.get("operationStatus") == _OPERATIONSTATUS_WAIT:
            report("the car waits for the card")
        elif status.get("operationStatus") == _OPERATIONSTATUS_ERROR:
            raise Refused("the car refuses to enrol the key")
        return False
    reason = operation.get("whitelistOperationInformation", 0)
    if reason == (
        _WHITELISTOPERATION_INFORMATION_ATTEMPTING_TO_ADD_KEY_THAT_IS_ALREADY_ON_THE_WHITELIST
    ):
        return True
    result = operation.get("operationStatus", _OPERATIONSTATUS_OK)
    if reason != _WHITELISTOPERATION_INFORMATION_NONE or result == _OPERATIONSTATUS_ERROR:
        raise Refused("the car refuses to enrol the key", reason)
    return result == _OPERATIONSTATUS_OK

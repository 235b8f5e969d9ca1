"""Passive entry: stay connected for a while, and let the car in on it when it asks for the key.

The car asks by an authenticationRequest, about once a second, each with a token that it changes
every few seconds. Nobody vouches for a request, and a relay may carry it here from a car far away:
so every answer is counted, and none goes farther than the owner allowed.
"""

import asyncio
import hashlib
from time import ticks_diff, ticks_ms

from micropython import const

from fob import messages, protobuf
from fob.cache import SIGNED
from fob.dialogue import ACCEPTED, BUSY, REFUSED, SILENT, TRIES
from fob.errors import AttError, Disconnected, HeldBack, LinkError, NotPaired, Refused, TimedOut
from fob.protobuf import BYTES

_AUTHENTICATION_LEVEL_NONE = const(0)
_RKE_ACTION_AUTO_SECURE_VEHICLE = const(29)
_SIGNEDMESSAGE_INFORMATION_FAULT_INVALID_TOKEN = const(4)

# The older protocol binds an answer to a token of this length; another one is not bound.
_TOKEN = const(20)
# So long a request without a token stands for the same one.
_TOKEN_MS = const(5000)
# So many answers within so long, and so many in one armed time.
_BURST = const(6)
_BURST_MS = const(10000)
_ANSWERS = const(60)

# Short: a press must get the link soon.
_LISTEN_MS = const(100)
_KEEP_ALIVE_MS = const(20000)
# A peer drops a message that was begun, and not gone on with for a second.
_TORN_MS = const(1100)
# Between searches for a car that is away; each listens for seconds, which the battery feels.
_FIRST_PAUSE_MS = const(1000)
_LONGEST_PAUSE_MS = const(15000)


# All that counts of a RoutableMessage here: fob.routable takes more memory than presence has.
_ENVELOPE = (10, "protobuf_message_as_bytes", BYTES, None)


class Presence:
    """Says to one car that its key is here: `vehicle` is its Vehicle, `passive` that of fob.json.

    `say(text)` is told what happens. `remembered` is what an earlier one for this car answered.
    """

    def __init__(self, vehicle, passive, say, remembered=None):
        self._vehicle = vehicle
        self._passive = passive
        self._say = say
        self._paused = False
        # In conversation: what is said then must be said to its end.
        self._talks = False
        known: tuple = remembered or (None, 0, [], [], passive["form"] == "plain", False)
        self._until, self._answers, self._tokens, self._times, self._plain, self._doubted = known

    @property
    def remembered(self):
        """What the next one for this car has to know: arm either as often as is wanted."""
        return self._until, self._answers, self._tokens, self._times, self._plain, self._doubted

    def pause(self):
        """Have run() return soon; nothing is sent after that."""
        self._paused = True

    async def run(self, until):
        """Be there until `until` (time.ticks_ms), which arms it.

        Returns True when it let go of the car for good: the time is over, the car sleeps or asks
        too often. Returns False after pause(): the link, where there is one, is left open then.
        A car that is out of reach is looked for again. Raises what forbids to go on: HeldBack,
        NotPaired or another Refused, NeedsLaptop.
        """
        vehicle = self._vehicle
        if not vehicle.paired:
            raise NotPaired("passive entry is for a fob that is paired")
        vehicle.guard.begin()
        if until != self._until:
            self._until = until
            self._answers = _ANSWERS
        vehicle.lingers = True
        task = asyncio.create_task(self._stay())
        try:
            while not task.done() and (self._talks or not self._interrupted()):
                await asyncio.sleep_ms(_LISTEN_MS)
            task.cancel()
            try:
                error = await task
            except asyncio.CancelledError:
                error = None
            if error:
                raise error
            return not self._paused
        finally:
            # Also where this is cancelled itself: what is under way takes its link down, then.
            task.cancel()
            vehicle.lingers = self._paused
            if not self._paused:
                await vehicle.let_go()
            self._paused = False

    def _interrupted(self):
        return self._paused or ticks_diff(self._until, ticks_ms()) <= 0

    async def _stay(self):
        """Attend to the car, on as many connections as it takes; return the error that ended it,
        which nobody may await yet."""
        pause = _FIRST_PAUSE_MS
        while not self._interrupted():
            began = ticks_ms()
            inherited = self._vehicle.linked
            try:
                await self._vehicle.converse(self._attend, lambda: False)
                return None
            except LinkError as error:
                if self._talks:
                    self._say("passive entry lost the car: %s" % error)
            except Exception as error:  # noqa: BLE001 - run() raises it
                return error
            finally:
                self._talks = False
            if inherited:
                # It may have been lost long ago.
                continue
            if ticks_diff(ticks_ms(), began) > _KEEP_ALIVE_MS:
                pause = _FIRST_PAUSE_MS
            await asyncio.sleep_ms(pause)
            pause = min(2 * pause, _LONGEST_PAUSE_MS)
        return None

    async def _attend(self, exchange):
        """Answer requests on one connection."""
        self._talks = True
        form = self._passive["form"]
        signed = self._vehicle.cache.traits & SIGNED if form == "auto" else form == "signed"
        dialogue = self._vehicle.dialogue(exchange, signed)
        if signed:
            # No other key than the proven one is answered.
            dialogue.session.agreements = 0
        else:
            exchange.read = _read
        # What it told during a press is over.
        exchange.asleep = exchange.request = None
        if not exchange.greeted:
            await self._greet(exchange, dialogue)
        read_ms = ticks_ms()
        while not exchange.asleep and self._answers >= 0:
            if self._interrupted():
                if not self._paused and self._passive["secure_at_end"]:
                    await self._secure(dialogue)
                return
            if exchange.request:
                request, exchange.request = exchange.request, None
                await self._consider(exchange, dialogue, request)
            if ticks_diff(ticks_ms(), read_ms) >= _KEEP_ALIVE_MS:
                read_ms = ticks_ms()
                try:
                    await exchange.link.keep_alive()
                except Disconnected:
                    raise
                except LinkError:
                    # This car does not offer it: then the link lasts as long as it lasts.
                    pass
            try:
                await exchange.receive(_LISTEN_MS)
            except TimedOut:
                pass

    async def _secure(self, dialogue):
        secure = messages.unsigned({"RKEAction": _RKE_ACTION_AUTO_SECURE_VEHICLE})
        try:
            await dialogue.command(secure, None)
        except (LinkError, Refused) as error:
            self._say("the car was not secured: %s" % error)

    async def _greet(self, exchange, dialogue):
        """Tell the car which key is here, which permits nothing yet."""
        try:
            outcome = await self._tell(exchange, dialogue)
        except AttError:
            outcome = None
        elsewhere = outcome is None or (outcome == SILENT and exchange.unheard)
        if elsewhere and (await exchange.rediscover() or outcome is None):
            # The subscription may have gone where messages go, as the beginning of one.
            await asyncio.sleep_ms(_TORN_MS)
            outcome = await self._tell(exchange, dialogue)
        for _ in range(TRIES):
            if outcome != BUSY or self._interrupted():
                break
            outcome = await self._tell(exchange, dialogue)
        if outcome == REFUSED:
            raise Refused("the car refuses the key", dialogue.information)

    async def _consider(self, exchange, dialogue, request):
        """Answer an authenticationRequest, unless it is none for this key or one too many."""
        asked = request.get("requestedLevel", _AUTHENTICATION_LEVEL_NONE)
        whose = request.get("keyIdToAuth", {}).get("publicKeySHA1", b"")
        ours = hashlib.sha1(self._vehicle.config.public_key).digest()
        if asked <= _AUTHENTICATION_LEVEL_NONE or not ours.startswith(whose):
            return
        now = ticks_ms()
        recent = [at for at in self._times if 0 <= ticks_diff(now, at) < _BURST_MS]
        token = request.get("sessionInfo", {}).get("token", b"")
        if token:
            known = token[:_TOKEN] in self._tokens
        else:
            known = bool(recent) and ticks_diff(now, recent[-1]) < _TOKEN_MS
        if known or len(recent) >= _BURST:
            return
        self._answers -= 1
        if self._answers < 0:
            self._say("the car asks too often: passive entry ends")
            return
        self._times = recent + [now]
        self._tokens = self._tokens[1 - _ANSWERS :] + [token[:_TOKEN]]
        bound = b"" if dialogue.signed or self._plain or len(token) != _TOKEN else token
        level = min(asked, self._passive["level"])
        try:
            outcome = await self._tell(exchange, dialogue, level, bound)
        except NotPaired:
            raise
        except Refused as error:
            self._say("passive entry: %s" % error)
            return
        self._say("passive entry: level %d allowed" % level)
        if outcome == BUSY:
            # It asks for this to be said again, and does so itself within the second.
            self._tokens.pop()
        elif bound:
            # Give up binding answers to tokens where the car refuses that.
            refused = outcome == REFUSED
            if refused and self._passive["form"] == "auto":
                stale = dialogue.information == _SIGNEDMESSAGE_INFORMATION_FAULT_INVALID_TOKEN
                # A token may have been changed meanwhile, but not every time.
                self._plain = not stale or self._doubted
            self._doubted = refused

    async def _tell(self, exchange, dialogue, level=_AUTHENTICATION_LEVEL_NONE, token=b""):
        """Tell the car how far this key goes; return its word."""
        vehicle = self._vehicle
        key = vehicle.cache.sessions[-1][0]
        if dialogue.session.vehicle_key != key:
            raise HeldBack("the car has another key than at pairing: hold both buttons 5 s")
        outcome = await dialogue.authenticate(level, token)
        if outcome == ACCEPTED and dialogue.session.vehicle_key == key:
            vehicle.keep(exchange, dialogue)
        return outcome


def _read(message):
    """Decode a FromVCSECMessage, or one in the newer protocol's envelope: cars wrap requests in it,
    whatever is spoken. No field number of the two kinds of message is the same."""
    return messages.read(protobuf.decode(_ENVELOPE, message).get(_ENVELOPE[1], message))

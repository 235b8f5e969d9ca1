"""The car as the app sees it: find it, choose how to speak, have a command confirmed.

Where there are several, fob.fleet stands for them and chooses one.

The radio that is handed in offers: start(), random(n), await find(names, timeout_ms, peer) ->
peer, rssi (of that peer, in dBm), await connect(peer, timeout_ms) -> link; the link is what
fob.exchange wants, and offers await open(handles) and await disconnect() besides.
"""

from time import ticks_diff, ticks_ms

from micropython import const

from fob.cache import SIGNED
from fob.dialogue import ACCEPTED, BUSY, REFUSED, SILENT
from fob.errors import (
    AttError,
    ConnectionLimit,
    Disconnected,
    HeldBack,
    LinkError,
    NotFound,
    Refused,
    TimedOut,
)
from fob.exchange import Exchange
from fob.loaded import let_go

_FIND_MS = const(6000)
_CONNECT_MS = const(3000)
# The remembered address is tried this long before the fob listens; cars advertise every 20 to
# 200 ms. `make bench` compares that with listening at once.
_DIRECT_MS = const(400)
_CONNECTIONS = const(3)
# No new connection later than this: a press has to come to its end.
_RECONNECT_MS = const(8000)

_VEHICLELOCKSTATE_LOCKED = const(1)
_CLOSURESTATE_CLOSED = const(0)
_CLOSURESTATE_UNKNOWN = const(3)

# The modules that only one of the protocols needs, and what has served by then.
_OLDER = ("names", "legacy_dialogue", "legacy")
_NEWER = (
    "names",
    "signed_dialogue",
    "handshake",
    "vehicle_clock",
    "signed",
    "hmac",
    "routable",
)


class Vehicle:
    """One car and what this fob needs to speak to it.

    `config`, `counter`, `cache`, `guard`, `retained`, now_ms() (of a clock that runs on in deep
    sleep) and random(n) are there for the dialogues. `undecided` tells that a command left, and
    the car's word on it is not known.

    `lingers`: leave the link open behind a conversation, for the next one or let_go(). `near` is
    the peer that was heard just now, if it was. `warns_open`: after a lock, look what is open.
    """

    def __init__(self, radio, config, counter, cache, guard, retained, now_ms):
        self._radio = radio
        self.config = config
        self.counter = counter
        self.cache = cache
        self.guard = guard
        self.retained = retained
        self.now_ms = now_ms
        self.random = radio.random
        from fob import names

        self._names = names.of(config.vin)
        # The Vehicle to pair.
        self.candidate = self
        self._peer = None
        self._left = None
        self.undecided = False
        self.lingers = False
        self.near = None
        self.warns_open = False

    @property
    def linked(self):
        """A link was left open behind the last conversation."""
        return self._left is not None

    @property
    def paired(self):
        """A session was proven, and the car did not say since that it does not know the key."""
        return bool(self.cache.sessions) and not self.guard.unknown

    @property
    def waits(self):
        """Something is held back until the owner confirms."""
        return self.guard.waits or len(self.cache.sessions) > 1

    def confirm(self):
        """The owner confirms what is held back; where that is nothing, the key shown last.

        Never both at once: a press said what was to be confirmed.
        """
        if self.guard.waits:
            self.guard.confirm()
        else:
            self.cache.adopt()

    async def choose(self, number=None, shown=None):
        """Return the Vehicle that a press is for: there is one."""
        return self

    async def perform(self, unsigned, lock_state=None, decided=None):
        """Connect and have the UnsignedMessage carried out; returns when the car confirmed it.

        `lock_state` is the state that the command leads to, where there is one: seeing it
        confirms the command too. Both may be open yet: then await decided() gives them, called
        once the car is connected. Returns whether the car is locked by it and tells that something
        is open, where `warns_open`. Raises a FobError that says why not.
        """
        self.guard.begin()
        self.undecided = False
        is_open = False

        async def conversation(exchange):
            nonlocal unsigned, lock_state, decided, is_open
            if decided:
                unsigned, lock_state = await decided()
                decided = None
            dialogue = await self._deliver(exchange, unsigned, lock_state)
            if self.warns_open and lock_state == _VEHICLELOCKSTATE_LOCKED:
                is_open = await _is_open(exchange, dialogue)

        # Without a state to check, a command that may have been carried out is not repeated.
        await self.converse(conversation, lambda: lock_state is not None or not self.undecided)
        return is_open

    async def let_go(self):
        """Take down a link that was left open."""
        exchange, self._left = self._left, None
        if exchange:
            await exchange.link.disconnect()

    async def converse(self, conversation, again=None):
        """Run `conversation(exchange)` on the link that was left open or a fresh one, on another
        one when that fails.

        `again()`, if there is one, tells then whether it may be run again.
        """
        began = ticks_ms()
        peer, handles = self.near or self.cache.peer, self.cache.handles
        for remaining in range(_CONNECTIONS - 1, -1, -1):
            exchange, self._left = self._left, None
            link = exchange and exchange.link
            try:
                if not link:
                    link = await self._connect(peer)
                    # Should this be no car, neither its address nor the handles are of use.
                    remembered, peer, handles = handles, None, None
                    await self._open(link, remembered)
                    peer, handles = self._peer, link.handles
                    exchange = Exchange(link)
                await conversation(exchange)
                if self.lingers:
                    self._left, link = exchange, None
                return
            except (ConnectionLimit, NotFound, TimedOut):
                raise
            except LinkError:
                if link and handles:
                    # Perhaps they were discovered anew meanwhile.
                    handles = link.handles
                late = ticks_diff(ticks_ms(), began) > _RECONNECT_MS
                if late or not remaining or (again and not again()):
                    raise
            finally:
                if link:
                    await link.disconnect()

    def dialogue(self, exchange, signed, begun=None):
        """Return a new dialogue on this connection, in the signed-command protocol or the older.

        Each begins from what was proven: what an earlier connection was told may have been a lie.
        Or else from `begun`, a handshake of this connection.
        """
        # Nothing may hold on to the protocol that is to be unloaded.
        exchange.read = None
        if signed:
            let_go(*_OLDER)
            from fob.signed_dialogue import SignedDialogue

            return SignedDialogue(exchange, self, begun)
        let_go(*_NEWER)
        from fob.legacy_dialogue import LegacyDialogue

        return LegacyDialogue(exchange, self)

    def handshake(self, exchange):
        """Return what of the signed-command protocol pairing needs."""
        let_go(*_OLDER)
        from fob.handshake import Handshake

        return Handshake(exchange, self)

    def keep(self, exchange, dialogue, paired=False):
        """Remember what a confirmed message proved: the car's place, and the session.

        Raises Refused where that is not with the key of pairing.
        """
        strange = dialogue.stranger and not paired
        if not strange:
            self.guard.proven()
        self.cache.meet(self._peer, exchange.link.handles)
        dialogue.keep(paired)
        if strange:
            # Whoever listens in may answer so. The car has new keys now and then, too.
            raise Refused("another key than at pairing: if the car obeyed, hold both 5 s")

    async def _connect(self, peer):
        self._radio.start()
        near, self.near = self.near, None
        if peer and (peer == near or not _rotates(peer)):
            try:
                link = await self._radio.connect(peer, _DIRECT_MS)
                self._peer = peer
                if near:
                    self._note_strength()
                return link
            except LinkError:
                # Not here, or no longer under this address.
                pass
        self._peer = await self._radio.find(self._names, _FIND_MS, peer)
        self._note_strength()
        try:
            return await self._radio.connect(self._peer, _CONNECT_MS)
        except TimedOut:
            raise Disconnected("the car was heard, but no connection came up")

    def _note_strength(self):
        self.retained.put("rssi", bytes((self._radio.rssi & 0xFF,)))

    async def _open(self, link, handles):
        try:
            await link.open(handles)
        except AttError:
            if not handles:
                raise
            await link.open()

    async def _deliver(self, exchange, unsigned, lock_state):
        """Return the dialogue in which the car confirmed the command."""
        dialogue = await self._chosen(exchange)
        if self.undecided and await dialogue.settle(lock_state) == ACCEPTED:
            # The link went down before the car could say so.
            return dialogue
        examined = dialogue.signed or self.config.protocol != "auto"
        information = 0
        while True:
            try:
                outcome = await dialogue.command(unsigned, lock_state)
            except AttError:
                if not await self._went_elsewhere(exchange):
                    raise
                continue
            except HeldBack:
                if not examined and not self.waits:
                    dialogue = None
                    # What it cannot read is perhaps the older protocol: the next press will know.
                    try:
                        await self.handshake(exchange).inform()
                    except LinkError:
                        pass
                raise
            if outcome == ACCEPTED:
                self.keep(exchange, dialogue)
                return dialogue
            if outcome == BUSY:
                raise TimedOut("the car stays busy")
            silent = outcome == SILENT
            if (
                silent
                and exchange.unheard
                and (await self._went_elsewhere(exchange) or not self.undecided)
            ):
                continue
            final = silent and lock_state is None
            if not final and not (silent and dialogue.lost) and dialogue.escalate(outcome):
                continue
            if not examined:
                # Perhaps an update taught the car the newer protocol, and the older no more.
                examined = True
                information = dialogue.information
                # With both in memory there is not enough left for a key agreement.
                dialogue = None
                dialogue = await self._informed(exchange)
                if dialogue and not final:
                    continue
                dialogue = None
                dialogue = self.dialogue(exchange, False)
            if not final and dialogue.escalate(outcome):
                continue
            if outcome == REFUSED:
                raise Refused("the car refuses the command", dialogue.information or information)
            raise TimedOut("the car did not confirm the command")

    async def _chosen(self, exchange):
        """Return a dialogue in the protocol that is configured, known, or found out now."""
        signed = self.config.protocol == "signed"
        if self.config.protocol == "auto":
            # What was proven in the newer protocol is never again spoken to in the older one:
            # whoever jams the air must not be able to choose.
            signed = self.cache.traits & SIGNED
            if not self.cache.sessions:
                dialogue = await self._informed(exchange)
                if dialogue:
                    return dialogue
        return self.dialogue(exchange, signed)

    async def _informed(self, exchange):
        """Return a dialogue in the signed-command protocol, None where the car does not understand
        it."""
        # What seals commands is loaded afterwards: a key agreement needs the memory.
        handshake = self.handshake(exchange)
        if await handshake.inform():
            return self.dialogue(exchange, True, handshake)
        return None

    async def _went_elsewhere(self, exchange):
        """Discover anew where handles were remembered; True when they were another attribute's."""
        subscribed_at = exchange.link.handles[2]
        if not await exchange.rediscover():
            return False
        self.undecided = False
        if exchange.link.handles[0] == subscribed_at:
            raise Disconnected("the car took the subscription for the beginning of a message")
        return True


async def _is_open(exchange, dialogue):
    """Whether the car tells that something is open; the charge port is none of it, for a car that
    charges has to be locked with it open."""
    if exchange.status is None:
        try:
            await dialogue.status()
        except TimedOut:
            return False
    for name, state in exchange.status.get("closureStatuses", {}).items():
        if state not in (_CLOSURESTATE_CLOSED, _CLOSURESTATE_UNKNOWN) and name != "chargePort":
            return True
    return False


def _rotates(peer):
    """Whether an address is a resolvable one, good for a quarter of an hour: most are gone then."""
    addr_type, addr = peer
    return addr_type == 1 and addr[0] >> 6 == 1

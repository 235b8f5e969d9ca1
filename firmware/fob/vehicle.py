"""The car as the app sees it: find it, start a session, have a command confirmed.

The radio that is handed in offers: start(), random(n), await find(names, timeout_ms, peer) ->
peer, await connect(peer, timeout_ms) -> link; the link is what fob.exchange wants, and offers
await open(handles) and await disconnect() besides.
"""

from time import ticks_diff, ticks_ms

from micropython import const

from fob import codes, legacy, messages, names
from fob.delivery import ACCEPTED, ANSWER_MS, BUSY, REFUSED, SILENT, Delivery
from fob.errors import (
    AttError,
    ConnectionLimit,
    Disconnected,
    InvalidKey,
    LinkError,
    NotFound,
    NotPaired,
    Refused,
    TimedOut,
)
from fob.exchange import Exchange

_FIND_MS = const(6000)
_CONNECT_MS = const(3000)
# The remembered address is tried this long before the fob listens; cars advertise every 20 to
# 200 ms. `make bench` compares that with listening at once.
_DIRECT_MS = const(400)
# Many a car takes authenticationResponse NONE without a word.
_GREETING_MS = const(300)
_TRIES = const(4)
_CONNECTIONS = const(3)
# No new connection later than this: a press has to come to its end.
_RECONNECT_MS = const(8000)

# A counter that the car reports is not authenticated: followed only once a press, and only this
# far past the lease, so that a hostile answer cannot use up the counter of this key.
_MAX_COUNTER_JUMP = const(65536)

_COUNTER_FAULTS = (
    codes.SIGNEDMESSAGE_INFORMATION_FAULT_IV_SMALLER_THAN_EXPECTED,
    codes.SIGNEDMESSAGE_INFORMATION_FAULT_TOKEN_AND_COUNTER_INVALID,
)


class Vehicle:
    """One car and this fob's session with it."""

    def __init__(self, radio, config, counter, cache, guard):
        self._radio = radio
        self._config = config
        self._counter = counter
        self._cache = cache
        self._guard = guard
        self._names = names.of(config.vin)
        self._peer = None
        self._jumped = False
        # The command left, and the car's word on it is not known.
        self._undecided = False
        self.session = self._session()

    @property
    def paired(self):
        """A session was proven, and the car did not say since that it does not know the key."""
        return bool(self._cache.sessions) and not self._guard.unknown

    @property
    def waits(self):
        """Something is held back until the owner confirms."""
        return self._guard.waits

    def confirm(self):
        """The owner confirms what is held back; starting to pair does so too."""
        self._guard.confirm()
        self._begin()

    async def perform(self, unsigned, lock_state=None):
        """Connect and have the UnsignedMessage carried out; returns when the car confirmed it.

        `lock_state` is the state that the command leads to, where there is one: seeing it
        confirms the command too. Raises a FobError that says why not.
        """
        self._begin()
        # Without a state to check, a command that may have been carried out is not repeated.
        await self.converse(
            lambda exchange: self._deliver(exchange, unsigned, lock_state),
            lambda: lock_state is not None or not self._undecided,
        )

    async def converse(self, conversation, again=lambda: True):
        """Run `conversation(exchange)` on a fresh connection, on another one when that fails.

        `again()` tells then whether it may be run again. Each starts from the proven session: what
        an earlier one was told may have been a lie.
        """
        began = ticks_ms()
        peer, handles = self._cache.peer, self._cache.handles
        for remaining in range(_CONNECTIONS - 1, -1, -1):
            self.session = self._session(*self._cache.sessions[:1])
            link = None
            try:
                link = await self._connect(peer)
                # Should this be no car, neither its address nor the handles are of use.
                remembered, peer, handles = handles, None, None
                await self._open(link, remembered)
                peer, handles = self._peer, link.handles
                await conversation(Exchange(link))
                return
            except (ConnectionLimit, NotFound, TimedOut):
                raise
            except LinkError:
                if link and handles:
                    # Perhaps they were discovered anew meanwhile.
                    handles = link.handles
                late = ticks_diff(ticks_ms(), began) > _RECONNECT_MS
                if late or not remaining or not again():
                    raise
            finally:
                if link:
                    await link.disconnect()

    async def agree(self, exchange):
        """Ask for the car's key and derive the shared key; kept only once it is proven.

        A key that is none is asked for once more: it was garbled on its way, or not the car's.
        """
        try:
            await self._agree(exchange)
        except InvalidKey:
            await self._agree(exchange)

    async def _agree(self, exchange):
        answer = await exchange.ask(
            self.session.request(),
            lambda answer: answer.get("sessionInfo", {}).get("publicKey") or legacy.fault(answer),
            ANSWER_MS,
        )
        fault = legacy.fault(answer)
        if fault:
            self._reject_unpaired(fault[0])
            raise Refused("the car gives no session", fault[0])
        for session in self._cache.sessions:
            if session[0] == answer["sessionInfo"]["publicKey"]:
                self.session = self._session(session)
                return
        self.session.agree(answer, self._config.private_key, self._radio.random)

    async def prove(self, exchange):
        """Tell the car who is connected, which also proves that the key works; then keep it.

        This is authenticationResponse NONE. Raises NotPaired, Refused or TimedOut. That the car
        does not know the key yet is no fault while it is being enrolled.
        """
        delivery = Delivery(exchange)
        outcome = await self._greet(delivery, exchange, ANSWER_MS, enrolling=True)
        if outcome == SILENT and not delivery.settled:
            raise TimedOut("the car does not answer")
        # Cars may accept it without a word; the status that came after it shows that no fault did.
        if outcome not in (ACCEPTED, SILENT):
            raise Refused("the car refuses the key", delivery.information)
        self._keep(exchange, False, paired=True)

    def _begin(self):
        self._guard.begin()
        self._jumped = self._undecided = False

    def _session(self, keys=()):
        return legacy.Session(self._config.public_key, *keys)

    async def _connect(self, peer):
        self._radio.start()
        if peer and not _rotates(peer):
            try:
                link = await self._radio.connect(peer, _DIRECT_MS)
                self._peer = peer
                return link
            except LinkError:
                # Not here, or no longer under this address.
                pass
        self._peer = await self._radio.find(self._names, _FIND_MS, peer)
        try:
            return await self._radio.connect(self._peer, _CONNECT_MS)
        except TimedOut:
            raise Disconnected("the car was heard, but no connection came up")

    async def _open(self, link, handles):
        try:
            await link.open(handles)
        except AttError:
            if not handles:
                raise
            await link.open()

    async def _deliver(self, exchange, unsigned, lock_state):
        delivery = Delivery(exchange)
        if self._undecided and await delivery.settle(lock_state) == ACCEPTED:
            # The link went down before the car could say so.
            return
        greet = self._cache.needs_none
        tried = []
        while True:
            try:
                outcome = await self._command(delivery, exchange, unsigned, lock_state, greet)
            except AttError:
                if not await self._went_elsewhere(exchange):
                    raise
                continue
            if outcome == ACCEPTED:
                self._keep(exchange, greet)
                return
            if outcome == BUSY:
                raise TimedOut("the car stays busy")
            if outcome == SILENT:
                if exchange.unheard and (
                    await self._went_elsewhere(exchange) or not self._undecided
                ):
                    continue
                if lock_state is None:
                    raise TimedOut("the car did not confirm the command")
            if not greet:
                greet = True
                continue
            if outcome == REFUSED:
                raise Refused("the car refuses the command", delivery.information)
            # Perhaps the session confirmed last was a lie, and the car says nothing to it.
            tried.append(self.session.shared_key)
            others = [keys for keys in self._cache.sessions if keys[1] not in tried]
            if not others:
                raise TimedOut("the car did not confirm the command")
            self.session = self._session(others[0])
            greet = self._cache.needs_none

    async def _went_elsewhere(self, exchange):
        """Discover anew where handles were remembered; True when they were another attribute's."""
        subscribed_at = exchange.handles[2]
        if not await exchange.rediscover():
            return False
        self._undecided = False
        if exchange.handles[0] == subscribed_at:
            raise Disconnected("the car took the subscription for the beginning of a message")
        return True

    async def _command(self, delivery, exchange, unsigned, lock_state, greet):
        """Send the command, after NONE where `greet` is true, until the car decides."""
        if self.session.shared_key is None:
            await self.agree(exchange)
        doubtful = False
        if greet:
            greeted = await self._greet(delivery, exchange, _GREETING_MS)
            doubtful = greeted == SILENT and not delivery.settled
            if greeted == BUSY or (greeted == SILENT and exchange.unheard):
                return greeted

        async def send():
            counter = self._counter.take()
            sealed = self.session.seal(unsigned, counter)
            self._undecided = True
            outcome = await delivery.send(
                sealed, counter, lock_state, ANSWER_MS, lock_state is not None, doubtful
            )
            if outcome in (BUSY, REFUSED):
                self._undecided = False
            return outcome

        return await self._insist(send, delivery, exchange)

    async def _greet(self, delivery, exchange, wait_ms, enrolling=False):
        """Send authenticationResponse NONE, which tells the car who is connected.

        A silent car is asked for its status after `wait_ms`, lest a late word on this pass for
        one on the command.
        """
        none = messages.authentication_response(codes.AUTHENTICATION_LEVEL_NONE)

        async def send():
            counter = self._counter.take()
            sealed = self.session.seal(none, counter)
            return await delivery.send(sealed, counter, None, wait_ms, settle=True)

        return await self._insist(send, delivery, exchange, enrolling)

    async def _insist(self, send, delivery, exchange, enrolling=False):
        """Repeat `send` as long as the car is busy or its fault can be mended."""
        agreed = False
        outcome = SILENT
        for _ in range(_TRIES):
            outcome = await send()
            if outcome == BUSY:
                continue
            if outcome != REFUSED or not delivery.information:
                break
            information = delivery.information
            self._reject_unpaired(information, not enrolling)
            self._guard.fault()
            if information in _COUNTER_FAULTS:
                if not self._follow(delivery.reported):
                    break
            elif information == codes.SIGNEDMESSAGE_INFORMATION_FAULT_AES_DECRYPT_AUTH:
                if agreed:
                    break
                agreed = True
                await self.agree(exchange)
            else:
                break
        return outcome

    def _follow(self, reported):
        """Go past the counter that the car reported; False where this press did so already."""
        far = self._counter.distance(reported) > _MAX_COUNTER_JUMP
        if far and not self._guard.allows(reported):
            self._guard.suspect(reported)
        if self._jumped:
            return False
        self._jumped = True
        self._counter.advance(reported + 1)
        return True

    def _reject_unpaired(self, information, is_fault=False):
        if information == codes.SIGNEDMESSAGE_INFORMATION_FAULT_NOT_ON_WHITELIST:
            self._guard.rejected()
            if is_fault:
                self._guard.fault()
            raise NotPaired("the car does not know this key: pair again", information)

    def _keep(self, exchange, needs_none, paired=False):
        self._guard.proven()
        self._cache.meet(self._peer, exchange.handles)
        session = self.session.vehicle_key, self.session.shared_key
        self._cache.keep(session, needs_none, paired)


def _rotates(peer):
    """Whether an address is a resolvable one, good for a quarter of an hour: most are gone then."""
    addr_type, addr = peer
    return addr_type == 1 and addr[0] >> 6 == 1

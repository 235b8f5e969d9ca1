"""Messages over a link, with deadlines: the only asynchronous protocol module.

The link that is handed in offers: payload (bytes per write), handles, remembered (whether these
were handed to it instead of discovered), await open(), await write(chunk), await read(timeout_ms)
-> one indication (with 0, only one that is here already), and await exchange_mtu(). It raises
Disconnected, AttError and, from read() alone, TimedOut; cancellation passes through.
"""

import asyncio
from time import ticks_add, ticks_diff, ticks_ms

from micropython import const

from fob import framing, messages
from fob.errors import DecodeError, Disconnected, TimedOut

_VEHICLE_SLEEP_STATUS_ASLEEP = const(2)

# A message that needs more writes than this is worth a longer ATT_MTU, which costs one request.
_WRITES_WITHOUT_MTU_EXCHANGE = const(2)
# A peer drops the piece of a message that is not followed by the next within a second, and takes
# that one for the beginning of another: only a fresh connection is sure to be in step again.
_TORN_MS = const(800)
# What is here at a deadline is still taken, but not for ever: a peer may talk without end.
_GRACE_MS = const(500)
# Pieces of one message come about 90 ms apart.
_PIECE_MS = const(200)
# As many indications as a link keeps: what comes in while they are taken comes later. As many
# messages wait, too.
_INBOX = const(64)


class Exchange:
    """One connection's conversation over `link`; remembers what the car told last.

    `read` decodes a message; whoever asks in another protocol than the older one replaces it.
    `lock_state` is the car's lock state and `earlier_state` the one that it told before;
    `status` is its last vehicleStatus and `asleep` whether that says so, None where it told
    neither. `request` and `operation` are its last authenticationRequest and
    whitelistOperationStatus, None where there was none. `greeted`: the car was told on this
    connection, by an authenticationResponse, which key this is. `began`,
    `sent` and `answered` are places in the stream from the car, in bytes: where the answer that
    was received last began; where the stream stood before the last write of the message sent
    last, and when the car had answered that write. `whole` tells that this write was attempted:
    a car that lacks it has no message.
    """

    def __init__(self, link):
        self.link = link
        self.read = messages.read
        self._frames = framing.Reassembler()
        # Messages that came and were not received yet, each with the place where it began.
        self._waiting = []
        self._heard = False
        self.lock_state = self.earlier_state = None
        self.status = self.asleep = self.request = self.operation = None
        self.greeted = False
        self.began = self.sent = self.answered = 0
        self.whole = False

    @property
    def unheard(self):
        """Remembered handles are in use, and nothing of the car has come through them yet."""
        return self.link.remembered and not self._heard

    async def rediscover(self):
        """Replace remembered handles; True when what was written until now went elsewhere."""
        if not self.link.remembered:
            return False
        to_vehicle = self.link.handles[0]
        await self.link.open()
        # Whatever has come so far need not have come from the car's characteristic.
        self._frames.drop()
        self._waiting.clear()
        return self.link.handles[0] != to_vehicle

    async def send(self, message):
        """Write one message; returns when the last write was answered.

        Raises Disconnected also where the link is of no use any more.
        """
        self.whole = False
        framed = framing.frame(message)
        if len(framed) > _WRITES_WITHOUT_MTU_EXCHANGE * self.link.payload:
            await self.link.exchange_mtu()
        left = len(framed)
        written = ticks_ms()
        for chunk in framing.chunks(framed, self.link.payload):
            self.sent = await self._place()
            if ticks_diff(ticks_ms(), written) > _TORN_MS:
                raise Disconnected("the car is too slow to take a message in one piece")
            written = ticks_ms()
            left -= len(chunk)
            self.whole = not left
            await self.link.write(chunk)
        self.answered = await self._place()

    async def receive(self, timeout_ms):
        """Return the car's next answer, decoded; raises TimedOut or Disconnected.

        What cannot be read is passed over: bytes on the air may cost time, never the session.
        """
        return await self.receive_by(ticks_add(ticks_ms(), timeout_ms))

    async def receive_by(self, deadline):
        """As receive, until `deadline` (time.ticks_ms)."""
        # Buttons and light get their turn, however much the car has to say.
        await asyncio.sleep_ms(0)
        while True:
            remaining = ticks_diff(deadline, ticks_ms())
            if remaining < -_GRACE_MS:
                raise TimedOut("the car talks without end")
            if self._waiting:
                self.began, message = self._waiting.pop(0)
                try:
                    return self.note(self.read(message))
                except DecodeError:
                    continue
            # What is here already is taken at the deadline too, and what began may go on: an answer
            # may be in many pieces.
            await self._take_in(max(_PIECE_MS if self._frames.partial else 0, remaining))

    async def ask(self, question, told, timeout_ms):
        """Send what question() returns; return what told(answer) gives, once that is not None.

        Asks again after `timeout_ms`, once: a question changes nothing, and answers get lost.
        Raises TimedOut.
        """
        for last in (False, True):
            await self.send(question())
            deadline = ticks_add(ticks_ms(), timeout_ms)
            try:
                while True:
                    heard = told(await self.receive_by(deadline))
                    if heard is not None:
                        return heard
            except TimedOut:
                # Where nothing was ever heard, the handles are the first to suspect.
                if last or self.unheard:
                    raise
            # What began and never ended must not swallow the next answer as well.
            self._frames.drop()
        return None

    async def _place(self):
        """Take in what is here already; return the number of bytes received until now."""
        try:
            for _ in range(_INBOX):
                await self._take_in(0)
        except TimedOut:
            pass
        return self._frames.received

    async def _take_in(self, timeout_ms):
        self._frames.feed(await self.link.read(timeout_ms), ticks_ms())
        try:
            while True:
                message = self._frames.next()
                if message is None:
                    return
                self._waiting.append((self._frames.began, message))
                # Hundreds of frames of nothing fit into one indication.
                del self._waiting[:-_INBOX]
        except DecodeError:
            pass

    def note(self, answer):
        """Take notice of what a decoded FromVCSECMessage tells; returns it."""
        self._heard = True
        status = answer.get("vehicleStatus")
        if status is not None:
            self.earlier_state, self.lock_state = self.lock_state, messages.lock_state(status)
            self.status = status
            sleep = status.get("vehicleSleepStatus")
            self.asleep = sleep == _VEHICLE_SLEEP_STATUS_ASLEEP if sleep else None
        self.request = answer.get("authenticationRequest", self.request)
        command = answer.get("commandStatus", {})
        self.operation = command.get("whitelistOperationStatus", self.operation)
        return answer

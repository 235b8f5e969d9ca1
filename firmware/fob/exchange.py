"""Messages over a link, with deadlines: the only asynchronous protocol module.

The link that is handed in offers: payload (bytes per write), await write(chunk),
await read(timeout_ms) -> one indication (with 0, only one that is here already), and
await exchange_mtu(). It raises Disconnected and TimedOut; cancellation passes through.
"""

import asyncio
from time import ticks_add, ticks_diff, ticks_ms

from micropython import const

from fob import framing, messages
from fob.errors import DecodeError, TimedOut

# A message that needs more writes than this is worth a longer ATT_MTU, which costs one request.
_WRITES_WITHOUT_MTU_EXCHANGE = const(2)
# What is here at a deadline is still taken, but not for ever: a peer may talk without end.
_GRACE_MS = const(500)


class Exchange:
    """One connection's conversation; remembers the lock state that the car last told."""

    def __init__(self, link):
        self._link = link
        self._frames = framing.Reassembler()
        self.lock_state = None

    async def send(self, message):
        """Write one message; returns when the last write was answered."""
        framed = framing.frame(message)
        if len(framed) > _WRITES_WITHOUT_MTU_EXCHANGE * self._link.payload:
            await self._link.exchange_mtu()
        for chunk in framing.chunks(framed, self._link.payload):
            await self._link.write(chunk)

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
            try:
                message = self._frames.next()
                if message is not None:
                    return self._noted(messages.read(message))
            except DecodeError:
                continue
            # What is here already is taken at the deadline too: an answer may be in many pieces.
            self._frames.feed(await self._link.read(max(0, remaining)), ticks_ms())

    async def drain(self, timeout_ms=0):
        """Take in what arrives until then, so that it cannot pass for a later answer."""
        deadline = ticks_add(ticks_ms(), timeout_ms)
        try:
            while True:
                await self.receive_by(deadline)
        except TimedOut:
            pass

    async def ask(self, message, wanted, timeout_ms):
        """Send a question and return the first answer for which wanted(answer) is true.

        Asks again after `timeout_ms`, once: a question changes nothing, and answers get lost.
        """
        try:
            return await self._ask(message, wanted, timeout_ms)
        except TimedOut:
            return await self._ask(message, wanted, timeout_ms)

    async def _ask(self, message, wanted, timeout_ms):
        await self.send(message)
        deadline = ticks_add(ticks_ms(), timeout_ms)
        while True:
            answer = await self.receive_by(deadline)
            if wanted(answer):
                return answer

    def _noted(self, answer):
        state = messages.lock_state(answer)
        if state is not None:
            self.lock_state = state
        return answer

"""When passive entry is on: from a press on, for as long as fob.json says."""

import asyncio
from time import ticks_add, ticks_diff, ticks_ms

from micropython import const

from fob.errors import LinkError
from fob.loaded import let_go

NAME = "passive entry"

_MINUTE_MS = const(60000)
# Between two searches for whichever car is near.
_PAUSE_MS = const(5000)
# A presence that is not over so long after its time hangs: a last command takes a press's time.
_ENDING_MS = const(20000)


class Arming:
    """Arms and disarms; while it is armed and not paused, a fob.presence.Presence is at work.

    `fleet` is the app's vehicle; `passive` as in fob.json; `say(text)` is for whoever watches, and
    report(name, error) is told what ended it too early. It is `armed` until the time is over, the
    car is locked, or something failed.
    """

    def __init__(self, fleet, passive, say, report):
        self._fleet = fleet
        self._passive = passive
        self._say = say
        self._report = report
        self.armed = False
        self._number = self._until_ms = None
        # What a Presence answered, by the number of its car.
        self._remembered: dict = {}
        self._task = self._present = None

    @property
    def hangs(self):
        """True when it should have ended long ago."""
        return self._task and self.armed and self._left_ms() < -_ENDING_MS

    async def pause(self):
        """Leave the radio to a press; a link stays, for choose() to find."""
        task, self._task = self._task, None
        if not task:
            return
        if self.armed and not self._present:
            # It looks for a car.
            task.cancel()
            await asyncio.sleep_ms(0)
            return
        if self._present:
            self._present.pause()
        await task
        # The press may need a key agreement.
        let_go("presence")

    async def settle(self, wish=None, number=None):
        """A press is over: arm anew for car `number` (True), disarm (False), or go on as before."""
        if wish:
            self._until_ms = ticks_add(ticks_ms(), self._passive["minutes"] * _MINUTE_MS)
            self._number = number
        if wish is not None:
            self.armed = wish
        if self.armed and self._left_ms() > 0:
            self._task = asyncio.create_task(self._watch())
        else:
            await self._end()

    def cancel(self):
        """Stop at once; whoever ran it switches the radio off."""
        if self._task:
            self._task.cancel()

    async def _watch(self):
        try:
            vehicle = await self._found()
            if vehicle:
                self._present = self._presence(vehicle)
                if not await self._present.run(self._until_ms):
                    return
            self._say(NAME + " is over")
        except Exception as error:  # noqa: BLE001 - whatever it is, the next press must work
            self._report(NAME, error)
        finally:
            if self._present:
                self._remembered[vehicle.config.number] = self._present.remembered
                self._present = None
        await self._end()

    def _presence(self, vehicle):
        # What a key agreement left behind: there is not memory enough for both.
        let_go("pairing", "p256")
        from fob.presence import Presence

        remembered = self._remembered.get(vehicle.config.number)
        return Presence(vehicle, self._passive, self._say, remembered)

    async def _found(self):
        """Return the Vehicle; None when the time was over before one was near."""
        while self._left_ms() > 0:
            try:
                return await self._fleet.choose(self._number)
            except LinkError:
                await asyncio.sleep_ms(_PAUSE_MS)
        return None

    def _left_ms(self):
        return ticks_diff(self._until_ms, ticks_ms())

    async def _end(self):
        self.armed = False
        # What a press or a presence left open.
        await self._fleet.let_go()

"""Gestures to actions to feedback."""

import asyncio
from time import ticks_diff, ticks_ms

from micropython import const

from fob import messages, patterns
from fob.actions import ACTIONS, PAIRING_CHORD
from fob.errors import FobError, NotPaired
from fob.gestures import HOLD, PRESS, Gestures

_SAMPLE_MS = const(10)
# A press that takes longer than this is given up: nobody stands at a car that long.
_PRESS_MS = const(15000)


class App:
    """Owns the fob's behaviour; everything it touches is handed in.

    `buttons` offers names, levels() -> mask and await changed(); `light` offers set(on);
    `say(text)` is for whoever watches the console.
    """

    def __init__(self, buttons, light, vehicle, config, cache, say):
        self._buttons = buttons
        self._light = light
        self._vehicle = vehicle
        self._config = config
        self._cache = cache
        self._say = say
        # From here on a button that goes down is a press; what is down already was held at boot.
        self._gestures = Gestures(buttons.levels())
        self._pattern = None
        self._wanted = None
        self._wake = asyncio.Event()
        self._rejected = False
        for name in buttons.names:
            if name not in ACTIONS:
                say("button %s has no action" % name)

    async def run(self):
        """Serve presses until cancelled; a dying task takes the app down, never in silence."""
        watcher = asyncio.create_task(self._watch())
        try:
            while True:
                await self._wake.wait()
                self._wake.clear()
                if watcher.done():
                    await watcher
                name, self._wanted = self._wanted, None
                if name:
                    await self._act(name)
        finally:
            watcher.cancel()
            if self._pattern:
                self._pattern.cancel()

    async def _watch(self):
        """Turn buttons into wanted actions; the latest press wins over one not yet begun."""
        try:
            while True:
                if self._gestures.idle:
                    await self._buttons.changed()
                gesture = self._gestures.feed(self._buttons.levels(), ticks_ms())
                wanted = gesture and self._meaning(*gesture)
                if wanted:
                    self._wanted = wanted
                    self._wake.set()
                await asyncio.sleep_ms(_SAMPLE_MS)
        finally:
            self._wake.set()

    def _meaning(self, kind, mask):
        held = [name for bit, name in enumerate(self._buttons.names) if mask >> bit & 1]
        if kind == PRESS and len(held) == 1 and held[0] in ACTIONS:
            return held[0]
        if kind == HOLD and sorted(held) == sorted(PAIRING_CHORD):
            if not self._paired:
                return "pair"
            self._say("paired already")
        return None

    @property
    def _paired(self):
        # A car that no longer knows the key says so: then the chord must work again.
        return self._cache.sessions and not self._rejected

    async def _act(self, name):
        """Carry out one action with its lights; errors end here, as a light and a line."""
        if name == "pair" and self._paired:
            return
        started = ticks_ms()
        self._show(patterns.WORKING)
        try:
            if name == "pair":
                from fob import pairing

                await pairing.pair(self._vehicle, self._config, self._say)
            else:
                await asyncio.wait_for_ms(self._perform(name), _PRESS_MS)
        except FobError as error:
            if isinstance(error, NotPaired):
                self._rejected = True
            self._show(patterns.NEEDS_LAPTOP if error.needs_laptop else patterns.FAILED)
            self._say("%s failed (%s): %s" % (name, error.code, error))
        except asyncio.TimeoutError:
            self._show(patterns.FAILED)
            self._say("%s failed (timed-out): it took too long" % name)
        except Exception as error:  # noqa: BLE001 - whatever it is, the next press must work
            self._show(patterns.FAILED)
            self._say("%s failed (internal): %s" % (name, type(error).__name__))
        else:
            self._rejected = False
            self._show(patterns.DONE)
            self._say("%s done in %d ms" % (name, ticks_diff(ticks_ms(), started)))

    async def _perform(self, name):
        content, lock_state = ACTIONS[name]
        await self._vehicle.perform(messages.unsigned(content), lock_state)

    def _show(self, pattern):
        if self._pattern:
            self._pattern.cancel()
        self._pattern = asyncio.create_task(patterns.play(self._light, pattern))

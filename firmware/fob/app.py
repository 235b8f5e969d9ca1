"""Gestures to actions to feedback, and when to sleep."""

import asyncio
from time import ticks_diff, ticks_ms

from micropython import const

from fob import messages, patterns
from fob.actions import ACTIONS, PAIRING_CHORD
from fob.errors import FobError
from fob.gestures import HOLD, LONG_HOLD, PRESS, Gestures

_SAMPLE_MS = const(10)
# While no button is down an edge ends the wait. Tasks want to be looked after more often than
# the clock.
_GLANCE_MS = const(50)
_IDLE_GLANCE_MS = const(500)
_IDLE_MS = const(60000)

# A press that takes longer than this is given up: nobody stands at a car that long.
_PRESS_MS = const(15000)
# Pairing waits for a person; its own deadline comes first.
_PAIRING_MS = const(120000)
# What does not end this long after it was given up hangs.
_HANG_MS = const(5000)

_PAIR = "pair"
_CONFIRM = "confirm"


class Hang(Exception):
    """A task does not go on; only a restart helps."""


class App:
    """Owns the fob's behaviour; everything it touches is handed in.

    `buttons` offers names, levels() -> mask and await changed(); `light` offers set(on);
    `vehicle` is a fob.vehicle.Vehicle, `journal` a fob.journal.Journal; `power` offers feed(),
    maintenance (no sleep while it is true) and battery_mv() -> int or None; `say(text)` is for
    whoever watches the console.

    `woken` is the mask of the buttons whose press started the fob: they count as pressed, also
    when they are up again. `stuck` is the mask of those that are ignored until they have been
    released. Where no press started it, everything that is down already is ignored so.
    """

    def __init__(self, buttons, light, vehicle, config, journal, power, say, woken=0, stuck=0):
        self._buttons = buttons
        self._light = light
        self._vehicle = vehicle
        self._config = config
        self._journal = journal
        self._power = power
        self._say = say
        levels = buttons.levels()
        self._gestures = Gestures(
            levels, stuck if woken else levels, woken, ticks_ms(), config.press_guard_ms
        )
        # Who pressed wants no more than that; who only connected the power may press yet.
        self._touched = bool(woken)
        self._wanted = None
        self._doing = None
        self._action = None
        self._began_ms = ticks_ms()
        self._shown = None
        self._lowest_mv = None
        # Of the last action: "done" or the error's code, and the text that said it.
        self.outcome = None, None
        for name in buttons.names:
            if name not in ACTIONS:
                say("button %s has no action" % name)

    @property
    def stuck(self):
        """Mask of the buttons that are down and mean nothing: they must not wake the fob."""
        return self._gestures.stuck

    @property
    def touched(self):
        """True when a press started the fob, or a button was pressed since."""
        return self._touched

    async def run(self):
        """Serve presses; returns when it is time to sleep, with nothing left running.

        That is when a press is done and its light has been shown, or a minute has passed without
        one. What dies or hangs ends this with an exception. The watchdog is fed here and only
        here, so that it catches whatever keeps even that from happening.
        """
        quiet_ms = ticks_ms()
        try:
            while True:
                self._sample()
                await self._supervise()
                if self._busy():
                    quiet_ms = ticks_ms()
                elif self._may_sleep(ticks_diff(ticks_ms(), quiet_ms)):
                    return
                self._power.feed()
                await self._rest()
        finally:
            for task in (self._action, self._shown):
                if task:
                    task.cancel()
            # Lets the cancelled ones clean up: the link goes down, the light goes out.
            await asyncio.sleep_ms(0)
            self._light.set(False)

    async def _rest(self):
        if not self._gestures.idle:
            await asyncio.sleep_ms(_SAMPLE_MS)
            return
        wait_ms = _GLANCE_MS if self._action or self._shown else _IDLE_GLANCE_MS
        try:
            await asyncio.wait_for_ms(self._buttons.changed(), wait_ms)
        except asyncio.TimeoutError:
            pass

    def _busy(self):
        pending = self._gestures.pending
        self._touched = self._touched or pending
        return bool(pending or self._wanted or self._action or self._shown)

    def _may_sleep(self, quiet_ms):
        return (self._touched or quiet_ms >= _IDLE_MS) and not self._power.maintenance

    def _sample(self):
        """Turn buttons into wanted actions; the latest press wins over one not yet begun."""
        gesture = self._gestures.feed(self._buttons.levels(), ticks_ms())
        self._wanted = (gesture and self._meaning(*gesture)) or self._wanted
        if self._wanted and not self._action:
            self._doing, self._wanted = self._wanted, None
            self._began_ms = ticks_ms()
            self._lowest_mv = None
            self._action = asyncio.create_task(self._act(self._doing))

    async def _supervise(self):
        """Look after the tasks; raises what one of them died of, or Hang."""
        if self._shown and self._shown.done():
            self._shown = await self._shown
        if not self._action:
            return
        if self._action.done():
            self._action = await self._action
        elif ticks_diff(ticks_ms(), self._began_ms) > self._patience(self._doing) + _HANG_MS:
            raise Hang(self._doing)
        else:
            # The radio is at work: now the battery shows what it still can.
            reading = self._power.battery_mv()
            if reading is not None:
                self._lowest_mv = min(reading, self._lowest_mv or reading)

    def _meaning(self, kind, mask):
        held = [name for bit, name in enumerate(self._buttons.names) if mask >> bit & 1]
        if kind == PRESS and len(held) == 1 and held[0] in ACTIONS:
            return held[0]
        if sorted(held) == sorted(PAIRING_CHORD):
            # A car that no longer knows the key says so: then the chord must work again.
            if kind == HOLD and not self._vehicle.paired:
                return _PAIR
            if kind == LONG_HOLD and self._vehicle.waits:
                return _CONFIRM
            if kind == LONG_HOLD and self._vehicle.paired and not self._action:
                self._say("paired already")
        return None

    def _patience(self, name):
        return _PAIRING_MS if name == _PAIR else _PRESS_MS

    async def _act(self, name):
        """Carry out one action with its lights; errors end here, as a light and a line."""
        if name == _PAIR and self._vehicle.paired:
            return
        started = ticks_ms()
        self._show(patterns.WORKING)
        try:
            await asyncio.wait_for_ms(self._perform(name), self._patience(name))
        except FobError as error:
            pattern = patterns.NEEDS_LAPTOP if error.needs_laptop else patterns.FAILED
            self._failed(name, error.code, error, pattern)
        except asyncio.TimeoutError:
            self._failed(name, "timed-out", "it took too long")
        except Exception as error:  # noqa: BLE001 - whatever it is, the next press must work
            self._failed(name, "internal", type(error).__name__)
        else:
            self._verdict(patterns.DONE)
            self._tell("done", "%s done in %d ms" % (name, ticks_diff(ticks_ms(), started)))

    async def _perform(self, name):
        if name == _CONFIRM:
            self._vehicle.confirm()
        elif name == _PAIR:
            from fob import pairing

            car = self._vehicle.candidate
            await pairing.pair(car, car.config, self._say)
        else:
            content, lock_state = ACTIONS[name]
            await self._vehicle.perform(messages.unsigned(content), lock_state)

    def _failed(self, name, code, text, pattern=patterns.FAILED):
        self._verdict(pattern)
        self._tell(code, "%s failed (%s): %s" % (name, code, text))
        self._journal.note("%s %s: %s" % (name, code, text))

    def _tell(self, code, text):
        self.outcome = code, text
        self._say(text)

    def _verdict(self, pattern):
        lowest_mv = self._lowest_mv
        low = lowest_mv is not None and lowest_mv < self._config.battery["low_mv"]
        if low:
            self._say("the battery is low: %s mV" % lowest_mv)
        self._show(pattern, low)

    def _show(self, pattern, low=False):
        if self._shown:
            self._shown.cancel()
        self._shown = asyncio.create_task(self._play(pattern, low))

    async def _play(self, pattern, low):
        await patterns.play(self._light, pattern)
        if low:
            await asyncio.sleep_ms(patterns.PAUSE_MS)
            await patterns.play(self._light, patterns.BATTERY_LOW)

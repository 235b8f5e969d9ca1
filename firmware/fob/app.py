"""Gestures to actions to feedback, and when to sleep."""

import asyncio
from time import ticks_add, ticks_diff, ticks_ms

from micropython import const

from fob import actions, patterns
from fob.errors import ConfigError, FobError, LinkError, TimedOut
from fob.gestures import BEGUN, DOUBLE, HOLD, LONG_HOLD, SINGLE, TRIPLE, Gestures

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

# Held together they pair and confirm; fob.json maps them as one button.
_CHORD = ("lock", "unlock")
_BOTH = "both"
_PAIR = "pair"
_CONFIRM = "confirm"


class Hang(Exception):
    """A task does not go on; only a restart helps."""


class App:
    """Owns the fob's behaviour; everything it touches is handed in.

    `buttons` offers names, levels() -> mask and await changed(); `light` offers set(on);
    `vehicle` is a fob.vehicle.Vehicle or a fob.fleet.Fleet, `journal` a fob.journal.Journal;
    `power` offers feed(), maintenance (no sleep while it is true), battery_mv() and temperature_c()
    -> int or None; `say(text)` is for whoever watches the console.

    `woken` is the mask of the buttons whose press started the fob: they count as pressed, also
    when they are up again. `stuck` is the mask of those that are ignored until they have been
    released. Where no press started it, everything that is down already is ignored so; but lock and
    unlock, held together from `power_up` on, pair a fob that is paired, too.

    After run(), `stuck` is the mask of the buttons that are down and mean nothing: they must not
    wake the fob. `touched` tells that a press started the fob, or a button was pressed since;
    `outcome` is of the last action: "done" or the error's code, and the text that said it.
    """

    def __init__(
        self, buttons, light, vehicle, config, journal, power, say, woken=0, stuck=0, power_up=False
    ):
        self._buttons = buttons
        self._light = light
        self._vehicle = vehicle
        self._config = config
        self._journal = journal
        self._power = power
        self._say = say
        levels = buttons.levels()
        # What a mask stands for: a button's name, or both.
        self._names = {}
        both = 0
        mapped = {DOUBLE: 0, TRIPLE: 0, HOLD: 0}
        for bit, name in enumerate(buttons.names):
            mask = 1 << bit
            self._names[mask] = name
            if name in _CHORD:
                both |= mask
            for gesture in self._map(name):
                mapped[gesture] = mapped.get(gesture, 0) | mask
        self._anew = False
        if both & (both - 1):
            self._names[both] = _BOTH
            self._anew = power_up and levels & both == both
        pressed = both if self._anew else woken
        self._gestures = Gestures(
            mapped,
            levels,
            stuck if woken else levels & ~pressed,
            pressed,
            ticks_ms(),
            config.press_guard_ms,
        )
        # Who pressed wants no more than that; who only connected the power may press yet.
        self.touched = bool(woken)
        # The action under way (None once a gesture took it back), its task, and the next one.
        self._doing = self._action = self._wanted = None
        self._shown = None
        # The Vehicle of the last press, and what minds passive entry since one armed it.
        self._chosen = self._arming = None
        self.outcome = None, None

    async def run(self):
        """Serve presses; returns when it is time to sleep, with nothing left running.

        That is when a press is done, its light has been shown and passive entry is over, or a
        minute has passed without one. What dies or hangs ends this with an exception. The watchdog
        is fed here and only here, so that it catches whatever keeps even that from happening.
        """
        quiet_ms = ticks_ms()
        try:
            while True:
                self._sample()
                await self._supervise()
                if self._busy():
                    quiet_ms = ticks_ms()
                elif not self._power.maintenance and (
                    self.touched or ticks_diff(ticks_ms(), quiet_ms) >= _IDLE_MS
                ):
                    return
                self._power.feed()
                await self._rest()
        finally:
            for task in (self._action, self._shown, self._arming):
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
        if self._gestures.pending or self._wanted or self._action or self._shown:
            return True
        return self._arming and self._arming.armed

    def _sample(self):
        """Turn buttons into wanted actions; the latest press wins over one not yet begun."""
        gesture = self._gestures.feed(self._buttons.levels(), ticks_ms())
        if gesture:
            self._understand(*gesture)
        self.stuck = self._gestures.stuck
        if self._gestures.pending:
            self.touched = True
        else:
            self._anew = False
        if self._wanted and not self._action:
            wanted, self._wanted = self._wanted, None
            self._begin(wanted)
            self._decided.set()

    def _understand(self, kind, mask):
        name = self._names.get(mask)
        if kind == BEGUN:
            early = self._early(name)
            if early and not self._action:
                # It is newer than what has waited until now.
                self._wanted = None
                self._begin(early)
            return
        meaning = name and self._meaning(kind, name)
        if self._action and not self._decided.is_set():
            if meaning and self._content(meaning):
                self._doing = meaning
                self._decided.set()
                return
            # Nothing to send, after all.
            self._doing = None
            self._action.cancel()
        self._wanted = meaning or self._wanted

    def _begin(self, action):
        self._doing = action
        # Set when the gesture that it begins with is complete.
        self._decided = asyncio.Event()
        self._legible_ms = ticks_ms()
        patience_ms = _PAIRING_MS if action == _PAIR else _PRESS_MS
        self._deadline_ms = ticks_add(ticks_ms(), patience_ms)
        self._late = False
        self._lowest_mv = None
        self._action = asyncio.create_task(self._act())

    async def _supervise(self):
        """Look after the tasks; raises what one of them died of, or Hang."""
        if self._shown and self._shown.done():
            self._shown = await self._shown
        if self._arming and self._arming.hangs:
            raise Hang("passive entry")
        if not self._action:
            return
        overdue_ms = ticks_diff(ticks_ms(), self._deadline_ms)
        if self._action.done():
            action, self._action = self._action, None
            try:
                await action
            except asyncio.CancelledError:
                # Given up when its outcome had been told.
                pass
        elif overdue_ms > _HANG_MS:
            raise Hang(self._doing)
        elif overdue_ms > 0 and not self._late:
            self._late = True
            self._action.cancel()
        else:
            # The radio is at work: now the battery shows what it still can.
            reading = self._power.battery_mv()
            if reading is not None:
                self._lowest_mv = min(reading, self._lowest_mv or reading)

    def _map(self, button):
        return self._config.gestures.get(button, {})

    def _content(self, action):
        return self._config.actions[actions.parted(action)[0]]

    def _early(self, button):
        """Return what to begin with while a button may be pressed again; None where more presses
        are for another car, or one sends nothing."""
        mapped = self._map(button)
        single = mapped.get(SINGLE)
        if not single or not self._content(single):
            return None
        for action in mapped.values():
            if actions.parted(action)[1] != actions.parted(single)[1]:
                return None
        return single

    def _meaning(self, kind, name):
        """Return the action that a gesture stands for, None where it means nothing."""
        mapped = self._map(name)
        if name != _BOTH:
            if kind not in mapped:
                self._say("%s: %s means nothing" % (name, kind))
            return mapped.get(kind)
        # A car that no longer knows the key says so: then the chord must work again.
        paired = self._vehicle.paired and not self._anew
        waits = self._vehicle.waits
        if kind == HOLD:
            return mapped.get(HOLD) if paired and not waits else None
        if kind == LONG_HOLD:
            return None if paired or self._doing == _PAIR else _PAIR
        if waits:
            return _CONFIRM
        if paired and HOLD not in mapped and not self._action:
            self._say("paired already")
        return None

    async def _act(self):
        """Carry out one action with its lights; errors end here, as a light and a line."""
        started = ticks_ms()
        self._show(patterns.WORKING)
        failure = is_open = None
        try:
            try:
                is_open = await self._perform()
            except Exception as error:  # noqa: BLE001 - whatever it is, the next press must work
                failure = error
                # What failed may show yet.
                await self._decided.wait()
        except asyncio.CancelledError:
            if self._doing and not self._late:
                raise
            failure = TimedOut("it took too long")
            self._decided.set()
        name, self._doing = self._doing, None
        if not name:
            self._dark()
        elif failure:
            needs_laptop = getattr(failure, "needs_laptop", False)
            self._verdict(patterns.NEEDS_LAPTOP if needs_laptop else patterns.FAILED)
            self._report(name, failure)
        else:
            self._verdict(patterns.SOMETHING_OPEN if is_open else patterns.DONE)
            took_ms = ticks_diff(ticks_ms(), started)
            more = ", something is open" if is_open else ""
            self._tell("done", "%s done in %d ms%s" % (name, took_ms, more))
        await self._settle(name, failure)

    async def _perform(self):
        """Return whether a closure is open after a lock."""
        if self._doing == _CONFIRM:
            return self._vehicle.confirm()
        if self._arming:
            await self._arming.pause()
        if self._doing == _PAIR:
            await self._vehicle.let_go()
            from fob import pairing

            vehicle = self._vehicle.candidate
            return await pairing.pair(vehicle, vehicle.config, self._say)
        if not self._content(self._doing):
            if not self._config.passive:
                raise ConfigError("passive entry is off: run `fob provision --passive unlock`")
            return None
        number = actions.parted(self._doing)[1]
        self._chosen = await self._vehicle.choose(number, self._show_car)
        return await self._chosen.perform(None, None, self._command)

    async def _command(self):
        """Return what to send, and the lock state it leads to, as soon as that is certain."""
        await self._decided.wait()
        await asyncio.sleep_ms(max(0, ticks_diff(self._legible_ms, ticks_ms())))
        content = self._content(self._doing)
        if self._chosen and self._config.passive:
            self._chosen.lingers = not actions.locks(content)
        return actions.unsigned(content, self._power), actions.lock_state(content)

    async def _settle(self, name, failure):
        """Passive entry goes on, or begins, or ends, as the press has it."""
        wish = number = None
        if name and name not in (_PAIR, _CONFIRM):
            number = actions.parted(name)[1]
            if actions.locks(self._content(name)):
                wish = False
            elif failure is None or isinstance(failure, LinkError):
                wish = True
        try:
            if wish and not self._arming and self._config.passive:
                # Not before the press is over, which may need all the memory.
                from fob.arming import Arming

                self._arming = Arming(self._vehicle, self._config.passive, self._say, self._report)
            if self._arming:
                await self._arming.settle(wish, number)
        except Exception as error:  # noqa: BLE001 - whatever it is, the next press must work
            self._report("passive entry", error)

    def _report(self, name, error):
        """Say and note what failed."""
        code, text = "internal", type(error).__name__
        if isinstance(error, FobError):
            code, text = error.code, str(error)
        self._tell(code, "%s failed (%s): %s" % (name, code, text))
        self._journal.note("%s %s: %s" % (name, code, text))

    def _tell(self, code, text):
        self.outcome = code, text
        self._say(text)

    def _verdict(self, pattern):
        lowest_mv = self._lowest_mv
        if lowest_mv is not None and lowest_mv < self._config.battery["low_mv"]:
            self._say("the battery is low: %s mV" % lowest_mv)
            self._show(pattern, patterns.BATTERY_LOW)
        else:
            self._show(pattern)

    async def _show_car(self, number):
        """Show which car was chosen; the command waits for it, the connection does not."""
        flashes = number, patterns.CAR
        shown_ms = patterns.PAUSE_MS + number * sum(patterns.CAR)
        self._legible_ms = ticks_add(ticks_ms(), shown_ms)
        self._show(patterns.DARK, flashes, patterns.WORKING)

    def _show(self, *turn):
        self._dark()
        self._shown = asyncio.create_task(self._play(turn))

    def _dark(self):
        if self._shown:
            self._shown.cancel()
            self._shown = None

    async def _play(self, turn):
        for pattern in turn:
            if pattern is not turn[0]:
                await asyncio.sleep_ms(patterns.PAUSE_MS)
            await patterns.play(self._light, pattern)

"""An app with everything around it: a test is its fingers and its car."""

import asyncio

import codes
import virtual_time

from fob import pairing, patterns
from fob.app import App

DONE = [patterns.DONE[1][0]]
FAILED = [150, 150, 150]
BATTERY_LOW = [300, 300]

UNLOCK = codes.RKE_ACTION_UNLOCK
LOCK = codes.RKE_ACTION_LOCK
FIRST = 1
SECOND = 2


class Buttons:
    """Two buttons that a test pushes."""

    names = ("lock", "unlock")

    def __init__(self, mask=0):
        self._mask = mask
        self._edge = asyncio.Event()
        self.broken = False

    def levels(self):
        if self.broken:
            raise OSError(5)
        return self._mask

    async def changed(self):
        await self._edge.wait()
        self._edge.clear()

    def set(self, *names):
        """Push exactly these; release the others."""
        self._mask = sum(1 << self.names.index(name) for name in names)
        self._edge.set()

    async def hold(self, *names, ms):
        self.set(*names)
        await asyncio.sleep_ms(ms)
        self.set()
        await asyncio.sleep_ms(50)

    async def press(self, *names):
        await self.hold(*names, ms=100)


class Light:
    """Remembers for how long it was on."""

    def __init__(self):
        self._since = None
        self.flashes = []
        self.broken = False

    def set(self, on):
        if self.broken:
            raise OSError(6)
        now = virtual_time.ticks_ms()
        if on and self._since is None:
            self._since = now
        elif not on and self._since is not None:
            self.flashes.append(virtual_time.ticks_diff(now, self._since))
            self._since = None

    @property
    def on(self):
        return self._since is not None


class Car:
    def __init__(self, number):
        self.number = number


class Vehicle:
    """Does what `script` says, one entry for each command: ms it takes, or an error.

    `connecting_ms` of them pass before it is connected; `done` has what was sent then, the
    numbers of RKEActions or the whole message, `sent_ms` when; `is_open` is its answer.
    """

    def __init__(self, *script, paired=True, waits=False, connecting_ms=100, number=1):
        self._script = list(script)
        self._connecting_ms = connecting_ms
        self.paired = paired
        self.waits = waits
        self.done = []
        self.lock_states = []
        self.sent_ms = []
        self.deaf = False
        self.is_open = False
        self.config = Car(number)
        self.linked = self.lingers = False
        # What became of the links: "up" and "down" in turn.
        self.links = []

    @property
    def candidate(self):
        return self

    async def choose(self, number=None, shown=None):
        return self

    async def perform(self, unsigned, lock_state=None, decided=None):
        entry = self._script.pop(0) if self._script else 300
        if isinstance(entry, Exception):
            raise entry
        if not self.linked:
            self._set_linked(True)
        done = False
        try:
            await asyncio.sleep_ms(min(entry, self._connecting_ms))
            if decided:
                unsigned, lock_state = await decided()
            await asyncio.sleep_ms(max(0, entry - self._connecting_ms))
            done = True
        except asyncio.CancelledError:
            if self.deaf:
                await asyncio.sleep_ms(3600000)
            raise
        finally:
            if not (done and self.lingers):
                self._set_linked(False)
        # Of an UnsignedMessage with RKEAction, field 2: the number.
        self.done.append(unsigned[1] if unsigned[0] == 2 << 3 else unsigned)
        self.sent_ms.append(virtual_time.ticks_ms())
        self.lock_states.append(lock_state)
        return self.is_open

    async def let_go(self):
        if self.linked:
            # As the radio waits for it to be down.
            await asyncio.sleep_ms(20)
            self._set_linked(False)

    def confirm(self):
        self.waits = False

    def _set_linked(self, linked):
        self.linked = linked
        self.links.append("up" if linked else "down")


class Power:
    """Never asleep while `maintenance`; `readings` are the battery's, the last for ever."""

    def __init__(self, *readings, temperature_c=None):
        self.maintenance = False
        self._temperature_c = temperature_c
        self.fed_ms = []
        self._readings = list(readings)

    def feed(self):
        self.fed_ms.append(virtual_time.ticks_ms())

    def battery_mv(self):
        if not self._readings:
            return None
        return self._readings.pop(0) if len(self._readings) > 1 else self._readings[0]

    def temperature_c(self):
        return self._temperature_c


ACTIONS = {
    "lock": {"RKEAction": 1},
    "unlock": {"RKEAction": 0},
    "trunk": {"RKEAction": 2},
    "frunk": {"RKEAction": 3},
    "auto-secure": {"RKEAction": 29},
    "battery-report": {"keyfobInfo": {}},
    "arm": {},
}
SINGLE_ONLY = {"lock": {"single": "lock"}, "unlock": {"single": "unlock"}}


class Config:
    def __init__(self, press_guard_ms=0, gestures=SINGLE_ONLY, passive=None):
        self.press_guard_ms = press_guard_ms
        self.battery = {"pin": 35, "ratio": 2, "low_mv": 3400}
        self.gestures = gestures
        self.actions = ACTIONS
        self.passive = passive


class Journal:
    def __init__(self):
        self.notes = []

    def note(self, text):
        self.notes.append(text)


class Running:
    """An app with everything around it, running; `lines` is what it said."""

    def __init__(
        self,
        vehicle=None,
        mask=0,
        woken=0,
        stuck=0,
        power=None,
        guard_ms=0,
        gestures=SINGLE_ONLY,
        passive=None,
        power_up=False,
    ):
        self.vehicle = vehicle or Vehicle()
        self.buttons = Buttons(mask)
        self.light = Light()
        self.power = power or Power()
        self.journal = Journal()
        self.lines = []
        self.app = App(
            self.buttons,
            self.light,
            self.vehicle,
            Config(guard_ms, gestures, passive),
            self.journal,
            self.power,
            self._say,
            woken,
            stuck,
            power_up,
        )
        self.task = asyncio.create_task(self.app.run())

    def _say(self, text):
        self.lines.append(str(text))

    async def __aenter__(self):
        await asyncio.sleep_ms(0)
        return self

    async def __aexit__(self, *_):
        if not self.task.done():
            self.task.cancel()
            await asyncio.sleep_ms(0)

    async def rest(self, ms=5000):
        await asyncio.sleep_ms(ms)

    async def sleeps(self):
        """Wait until the app wants to sleep; return after how many ms."""
        return await virtual_time.elapsed(self.task)


class PairingCalled:
    """Takes the place of fob.pairing.pair, which takes `ms` then."""

    def __init__(self, ms, error=None):
        self._ms = ms
        self._error = error
        self.calls = 0

    async def __call__(self, vehicle, config, report):
        self.calls += 1
        self.vehicle = vehicle
        self.config = config
        await asyncio.sleep_ms(self._ms)
        if self._error:
            raise self._error
        vehicle.paired = True

    def __enter__(self):
        self._genuine = pairing.pair
        pairing.pair = self
        return self

    def __exit__(self, *_):
        pairing.pair = self._genuine

"""The app: fingers in, commands out, a light that says how it went, and the end when to sleep."""

import asyncio

import virtual_time
from expect import awaiting

from fob import codes, pairing, patterns
from fob.app import App, Hang
from fob.errors import CounterExhausted, NotFound, TimedOut

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


class Vehicle:
    """Does what `script` says, one entry for each command: ms it takes, or an error."""

    def __init__(self, *script, paired=True, waits=False):
        self._script = list(script)
        self.paired = paired
        self.waits = waits
        self.done = []
        self.deaf = False

    async def perform(self, unsigned, lock_state=None):
        entry = self._script.pop(0) if self._script else 300
        if isinstance(entry, Exception):
            raise entry
        try:
            await asyncio.sleep_ms(entry)
        except asyncio.CancelledError:
            if self.deaf:
                await asyncio.sleep_ms(3600000)
            raise
        # An UnsignedMessage with RKEAction: field 2, varint.
        assert unsigned[0] == 2 << 3
        self.done.append(unsigned[1])

    def confirm(self):
        self.waits = False


class Power:
    """Never asleep while `maintenance`; `readings` are the battery's, the last for ever."""

    def __init__(self, *readings):
        self.maintenance = False
        self.fed_ms = []
        self._readings = list(readings)

    def feed(self):
        self.fed_ms.append(virtual_time.ticks_ms())

    def battery_mv(self):
        if not self._readings:
            return None
        return self._readings.pop(0) if len(self._readings) > 1 else self._readings[0]


class Config:
    def __init__(self, press_guard_ms=0):
        self.press_guard_ms = press_guard_ms
        self.battery = {"pin": 35, "ratio": 2, "low_mv": 3400}


class Journal:
    def __init__(self):
        self.notes = []

    def note(self, text):
        self.notes.append(text)


class Running:
    """An app with everything around it, running; `lines` is what it said."""

    def __init__(self, vehicle=None, mask=0, woken=0, stuck=0, power=None, guard_ms=0):
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
            Config(guard_ms),
            self.journal,
            self.power,
            self._say,
            woken,
            stuck,
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


async def test_a_press_of_unlock_unlocks():
    async with Running() as fob:
        await fob.buttons.press("unlock")
        await fob.rest()
        assert fob.vehicle.done == [UNLOCK]


async def test_a_press_of_lock_locks():
    async with Running() as fob:
        await fob.buttons.press("lock")
        await fob.rest()
        assert fob.vehicle.done == [LOCK]


async def test_the_light_blinks_while_working_and_is_long_when_done():
    async with Running(Vehicle(700)) as fob:
        await fob.buttons.press("unlock")
        await fob.rest()
        *working, done = fob.light.flashes
        assert len(working) >= 4 and all(0 < flash <= 100 for flash in working)
        assert [done] == DONE


async def test_a_failure_ends_with_three_short_lights():
    async with Running(Vehicle(NotFound("the car is not in reach"))) as fob:
        await fob.buttons.press("unlock")
        await fob.rest()
        assert fob.light.flashes[-3:] == FAILED


async def test_an_error_that_only_a_laptop_mends_asks_for_it_for_a_while():
    async with Running(Vehicle(CounterExhausted("the key's counter is used up"))) as fob:
        await fob.buttons.press("unlock")
        assert 10000 < await fob.sleeps() < 20000
        assert fob.light.flashes[-4:] == [600, 150, 600, 150]


async def test_a_success_is_said_with_its_time():
    async with Running(Vehicle(300)) as fob:
        await fob.buttons.press("unlock")
        await fob.rest()
        assert fob.lines == ["unlock done in 300 ms"] and fob.journal.notes == []


async def test_a_failure_is_said_and_kept_with_its_code():
    async with Running(Vehicle(NotFound("the car is not in reach"))) as fob:
        await fob.buttons.press("unlock")
        await fob.rest()
        assert fob.lines == ["unlock failed (not-found): the car is not in reach"]
        assert fob.journal.notes == ["unlock not-found: the car is not in reach"]


async def test_an_error_of_the_firmware_itself_is_kept_without_its_text():
    async with Running(Vehicle(ValueError("secret"))) as fob:
        await fob.buttons.press("unlock")
        await fob.rest()
        assert fob.lines == ["unlock failed (internal): ValueError"]
        assert fob.journal.notes == ["unlock internal: ValueError"]


async def test_a_press_that_takes_too_long_is_given_up():
    async with Running(Vehicle(60000)) as fob:
        await fob.buttons.press("unlock")
        await fob.rest(15100)
        assert fob.journal.notes == ["unlock timed-out: it took too long"]


async def test_a_press_during_work_is_served_after_it():
    async with Running(Vehicle(1000)) as fob:
        await fob.buttons.press("unlock")
        await fob.buttons.press("lock")
        assert fob.vehicle.done == []
        await fob.rest()
        assert fob.vehicle.done == [UNLOCK, LOCK]


async def test_of_several_presses_during_work_the_last_is_served():
    async with Running(Vehicle(1200)) as fob:
        for name in ("unlock", "lock", "unlock", "lock"):
            await fob.buttons.press(name)
        await fob.rest()
        assert fob.vehicle.done == [UNLOCK, LOCK]


async def test_a_press_during_the_lights_is_served_before_sleeping():
    async with Running(Vehicle(NotFound("the car is not in reach"))) as fob:
        await fob.buttons.press("unlock")
        await fob.rest(300)
        await fob.buttons.press("unlock")
        await fob.sleeps()
        assert fob.vehicle.done == [UNLOCK]
        assert fob.light.flashes[-1:] == DONE


async def test_pressing_both_means_nothing_and_takes_nothing_back():
    async with Running(Vehicle(1000)) as fob:
        await fob.buttons.press("unlock")
        await fob.buttons.press("lock")
        await fob.buttons.press("lock", "unlock")
        await fob.rest()
        assert fob.vehicle.done == [UNLOCK, LOCK]


async def test_holding_one_button_means_nothing():
    async with Running() as fob:
        await fob.buttons.hold("unlock", ms=4000)
        await fob.sleeps()
        assert fob.vehicle.done == [] and fob.light.flashes == []


async def test_a_press_that_is_shorter_than_the_guard_means_nothing():
    async with Running(guard_ms=200) as fob:
        await fob.buttons.press("unlock")
        await fob.rest(1000)
        assert fob.vehicle.done == []
        assert fob.task.done()


async def test_a_press_that_is_longer_than_the_guard_counts():
    async with Running(guard_ms=200) as fob:
        await fob.buttons.hold("unlock", ms=300)
        await fob.rest(1000)
        assert fob.vehicle.done == [UNLOCK]


class PairingCalled:
    """Takes the place of fob.pairing.pair, which takes `ms` then."""

    def __init__(self, ms, error=None):
        self._ms = ms
        self._error = error
        self.calls = 0

    async def __call__(self, vehicle, config, report):
        self.calls += 1
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


async def test_holding_both_pairs_a_fob_that_is_not_paired():
    with PairingCalled(20000) as pairs:
        async with Running(Vehicle(paired=False)) as fob:
            await fob.buttons.hold("lock", "unlock", ms=3100)
            assert await fob.sleeps() > 20000
            assert pairs.calls == 1
            assert fob.lines[-1].startswith("pair done in ")
            assert fob.light.flashes[-1:] == DONE


async def test_holding_both_much_longer_does_not_pair_twice():
    with PairingCalled(1000) as pairs:
        async with Running(Vehicle(paired=False)) as fob:
            await fob.buttons.hold("lock", "unlock", ms=9000)
            await fob.sleeps()
            assert pairs.calls == 1


async def test_holding_both_for_a_shorter_time_does_not_pair():
    with PairingCalled(0) as pairs:
        async with Running(Vehicle(paired=False)) as fob:
            await fob.buttons.hold("lock", "unlock", ms=2900)
            await fob.sleeps()
            assert pairs.calls == 0


async def test_both_may_be_held_again_after_a_pairing_that_failed():
    with PairingCalled(2000, TimedOut("no card was held to the reader in time")) as pairs:
        async with Running(Vehicle(paired=False)) as fob:
            for attempt in (1, 2):
                await fob.buttons.hold("lock", "unlock", ms=3100)
                await fob.rest(2300)
                assert pairs.calls == attempt
            assert len(fob.journal.notes) == 2


async def test_holding_both_on_a_paired_fob_says_so_and_does_nothing():
    async with Running() as fob:
        await fob.buttons.hold("lock", "unlock", ms=5200)
        await fob.sleeps()
        assert fob.light.flashes == [] and fob.lines == ["paired already"]


async def test_holding_both_long_confirms_what_waits_for_it():
    async with Running(Vehicle(waits=True)) as fob:
        await fob.buttons.hold("lock", "unlock", ms=5200)
        await fob.sleeps()
        assert fob.app.stuck == 0 and not fob.vehicle.waits
        assert fob.lines[-1].startswith("confirm done") and fob.light.flashes[-1:] == DONE


async def test_holding_both_less_long_confirms_nothing():
    async with Running(Vehicle(waits=True)) as fob:
        await fob.buttons.hold("lock", "unlock", ms=4800)
        await fob.sleeps()
        assert fob.vehicle.waits


async def test_nothing_happens_without_a_press_and_after_a_minute_the_fob_sleeps():
    async with Running() as fob:
        assert 60000 <= await fob.sleeps() < 60500
        assert fob.vehicle.done == [] and fob.light.flashes == [] and fob.lines == []


async def test_the_press_that_woke_the_fob_counts_although_it_is_over():
    async with Running(woken=SECOND) as fob:
        await fob.sleeps()
        assert fob.vehicle.done == [UNLOCK]


async def test_the_press_that_woke_the_fob_counts_when_it_is_released():
    async with Running(woken=SECOND, mask=SECOND) as fob:
        await fob.rest(500)
        assert fob.vehicle.done == [] and not fob.task.done()
        fob.buttons.set()
        await fob.sleeps()
        assert fob.vehicle.done == [UNLOCK]


async def test_a_press_that_woke_the_fob_may_become_a_hold_of_both():
    with PairingCalled(1000) as pairs:
        async with Running(Vehicle(paired=False), woken=FIRST, mask=FIRST | SECOND) as fob:
            await fob.rest(3200)
            assert pairs.calls == 1


async def test_a_guarded_fob_that_a_short_press_woke_sleeps_on_at_once():
    async with Running(woken=SECOND, guard_ms=150) as fob:
        assert await fob.sleeps() < 100
        assert fob.vehicle.done == []


async def test_the_fob_sleeps_as_soon_as_the_light_has_been_shown():
    async with Running(Vehicle(300), woken=SECOND) as fob:
        assert 1000 < await fob.sleeps() < 1300
        assert fob.light.flashes[-1:] == DONE and not fob.light.on


async def test_a_press_after_power_on_needs_no_minute_either():
    async with Running() as fob:
        await fob.rest(10000)
        await fob.buttons.press("unlock")
        assert await fob.sleeps() < 1500


async def test_a_button_held_at_power_on_means_nothing_and_keeps_nobody_awake():
    async with Running(mask=SECOND) as fob:
        assert await fob.sleeps() < 61000
        assert fob.vehicle.done == [] and fob.app.stuck == SECOND


async def test_a_button_held_at_power_on_counts_once_it_was_released():
    async with Running(mask=SECOND) as fob:
        await fob.rest(1000)
        await fob.buttons.hold("unlock", ms=0)
        await fob.buttons.press("unlock")
        await fob.sleeps()
        assert fob.vehicle.done == [UNLOCK]


async def test_a_button_that_was_left_out_stays_ignored_while_the_other_one_works():
    async with Running(woken=SECOND, stuck=FIRST, mask=FIRST | SECOND) as fob:
        await fob.rest(100)
        fob.buttons.set("lock")
        await fob.sleeps()
        assert fob.vehicle.done == [UNLOCK] and fob.app.stuck == FIRST


async def test_a_button_that_stays_down_is_stuck_and_keeps_nobody_awake():
    async with Running(woken=SECOND, mask=SECOND) as fob:
        assert 15000 <= await fob.sleeps() < 15200
        assert fob.vehicle.done == [] and fob.app.stuck == SECOND


async def test_a_button_that_is_still_down_keeps_the_fob_awake_until_it_is_released():
    async with Running(woken=SECOND) as fob:
        await fob.rest(500)
        fob.buttons.set("lock")
        await fob.rest(2500)
        assert fob.vehicle.done == [UNLOCK] and not fob.task.done()
        fob.buttons.set()
        await fob.sleeps()
        assert fob.vehicle.done == [UNLOCK, LOCK]


async def test_a_fob_in_maintenance_does_not_sleep_but_serves():
    async with Running() as fob:
        fob.power.maintenance = True
        await fob.rest(100000)
        await fob.buttons.press("unlock")
        await fob.rest()
        assert fob.vehicle.done == [UNLOCK] and not fob.task.done()
        fob.power.maintenance = False
        assert await fob.sleeps() < 100


async def test_a_low_battery_is_shown_after_the_press_and_said():
    async with Running(power=Power(3700, 3350, 3500)) as fob:
        await fob.buttons.press("unlock")
        await fob.sleeps()
        assert fob.vehicle.done == [UNLOCK]
        assert fob.light.flashes[-3:] == DONE + BATTERY_LOW
        assert "the battery is low: 3350 mV" in fob.lines


async def test_a_low_battery_is_shown_after_a_failure_too():
    async with Running(Vehicle(60000), power=Power(3300)) as fob:
        await fob.buttons.press("unlock")
        await fob.sleeps()
        assert fob.light.flashes[-5:] == FAILED + BATTERY_LOW


async def test_a_full_battery_is_not_mentioned():
    async with Running(power=Power(3400)) as fob:
        await fob.buttons.press("unlock")
        await fob.sleeps()
        assert fob.light.flashes[-1:] == DONE and len(fob.lines) == 1


async def test_the_watchdog_is_fed_all_the_time():
    async with Running(Vehicle(10000)) as fob:
        await fob.buttons.press("unlock")
        await fob.sleeps()
        gaps = [
            virtual_time.ticks_diff(later, earlier)
            for earlier, later in zip(fob.power.fed_ms, fob.power.fed_ms[1:])
        ]
        assert gaps and max(gaps) <= 500


async def test_buttons_that_break_end_the_app_and_not_in_silence():
    fob = Running()
    await fob.rest(100)
    fob.buttons.broken = True
    fob.buttons.set("unlock")
    await awaiting(OSError, fob.task)


async def test_a_light_that_breaks_ends_the_app_and_not_in_silence():
    fob = Running()
    await fob.rest(100)
    fob.light.broken = True
    await fob.buttons.press("unlock")
    await awaiting(OSError, fob.task)


async def test_an_action_that_cannot_even_be_given_up_ends_the_app():
    fob = Running(Vehicle(60000))
    fob.vehicle.deaf = True
    await fob.buttons.press("unlock")
    elapsed = await virtual_time.elapsed(awaiting(Hang, fob.task))
    assert 19000 < elapsed < 21000
    assert not fob.light.on


async def test_an_app_that_is_cancelled_leaves_nothing_running():
    async with Running(Vehicle(10000)) as fob:
        await fob.buttons.press("unlock")
        await fob.rest(100)
        fob.task.cancel()
        await asyncio.sleep_ms(0)
        await fob.rest(20000)
        assert fob.vehicle.done == [] and not fob.light.on

"""The app: fingers in, commands out, and a light that says how it went."""

import asyncio

import scripted_car as car
import virtual_time
from expect import awaiting
from scripted_car import LOCK, NONE, OK, UNLOCK, Car, Fob, enrolment, fault, status

from fob.app import App
from fob.errors import NotFound
from fob.patterns import DONE
from fob.store import Counter

# The one long flash that says done, in ms.
LONG = DONE[1][0]
NOT_ON_WHITELIST = fault(2)


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
    """Remembers when it was on."""

    def __init__(self):
        self._since = None
        self.flashes = []

    def set(self, on):
        now = virtual_time.ticks_ms()
        if on and self._since is None:
            self._since = now
        elif not on and self._since is not None:
            self.flashes.append(virtual_time.ticks_diff(now, self._since))
            self._since = None


class Running:
    """An app with everything around it, running; `lines` is what it said."""

    def __init__(self, vehicle, mask=0, **options):
        self.car = vehicle
        self.fob = Fob(vehicle, **options)
        self.buttons = Buttons(mask)
        self.light = Light()
        self.lines = []
        fob = self.fob
        app = App(self.buttons, self.light, fob.vehicle, fob.config, fob.cache, self._say)
        self.task = asyncio.create_task(app.run())

    def _say(self, text):
        self.lines.append(str(text))

    async def __aenter__(self):
        await asyncio.sleep_ms(100)
        return self

    async def __aexit__(self, *_):
        self.task.cancel()
        await asyncio.sleep_ms(0)

    async def rest(self, ms=5000):
        await asyncio.sleep_ms(ms)


async def test_a_press_of_unlock_unlocks():
    async with Running(Car(on_sealed=[(OK,)])) as app:
        await app.buttons.press("unlock")
        await app.rest()
        assert app.car.plaintexts == [UNLOCK]


async def test_a_press_of_lock_locks():
    async with Running(Car(on_sealed=[(OK,)])) as app:
        await app.buttons.press("lock")
        await app.rest()
        assert app.car.plaintexts == [LOCK]


async def test_nothing_happens_without_a_press():
    async with Running(Car()) as app:
        await app.rest(60000)
        assert app.fob.radio.started is False
        assert app.light.flashes == [] and app.lines == []


async def test_the_light_blinks_while_working_and_is_long_when_done():
    async with Running(Car(on_sealed=[(700, OK)])) as app:
        await app.buttons.press("unlock")
        await app.rest()
        *working, done = app.light.flashes
        assert len(working) >= 4 and all(0 < flash <= 100 for flash in working)
        assert done == LONG


async def test_a_failure_ends_with_three_short_lights():
    async with Running(Car(), troubles=[NotFound("the car is not in reach")]) as app:
        await app.buttons.press("unlock")
        await app.rest()
        assert app.light.flashes[-3:] == [150, 150, 150]
        assert LONG not in app.light.flashes


async def test_a_fob_without_counters_asks_for_the_laptop_without_end():
    async with Running(Car(), next_counter=Counter.MAX + 1) as app:
        await app.buttons.press("unlock")
        await app.rest(6000)
        assert app.light.flashes[-4:] in ([600, 150, 600, 150], [150, 600, 150, 600])


async def test_a_success_is_said_with_its_time():
    async with Running(Car(on_sealed=[(OK,)])) as app:
        await app.buttons.press("unlock")
        await app.rest()
        assert len(app.lines) == 1
        assert app.lines[0].startswith("unlock done in ") and app.lines[0].endswith(" ms")


async def test_a_failure_is_said_with_its_code_and_without_secrets():
    async with Running(Car(on_sealed=[(NOT_ON_WHITELIST,)])) as app:
        await app.buttons.press("unlock")
        await app.rest()
        assert len(app.lines) == 1
        assert app.lines[0].startswith("unlock failed (not-paired): ")
        for secret in (car.PRIVATE_KEY, car.SHARED_KEY):
            assert repr(secret)[2:-1] not in app.lines[0]
            assert car.hexlify(secret).decode() not in app.lines[0]


async def test_after_a_failure_the_next_press_works():
    vehicle = Car(on_sealed=[(OK,)])
    async with Running(vehicle, troubles=[NotFound("the car is not in reach")]) as app:
        await app.buttons.press("unlock")
        await app.rest()
        await app.buttons.press("unlock")
        await app.rest()
        assert vehicle.plaintexts == [UNLOCK]
        assert app.light.flashes[-1] == LONG


async def test_a_press_during_work_is_served_after_it():
    async with Running(Car(on_sealed=[(1000, OK), (OK,)])) as app:
        await app.buttons.press("unlock")
        await app.buttons.press("lock")
        assert app.lines == []
        await app.rest()
        assert app.car.plaintexts == [UNLOCK, LOCK]


async def test_of_several_presses_during_work_the_last_is_served():
    async with Running(Car(on_sealed=[(1200, OK), (OK,), (OK,)])) as app:
        for name in ("unlock", "lock", "unlock", "lock"):
            await app.buttons.press(name)
        await app.rest()
        assert app.car.plaintexts == [UNLOCK, LOCK]


async def test_pressing_both_means_nothing_and_takes_nothing_back():
    async with Running(Car(on_sealed=[(1000, OK), (OK,)])) as app:
        await app.buttons.press("unlock")
        await app.buttons.press("lock")
        await app.buttons.press("lock", "unlock")
        await app.rest()
        assert app.car.plaintexts == [UNLOCK, LOCK]


async def test_holding_one_button_means_nothing():
    async with Running(Car()) as app:
        await app.buttons.hold("unlock", ms=4000)
        await app.rest()
        assert app.car.heard == []


async def test_a_button_held_at_the_start_means_nothing():
    async with Running(Car(on_sealed=[(OK,)]), mask=2) as app:
        await app.buttons.hold("unlock", ms=1000)
        await app.rest()
        assert app.car.heard == []
        await app.buttons.press("unlock")
        await app.rest()
        assert app.car.plaintexts == [UNLOCK]


async def test_holding_both_pairs_a_fob_that_is_not_paired():
    vehicle = Car(on_enrol=[(2000, enrolment())], on_sealed=[(OK,), (OK,)])
    async with Running(vehicle, paired=False) as app:
        await app.buttons.hold("lock", "unlock", ms=3100)
        await app.rest(10000)
        assert vehicle.plaintexts == [NONE]
        assert app.light.flashes[-1] == LONG
        assert app.lines[-1].startswith("pair done in ")
        await app.buttons.press("unlock")
        await app.rest()
        assert vehicle.plaintexts == [NONE, UNLOCK]


async def test_holding_both_for_a_shorter_time_does_not_pair():
    async with Running(Car(), paired=False) as app:
        await app.buttons.hold("lock", "unlock", ms=2900)
        await app.rest()
        assert app.car.heard == []


async def test_holding_both_on_a_paired_fob_does_nothing():
    async with Running(Car()) as app:
        await app.buttons.hold("lock", "unlock", ms=4000)
        await app.rest()
        assert app.car.heard == []
        assert app.light.flashes == [] and app.lines == ["paired already"]


async def test_a_pairing_without_a_card_ends_with_a_failure():
    vehicle = Car(on_session=[(NOT_ON_WHITELIST,)] * 100)
    async with Running(vehicle, paired=False) as app:
        await app.buttons.hold("lock", "unlock", ms=3100)
        await app.rest(70000)
        assert app.lines[-1].startswith("pair failed (timed-out): ")
        assert app.light.flashes[-3:] == [150, 150, 150]


async def test_a_press_on_a_fob_that_is_not_paired_says_so():
    vehicle = Car(on_session=[(NOT_ON_WHITELIST,)])
    async with Running(vehicle, paired=False) as app:
        await app.buttons.press("unlock")
        await app.rest()
        assert app.lines[-1].startswith("unlock failed (not-paired): ")
        assert vehicle.counters == []


async def test_buttons_that_break_end_the_app_and_not_in_silence():
    app = Running(Car())
    await asyncio.sleep_ms(100)
    app.buttons.broken = True
    app.buttons.set("unlock")
    await awaiting(OSError, app.task)


async def test_an_app_that_is_cancelled_stops_watching():
    async with Running(Car(on_sealed=[(OK,)])) as app:
        app.task.cancel()
        await asyncio.sleep_ms(0)
        await app.buttons.press("unlock")
        await app.rest()
        assert app.car.heard == []


async def test_a_lost_acknowledgement_still_ends_with_the_done_light():
    vehicle = Car(on_sealed=[()], on_status=[(status(car.UNLOCKED),)])
    async with Running(vehicle) as app:
        await app.buttons.press("unlock")
        await app.rest()
        assert app.light.flashes[-1] == LONG


async def test_the_chord_still_pairs_after_a_pairing_that_failed():
    vehicle = Car(on_sealed=[(NOT_ON_WHITELIST,)], on_session=[(NOT_ON_WHITELIST,)] * 60)
    async with Running(vehicle) as app:
        await app.buttons.press("unlock")
        await app.rest()
        for attempt in (1, 2):
            await app.buttons.hold("lock", "unlock", ms=3100)
            await app.rest(70000)
            assert sum("pair failed" in line for line in app.lines) == attempt, app.lines


async def test_an_error_of_the_firmware_itself_does_not_end_the_app():
    async with Running(Car(on_sealed=[(OK,), (OK,)])) as app:
        perform = app.fob.vehicle.perform
        app.fob.vehicle.perform = None
        await app.buttons.press("unlock")
        await app.rest()
        assert any("failed (internal): TypeError" in line for line in app.lines), app.lines
        app.fob.vehicle.perform = perform
        await app.buttons.press("lock")
        await app.rest()
        assert app.car.plaintexts == [LOCK]


async def test_a_press_that_takes_too_long_is_given_up():
    async with Running(Car(on_sealed=[(car.WAIT,)] * 40)) as app:
        await app.buttons.press("unlock")
        await app.rest(20000)
        assert any(line.startswith("unlock failed") for line in app.lines), app.lines

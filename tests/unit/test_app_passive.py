"""Passive entry around presses: what arms and what disarms, and who has the link."""

import asyncio

import virtual_time
from expect import awaiting
from running_app import LOCK, UNLOCK, PairingCalled, Running, Vehicle

from fob import arming, presence
from fob.app import Hang
from fob.errors import Disconnected, HeldBack, NotFound, NotPaired, Refused

MINUTES = 2
ARMED_MS = MINUTES * 60000
PASSIVE = {"level": 1, "minutes": MINUTES, "form": "auto", "secure_at_end": False}
GESTURES = {
    "lock": {"single": "lock", "hold": "auto-secure", "double": "arm"},
    "unlock": {"single": "unlock", "triple": "trunk"},
    "both": {"hold": "arm"},
}

# It would unload what PairingCalled takes the place of.
arming.let_go = lambda *_: None


def let_nothing_go(*_modules):
    pass


async def _never():
    try:
        await asyncio.sleep_ms(3600000)
    except asyncio.CancelledError:
        await asyncio.sleep_ms(3600000)


class Presence:
    """Stands in for fob.presence.Presence: as long as it runs it has the vehicle's link."""

    made: list = []
    error: "Exception | None" = None
    ends_ms = None
    hangs = deaf = False

    def __init__(self, vehicle, passive, say, remembered=None):
        self.vehicle = vehicle
        self.passive = passive
        self.runs = self.remembered = remembered or []
        self.running = False
        self._paused = False
        self.made.append(self)

    def pause(self):
        self._paused = True

    async def run(self, until):
        self.runs.append(until)
        self.running = True
        began = virtual_time.ticks_ms()
        try:
            if self.deaf:
                await _never()
            if not self.vehicle.linked:
                await asyncio.sleep_ms(50)
                self.vehicle._set_linked(True)
            while self.hangs or virtual_time.ticks_diff(until, virtual_time.ticks_ms()) > 0:
                await asyncio.sleep_ms(100)
                if self.error:
                    raise self.error
                if self._paused:
                    return False
                elapsed = virtual_time.ticks_diff(virtual_time.ticks_ms(), began)
                if self.ends_ms and elapsed >= self.ends_ms:
                    break
            await self.vehicle.let_go()
            return True
        finally:
            self._paused = False
            self.running = False


class Fob(Running):
    """An app with passive entry switched on."""

    def __init__(self, *args, **settings):
        presence.Presence = Presence
        # What stands in must stay.
        arming.let_go = let_nothing_go
        Presence.made.clear()
        Presence.error = Presence.ends_ms = None
        Presence.hangs = Presence.deaf = False
        settings.setdefault("passive", PASSIVE)
        settings.setdefault("gestures", GESTURES)
        super().__init__(*args, **settings)

    @property
    def present(self):
        return any(each.running for each in Presence.made)

    async def press(self, name, times=1):
        for _ in range(times):
            await self.buttons.press(name)
        await self.rest(2000)


async def test_a_press_arms_for_the_time_that_is_configured():
    async with Fob() as fob:
        await fob.press("unlock")
        assert fob.vehicle.done == [UNLOCK] and fob.present
        assert ARMED_MS - 3000 < await fob.sleeps() < ARMED_MS + 500
        assert not fob.present and not fob.vehicle.linked
        assert fob.lines[-1] == "passive entry is over"


async def test_it_goes_on_over_the_link_of_the_press():
    async with Fob() as fob:
        await fob.press("unlock")
        assert fob.vehicle.links == ["up"] and Presence.made[0].passive == PASSIVE
        await fob.sleeps()
        assert fob.vehicle.links == ["up", "down"]


async def test_the_light_is_dark_while_it_is_armed():
    async with Fob() as fob:
        await fob.press("unlock")
        flashes = len(fob.light.flashes)
        await fob.sleeps()
        assert len(fob.light.flashes) == flashes and not fob.light.on


async def test_the_watchdog_is_fed_meanwhile():
    async with Fob() as fob:
        await fob.press("unlock")
        await fob.sleeps()
        gaps = [
            virtual_time.ticks_diff(later, earlier)
            for earlier, later in zip(fob.power.fed_ms, fob.power.fed_ms[1:])
        ]
        assert max(gaps) <= 500


async def test_nothing_is_armed_without_a_press():
    async with Fob() as fob:
        fob.power.maintenance = True
        await fob.rest(100000)
        assert Presence.made == [] and fob.vehicle.links == []


async def test_nothing_is_armed_where_passive_entry_is_off():
    async with Fob(passive=None) as fob:
        await fob.press("unlock")
        await fob.rest(100)
        assert Presence.made == [] and fob.task.done()


async def test_a_press_of_a_car_out_of_reach_arms_too():
    for error in (NotFound("not here"), Disconnected("gone")):
        async with Fob(Vehicle(error)) as fob:
            await fob.press("unlock")
            assert fob.present
            await fob.rest(ARMED_MS)


async def test_a_press_that_failed_otherwise_arms_nothing():
    for error in (Refused("no", 5), HeldBack("ask the owner"), NotPaired("not known")):
        async with Fob(Vehicle(error)) as fob:
            await fob.press("unlock")
            await fob.sleeps()
            assert Presence.made == []


async def test_pairing_and_confirming_arm_nothing():
    with PairingCalled(100):
        async with Fob(Vehicle(paired=False)) as fob:
            await fob.buttons.hold("lock", "unlock", ms=3100)
            await fob.sleeps()
            assert Presence.made == []
    async with Fob(Vehicle(waits=True)) as fob:
        await fob.buttons.hold("lock", "unlock", ms=5100)
        await fob.sleeps()
        assert Presence.made == []


async def test_a_lock_arms_nothing_and_lets_the_link_go():
    async with Fob() as fob:
        await fob.press("lock")
        await fob.sleeps()
        assert fob.vehicle.done == [LOCK] and Presence.made == []
        assert fob.vehicle.links == ["up", "down"]


async def test_a_lock_disarms_and_uses_the_link_that_is_up():
    async with Fob() as fob:
        await fob.press("unlock")
        await fob.press("lock")
        assert fob.vehicle.done == [UNLOCK, LOCK] and not fob.present
        await fob.sleeps()
        assert fob.vehicle.links == ["up", "down"]


async def test_auto_secure_disarms():
    async with Fob() as fob:
        await fob.press("unlock")
        await fob.buttons.hold("lock", ms=1700)
        assert await fob.sleeps() < 2000
        assert fob.vehicle.done == [UNLOCK, 29] and not fob.vehicle.linked


async def test_a_lock_that_failed_disarms_too():
    async with Fob(Vehicle(300, NotFound("not here"))) as fob:
        await fob.press("unlock")
        await fob.press("lock")
        assert not fob.present and await fob.sleeps() < 1000


async def test_a_further_press_has_the_link_and_arms_anew():
    async with Fob() as fob:
        await fob.press("unlock")
        await fob.rest(60000)
        await fob.press("unlock")
        assert fob.vehicle.done == [UNLOCK, UNLOCK] and fob.vehicle.links == ["up"]
        assert await fob.sleeps() > ARMED_MS - 3000
        # One that knows what it answered already.
        assert len(Presence.made[0].runs) == 2 and Presence.made[1].remembered[1:]


async def test_presence_rests_while_a_press_is_served():
    async with Fob(Vehicle(300, 3000)) as fob:
        await fob.press("unlock")
        await fob.buttons.press("unlock")
        await fob.rest(500)
        assert not fob.present
        await fob.rest(4000)
        assert fob.present


async def test_a_press_that_the_car_refuses_leaves_it_armed_for_the_old_time():
    async with Fob(Vehicle(300, Refused("no", 5))) as fob:
        await fob.press("unlock")
        await fob.rest(60000)
        await fob.press("unlock")
        first, second = Presence.made[0].runs
        assert fob.present and first == second


async def test_a_press_that_means_nothing_leaves_it_armed_for_the_old_time():
    async with Fob() as fob:
        await fob.press("unlock")
        await fob.rest(60000)
        await fob.press("unlock", times=2)
        first, second = Presence.made[0].runs
        assert fob.present and first == second and fob.vehicle.done == [UNLOCK]


async def test_a_press_that_means_nothing_arms_nothing():
    async with Fob() as fob:
        await fob.press("unlock", times=2)
        await fob.sleeps()
        assert Presence.made == [] and not fob.vehicle.linked


async def test_an_action_may_do_nothing_but_arm():
    async with Fob() as fob:
        await fob.press("lock", times=2)
        assert fob.vehicle.done == [] and fob.present
        assert fob.lines[-1].startswith("arm done in ")
        assert await fob.sleeps() > ARMED_MS - 3000


async def test_an_action_that_only_arms_takes_back_what_began_with_the_first_press():
    async with Fob(Vehicle(5000, connecting_ms=5000)) as fob:
        await fob.press("lock", times=2)
        assert fob.vehicle.done == [] and fob.vehicle.links == ["up", "down", "up"]
        assert fob.present and len(fob.lines) == 1


async def test_arming_begins_nothing_while_a_second_press_may_come():
    gestures = {"unlock": {"single": "arm", "double": "unlock"}}
    async with Fob(gestures=gestures) as fob:
        await fob.buttons.press("unlock")
        await fob.rest(200)
        assert fob.vehicle.links == [] and not fob.light.on
        await fob.rest(1000)
        assert fob.present


async def test_holding_both_may_arm():
    async with Fob() as fob:
        await fob.buttons.hold("lock", "unlock", ms=1700)
        await fob.rest(1000)
        assert fob.present and fob.vehicle.done == []


async def test_an_error_of_presence_ends_it_said_and_kept():
    async with Fob() as fob:
        await fob.press("unlock")
        Presence.error = HeldBack("the car has another key")
        assert await fob.sleeps() < 1000
        assert fob.lines[-1] == "passive entry failed (held-back): the car has another key"
        assert fob.journal.notes == ["passive entry held-back: the car has another key"]
        assert not fob.vehicle.linked


async def test_an_error_of_the_firmware_itself_ends_it_without_its_text():
    async with Fob() as fob:
        await fob.press("unlock")
        Presence.error = ValueError("secret")
        await fob.sleeps()
        assert fob.journal.notes == ["passive entry internal: ValueError"]


async def test_the_next_press_after_an_error_works_and_arms_again():
    async with Fob() as fob:
        fob.power.maintenance = True
        await fob.press("unlock")
        Presence.error = HeldBack("the car has another key")
        await fob.rest(1000)
        Presence.error = None
        await fob.press("unlock")
        assert fob.vehicle.done == [UNLOCK, UNLOCK] and fob.present


async def test_a_car_that_falls_asleep_ends_it():
    async with Fob() as fob:
        Presence.ends_ms = 5000
        await fob.press("unlock")
        assert await fob.sleeps() < 6000


async def test_a_presence_that_does_not_end_ends_the_app():
    fob = Fob()
    await fob.press("unlock")
    Presence.hangs = True
    elapsed = await virtual_time.elapsed(awaiting(Hang, fob.task))
    assert ARMED_MS + 15000 < elapsed < ARMED_MS + 25000


async def test_a_press_beyond_the_end_is_no_hang():
    async with Fob(Vehicle(300, 14000)) as fob:
        await fob.press("unlock")
        await fob.rest(ARMED_MS - 5000)
        await fob.press("unlock")
        await fob.rest(60000)
        assert fob.present and fob.vehicle.done == [UNLOCK, UNLOCK]


async def test_a_pairing_beyond_the_end_is_no_hang():
    with PairingCalled(60000) as pairs:
        async with Fob() as fob:
            await fob.press("unlock")
            fob.vehicle.paired = False
            await fob.rest(ARMED_MS - 10000)
            await fob.buttons.hold("lock", "unlock", ms=3100)
            assert 50000 < await fob.sleeps() < 70000
            assert pairs.calls == 1 and not fob.vehicle.linked


async def test_pairing_begins_on_a_link_of_its_own_and_it_stays_armed():
    with PairingCalled(1000):
        async with Fob() as fob:
            await fob.press("unlock")
            fob.vehicle.paired = False
            await fob.buttons.hold("lock", "unlock", ms=3100)
            assert fob.vehicle.links == ["up", "down"]
            await fob.rest(3000)
            assert fob.present


async def test_an_app_that_is_cancelled_leaves_no_presence():
    async with Fob() as fob:
        await fob.press("unlock")
        fob.task.cancel()
        await asyncio.sleep_ms(0)
        assert not fob.present


async def test_a_press_that_hangs_in_the_pause_ends_the_app():
    fob = Fob()
    await fob.press("unlock")

    Presence.deaf = True
    await fob.press("unlock")
    await fob.buttons.press("unlock")
    await awaiting(Hang, fob.task)

"""Several cars: which one a press is for, and how the light tells."""

import asyncio

import virtual_time
from running_app import DONE, LOCK, UNLOCK, PairingCalled, Running, Vehicle
from test_app_passive import PASSIVE, Presence, let_nothing_go

from fob import arming, presence
from fob.errors import NotFound

GESTURES = {
    "lock": {"single": "lock", "double": "lock@2"},
    "unlock": {"single": "unlock", "hold": "unlock@3"},
}
CAR = 80


class Fleet:
    """Three cars, of which `near` is heard best (0: none is); one link at a time."""

    def __init__(self, near=1, **settings):
        self.cars = {number: Vehicle(number=number, **settings) for number in (1, 2, 3)}
        self.near = near
        self.paired = True
        self.waits = False
        self.listened = 0
        self._chosen = None

    @property
    def candidate(self):
        return self.cars[2]

    async def let_go(self):
        if self._chosen:
            await self._chosen.let_go()

    async def choose(self, number=None, shown=None):
        before = self._chosen
        if before and before.linked:
            number = number or before.config.number
            if number != before.config.number:
                await before.let_go()
        if number is None:
            self.listened += 1
            await asyncio.sleep_ms(300)
            if not self.near:
                raise NotFound("no car is near")
            number = self.near
        if shown:
            await shown(number)
        self._chosen = self.cars[number]
        return self._chosen

    @property
    def done(self):
        return {number: car.done for number, car in self.cars.items() if car.done}


class Fob(Running):
    def __init__(self, fleet, **settings):
        presence.Presence = Presence
        arming.let_go = let_nothing_go
        Presence.made.clear()
        Presence.error = Presence.ends_ms = None
        Presence.hangs = Presence.deaf = False
        super().__init__(fleet, gestures=GESTURES, **settings)

    async def press(self, name, times=1):
        for _ in range(times):
            await self.buttons.press(name)


async def test_a_press_is_for_the_car_that_is_near():
    async with Fob(Fleet(near=2)) as fob:
        await fob.press("unlock")
        await fob.sleeps()
        assert fob.vehicle.done == {2: [UNLOCK]}


async def test_a_gesture_may_name_the_car_and_nobody_listens_then():
    async with Fob(Fleet(near=2)) as fob:
        await fob.buttons.hold("unlock", ms=1700)
        await fob.sleeps()
        assert fob.vehicle.done == {3: [UNLOCK]} and fob.vehicle.listened == 0


async def test_the_light_flashes_as_often_as_the_cars_number():
    for near in (1, 2, 3):
        async with Fob(Fleet(near=near)) as fob:
            await fob.press("unlock")
            await fob.sleeps()
            flashes = fob.light.flashes
            assert flashes.count(CAR) == near and flashes[-1:] == DONE


async def test_the_command_waits_for_the_light_and_the_connection_does_not():
    async with Fob(Fleet(near=3, connecting_ms=1000)) as fob:
        began = virtual_time.ticks_ms()
        await fob.press("unlock")
        await fob.sleeps()
        sent_ms = virtual_time.ticks_diff(fob.vehicle.cars[3].sent_ms[0], began)
        # Pressed for 100 ms, listened for 300, dark for 600, three flashes of 400.
        assert 2200 <= sent_ms < 2300


async def test_a_button_whose_gestures_are_for_several_cars_waits_for_the_second_press():
    async with Fob(Fleet(near=1)) as fob:
        await fob.press("lock", times=2)
        await fob.sleeps()
        assert fob.vehicle.done == {2: [LOCK]} and fob.vehicle.listened == 0


async def test_a_fob_that_hears_no_car_fails():
    async with Fob(Fleet(near=0)) as fob:
        await fob.press("unlock")
        await fob.sleeps()
        assert fob.lines == ["unlock failed (not-found): no car is near"]


async def test_an_action_is_said_with_the_car_it_names():
    async with Fob(Fleet()) as fob:
        await fob.press("lock", times=2)
        await fob.sleeps()
        assert fob.lines[0].startswith("lock@2 done in ")


async def test_passive_entry_is_for_the_car_of_the_press():
    async with Fob(Fleet(near=2), passive=PASSIVE) as fob:
        await fob.press("unlock")
        await fob.rest(3000)
        assert [each.vehicle.config.number for each in Presence.made] == [2]


async def test_the_car_that_is_connected_is_the_one_a_press_is_for():
    async with Fob(Fleet(near=2), passive=PASSIVE) as fob:
        await fob.press("unlock")
        await fob.rest(3000)
        fob.vehicle.near = 1
        await fob.press("unlock")
        await fob.rest(3000)
        assert fob.vehicle.done == {2: [UNLOCK, UNLOCK]}
        assert fob.vehicle.cars[2].links == ["up"]


async def test_the_link_to_another_car_is_taken_down_first():
    async with Fob(Fleet(near=2), passive=PASSIVE) as fob:
        await fob.press("unlock")
        await fob.rest(3000)
        await fob.buttons.hold("unlock", ms=1700)
        await fob.rest(3000)
        assert fob.vehicle.done == {2: [UNLOCK], 3: [UNLOCK]}
        assert fob.vehicle.cars[2].links == ["up", "down"]
        running = [each.vehicle.config.number for each in Presence.made if each.running]
        assert running == [3]


async def test_a_press_that_met_no_car_is_armed_for_the_first_that_comes_near():
    async with Fob(Fleet(near=0), passive=PASSIVE) as fob:
        await fob.press("unlock")
        await fob.rest(20000)
        assert Presence.made == [] and fob.vehicle.listened > 2
        fob.vehicle.near = 3
        await fob.rest(6000)
        assert [each.vehicle.config.number for each in Presence.made] == [3]


async def test_a_press_takes_the_radio_from_the_search_for_a_car():
    async with Fob(Fleet(near=0), passive=PASSIVE) as fob:
        await fob.press("unlock")
        await fob.rest(20000)
        listened = fob.vehicle.listened
        await fob.buttons.hold("unlock", ms=1700)
        await fob.rest(2500)
        assert fob.vehicle.done == {3: [UNLOCK]} and fob.vehicle.listened <= listened + 1
        # Nor does that go on beside the presence with the car of the press.
        await fob.rest(20000)
        assert [len(each.runs) for each in Presence.made] == [1]


async def test_the_search_ends_with_its_time():
    async with Fob(Fleet(near=0), passive=PASSIVE) as fob:
        await fob.press("unlock")
        assert 120000 < await fob.sleeps() < 130000
        assert Presence.made == []


async def test_pairing_is_for_the_candidate():
    with PairingCalled(100) as pairs:
        fleet = Fleet()
        fleet.paired = False
        async with Fob(fleet) as fob:
            await fob.buttons.hold("lock", "unlock", ms=3100)
            await fob.sleeps()
            assert pairs.vehicle is fleet.cars[2] and pairs.config.number == 2

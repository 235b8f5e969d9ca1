"""Several cars: which one a press is for."""

import asyncio

from expect import awaiting, raises

from fob import config
from fob.errors import NotFound, StoreError
from fob.fleet import Fleet

VINS = ("5YJ3E1EA1KF000000", "5YJ3E1EA1KF000002", "5YJ3E1EA1KF000003")
PEER = (0, b"\x01\x02\x03\x04\x05\x06")


def car(number):
    fields = {
        "vin": VINS[number - 1],
        "role": 3,
        "form_factor": 7,
        "enrol": "role",
        "protocol": "auto",
    }
    return config.described(number, fields, bytes(65), bytes(32))


class Cache:
    peer = PEER


class Vehicle:
    def __init__(self, number, paired=True, waits=False):
        self.number = number
        self.paired = paired
        self.waits = waits
        self.near = None
        self.cache = Cache()
        self.config = car(number)
        self.confirmed = False
        self.linked = False

    async def let_go(self):
        self.linked = False

    def confirm(self):
        self.confirmed = True


class Radio:
    """Hears car `index` loudest, or nobody."""

    def __init__(self, index=None):
        self.index = index
        self.asked = None
        self.on = False

    def start(self):
        self.on = True

    async def strongest(self, cars, listen_ms, timeout_ms):
        assert self.on
        self.asked = cars, listen_ms, timeout_ms
        if self.index is None:
            raise NotFound("the car is not in reach")
        return self.index, PEER


def fleet(*vehicles, index=0, lost=()):
    made = {vehicle.number: vehicle for vehicle in vehicles}

    def build(car):
        if car.number in lost:
            raise StoreError("the message counter is damaged")
        return made[car.number]

    numbers = sorted(list(made) + list(lost))
    return Fleet(Radio(index), [car(number) for number in numbers], build)


async def choice(cars, number=None):
    shown = []

    async def show(number):
        shown.append(number)

    vehicle = await cars.choose(number, show)
    assert shown == [vehicle.number]
    return vehicle


async def test_the_strongest_car_is_chosen_and_shown():
    cars = fleet(Vehicle(1), Vehicle(2), index=1)
    assert (await choice(cars)).number == 2


async def test_the_strongest_car_is_connected_where_it_was_heard():
    assert (await choice(fleet(Vehicle(1), Vehicle(2)))).near == PEER


async def test_nobody_listens_longer_than_300_ms_to_choose():
    cars = fleet(Vehicle(1), Vehicle(3))
    await choice(cars)
    wanted, listen_ms, _ = cars._radio.asked
    assert listen_ms == 300 and len(wanted) == 2
    assert b"Tesla 000000" in wanted[0][0] and b"Tesla 000003" in wanted[1][0]


async def test_a_gesture_may_choose_without_listening():
    cars = fleet(Vehicle(1), Vehicle(2))
    assert (await choice(cars, 2)).number == 2
    assert cars._radio.asked is None


async def test_a_car_that_is_linked_yet_needs_no_choice():
    cars = fleet(Vehicle(1), Vehicle(2), index=1)
    (await cars.choose(1)).linked = True
    assert (await choice(cars)).number == 1
    assert cars._radio.asked is None


async def test_another_car_is_not_chosen_before_the_link_is_down():
    cars = fleet(Vehicle(1), Vehicle(2))
    first = await cars.choose(1)
    first.linked = True
    assert (await choice(cars, 2)).number == 2
    assert not first.linked


async def test_a_link_that_was_left_open_is_taken_down():
    cars = fleet(Vehicle(1), Vehicle(2))
    await cars.let_go()
    chosen = await cars.choose(2)
    chosen.linked = True
    await cars.let_go()
    assert not chosen.linked


async def test_no_car_in_reach_is_named():
    await awaiting(NotFound, fleet(Vehicle(1), Vehicle(2), index=None).choose())


async def test_a_car_that_is_not_there_any_more_asks_for_the_laptop():
    error = await awaiting(StoreError, fleet(Vehicle(1), Vehicle(2)).choose(4))
    assert error.needs_laptop


async def test_a_car_whose_state_is_lost_fails_alone():
    cars = fleet(Vehicle(1), lost=(2,))
    assert (await choice(cars, 1)).number == 1
    await awaiting(StoreError, cars.choose(2))
    assert cars.paired and not cars.waits


def test_a_fleet_is_paired_when_all_cars_are():
    assert fleet(Vehicle(1), Vehicle(2)).paired
    assert not fleet(Vehicle(1), Vehicle(2, paired=False)).paired


def test_the_first_car_that_is_not_paired_is_the_one_to_pair():
    assert fleet(Vehicle(1), Vehicle(2, paired=False), Vehicle(3)).candidate.number == 2


async def test_of_paired_cars_the_one_chosen_last_is_paired_anew():
    cars = fleet(Vehicle(1), Vehicle(2))
    assert cars.candidate.number == 1
    await cars.choose(2)
    assert cars.candidate.number == 2


async def test_the_owner_confirms_the_car_chosen_last():
    first, second = Vehicle(1, waits=True), Vehicle(2, waits=True)
    cars = fleet(first, second)
    assert cars.waits
    await cars.choose(2)
    cars.confirm()
    assert second.confirmed and not first.confirmed


def test_the_owner_confirms_the_one_car_that_waits():
    first, second = Vehicle(1), Vehicle(2, waits=True)
    fleet(first, second).confirm()
    assert second.confirmed and not first.confirmed


def test_a_car_is_built_once_and_only_when_it_is_needed():
    built = []

    def build(car):
        built.append(car.number)
        return Vehicle(car.number)

    cars = Fleet(Radio(), [car(1), car(2)], build)
    asyncio.run(cars.choose(2))
    asyncio.run(cars.choose(2))
    assert built == [2]
    raises(StoreError, cars.vehicle, 3)

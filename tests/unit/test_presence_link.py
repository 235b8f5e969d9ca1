"""Passive entry: how long it lasts, what keeps and what ends its connection."""

import asyncio

from expect import awaiting
from passive_entry import (
    AUTO_SECURE,
    DRIVE_ALLOWED,
    MINUTE,
    TOKEN,
    TOKENS,
    a_car,
    answers,
    asks,
    presence,
    present,
    token,
)
from scripted_car import (
    HANG_UP,
    LOCK,
    LOCKED,
    NONE,
    OK,
    Car,
    Fob,
    all_down,
    status,
)
from virtual_time import elapsed, ticks_add, ticks_ms

from fob.errors import AttError, LinkError, NotFound


async def test_it_never_asks_for_the_status():
    vehicle = a_car(1000, asks(), 70000, asks(token(1)))
    await present(Fob(vehicle), 3 * MINUTE)
    assert {entry[0] for entry in vehicle.heard} == {"sealed"}


async def test_the_version_is_read_every_twenty_seconds():
    vehicle = a_car()
    await present(Fob(vehicle), 2 * MINUTE)
    assert vehicle.version_reads == 5


async def test_a_version_that_cannot_be_read_does_no_harm():
    for error in (AttError("no", 0x102), LinkError("none")):
        vehicle = a_car(50000, asks())
        vehicle.version_error = error
        assert await present(Fob(vehicle), MINUTE)
        assert len(answers(vehicle)) == 1


async def test_it_lets_go_when_the_car_falls_asleep():
    asleep = {"vehicleStatus": {"vehicleSleepStatus": 2}}
    fob = Fob(a_car(7000, asleep))
    assert 6500 < await elapsed(present(fob, 5 * MINUTE)) < 8000
    assert all_down(fob) and not fob.vehicle.linked and len(fob.radio.links) == 1


async def test_it_lets_go_when_the_time_is_over():
    fob = Fob(a_car())
    assert 4900 < await elapsed(present(fob, 5000)) < 5300
    assert all_down(fob) and not fob.vehicle.linked and not fob.vehicle.lingers


async def test_an_answer_under_way_is_finished_when_the_time_is_over():
    vehicle = a_car(1000, asks(), on_sealed=[(OK,), (300, OK)])
    await present(Fob(vehicle), 1250)
    assert len(answers(vehicle)) == 1


async def test_a_search_under_way_is_given_up_when_the_time_is_over():
    fob = Fob(a_car(), dead=50, met=True)
    assert await elapsed(present(fob, 2000)) < 2300
    assert all_down(fob)


async def test_auto_secure_is_sent_at_the_end_where_the_owner_wants_it():
    vehicle = a_car(on_sealed=[(OK,), (OK,)])
    await present(Fob(vehicle), secure_at_end=True)
    assert vehicle.plaintexts == [NONE, AUTO_SECURE]


async def test_auto_secure_is_not_sent_to_a_car_that_sleeps_or_for_a_press():
    vehicle = a_car(1000, {"vehicleStatus": {"vehicleSleepStatus": 2}})
    await present(Fob(vehicle), secure_at_end=True)
    assert vehicle.plaintexts == [NONE]
    vehicle = a_car()
    mine = presence(Fob(vehicle), secure_at_end=True)
    task = asyncio.create_task(mine.run(ticks_add(ticks_ms(), MINUTE)))
    await asyncio.sleep_ms(3000)
    mine.pause()
    assert await task is False and vehicle.plaintexts == [NONE]


async def test_auto_secure_that_is_refused_is_told():
    denied = {"nominalError": {"genericError": 5}}
    said = []
    vehicle = a_car(on_sealed=[(OK,), (denied,)])
    assert await present(Fob(vehicle), secure_at_end=True, said=said)
    assert "error 5" in said[-1]


async def test_a_pause_leaves_the_link_to_the_press():
    vehicle = a_car(on_sealed=[(OK,), (OK,)])
    fob = Fob(vehicle)
    mine = presence(fob)
    task = asyncio.create_task(mine.run(ticks_add(ticks_ms(), MINUTE)))
    await asyncio.sleep_ms(3000)
    mine.pause()
    assert await elapsed(task) < 250
    assert fob.vehicle.linked and not all_down(fob)
    await fob.vehicle.perform(LOCK, LOCKED)
    assert len(fob.radio.links) == 1 and vehicle.plaintexts == [NONE, LOCK]


async def test_it_goes_on_over_the_link_that_a_press_left_open():
    vehicle = a_car(10000, asks(), on_sealed=[(OK,)] * 5)
    fob = Fob(vehicle)
    fob.vehicle.lingers = True
    await fob.vehicle.perform(LOCK, LOCKED)
    assert await present(fob, 20000)
    assert len(fob.radio.links) == 1 and vehicle.plaintexts == [LOCK, NONE, DRIVE_ALLOWED]


async def test_what_a_press_allowed_is_not_taken_back():
    vehicle = a_car(on_sealed=[(OK,)] * 5)
    fob = Fob(vehicle)
    fob.vehicle.lingers = True
    await fob.vehicle.perform(DRIVE_ALLOWED)
    await present(fob, 20000)
    assert vehicle.plaintexts == [DRIVE_ALLOWED]


async def test_a_pause_ends_a_search_at_once():
    for dead, troubles in ((50, ()), (0, [NotFound("not here")] * 9)):
        fob = Fob(a_car(), dead=dead, troubles=troubles)
        mine = presence(fob)
        task = asyncio.create_task(mine.run(ticks_add(ticks_ms(), MINUTE)))
        await asyncio.sleep_ms(1500)
        mine.pause()
        assert await elapsed(task) < 250 and await task is False


async def test_a_pause_does_not_tear_a_message():
    vehicle = a_car(1000, asks(), on_sealed=[(OK,)])
    fob = Fob(vehicle, payload=20)
    mine = presence(fob)
    task = asyncio.create_task(mine.run(ticks_add(ticks_ms(), MINUTE)))
    while len(vehicle.heard) < 1:
        await asyncio.sleep_ms(10)
    link = fob.radio.links[0]
    written = len(link.writes)
    while len(link.writes) == written:
        await asyncio.sleep_ms(5)
    mine.pause()
    await task
    assert len(answers(vehicle)) == 1


async def test_a_pause_before_it_began_is_not_forgotten():
    fob = Fob(a_car())
    mine = presence(fob)
    task = asyncio.create_task(mine.run(ticks_add(ticks_ms(), MINUTE)))
    mine.pause()
    assert await elapsed(task) < 250 and await task is False


async def test_after_a_pause_it_goes_on_and_knows_what_it_answered():
    vehicle = a_car(1000, asks(), 3000, asks())
    fob = Fob(vehicle)
    mine = presence(fob)
    until = ticks_add(ticks_ms(), MINUTE)
    task = asyncio.create_task(mine.run(until))
    await asyncio.sleep_ms(2500)
    mine.pause()
    assert await task is False
    assert await mine.run(until) is True
    assert answers(vehicle) == [(DRIVE_ALLOWED, TOKEN)]
    assert vehicle.plaintexts.count(NONE) == 1


async def test_a_lost_link_is_looked_for_again_with_growing_pauses():
    gone = NotFound("not here")
    vehicle = Car(on_connect=[(status(LOCKED), 500, HANG_UP), (status(LOCKED), 500, asks())])
    vehicle._tokens = TOKENS
    said = []
    fob = Fob(vehicle, troubles=[])
    fob.radio._troubles = []
    task = asyncio.create_task(present(fob, 3 * MINUTE, said=said))
    await asyncio.sleep_ms(400)
    fob.radio._troubles = [gone] * 8
    assert await task
    assert answers(vehicle) == [(DRIVE_ALLOWED, TOKEN)] and "lost" in said[0]
    assert len(fob.radio.searched) == 10


async def test_a_car_that_hangs_up_all_the_time_is_not_called_all_the_time():
    vehicle = Car(on_connect=[(200, HANG_UP)] * 500)
    fob = Fob(vehicle)
    assert await present(fob, 5 * MINUTE)
    assert len(fob.radio.links) < 30 and all_down(fob)


async def test_a_link_lost_in_the_middle_of_an_answer_is_set_up_again():
    vehicle = a_car(1000, asks(), on_sealed=[(OK,), (HANG_UP,)])
    vehicle._script["connect"].append((status(LOCKED), 1000, asks(), 500, asks(token(1))))
    assert await present(Fob(vehicle), 20000)
    assert [bound for _, bound in answers(vehicle)] == [TOKEN, token(1)]


async def test_handles_that_point_elsewhere_are_discovered_anew():
    for refuses in (True, False):
        vehicle = a_car(5000, asks())
        vehicle.handles = (0x21, 0x23, 0x24, 3)
        vehicle.refuses_other_handles = refuses
        fob = Fob(vehicle, met=True)
        assert await present(fob, 20000)
        assert vehicle.plaintexts == [NONE, DRIVE_ALLOWED]


async def test_a_subscription_that_went_where_messages_go_costs_a_moment():
    vehicle = a_car(5000, asks())
    # The remembered CCCD is now where the car takes messages.
    vehicle.handles = (0x14, 0x16, 0x17, 3)
    vehicle.refuses_other_handles = False
    assert await present(Fob(vehicle, met=True), 20000)
    assert vehicle.plaintexts == [NONE, DRIVE_ALLOWED]


async def test_a_cancelled_presence_takes_its_link_down():
    fob = Fob(a_car())
    task = asyncio.create_task(present(fob, MINUTE))
    await asyncio.sleep_ms(1000)
    task.cancel()
    await awaiting(asyncio.CancelledError, task)
    await asyncio.sleep_ms(0)
    assert all_down(fob) and not fob.vehicle.linked

"""A press that knows the car already: how it is reached, by which handles, in how many requests."""

import asyncio

import codes
import scripted_car as car
from expect import awaiting
from scripted_car import (
    HANDLES,
    HANG_UP,
    LOCKED,
    NONE,
    OK,
    PEER,
    UNLOCK,
    UNLOCKED,
    Car,
    Fob,
    all_down,
    fault,
    status,
    unlock,
)
from virtual_time import elapsed

from fob.errors import AttError, Disconnected, FobError, TimedOut

ELSEWHERE = (1, b"\xc1\x42\x43\x44\x45\x46")
MOVED = (0x21, 0x23, 0x24, 3)
TRUNK = b"\x10\x02"


def moved(refuses, handles=MOVED, **script):
    """A car whose handles are not those that the fob remembers."""
    vehicle = Car(**script)
    vehicle.handles = handles
    vehicle.refuses_other_handles = refuses
    return vehicle


async def test_a_warm_press_takes_three_requests_at_the_shortest_mtu():
    fob = Fob(Car(on_sealed=[(OK,)]), met=True, payload=20)
    await unlock(fob)
    assert fob.radio.links[0].requests == ["cccd", "write", "write"]


async def test_a_warm_press_takes_five_requests_where_the_car_wants_none_first():
    fob = Fob(Car(on_sealed=[(OK,), (OK,)]), met=True, needs_none=True, payload=20)
    await unlock(fob)
    assert fob.radio.links[0].requests == ["cccd"] + ["write"] * 4


async def test_a_car_that_takes_none_silently_costs_one_request_more_and_little_time():
    fob = Fob(Car(on_sealed=[(), (OK,)]), met=True, needs_none=True, payload=20)
    assert await elapsed(unlock(fob)) < 600
    assert fob.radio.links[0].requests == ["cccd"] + ["write"] * 5


async def test_a_warm_press_dials_the_remembered_address_without_a_search():
    fob = Fob(Car(on_sealed=[(OK,)]), met=True)
    await unlock(fob)
    assert fob.radio.dialled == [(PEER, 400)] and fob.radio.searched == []


async def test_an_address_that_rotates_is_listened_for_at_once():
    rotating = (1, b"\x7f\x02\x03\x04\x05\x06")
    fob = Fob(Car(on_sealed=[(OK,), (OK,)]), met=False, peer=rotating)
    await unlock(fob)
    await unlock(fob)
    assert fob.radio.searched == [None, rotating]
    assert fob.radio.dialled == [(rotating, 3000)] * 2


async def test_a_random_address_that_stays_is_dialled():
    static = (1, b"\xc1\x02\x03\x04\x05\x06")
    fob = Fob(Car(on_sealed=[(OK,), (OK,)]), met=False, peer=static)
    await unlock(fob)
    await unlock(fob)
    assert fob.radio.dialled == [(static, 3000), (static, 400)]


async def test_a_car_with_a_new_address_is_searched_by_its_name_and_remembered():
    fob = Fob(Car(on_sealed=[(OK,), (OK,)]), met=True, peer=ELSEWHERE)
    assert await elapsed(unlock(fob)) < 1000
    assert fob.radio.dialled == [(PEER, 400), (ELSEWHERE, 3000)]
    assert fob.radio.searched == [PEER]
    assert fob.radio.links[0].requests[0] == "cccd"
    fob.wake()
    await unlock(fob)
    assert fob.radio.dialled[2:] == [(ELSEWHERE, 400)]


async def test_the_first_press_discovers_and_the_next_ones_remember():
    fob = Fob(Car(on_sealed=[(OK,)] * 3), met=False)
    await unlock(fob)
    await unlock(fob)
    fob.wake()
    await unlock(fob)
    assert [link.requests[0] for link in fob.radio.links] == ["discover", "cccd", "cccd"]


async def test_an_unconfirmed_press_remembers_no_address():
    fob = Fob(Car(), peer=ELSEWHERE)
    await awaiting(TimedOut, unlock(fob))
    assert fob.cache.peer is None and fob.cache.handles is None


async def test_a_refused_subscription_leads_to_a_discovery_on_the_same_connection():
    vehicle = moved(refuses=True, on_sealed=[(OK,)])
    fob = Fob(vehicle, met=True)
    assert await elapsed(unlock(fob)) < 500
    assert [link.requests for link in fob.radio.links] == [["cccd", "discover", "cccd", "write"]]
    assert fob.cache.handles == MOVED


async def test_a_refused_write_leads_to_a_discovery_and_one_more_write():
    handles = (0x21,) + HANDLES[1:]
    vehicle = moved(refuses=True, handles=handles, on_sealed=[(OK,)])
    fob = Fob(vehicle, met=True)
    await unlock(fob)
    assert fob.radio.links[0].requests == ["cccd", "write", "discover", "cccd", "write"]
    assert len(fob.radio.links) == 1 and vehicle.plaintexts == [UNLOCK]
    assert fob.cache.handles == handles


async def test_a_subscription_that_went_where_messages_go_leads_to_a_fresh_connection():
    # The car now waits for the rest of a message of 512 bytes.
    for command, lock_state in ((UNLOCK, UNLOCKED), (TRUNK, None)):
        vehicle = moved(refuses=True, handles=(HANDLES[2], 0x16, 0x17, 3), on_sealed=[(OK,)])
        fob = Fob(vehicle, met=True)
        await fob.vehicle.perform(command, lock_state)
        assert vehicle.plaintexts == [command]
        requests = [link.requests for link in fob.radio.links]
        assert requests == [["cccd", "write", "discover", "cccd"], ["cccd", "write"]]


async def test_silence_through_stale_handles_leads_to_a_discovery():
    vehicle = moved(refuses=False, on_sealed=[(OK,)])
    fob = Fob(vehicle, met=True)
    assert await elapsed(unlock(fob)) < 4000
    assert vehicle.plaintexts == [UNLOCK] and len(fob.radio.links) == 1
    assert fob.cache.handles == MOVED


async def test_a_greeting_lost_through_stale_handles_is_said_again():
    vehicle = moved(refuses=False, on_sealed=[(OK,), (OK,)])
    fob = Fob(vehicle, met=True, needs_none=True)
    assert await elapsed(unlock(fob)) < 4000
    assert vehicle.plaintexts == [NONE, UNLOCK]


async def test_what_provably_went_elsewhere_is_repeated_even_where_no_state_shows_it():
    for refuses in (True, False):
        vehicle = moved(refuses, on_sealed=[(OK,)])
        await Fob(vehicle, met=True).vehicle.perform(TRUNK)
        assert vehicle.plaintexts == [TRUNK]


async def test_what_may_have_arrived_is_not_repeated_when_only_the_answers_went_astray():
    vehicle = moved(refuses=False, handles=(HANDLES[0], 0x23, 0x24, 3), on_sealed=[(OK,)] * 4)
    fob = Fob(vehicle, met=True)
    await awaiting(TimedOut, fob.vehicle.perform(TRUNK))
    assert vehicle.plaintexts == [TRUNK]


async def test_a_car_that_only_wants_none_first_is_not_taken_for_stale_handles():
    vehicle = Car(on_sealed=[(), (OK,), (OK,)], on_status=[(), (), ()])
    fob = Fob(vehicle, met=True)
    await unlock(fob)
    assert vehicle.plaintexts == [UNLOCK, NONE, UNLOCK]


async def test_a_remembered_address_that_is_no_car_any_more_is_not_tried_twice():
    stranger = Car()
    stranger.handles = None
    fob = Fob(Car(on_sealed=[(OK,)]), met=True, peer=ELSEWHERE, others={PEER: stranger})
    await unlock(fob)
    assert fob.radio.searched == [None]
    assert fob.radio.dialled == [(PEER, 400), (ELSEWHERE, 3000)] and all_down(fob)


async def test_a_refused_write_with_the_right_handles_leads_to_a_fresh_connection():
    for met in (False, True):
        vehicle = Car(on_sealed=[(OK,)])
        vehicle.refused_writes = 1
        fob = Fob(vehicle, met=met)
        await unlock(fob)
        assert len(fob.radio.links) == 2 and all_down(fob)
        assert vehicle.plaintexts == [UNLOCK]


async def test_a_refused_write_is_not_repeated_where_no_state_shows_what_came_of_it():
    vehicle = Car(on_sealed=[(OK,)])
    vehicle.refused_writes = 1
    await awaiting(AttError, Fob(vehicle, met=True).vehicle.perform(TRUNK))
    assert vehicle.plaintexts == []


async def test_a_link_lost_after_the_command_is_resolved_by_the_status():
    vehicle = Car(on_sealed=[(20, HANG_UP), (OK,)])
    vehicle.lock_state = UNLOCKED
    fob = Fob(vehicle, met=True)
    await unlock(fob)
    assert [entry[0] for entry in vehicle.heard] == ["sealed", "status"]


async def test_a_link_lost_before_the_command_is_set_up_again_for_any_command():
    vehicle = Car(on_connect=[(HANG_UP,), ()], on_session=[(HANG_UP,)], on_sealed=[(OK,)])
    fob = Fob(vehicle, paired=False)
    await fob.vehicle.perform(TRUNK)
    assert vehicle.plaintexts == [TRUNK]


async def test_a_link_lost_after_a_refusal_is_set_up_again_for_any_command():
    wrong_key = fault(codes.SIGNEDMESSAGE_INFORMATION_FAULT_AES_DECRYPT_AUTH)
    vehicle = Car(on_sealed=[(wrong_key,), (OK,)], on_session=[(HANG_UP,)])
    await Fob(vehicle).vehicle.perform(TRUNK)
    assert vehicle.plaintexts == [TRUNK, TRUNK]


async def test_no_connection_is_set_up_late_in_a_press():
    fob = Fob(Car())
    conversations = []

    async def conversation(exchange):
        conversations.append(exchange)
        await asyncio.sleep_ms(9000)
        raise Disconnected("the link to the car went down")

    await awaiting(Disconnected, fob.vehicle.converse(conversation))
    assert len(conversations) == 1


async def test_an_unconfirmed_press_leaves_nothing_to_ask_for_in_the_next():
    vehicle = Car(on_sealed=[(), (), (), (OK,)])
    fob = Fob(vehicle)
    await awaiting(TimedOut, unlock(fob))
    vehicle.heard.clear()
    await unlock(fob)
    assert [entry[0] for entry in vehicle.heard] == ["sealed"]


async def test_a_car_that_was_heard_but_not_reached_is_dialled_again():
    fob = Fob(Car(on_sealed=[(OK,)]), dead=1)
    await unlock(fob)
    assert len(fob.radio.dialled) == 2


async def test_a_car_that_is_never_reached_is_given_up_within_the_press():
    fob = Fob(Car(), met=True, dead=1000)
    assert await elapsed(awaiting(Disconnected, unlock(fob))) < 13000
    assert len(fob.radio.dialled) <= 6


async def test_a_lost_link_starts_again_from_the_address_just_met():
    fob = Fob(Car(on_sealed=[(20, HANG_UP), (OK,)]), peer=ELSEWHERE)
    await unlock(fob)
    assert fob.radio.dialled == [(ELSEWHERE, 3000), (ELSEWHERE, 400)]
    assert [link.requests[0] for link in fob.radio.links] == ["discover", "cccd"]


async def test_a_press_on_a_car_that_answers_asks_for_nothing_else():
    vehicle = Car(on_connect=[(status(LOCKED),)], on_sealed=[(OK, 20, status(UNLOCKED))])
    await unlock(Fob(vehicle, met=True))
    assert [entry[0] for entry in vehicle.heard] == ["sealed"]


async def test_the_way_out_of_every_failure_is_a_disconnection():
    for answer in ((fault(2),), (fault(7),), (), (HANG_UP,), (car.ERROR,)):
        fob = Fob(Car(on_sealed=[answer] * 20), met=True)
        try:
            await unlock(fob)
        except FobError:
            pass
        assert all_down(fob)

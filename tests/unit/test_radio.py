"""The radio edge: whom a search finds, and that no connection outlives its attempt."""

import asyncio

import scripted_ble
import virtual_time
from expect import awaiting
from virtual_time import elapsed

from fob.errors import AttError, ConnectionLimit, Disconnected, LinkError, NotFound, TimedOut
from hal.radio import Radio

SCAN_RESULT = 5
CONNECT = 7
DISCONNECT = 8
WRITE_DONE = 17
INDICATE = 19

ADV_IND = 0
ADV_NONCONN_IND = 3
SCAN_RSP = 4

NAME = b"S0123456789abcdefC"
NAMED = bytes((len(NAME) + 1, 9)) + NAME
PEER = (1, b"\x01\x02\x03\x04\x05\x06")
OTHER = (0, b"\x11\x12\x13\x14\x15\x16")
HANDLES = (17, 19, 20, 3)


def started():
    """Return (radio, its BLE)."""
    ble = scripted_ble.ble = scripted_ble.Ble()
    radio = Radio()
    radio.start()
    return radio, ble


def advertises(ble, at, peer, kind, payload=b"", rssi=-60):
    ble.later(at, SCAN_RESULT, (peer[0], memoryview(peer[1]), kind, rssi, memoryview(payload)))


def connects(ble, at, peer, handle=1):
    ble.later(at, CONNECT, (handle, peer[0], memoryview(peer[1])))


async def linked(ble, radio):
    connects(ble, 10, PEER)
    return await radio.connect(PEER, 400)


async def test_a_car_is_found_by_the_name_in_its_scan_response():
    radio, ble = started()
    advertises(ble, 10, OTHER, ADV_IND)
    advertises(ble, 20, PEER, ADV_IND)
    advertises(ble, 21, PEER, SCAN_RSP, NAMED)
    assert await radio.find([NAME], 1000) == PEER
    assert ble.called("gap_scan")[-1] == [None]


async def test_a_remembered_address_is_found_without_its_name():
    radio, ble = started()
    advertises(ble, 10, OTHER, ADV_IND)
    advertises(ble, 20, PEER, ADV_IND)
    assert await elapsed(radio.find([NAME], 1000, PEER)) == 20


async def test_a_remembered_address_does_not_hide_the_name_at_another():
    radio, ble = started()
    advertises(ble, 20, OTHER, ADV_IND)
    advertises(ble, 21, OTHER, SCAN_RSP, NAMED)
    assert await radio.find([NAME], 1000, PEER) == OTHER


async def test_a_car_that_takes_no_connection_is_listened_to_until_the_end():
    for peer in (None, PEER):
        radio, ble = started()
        advertises(ble, 20, PEER, ADV_NONCONN_IND)
        advertises(ble, 21, PEER, SCAN_RSP, NAMED)
        assert await elapsed(awaiting(ConnectionLimit, radio.find([NAME], 1000, peer))) == 1000


async def test_a_car_that_takes_connections_again_is_found():
    radio, ble = started()
    advertises(ble, 20, PEER, ADV_NONCONN_IND)
    advertises(ble, 21, PEER, SCAN_RSP, NAMED)
    advertises(ble, 500, PEER, ADV_IND)
    advertises(ble, 501, PEER, SCAN_RSP, NAMED)
    assert await elapsed(radio.find([NAME], 1000)) == 501


async def test_a_scan_response_alone_does_not_tell_that_a_car_takes_connections():
    radio, ble = started()
    advertises(ble, 20, PEER, SCAN_RSP, NAMED)
    await awaiting(NotFound, radio.find([NAME], 100, PEER))


CARS = [([NAME], None), ([b"Tesla 000002"], OTHER)]


def heard(ble, at, peer, rssi, kind=ADV_IND):
    advertises(ble, at, peer, kind, rssi=rssi)


async def test_of_several_cars_the_loudest_is_taken():
    radio, ble = started()
    heard(ble, 10, OTHER, -80)
    advertises(ble, 100, PEER, ADV_IND, rssi=-50)
    advertises(ble, 101, PEER, SCAN_RSP, NAMED, rssi=-50)
    assert await radio.strongest(CARS, 300, 6000) == (0, PEER)
    assert radio.rssi == -50


async def test_nobody_listens_longer_than_until_all_are_heard():
    radio, ble = started()
    heard(ble, 10, OTHER, -80)
    advertises(ble, 100, PEER, ADV_IND)
    advertises(ble, 101, PEER, SCAN_RSP, NAMED)
    assert await elapsed(radio.strongest(CARS, 300, 6000)) == 101


async def test_after_its_time_the_loudest_heard_until_then_is_taken():
    radio, ble = started()
    heard(ble, 10, OTHER, -80)
    heard(ble, 50, OTHER, -60)
    heard(ble, 70, OTHER, -90)
    advertises(ble, 400, PEER, ADV_IND, rssi=-40)
    advertises(ble, 401, PEER, SCAN_RSP, NAMED, rssi=-40)
    began = virtual_time.ticks_ms()
    assert await radio.strongest(CARS, 300, 6000) == (1, OTHER)
    assert virtual_time.ticks_diff(virtual_time.ticks_ms(), began) == 300
    assert radio.rssi == -60


async def test_later_the_first_one_heard_is_taken():
    radio, ble = started()
    heard(ble, 2000, OTHER, -80)
    assert await elapsed(radio.strongest(CARS, 300, 6000)) == 2000


async def test_a_car_that_takes_no_connection_may_be_the_loudest():
    radio, ble = started()
    heard(ble, 10, OTHER, -50, ADV_NONCONN_IND)
    advertises(ble, 100, PEER, ADV_IND, rssi=-80)
    advertises(ble, 101, PEER, SCAN_RSP, NAMED, rssi=-80)
    assert await radio.strongest(CARS, 300, 6000) == (1, OTHER)


async def test_no_car_at_all_is_not_found():
    radio, _ = started()
    await awaiting(NotFound, radio.strongest(CARS, 300, 6000))


async def test_an_attempt_that_fails_by_itself_times_out():
    radio, ble = started()
    ble.later(400, DISCONNECT, (65535, 0, memoryview(bytes(6))))
    await awaiting(TimedOut, radio.connect(PEER, 400))
    assert ble.called("gap_connect") == [list(PEER) + [400, 7500, 15000]]


async def test_an_attempt_that_is_cancelled_is_ended():
    radio, ble = started()
    ble.answers["gap_connect"] = lambda kind, *_: (
        kind is None and ble.raised(DISCONNECT, (65535, 0, memoryview(bytes(6))))
    )
    task = asyncio.create_task(radio.connect(PEER, 400))
    await asyncio.sleep_ms(50)
    task.cancel()
    await awaiting(asyncio.CancelledError, task)
    assert ble.called("gap_connect")[-1] == [None]


async def test_a_connection_that_comes_up_after_its_attempt_was_given_up_is_taken_down():
    radio, ble = started()
    task = asyncio.create_task(radio.connect(PEER, 400))
    await asyncio.sleep_ms(50)
    connects(ble, 30, PEER, handle=7)
    ble.answers["gap_disconnect"] = lambda handle: ble.later(
        5, DISCONNECT, (handle, 0, memoryview(bytes(6)))
    )
    task.cancel()
    await awaiting(asyncio.CancelledError, task)
    assert ble.called("gap_disconnect") == [[7]]


async def test_a_connection_that_comes_up_much_later_is_taken_down_too():
    for search in (True, False):
        radio, ble = started()
        connects(ble, 1500, PEER, handle=7)
        await awaiting(TimedOut, radio.connect(PEER, 400))
        await asyncio.sleep_ms(1000)
        if search:
            await awaiting(NotFound, radio.find([NAME], 100))
        else:
            await linked(ble, radio)
        assert ble.called("gap_disconnect") == [[7]]


async def test_a_late_connection_does_not_disturb_the_one_in_use():
    radio, ble = started()
    link = await linked(ble, radio)
    connects(ble, 10, OTHER, handle=7)
    ble.later(20, WRITE_DONE, (1, 20, 0))
    await link.open(HANDLES)
    assert ble.called("gap_disconnect") == [[7]]


async def test_a_stopped_radio_is_off_and_a_started_one_on_again():
    radio, ble = started()
    radio.stop()
    assert not ble.active()
    radio.stop()
    radio.start()
    assert ble.active()


async def test_opening_with_handles_is_one_write():
    radio, ble = started()
    link = await linked(ble, radio)
    ble.later(20, WRITE_DONE, (1, 20, 0))
    await link.open(HANDLES)
    assert ble.called("gattc_write") == [[1, 20, b"\x02\x00", 1]]
    assert link.handles == HANDLES and link.remembered
    assert [call[0] for call in ble.calls if call[0].startswith("gattc")] == ["gattc_write"]


async def test_the_remembered_properties_choose_how_to_write_and_to_subscribe():
    radio, ble = started()
    link = await linked(ble, radio)
    ble.later(20, WRITE_DONE, (1, 20, 0))
    await link.open((17, 19, 20, 0))
    await link.write(b"abc")
    assert ble.called("gattc_write") == [[1, 20, b"\x01\x00", 1], [1, 17, b"abc", 0]]


async def test_an_att_error_carries_its_status():
    radio, ble = started()
    link = await linked(ble, radio)
    ble.later(20, WRITE_DONE, (1, 20, 0x101))
    error = await awaiting(AttError, link.open(HANDLES))
    assert error.status == 0x101


async def test_a_request_without_an_answer_makes_the_link_useless():
    radio, ble = started()
    link = await linked(ble, radio)
    assert await elapsed(awaiting(Disconnected, link.open(HANDLES))) <= 2000


async def test_what_came_before_a_new_discovery_is_forgotten():
    radio, ble = started()
    link = await linked(ble, radio)
    ble.later(10, INDICATE, (1, 19, memoryview(b"stale")))
    ble.later(20, WRITE_DONE, (1, 20, 0))
    await link.open(HANDLES)
    ble.later(20, WRITE_DONE, (1, 20, 0))
    await link.open(HANDLES)
    await awaiting(TimedOut, link.read(10))


async def test_what_the_radio_refuses_is_a_link_error():
    radio, ble = started()

    def busy(*_):
        raise OSError(16)

    ble.answers["gap_connect"] = busy
    await awaiting(LinkError, radio.connect(PEER, 400))

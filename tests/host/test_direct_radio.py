"""The car directly behind a board's bluetooth.BLE, in virtual time."""

from __future__ import annotations

import asyncio
import errno
import itertools
from typing import Any

import pytest

from host_tools.protocol import vcsec_pb2 as vcsec
from host_tools.simulator.radio import irq
from host_tools.simulator.radio.car_radio import FROM_VEHICLE, TO_VEHICLE
from host_tools.simulator.radio.direct import DirectRadio
from host_tools.simulator.radio.direct_link import SUPERVISION_TIMEOUT
from host_tools.simulator.radio.on_air import OnAir
from tests.fob_radio import CAR_ADDRESS, SCAN_US, Fob, Place, play_direct
from tests.legacy_client import answers, information

PEER = 0, bytes.fromhex(CAR_ADDRESS.replace(":", ""))
STATUS = information(vcsec.INFORMATION_REQUEST_TYPE_GET_STATUS)
LOST = 7
ATT_INVALID_HANDLE = 0x101
ADV_IND, ADV_SCAN_IND, SCAN_RSP = 0, 2, 4


def now() -> float:
    return asyncio.get_running_loop().time()


async def on(place: Place, name: str = "fob") -> Fob:
    fob = place.fob(name)
    await fob.call(fob.ble.active, True)
    return fob


async def refused(fob: Fob, method: Any, *args: object) -> int | None:
    with pytest.raises(OSError) as error:
        await fob.call(method, *args)
    return error.value.errno


def direct(place: Place) -> DirectRadio:
    assert isinstance(place.radio, DirectRadio)
    return place.radio


def test_the_name_comes_with_the_scan_response_right_behind_the_advertisement() -> None:
    async def scenario(place: Place) -> None:
        fob = await on(place)
        await fob.call(fob.ble.gap_scan, 400, SCAN_US, SCAN_US, True)
        await fob.bridge.event(irq.SCAN_DONE)
        first, second = fob.events[:2]
        assert first == (irq.SCAN_RESULT, *PEER, ADV_IND, -50, bytes.fromhex("02010603032211"))
        assert second == (irq.SCAN_RESULT, *PEER, SCAN_RSP, -50, b"\x13\x09Sa6bab0d54ffaecf1C")
        assert fob.bridge.times[0] == fob.bridge.times[1]

    play_direct(scenario)


def test_a_passive_scan_hears_no_name() -> None:
    async def scenario(place: Place) -> None:
        fob = await on(place)
        await fob.call(fob.ble.gap_scan, 1000, SCAN_US, SCAN_US, False)
        await fob.bridge.event(irq.SCAN_DONE)
        assert {event[3] for event in fob.events[:-1]} == {ADV_IND}

    play_direct(scenario)


def test_advertisements_come_at_their_interval() -> None:
    async def scenario(place: Place) -> None:
        fob = await on(place)
        await fob.call(fob.ble.gap_scan, 3000, SCAN_US, SCAN_US, False)
        await fob.bridge.event(irq.SCAN_DONE)
        times = fob.bridge.times[:-1]
        gaps = [after - before for before, after in itertools.pairwise(times)]
        assert 17 <= len(gaps) <= 20
        assert all(0.15 <= gap <= 0.1600001 for gap in gaps)

    play_direct(scenario)


def test_a_scan_of_low_duty_misses_most() -> None:
    async def scenario(place: Place) -> None:
        fob = await on(place)
        await fob.call(fob.ble.gap_scan, 60_000, 1_280_000, 11_250, False)
        await fob.bridge.event(irq.SCAN_DONE, timeout=70)
        assert 0 < len(fob.events) - 1 < 20

    play_direct(scenario)


def test_nobody_scans_while_connecting() -> None:
    async def scenario(place: Place) -> None:
        fob = await on(place)
        direct(place).walk_away()
        await fob.call(fob.ble.gap_connect, *PEER, 1000, None, None)
        scan = fob.ble.gap_scan
        assert await refused(fob, scan, 100, SCAN_US, SCAN_US, True) == errno.EBUSY

    play_direct(scenario)


def test_a_connect_stops_a_scan() -> None:
    async def scenario(place: Place) -> None:
        fob = await on(place)
        await fob.call(fob.ble.gap_scan, 0, SCAN_US, SCAN_US, True)
        await fob.connect(PEER)
        kinds = [event[0] for event in fob.events if event[0] != irq.SCAN_RESULT]
        assert kinds == [irq.SCAN_DONE, irq.PERIPHERAL_CONNECT]

    play_direct(scenario)


def test_what_is_on_already_is_refused() -> None:
    async def scenario(place: Place) -> None:
        fob = await on(place)
        direct(place).walk_away()
        scan = fob.ble.gap_scan
        await fob.call(scan, 0, SCAN_US, SCAN_US, True)
        assert await refused(fob, scan, 0, SCAN_US, SCAN_US, True) == errno.EALREADY
        await fob.call(fob.ble.gap_connect, *PEER, 1000, None, None)
        connect = fob.ble.gap_connect
        assert await refused(fob, connect, *PEER, 1000, None, None) == errno.EALREADY

    play_direct(scenario)


def test_a_radio_that_is_off_refuses() -> None:
    async def scenario(place: Place) -> None:
        fob = place.fob()
        assert await refused(fob, fob.ble.gap_scan, 100, SCAN_US, SCAN_US, True) == errno.ENODEV

    play_direct(scenario)


def test_a_connect_out_of_reach_fails_when_its_time_is_over() -> None:
    async def scenario(place: Place) -> None:
        fob = await on(place)
        direct(place).walk_away()
        assert await fob.connect(PEER, 400) == (irq.PERIPHERAL_DISCONNECT, 65535, 255, bytes(6))
        assert now() == pytest.approx(0.4)

    play_direct(scenario)


def test_a_cancelled_connect_reports_its_end() -> None:
    async def scenario(place: Place) -> None:
        fob = await on(place)
        direct(place).walk_away()
        await fob.call(fob.ble.gap_connect, *PEER, 9000, None, None)
        await fob.call(fob.ble.gap_connect, None, b"", 0, None, None)
        assert fob.events == [(irq.PERIPHERAL_DISCONNECT, 65535, 255, bytes(6))]
        assert await refused(fob, fob.ble.gap_connect, None, b"", 0, None, None) == errno.EALREADY

    play_direct(scenario)


def test_a_connection_begins_with_the_next_advertisement() -> None:
    async def scenario(place: Place) -> None:
        fob = await on(place)
        await fob.connect(PEER)
        assert 0.015 * 1.25 <= now() <= 0.15 + 0.015 * 2
        assert place.car.connections[0].peer.endswith("/P")

    play_direct(scenario)


def test_a_request_takes_two_connection_intervals_at_most() -> None:
    async def scenario(place: Place) -> None:
        fob = Fob((bare := await on(place)).ble, bare.bridge)
        link, to_vehicle, _ = await fob.subscribed()
        await asyncio.sleep(0.5)
        began = now()
        await fob.write(link, to_vehicle, b"\x00")
        assert 0.0075 < now() - began < 0.016

    play_direct(scenario, connection_interval=0.0075)


@pytest.mark.parametrize(("force", "interval"), [(False, 0.015), (True, 0.05)])
def test_an_interval_is_as_asked_for_unless_it_is_forced(force: bool, interval: float) -> None:
    async def scenario(place: Place) -> None:
        seen: list[OnAir] = []
        direct(place).on_air.append(seen.append)
        fob = await on(place)
        link, to_vehicle, _ = await fob.subscribed()
        await fob.write(link, to_vehicle, b"\x00" * 20)
        (connected,) = (each.time for each in seen if each.kind == "connected")
        pdus = [each for each in seen if each.pdu]
        events = [(each.arrives - connected) / interval for each in pdus]
        # Short ones come within a tenth of the interval behind the beginning of an event.
        assert all(event % 1 < 0.1 for event in events)
        assert [each.ll_pdus for each in pdus if each.pdu[0] == 0x12] == [1, 1]

    play_direct(scenario, connection_interval=0.05, force_interval=force)


def test_a_session_works() -> None:
    async def scenario(place: Place) -> None:
        fob = place.fob()
        link, to_vehicle, from_vehicle = await fob.subscribed()
        assert answers([await fob.indication()])[0].HasField("vehicleStatus")
        mark = len(fob.events)
        assert await fob.write(link, to_vehicle, STATUS) == (
            irq.GATTC_WRITE_DONE,
            link,
            to_vehicle,
            0,
        )
        assert answers([await fob.indication(mark)])[0].HasField("vehicleStatus")
        assert fob.events[-1][2] == from_vehicle
        assert place.radio.requests == [
            [
                "discover services",
                "discover services",
                "discover characteristics",
                "discover characteristics",
                "discover characteristics",
                "discover characteristics",
                "discover descriptors",
                "cccd",
                "write",
            ]
        ]

    play_direct(scenario)


def test_one_procedure_at_a_time() -> None:
    async def scenario(place: Place) -> None:
        fob = place.fob()
        link, to_vehicle, _ = await fob.subscribed()
        await fob.call(fob.ble.gattc_write, link, to_vehicle, b"\x00", 1)
        write = fob.ble.gattc_write
        assert await refused(fob, write, link, to_vehicle, b"\x00", 1) == errno.EBUSY

    play_direct(scenario)


def test_a_write_is_cut_to_the_mtu() -> None:
    async def scenario(place: Place) -> None:
        fob = place.fob()
        link, to_vehicle, _ = await fob.subscribed()
        got: list[bytes] = []
        place.car.connections[0].write = got.append  # type: ignore[method-assign,assignment]
        await fob.write(link, to_vehicle, bytes(50))
        await fob.until(irq.MTU_EXCHANGED, fob.ble.gattc_exchange_mtu, link)
        await fob.write(link, to_vehicle, bytes(50))
        assert [len(value) for value in got] == [20, 50]
        assert await refused(fob, fob.ble.gattc_exchange_mtu, link) == errno.EALREADY

    play_direct(scenario)


def test_the_car_may_notify_instead() -> None:
    async def scenario(place: Place) -> None:
        fob = place.fob()
        await fob.subscribed()
        assert (await fob.bridge.event(irq.GATTC_NOTIFY))[3]

    play_direct(scenario, notify=True)


def test_the_fob_takes_the_link_down() -> None:
    async def scenario(place: Place) -> None:
        fob = place.fob()
        link, to_vehicle, _ = await fob.subscribed()
        assert await fob.call(fob.ble.gap_disconnect, link)
        assert await refused(fob, fob.ble.gap_disconnect, link) == errno.EALREADY
        await fob.bridge.event(irq.PERIPHERAL_DISCONNECT)
        assert fob.events[-1] == (irq.PERIPHERAL_DISCONNECT, link, *PEER)
        assert place.car.connections == []
        assert not await fob.call(fob.ble.gap_disconnect, link)
        write = fob.ble.gattc_write
        assert await refused(fob, write, link, to_vehicle, b"", 1) == errno.ENOTCONN

    play_direct(scenario)


def test_a_lost_link_is_noticed_by_both_ends_in_time() -> None:
    async def scenario(place: Place) -> None:
        fob = place.fob()
        link, to_vehicle, _ = await fob.subscribed()
        began = now()
        direct(place).walk_away()
        await fob.call(fob.ble.gattc_write, link, to_vehicle, STATUS, 1)
        await fob.bridge.event(irq.PERIPHERAL_DISCONNECT)
        assert fob.events[-2] == (irq.GATTC_WRITE_DONE, link, to_vehicle, LOST)
        assert now() - began == pytest.approx(SUPERVISION_TIMEOUT)
        assert place.car.connections == []

    play_direct(scenario)


def test_a_link_survives_a_moment_out_of_reach() -> None:
    async def scenario(place: Place) -> None:
        fob = place.fob()
        link, to_vehicle, _ = await fob.subscribed()
        direct(place).walk_away()
        asyncio.get_running_loop().call_later(1, direct(place).come_back)
        assert (await fob.write(link, to_vehicle, STATUS))[3] == 0
        assert now() > 1

    play_direct(scenario)


def test_the_car_may_drop_a_link() -> None:
    async def scenario(place: Place) -> None:
        fob = place.fob()
        link = await fob.met()
        await place.radio.drop(place.car.connections[0].peer)
        assert await fob.bridge.event(irq.PERIPHERAL_DISCONNECT) == (
            irq.PERIPHERAL_DISCONNECT,
            link,
            *PEER,
        )

    play_direct(scenario)


def test_a_board_that_lost_its_power_keeps_its_place_for_a_while() -> None:
    async def scenario(place: Place) -> None:
        fob = place.fob()
        await fob.met()
        fob.bridge.cut()
        assert len(place.car.connections) == 1
        await asyncio.sleep(SUPERVISION_TIMEOUT + 0.1)
        assert place.car.connections == []

    play_direct(scenario)


def test_a_radio_switched_off_takes_its_link_down() -> None:
    async def scenario(place: Place) -> None:
        fob = place.fob()
        await fob.met()
        before = list(fob.events)
        await fob.call(fob.ble.active, False)
        await asyncio.sleep(0.1)
        assert place.car.connections == []
        assert fob.events == before

    play_direct(scenario)


def test_a_full_car_is_heard_but_takes_nobody() -> None:
    async def scenario(place: Place) -> None:
        for number in range(3):
            await place.fob(f"fob {number}").met()
        fob = await on(place, "one too many")
        await fob.call(fob.ble.gap_scan, 500, SCAN_US, SCAN_US, True)
        await fob.bridge.event(irq.SCAN_DONE)
        assert {event[3] for event in fob.events[:-1]} == {ADV_SCAN_IND, SCAN_RSP}
        assert (await fob.connect(PEER, 400))[0] == irq.PERIPHERAL_DISCONNECT

    play_direct(scenario)


def test_a_new_address_makes_the_old_one_stale() -> None:
    async def scenario(place: Place) -> None:
        fob = await on(place)
        before = await fob.find()
        await place.radio.change_address()
        assert (await fob.connect(before, 400))[1] == 65535
        after = await fob.find()
        assert after != before and after[0] == 1 and after[1][0] >> 6 == 1
        assert (await fob.connect(after))[2:] == after

    play_direct(scenario)


def test_a_rotating_address_changes_by_itself() -> None:
    async def scenario(place: Place) -> None:
        fob = await on(place)
        before = await fob.find()
        await fob.call(fob.ble.gap_scan, None, 0, 0, False)
        await asyncio.sleep(901)
        assert await fob.find() != before

    play_direct(scenario, address="rotating")


def test_shifted_handles_make_the_old_ones_stale() -> None:
    async def scenario(place: Place) -> None:
        fob = place.fob()
        link, to_vehicle, from_vehicle = await fob.subscribed()
        place.radio.shift_handles(3)
        assert (await fob.write(link, to_vehicle, STATUS))[3] == 0
        await fob.until(irq.PERIPHERAL_DISCONNECT, fob.ble.gap_disconnect, link)
        other = place.fob("another")
        assert await other.subscribed() == (link, to_vehicle + 9, from_vehicle + 9)
        assert (await other.write(link, 999, b""))[3] == ATT_INVALID_HANDLE

    play_direct(scenario)


def test_the_characteristics_are_those_of_a_real_car() -> None:
    async def scenario(place: Place) -> None:
        fob = place.fob()
        await fob.subscribed()
        found = [event for event in fob.events if event[0] == irq.GATTC_CHARACTERISTIC_RESULT]
        assert [(event[4], event[5]) for event in found[:2]] == [
            (0x08, bytes(TO_VEHICLE)),
            (0x20, bytes(FROM_VEHICLE)),
        ]

    play_direct(scenario)

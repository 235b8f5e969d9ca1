"""The two radios of the car tell a fob the same, and the direct one takes anything."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import random
from collections.abc import Callable
from typing import Any

import pytest

from host_tools.protocol import vcsec_pb2 as vcsec
from host_tools.simulator import faults
from host_tools.simulator.radio import irq
from host_tools.simulator.radio.car_radio import SERVICE
from host_tools.simulator.radio.direct import DirectRadio
from host_tools.simulator.radio.direct_link import SUPERVISION_TIMEOUT
from tests.fob_radio import CAR_ADDRESS, SCAN_US, Place, play_air, play_direct
from tests.legacy_client import LegacyKey, information

PEER = 0, bytes.fromhex(CAR_ADDRESS.replace(":", ""))
STATUS = information(vcsec.INFORMATION_REQUEST_TYPE_GET_STATUS)


async def _session(place: Place, notify: bool) -> tuple[list[Any], list[list[str]]]:
    """Everything a fob does, and what it sees of it but advertisements."""
    fob = place.fob()
    link, to_vehicle, from_vehicle = await fob.subscribed()
    await fob.indication()
    ble = fob.ble
    await fob.write(link, to_vehicle, STATUS)
    await fob.indication(len(fob.events) - 1)
    await fob.write(link, 999, b"\x00")
    await fob.write(link, from_vehicle, b"\x00")
    for value in (b"\x01\x00", b"\x02\x00", b"\x02"):
        await fob.write(link, from_vehicle + 1, value)
    for handle in (3, 7, 8, 9):
        await fob.write(link, handle, b"\x02\x00")
        await fob.until(irq.GATTC_READ_DONE, ble.gattc_read, link, handle)
    await fob.write(link, from_vehicle + 1, b"\x01\x00" if notify else b"\x02\x00")
    await fob.until(irq.GATTC_READ_DONE, ble.gattc_read, link, to_vehicle)
    await fob.until(irq.GATTC_READ_DONE, ble.gattc_read, link, from_vehicle + 3)
    await fob.until(irq.GATTC_SERVICE_DONE, ble.gattc_discover_services, link, None)
    await fob.until(irq.MTU_EXCHANGED, ble.gattc_exchange_mtu, link)
    await fob.until(irq.GATTC_SERVICE_DONE, ble.gattc_discover_services, link, bytes(SERVICE))
    discover = ble.gattc_discover_characteristics
    await fob.until(irq.GATTC_CHARACTERISTIC_DONE, discover, link, 1, 0xFFFF, None)
    await fob.until(irq.GATTC_DESCRIPTOR_DONE, ble.gattc_discover_descriptors, link, 1, 0xFFFF)
    mark = len(fob.events)
    await fob.write(link, to_vehicle, LegacyKey().whitelist_request())
    await fob.indication(mark)
    mark = len(fob.events)
    place.car.tap_card()
    await fob.indication(mark)
    await fob.until(irq.PERIPHERAL_DISCONNECT, ble.gap_disconnect, link)
    await fob.connect(PEER, 2000)
    await place.radio.drop(place.car.connections[0].peer)
    await fob.bridge.event(irq.PERIPHERAL_DISCONNECT, after=len(fob.events))
    seen = [event for event in fob.events if event[0] != irq.SCAN_RESULT]
    return seen, [list(each) for each in place.radio.requests]


@pytest.mark.parametrize("notify", [False, True])
def test_both_radios_report_the_same(notify: bool) -> None:
    session = functools.partial(_session, notify=notify)
    assert play_direct(session, notify=notify) == play_air(session, notify=notify)


async def _timed_session(place: Place) -> list[Any]:
    fob = place.fob()
    await fob.subscribed()
    await fob.indication()
    return list(zip(fob.bridge.times, fob.events, strict=True))


@pytest.mark.parametrize(
    ("play", "address"), [(play_direct, "public"), (play_air, "random")], ids=["direct", "bumble"]
)
def test_the_same_seed_gives_the_same_run(play: Any, address: str) -> None:
    first, again, other = (play(_timed_session, address=address, seed=seed) for seed in (1, 1, 2))
    assert first == again != other


async def _anything(place: Place, choose: random.Random) -> None:
    """A fob, a car and a walker do what they like for a while."""
    fob = place.fob()
    await fob.call(fob.ble.active, True)
    radio = place.radio
    assert isinstance(radio, DirectRadio)
    ble = fob.ble
    deeds: list[Callable[[], Any]] = [
        lambda: ble.active(choose.random() < 0.8),
        lambda: ble.gap_scan(choose.choice([None, 0, 300]), SCAN_US, SCAN_US, True),
        lambda: ble.gap_connect(*PEER, 500, None, None),
        lambda: ble.gap_connect(None, b"", 0, None, None),
        lambda: ble.gap_disconnect(0),
        lambda: ble.gattc_write(0, 16, STATUS, choose.choice([0, 1])),
        lambda: ble.gattc_write(0, 19, b"\x02\x00", 1),
        lambda: ble.gattc_exchange_mtu(0),
        lambda: ble.gattc_discover_services(0, None),
        radio.walk_away,
        radio.come_back,
        lambda: radio.drop(place.car.connections[0].peer) if place.car.connections else None,
        lambda: place.car.body.__setattr__("locked", choose.random() < 0.5),
        lambda: setattr(
            radio,
            "interference",
            faults.AtRequest("write", choose.choice(["silent", "late", "disconnect", "error"])),
        ),
    ]
    for _ in range(40):
        with contextlib.suppress(OSError):
            await fob.call(choose.choice(deeds))
        await asyncio.sleep(choose.choice([0, 0.002, 0.05, 0.4, 3]))
    fob.bridge.cut()
    radio.come_back()
    radio.interference = faults.Interference()
    await asyncio.sleep(SUPERVISION_TIMEOUT + 0.1)
    assert place.car.connections == [] and radio.links == []
    await place.fob("the next").subscribed()


@pytest.mark.parametrize("seed", range(40))
def test_whatever_happened_the_next_session_works(seed: int) -> None:
    play_direct(functools.partial(_anything, choose=random.Random(seed)), seed=seed)

"""How the simulated car defends itself: the lock-out, and links that say nothing."""

from __future__ import annotations

import asyncio

import pytest

from host_tools.protocol import vcsec_pb2 as vcsec
from host_tools.simulator.car import Behaviour, ConnectionLimitReached, LockOut
from host_tools.simulator.radio import irq
from tests.car_bench import CarBench
from tests.fob_radio import Place, play_air, play_direct
from tests.legacy_client import information, rke

STATUS = information(vcsec.INFORMATION_REQUEST_TYPE_GET_STATUS)
RULE = LockOut(faults=3, within=60.0, lasting=1200.0)


def spoil(bench: CarBench, times: int, every: float = 1.0) -> None:
    """Write messages under a wrong key."""
    for _ in range(times):
        right, bench.key.shared_key = bench.key.shared_key, bytes(16)
        bench.ask(bench.key.signed(rke(vcsec.RKE_ACTION_UNLOCK)))
        bench.key.shared_key = right
        bench.now += every


def test_a_car_is_patient_unless_told_otherwise() -> None:
    bench = CarBench()
    bench.enrol()
    spoil(bench, 100)
    assert bench.car.connectable and bench.link.is_open


def test_badly_sealed_messages_lock_everybody_out_for_a_while() -> None:
    bench = CarBench(lock_out=RULE)
    bench.enrol()
    other = bench.car.connect("another")
    spoil(bench, 3)
    assert not bench.link.is_open and not other.is_open
    with pytest.raises(ConnectionLimitReached, match="locked out"):
        bench.car.connect("a third")
    bench.now += 1200
    assert bench.car.connect("a third").is_open


def test_faults_far_apart_do_not_count() -> None:
    bench = CarBench(lock_out=RULE)
    bench.enrol()
    spoil(bench, 10, every=31)
    assert bench.link.is_open


def test_good_messages_do_not_count() -> None:
    bench = CarBench(lock_out=RULE)
    bench.enrol()
    for _ in range(10):
        bench.ask(bench.key.signed(rke(vcsec.RKE_ACTION_UNLOCK)))
    assert bench.link.is_open


def test_an_idle_link_is_dropped() -> None:
    bench = CarBench(idle_timeout=42.0)
    bench.now += 30
    bench.ask(STATUS)
    bench.now += 41
    bench.car.tick()
    assert bench.link.is_open
    bench.now += 1
    bench.car.tick()
    assert not bench.link.is_open


@pytest.mark.parametrize("play", [play_direct, play_air], ids=["direct", "bumble"])
def test_the_fob_sees_an_idle_link_go_down(play: object) -> None:
    async def scenario(place: Place) -> None:
        fob = place.fob()
        await fob.met()
        began = asyncio.get_running_loop().time()
        await fob.bridge.event(irq.PERIPHERAL_DISCONNECT, timeout=60)
        assert asyncio.get_running_loop().time() - began == pytest.approx(42, abs=1)
        assert place.car.connections == []

    assert callable(play)
    play(scenario, car={"behaviour": Behaviour(idle_timeout=42.0)})


def test_a_message_lost_on_its_way_counts_for_its_nonce_in_pieces_too() -> None:
    bench = CarBench()
    bench.enrol()
    first = bench.key.signed(rke(vcsec.RKE_ACTION_UNLOCK), counter=9)
    bench.link.write(first[:20])
    bench.link.lose(first[20:])
    assert bench.car.locked and bench.car.violations == []
    bench.reconnect()
    bench.ask(bench.key.signed(rke(vcsec.RKE_ACTION_LOCK), counter=9))
    assert len(bench.car.violations) == 1

"""From the finger to the car and back to the light: the firmware on its virtual board.

In virtual time; between two presses of a test the fob mostly sleeps.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from host_tools.board.catalogue import load_board
from host_tools.identity.counters import COUNTER_PATHS
from host_tools.protocol import vcsec_pb2 as vcsec
from host_tools.simulator.bench import Bench
from host_tools.simulator.car import Behaviour
from tests.asynchronous import in_virtual_time


@asynccontextmanager
async def bench_with(**options: Any) -> AsyncIterator[Bench]:
    """A bench whose car knows the fob's key, unless `enrolled` says otherwise."""
    options.setdefault("enrolled", True)
    async with Bench(**options) as bench:
        yield bench
        assert bench.car.violations == []


def said(bench: Bench, kind: str) -> list[str]:
    """The texts of the car's events of one kind."""
    return [event.text for event in bench.car.events if event.kind == kind]


def asked_for_key(bench: Bench) -> int:
    """How often the fob asked the car for its public key."""
    return sum(
        "EPHEMERAL_PUBLIC_KEY" in (event.decoded or "")
        for event in bench.car.events
        if event.kind == "received"
    )


async def fails(bench: Bench, button: str, reason: str) -> None:
    """Press a button; the light must say failed and the console why."""
    await bench.board.press(button)
    await bench.board.light.shows("failed", timeout=12)
    assert any(reason in line for line in bench.board.console), bench.board.console


# Where the board compiles the source itself, that takes memory too.
@pytest.mark.parametrize(
    ("source", "heap"), [(False, "160K"), (True, "200K")], ids=["compiled", "from source"]
)
@in_virtual_time
async def test_a_new_fob_pairs_by_card_then_unlocks_and_locks(source: bool, heap: str) -> None:
    async with bench_with(enrolled=False, source=source, heap=heap) as bench:
        await bench.pair()
        await bench.press("unlock")
        assert not bench.car.locked
        await bench.press("lock")
        assert bench.car.locked


@in_virtual_time
async def test_a_fob_pairs_with_a_car_that_says_nothing_about_the_card() -> None:
    async with bench_with(enrolled=False, behaviour=Behaviour(announce_enrolment=False)) as bench:
        await bench.pair()
        assert bench.car.locked


@in_virtual_time
async def test_a_press_on_a_fob_that_is_not_paired_says_so() -> None:
    async with bench_with(enrolled=False) as bench:
        await fails(bench, "unlock", "not-paired")
        assert bench.car.locked


@pytest.mark.parametrize(
    "options",
    [
        {"mtu": 23},
        {"notify": True},
        {"name": "hash"},
        {"name": "vin"},
        {"paced": True},
        {"behaviour": Behaviour(acknowledge="vehicle-status")},
        {"behaviour": Behaviour(acknowledge="counter")},
        {"behaviour": Behaviour(busy=1)},
    ],
    ids=str,
)
@in_virtual_time
async def test_a_press_unlocks_whatever_car_it_is(options: dict[str, Any]) -> None:
    async with bench_with(**options) as bench:
        await bench.press("unlock")
        assert not bench.car.locked


@pytest.mark.parametrize("mode", ["refuse", "ignore"])
@in_virtual_time
async def test_a_car_that_wants_to_be_greeted_is_greeted_first_from_then_on(mode: Any) -> None:
    async with bench_with(behaviour=Behaviour(require_none=mode)) as bench:
        for button in ("unlock", "lock"):
            await bench.press(button)
            refusals = said(bench, "refused") + said(bench, "ignored")
            # Besides what a car of its age cannot read: the search for its protocol.
            early = [text for text in refusals if "before any authenticationResponse" in text]
            assert len(early) == 1
        assert bench.car.locked


@in_virtual_time
async def test_the_session_outlives_sleep() -> None:
    async with bench_with() as bench:
        for button in ("unlock", "lock", "unlock"):
            await bench.press(button)
            stop = await bench.board.stopped()
            assert stop.reason == "sleep"
        assert asked_for_key(bench) == 1


@in_virtual_time
async def test_the_session_outlives_the_power() -> None:
    async with bench_with() as bench:
        await bench.press("unlock")
        assert asked_for_key(bench) == 1
        await bench.board.power_off()
        await bench.board.power_on()
        await bench.board.prints("ready")
        await bench.press("lock")
        assert bench.car.locked
        assert asked_for_key(bench) == 1


@in_virtual_time
async def test_a_lost_acknowledgement_is_resolved_without_a_second_command() -> None:
    async with bench_with() as bench:
        await bench.press("unlock")
        bench.car.behaviour.lose_answers = 1
        await bench.press("lock")
        assert bench.car.locked
        assert len(said(bench, "accepted")) == 2


@in_virtual_time
async def test_a_lost_session_info_is_asked_for_again() -> None:
    async with bench_with(behaviour=Behaviour(lose_answers=1)) as bench:
        await bench.press("unlock")
        assert not bench.car.locked
        assert asked_for_key(bench) == 2


@in_virtual_time
async def test_a_new_vehicle_key_costs_a_handshake_in_the_same_press() -> None:
    async with bench_with() as bench:
        await bench.press("unlock")
        bench.car.rotate_key()
        await bench.press("lock")
        assert bench.car.locked
        assert asked_for_key(bench) == 2


@in_virtual_time
async def test_a_counter_behind_the_cars_catches_up_in_the_same_press() -> None:
    async with bench_with() as bench:
        key = list(bench.car.whitelist)[-1]
        key.counter = 5000
        await bench.press("unlock")
        assert not bench.car.locked
        assert key.counter > 5000


@in_virtual_time
async def test_a_counter_far_beyond_belief_is_not_followed() -> None:
    async with bench_with() as bench:
        key = list(bench.car.whitelist)[-1]
        key.counter = 1_000_000
        await fails(bench, "unlock", "held-back")
        key.counter = 100
        await bench.press("unlock")
        assert key.counter < 1000


@in_virtual_time
async def test_a_counter_far_ahead_is_followed_once_the_owner_has_confirmed_it() -> None:
    async with bench_with() as bench:
        # A fob that knows its car: any other would pair.
        await bench.press("lock")
        key = list(bench.car.whitelist)[-1]
        key.counter = 1_000_000
        await fails(bench, "unlock", "hold both buttons 5 s")
        await bench.board.press("lock", "unlock", seconds=5.5)
        await bench.board.light.shows("done")
        await bench.press("unlock")
        assert not bench.car.locked


@in_virtual_time
async def test_an_open_door_has_its_number_when_it_keeps_the_car_from_locking() -> None:
    async with bench_with() as bench:
        await bench.press("unlock")
        bench.car.set_closure("frontDriverDoor", vcsec.CLOSURESTATE_OPEN)
        await fails(bench, "lock", "the car refuses: error 2")


@in_virtual_time
async def test_a_car_out_of_reach_is_named() -> None:
    async with bench_with() as bench:
        bench.walk()
        await fails(bench, "unlock", "not in reach")
        bench.walk()
        await bench.press("unlock")
        assert not bench.car.locked


@in_virtual_time
async def test_a_car_without_a_free_connection_is_named() -> None:
    async with bench_with() as bench:
        links = [bench.car.connect(f"phone {number}") for number in range(3)]
        await bench.car_radio.advertises(connectable=False)
        await fails(bench, "unlock", "takes no more connections")
        links[0].disconnect()
        await bench.car_radio.advertises(connectable=True)
        await bench.press("unlock")
        assert not bench.car.locked


@in_virtual_time
async def test_a_damaged_state_asks_for_the_laptop() -> None:
    bench = Bench()
    bench.board.flash.write(dict.fromkeys(COUNTER_PATHS, b"damaged"))
    await bench.board.power_on()
    await bench.board.light.shows("needs laptop", timeout=10)
    assert any("counter is damaged" in line for line in bench.board.console)
    await bench.board.power_off()


@in_virtual_time
async def test_buzzer_and_motor_say_what_the_light_says() -> None:
    async with bench_with(definition=load_board("virtual4"), radio="direct") as bench:
        for button, verdict in (("unlock", "done"), ("lock", "failed")):
            bench.car.set_closure("frontDriverDoor", vcsec.CLOSURESTATE_OPEN)
            await bench.board.press(button)
            for sign in bench.board.hardware.signs:
                assert await sign.shows(verdict, timeout=15) == verdict


@in_virtual_time
async def test_a_lock_with_an_open_trunk_tells_it() -> None:
    settings = {"warn_open": True}
    async with bench_with(settings=settings, vintage="2026", radio="direct") as bench:
        await bench.press("lock")
        bench.car.set_closure("rearTrunk", vcsec.CLOSURESTATE_AJAR)
        await bench.board.press("lock")
        await bench.board.light.shows("something open", timeout=15)
        assert bench.car.locked


@in_virtual_time
async def test_both_held_while_the_power_comes_pair_a_paired_fob_anew() -> None:
    async with bench_with(radio="direct") as bench:
        await bench.press("unlock")
        await bench.board.power_off()
        fingers = asyncio.create_task(bench.board.press("lock", "unlock", seconds=4))
        # They are down before the power is there.
        await asyncio.sleep(0.05)
        await bench.board.power_on()
        await fingers
        await bench.board.light.shows("done", timeout=10)
        assert any(line.startswith("fob: pair done") for line in bench.board.console)

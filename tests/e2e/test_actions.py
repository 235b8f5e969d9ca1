"""Every action of the README, from a button to the car: what the fob sends, and what comes of it.

A fob with four buttons has sixteen gestures: each name is one of them once, on cars of the older
protocol and of the newer one. In virtual time.
"""

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cache
from typing import Any, NamedTuple

import pytest

from host_tools.board.catalogue import load_board
from host_tools.board.definition import Battery
from host_tools.identity import actions
from host_tools.protocol import vcsec_pb2 as vcsec
from host_tools.simulator.bench import Bench
from host_tools.simulator.board import BoardStopped
from host_tools.simulator.car import Car, Vintage
from host_tools.simulator.car.closures import CLOSURES, POWERED
from host_tools.simulator.light import UnexpectedLight
from host_tools.simulator.virtual_time import run

ROWS = actions.catalogue()
VINTAGES: tuple[Vintage, ...] = ("2021", "2026")
# All buttons wake it, and its battery can be measured.
BOARD = replace(load_board("virtual4"), battery=Battery(pin=35, ratio=2.0, low_mv=3300))
PRESSES = {"single": (0.1,), "double": (0.1, 0.1), "triple": (0.1, 0.1, 0.1), "hold": (1.7,)}
PLACES = [(button, gesture) for button in BOARD.buttons for gesture in PRESSES]
AT_ONCE = 2 * len(PRESSES)
"""More than eight gestures hardly anybody has, and the names of all take memory."""
BETWEEN = 0.12
SETTLING = 3.0
PASSIVE = {"level": 1, "minutes": 1, "form": "auto", "secure_at_end": False}

Place = tuple[str, str]
Deed = Callable[[Car], object]


class Trial(NamedTuple):
    """How the car is before, and what has to be so afterwards."""

    before: Deed
    after: Callable[[Car], bool]


class Outcome(NamedTuple):
    """light: what it showed; effect: whether the car is as it should be; log: the car's events."""

    light: str
    effect: bool
    log: list[str]


def puts(name: str, state: int) -> Deed:
    return lambda car: car.set_closure(name, state)


def stands(name: str, state: int) -> Callable[[Car], bool]:
    return lambda car: car.body.closures.state(name) == state


def opens(name: str) -> Trial:
    return Trial(puts(name, vcsec.CLOSURESTATE_CLOSED), stands(name, vcsec.CLOSURESTATE_OPEN))


def closes(name: str) -> Trial:
    return Trial(puts(name, vcsec.CLOSURESTATE_OPEN), stands(name, vcsec.CLOSURESTATE_CLOSED))


def stops(name: str) -> Trial:
    """What has a motor stops half-way."""

    def half_open(car: Car) -> bool:
        percent = car.body.closures.percent(name)
        at_rest = car.body.closures.state(name) == vcsec.CLOSURESTATE_OPEN
        return at_rest and (name not in POWERED or 0 < percent < 100)

    def begin(car: Car) -> None:
        car.behaviour.moving_time = 60.0
        car.body.closures.drive(name, vcsec.CLOSURESTATE_OPEN)

    return Trial(begin, half_open)


def set_locked(locked: bool) -> Deed:
    return lambda car: setattr(car.body, "locked", locked)


def locks(after: Callable[[Car], bool] = lambda car: True) -> Trial:
    return Trial(set_locked(False), lambda car: car.locked and after(car))


def told(car: Car, kind: str, text: str) -> bool:
    return any(event.kind == kind and text in event.text for event in car.events)


def permits(level: str, more: str = "authenticationResponse") -> Trial:
    """A level that is sent unasked is kept; of NONE there is nothing to keep."""
    unasked = f"sends {level} unasked"
    return Trial(
        set_locked(True),
        lambda car: (
            told(car, "accepted", more)
            and (level == "NONE" or told(car, "authentication", unasked))
        ),
    )


def reports_battery(car: Car) -> bool:
    told = [key.keyfob_info for key in car.whitelist if key.keyfob_info is not None]
    return [info.batteryVoltage_mV > 3000 and info.temperature_degreesC > 0 for info in told] == [
        True
    ]


def fall_asleep(car: Car) -> None:
    car.body.asleep = True


def leave_trunk_open(car: Car) -> None:
    car.body.locked = False
    car.set_closure("rearTrunk", vcsec.CLOSURESTATE_OPEN)


def open_trunk_alone(car: Car) -> None:
    car.set_closure("rearTrunk", vcsec.CLOSURESTATE_OPEN)


def rke_trials() -> Iterator[tuple[str, Trial]]:
    unlocks = Trial(set_locked(True), lambda car: not car.locked)
    yield "unlock", unlocks
    yield "lock", locks()
    yield "rke-trunk", opens("rearTrunk")
    yield "rke-frunk", opens("frontTrunk")
    yield "rke-charge-port-open", opens("chargePort")
    yield "rke-charge-port-close", closes("chargePort")
    cancelled = Trial(Car.pull_handle, lambda car: told(car, "authentication", "cancelled"))
    yield "cancel-authentication", cancelled
    yield "remote-drive", Trial(set_locked(True), lambda car: car.body.may_drive)
    secured = stands("rearTrunk", vcsec.CLOSURESTATE_CLOSED)
    yield "auto-secure", Trial(leave_trunk_open, lambda car: car.locked and secured(car))
    yield "wake", Trial(fall_asleep, lambda car: not car.body.asleep)
    # What was described of the genuine fob.
    yield "top-single", locks()
    yield "top-double", unlocks
    yield "back-double", opens("rearTrunk")
    yield "back-hold", opens("chargePort")
    yield "front-double", opens("frontTrunk")


def closure_trials() -> Iterator[tuple[str, Trial]]:
    fields = dict(zip(CLOSURES, (row.names[0] for row in ROWS if "." in row.message), strict=True))
    for field, name in fields.items():
        for suffix in ("", ":move", ":open"):
            yield f"{name}{suffix}", opens(field)
        yield f"{name}:stop", stops(field)
        if field in POWERED:
            yield f"{name}:close", closes(field)
    both = stands("frontPassengerDoor", vcsec.CLOSURESTATE_OPEN)
    shut = stands("rearTrunk", vcsec.CLOSURESTATE_CLOSED)
    several = Trial(open_trunk_alone, lambda car: both(car) and shut(car))
    yield "front-passenger-door:open+trunk:close", several


TRIALS: dict[str, Trial] = {
    **dict(rke_trials()),
    **dict(closure_trials()),
    "authenticate:none": permits("NONE"),
    "authenticate:unlock": permits("UNLOCK"),
    "authenticate:drive": permits("DRIVE"),
    "authenticate:unlock:1": permits("UNLOCK", "estimatedDistance: 1"),
    "battery-report": Trial(set_locked(True), reports_battery),
    # It says that the key is here, and does nothing.
    "arm": Trial(
        set_locked(True), lambda car: told(car, "accepted", "Response { }") and car.locked
    ),
}
"""By name. What is not here, the car refuses."""

NAMES = [name for row in ROWS for name in row.names]


def obeyed(name: str, vintage: Vintage) -> bool:
    """Whether a car of that year does it: in 2026 RKE numbers are refused that its list has not."""
    kept = next(row.newer for row in ROWS if name in row.names)
    is_rke = "RKEAction" in actions.content(name)
    return name in TRIALS and (vintage == "2021" or kept or not is_rke)


@cache
def outcomes(vintage: Vintage) -> dict[str, Outcome]:
    """What came of every name."""
    found: dict[str, Outcome] = {}
    names = [name for name in NAMES if name != actions.ARM]
    for at in range(0, len(names), AT_ONCE):
        first = at % len(PLACES)
        places = PLACES[first : first + AT_ONCE]
        found |= played(vintage, dict(zip(names[at : at + AT_ONCE], places, strict=False)))
    # Only a fob whose key the car has proved to know may be armed.
    arming = dict(zip(("lock", actions.ARM), PLACES, strict=False))
    return played(vintage, arming, passive=PASSIVE) | found


def played(vintage: Vintage, places: dict[str, Place], **settings: Any) -> dict[str, Outcome]:
    """What came of the names on one fob; where that broke down, what was said."""
    try:
        return run(play(vintage, places, settings))
    except (BoardStopped, UnexpectedLight) as error:
        return dict.fromkeys(places, Outcome(str(error), False, []))


async def play(
    vintage: Vintage, places: dict[str, Place], settings: dict[str, Any]
) -> dict[str, Outcome]:
    """Give each name its gesture of one fob, and make them all."""
    gestures: dict[str, dict[str, str]] = {}
    for name, (button, gesture) in places.items():
        gestures.setdefault(button, {})[gesture] = name
    async with Bench(
        vintage=vintage,
        definition=BOARD,
        settings={"gestures": gestures, **settings},
        enrolled=True,
        usb=True,
        radio="direct",
        seed=1,
    ) as bench:
        found = {name: await make(bench, name, *place) for name, place in places.items()}
        assert bench.car.violations == []
    return found


async def make(bench: Bench, name: str, button: str, gesture: str) -> Outcome:
    car = bench.car
    for closure in CLOSURES:
        car.body.closures.set(closure, vcsec.CLOSURESTATE_CLOSED)
    car.behaviour.moving_time = 0.0
    car.body.asleep = car.body.may_drive = False
    car.body.locked = True
    trial = TRIALS.get(name)
    if trial:
        trial.before(car)
    car.events.clear()
    for seconds in PRESSES[gesture]:
        await bench.board.press(button, seconds=seconds)
        await asyncio.sleep(BETWEEN)
    light = await bench.board.light.shows("done", "failed", "needs laptop", timeout=15)
    await asyncio.sleep(SETTLING)
    effect = bool(trial and trial.after(car))
    log = [f"{event.kind}: {event.text}" for event in car.events]
    return Outcome(light, effect, log)


@pytest.mark.parametrize("vintage", VINTAGES)
@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.names[0])
def test_every_action_reaches_the_car_from_a_button(row: actions.Action, vintage: Vintage) -> None:
    for name in row.names:
        outcome = outcomes(vintage)[name]
        if obeyed(name, vintage):
            assert (outcome.light, outcome.effect) == ("done", True), (name, outcome)
        else:
            assert outcome.light == "failed", (name, outcome)
            assert any(line.startswith("refused: GENERICERROR") for line in outcome.log), name

"""What a person does at a simulated car, each thing by a key of `fob sim` and of `fob car`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from host_tools.protocol import vcsec_pb2 as vcsec
from host_tools.simulator.car import Car

DRIVERS_DOOR = "frontDriverDoor"
TRUNK = "rearTrunk"

Tell = Callable[[str], None]
"""Is told what the person does, before the car is, and what came of it if nothing did."""


@dataclass(frozen=True)
class Deed:
    """What a key is for, in the words of its help, and what it has the person do."""

    help: str
    do: Callable[[Car, Tell], None]


def pull_handle(car: Car, tell: Tell) -> None:
    tell("pulls the handle of the driver's door")
    car.pull_handle(DRIVERS_DOOR)


def _come_near(car: Car, tell: Tell) -> None:
    tell("walks up to the car")
    car.approach()


def door(car: Car, tell: Tell) -> None:
    """Open the driver's door, or close it."""
    if DRIVERS_DOOR in car.body.open_closures:
        tell("closes the driver's door")
        car.close_door(DRIVERS_DOOR)
    else:
        tell("opens the driver's door")
        if not car.open_door(DRIVERS_DOOR):
            tell("cannot: the car is locked")


def _trunk_ajar(car: Car, tell: Tell) -> None:
    if TRUNK in car.body.open_closures:
        tell("closes the trunk")
        car.close_door(TRUNK)
    else:
        tell("leaves the trunk ajar")
        car.set_closure(TRUNK, vcsec.CLOSURESTATE_AJAR)


def _seat(car: Car, tell: Tell) -> None:
    inside = car.body.seated
    tell("gets out" if inside else "gets in")
    if not (car.get_out() if inside else car.sit_down()):
        tell("cannot: all doors are closed")


def _brake(car: Car, tell: Tell) -> None:
    tell("presses the brake")
    if not car.press_brake():
        tell("cannot: nobody is in the car")


def _sleep(car: Car, tell: Tell) -> None:
    if car.body.asleep:
        tell("wakes the car")
        car.wake_up()
    else:
        tell("waits until the car sleeps")
        car.fall_asleep()


def _fill(car: Car, tell: Tell) -> None:
    added = car.whitelist.fill()
    tell(f"adds keys until the car has room for no more: {added}")


DEEDS = {
    "n": Deed("walk up to the car", _come_near),
    "e": Deed("pull a door handle", pull_handle),
    "a": Deed("open, close that door", door),
    "i": Deed("get in, get out", _seat),
    "k": Deed("press the brake", _brake),
    "v": Deed("trunk ajar, closed", _trunk_ajar),
    "z": Deed("the car sleeps, wakes", _sleep),
    "f": Deed("fill its list of keys", _fill),
}
"""By key: letters that neither command uses for anything else."""


def deeds_help(indent: str = "  ") -> str:
    """A table of the keys, in 80 columns."""
    entries = [f"{key}  {deed.help:<22}" for key, deed in DEEDS.items()]
    rows = [entries[at : at + 3] for at in range(0, len(entries), 3)]
    return "\n".join((indent + "".join(row)).rstrip() for row in rows)

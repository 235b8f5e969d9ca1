"""What a person does at a simulated car, each thing by a key of `fob sim` and of `fob car`."""

from __future__ import annotations

from collections.abc import Callable

from host_tools.protocol import vcsec_pb2 as vcsec
from host_tools.simulator.car import Car

DRIVERS_DOOR = "frontDriverDoor"
TRUNK = "rearTrunk"
CHARGE_PORT = "chargePort"

Tell = Callable[[str], None]
"""Is told what the person does, before the car is, and what came of it if nothing did."""

Deed = Callable[[Car, Tell], None]


def pull_handle(car: Car, tell: Tell) -> None:
    tell("pulls the handle of the driver's door")
    car.pull_handle(DRIVERS_DOOR)


def _come_near(car: Car, tell: Tell) -> None:
    tell("walks up to the car")
    car.approach()


def open_door(car: Car, tell: Tell) -> None:
    tell("opens the driver's door")
    if not car.open_door(DRIVERS_DOOR):
        tell("cannot: the car is locked")


def close_door(car: Car, tell: Tell) -> None:
    tell("closes the driver's door")
    car.close_door(DRIVERS_DOOR)


def _door(car: Car, tell: Tell) -> None:
    # Commands open what only a hand can close.
    others = sorted(car.body.open_closures - {DRIVERS_DOOR, TRUNK, CHARGE_PORT})
    if others:
        tell("closes what is open: " + ", ".join(others))
        for name in others:
            car.close_door(name)
    if DRIVERS_DOOR in car.body.open_closures:
        close_door(car, tell)
    elif not others:
        open_door(car, tell)


def close_trunk(car: Car, tell: Tell) -> None:
    tell("closes the trunk")
    car.close_door(TRUNK)


def _trunk_ajar(car: Car, tell: Tell) -> None:
    if TRUNK in car.body.open_closures:
        close_trunk(car, tell)
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


DEEDS: dict[str, tuple[str, Deed]] = {
    "n": ("walk up to the car", _come_near),
    "e": ("pull a door handle", pull_handle),
    "a": ("door open, all closed", _door),
    "i": ("get in, get out", _seat),
    "k": ("press the brake", _brake),
    "v": ("trunk ajar, closed", _trunk_ajar),
    "z": ("the car sleeps, wakes", _sleep),
    "f": ("fill its list of keys", _fill),
}
"""By key, each with its help: letters that neither command uses for anything else."""


def deeds_help(indent: str = "  ") -> str:
    """A table of the keys, in 80 columns."""
    entries = [f"{key}  {text:<22}" for key, (text, _) in DEEDS.items()]
    rows = [entries[at : at + 3] for at in range(0, len(entries), 3)]
    return "\n".join((indent + "".join(row)).rstrip() for row in rows)

"""Which car of a fob a command is for, and what is said where that is not known."""

from typing import Any

import pytest

from host_tools.cli.fob_session import chosen_car, the_car
from host_tools.failure import Failure, InputError

FIRST = {"number": 1, "vin": "5YJ3E1EA1KF000000", "wrong": None}
SECOND = {"number": 2, "vin": "5YJ3E1EA0KF000316", "wrong": None}
BROKEN = {"number": 3, "wrong": "car3/car.json is damaged"}


def status(*cars: dict[str, Any]) -> dict[str, Any]:
    return {"cars": list(cars)}


def test_the_only_car_need_not_be_named() -> None:
    assert the_car(status(FIRST), None) == {}
    assert the_car({}, None) == {}


@pytest.mark.parametrize("wanted", ["2", "5YJ3E1EA0KF000316", "5yj3e1ea0kf000316"])
def test_a_car_is_named_by_number_or_vin(wanted: str) -> None:
    assert the_car(status(FIRST, SECOND), wanted) == {"car": 2}


@pytest.mark.parametrize("wanted", ["", "0", "4", "foo", "22", "5YJ3E1EA0KF00031O", "3@2"])
def test_a_car_that_the_fob_does_not_have_brings_those_it_has(wanted: str) -> None:
    with pytest.raises(InputError, match=r"It has: 1 \(5YJ3E1EA1KF000000\), 2 \(5YJ3E1EA0KF"):
        the_car(status(SECOND, FIRST), wanted)


def test_several_cars_are_listed_where_none_is_named() -> None:
    with pytest.raises(InputError, match=r"several cars. Take one by --vin: 1 .*, 3 .of no use"):
        the_car(status(BROKEN, SECOND, FIRST), None)


def test_a_car_of_no_use_is_told_with_its_remedy() -> None:
    with pytest.raises(Failure, match="`fob cars forget 3`"):
        chosen_car(status(FIRST, BROKEN), "3")

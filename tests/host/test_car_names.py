"""The names the simulated car advertises."""

import json
from pathlib import Path
from typing import Any

import pytest

from host_tools.simulator.car import Car, InvalidVin
from tests.car_bench import CarBench

VECTORS = Path(__file__).parents[2] / "proto" / "vectors"
NAMES = json.loads((VECTORS / "teslabtapi-examples.json").read_text())["names"]


@pytest.mark.parametrize("example", NAMES, ids=lambda example: example["vin"])
def test_names_are_those_of_the_seed(example: dict[str, Any]) -> None:
    name = Car(example["vin"], name=example["scheme"]).advertised_name
    assert name == example.get("name", f"{example.get('name_without_last_letter')}C")


def test_an_alternating_car_takes_turns() -> None:
    bench = CarBench(name="alternate")
    names = []
    for _ in range(4):
        names.append(bench.car.advertised_name)
        bench.now += 2
    assert names == ["Sa6bab0d54ffaecf1C", "Tesla 000000"] * 2


@pytest.mark.parametrize(
    ("vin", "complaint"),
    [
        ("", "17 characters, not 0"),
        ("5YJ3E1EA1KF00000", "17 characters, not 16"),
        ("5YJ3E1EA1KF0000000", "17 characters, not 18"),
        ("5YJ3E1EA1KF00000O", "'O'"),
        ("5yJ3E1EA1KF000000", "'y'"),
        ("5YJ3E1EA1KF00000\n", "wrong"),
        ("5YJ3E1EA1KF00000é", "'é'"),
    ],
)
def test_a_wrong_vin_is_explained(vin: str, complaint: str) -> None:
    with pytest.raises(InvalidVin, match=complaint):
        Car(vin)

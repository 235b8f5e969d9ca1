"""`fob cars`, and a fob of several on the virtual board: added, pressed for, cut off, forgotten."""

import json
from pathlib import Path
from typing import Any

import pytest

from host_tools.simulator.bench import VIN
from tests.desk import Desk, Result

OTHER_VIN = "7SAYGDEE7PF000316"


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("platformdirs.user_state_path", lambda *_, **__: tmp_path / "state")


def says(result: Result, code: int, *words: str) -> None:
    assert result.exit_code == code, result
    for word in words:
        assert word in result.stdout + result.stderr, result
    assert "Traceback" not in result.stderr


def cars(desk: Desk) -> list[dict[str, Any]]:
    told: list[dict[str, Any]] = json.loads(desk.run("cars", "--json").stdout)["cars"]
    return told


def test_a_second_car_comes_and_goes() -> None:
    with Desk() as desk:
        says(desk.run("provision", "--vin", OTHER_VIN, input="n\n"), 1, "Add this car?", "declined")
        assert "/car2/car.json" not in desk.flash.files()
        says(desk.run("cars", "forget", VIN), 1, "only car", "`fob wipe`")

        desk.unplug_after(flash_operations=6)
        broken = desk.run("provision", "--vin", OTHER_VIN, "--on-device", "--yes")
        says(broken, 3)
        desk.plug()
        added = desk.run("provision", "--vin", OTHER_VIN, "--on-device", "--yes")
        says(added, 0, f"car 2 of 2 is {OTHER_VIN}", "`fob pair --vin 2`")
        assert not [path for path in desk.flash.files() if path.endswith(".new")]
        first, second = cars(desk)
        assert (first["vin"], second["vin"]) == (VIN, OTHER_VIN)
        assert second["own_key"] and second["key_identifier"] != first["key_identifier"]
        says(desk.run("cars"), 0, VIN, OTHER_VIN, "its own")

        says(desk.run("provision", "--role", "owner"), 2, "several cars", "--vin", OTHER_VIN)
        says(desk.run("provision", "--vin", "2", "--role", "owner", "--yes"), 0)
        assert json.loads(desk.flash.read("/car2/car.json"))["role"] == 2

        desk.power_off()
        desk.flash.write({"/car2/key.bin": b"damaged"})
        desk.power_on()
        desk.prints("ready")
        says(desk.run("cars"), 0, "Car 2 has a damaged key", "--vin 2 --key BACKUP")
        says(desk.run("key", "backup", "x.pem", env={"FOB_PASSPHRASE": "x"}), 2, "several keys")

        says(desk.run("cars", "forget", "3"), 2, "no car 3")
        says(desk.run("cars", "forget", "2", "--json"), 1, "--yes")
        says(desk.run("cars", "forget", "2", input="y\n"), 0, "Forgotten: car 2", OTHER_VIN)
        assert not [path for path in desk.flash.files() if path.startswith("/car2")]
        assert [each["number"] for each in cars(desk)] == [1]


def test_the_first_car_is_forgotten_and_all_of_a_fob_of_two_is_wiped() -> None:
    with Desk() as desk:
        says(desk.run("provision", "--vin", OTHER_VIN, "--yes"), 0)
        name = cars(desk)[0]["key_identifier"]
        says(desk.run("provision", "--gesture", "lock double=trunk@1", "--yes"), 0)
        forgotten = desk.run("cars", "forget", VIN, "--yes")
        says(forgotten, 0, f"remove the key {name}", "mapped for it alone: lock double")
        desk.prints("ready")
        (left,) = cars(desk)
        assert (left["number"], left["vin"], left["key_identifier"]) == (2, OTHER_VIN, name)
        assert left["paired"] is False
        says(desk.run("provision", "--vin", VIN, "--yes"), 0, f"car 1 of 2 is {VIN}")
        asked = desk.run("wipe", input="n\n")
        says(asked, 1, VIN, OTHER_VIN)
        says(desk.run("wipe", "--yes"), 0, f"The cars still list the key {name}")
        left_there = [path for path in desk.flash.files() if path.startswith(("/car", "/key"))]
        assert not left_there
        says(desk.run("cars"), 1, "never provisioned")

"""`fob battery-life`: for people in 80 columns, for machines as JSON, and what it refuses."""

import json
from pathlib import Path

import pytest

from host_tools.board.catalogue import real_boards
from host_tools.resources import resource_folder
from tests.command_line import fob


def test_all_boards_are_compared_the_longest_living_first() -> None:
    shown = fob("battery-life").stdout
    lines = [line for line in shown.splitlines() if line.split()[:1][:1]]
    boards = [line.split()[0] for line in lines if line.split()[0] in real_boards()]
    assert sorted(boards) == real_boards()
    assert boards[-1] == "esp32-devkit-v1" and "it charges no cell" in shown
    assert max(map(len, shown.splitlines())) <= 80


@pytest.mark.parametrize("name", ["xiao-esp32c3", "m5stickc-plus", "lolin32-lite"])
def test_a_board_shows_where_the_charge_goes_in_80_columns(name: str) -> None:
    result = fob("battery-life", "--board", name, "--passive-minutes", "5")
    assert result.exit_code == 0
    assert max(map(len, result.stdout.splitlines())) <= 80
    for use in ("asleep", "start", "radio", "waiting", "light", "passive entry", "cell"):
        assert any(line.startswith(f"{use} ") for line in result.stdout.splitlines())


def test_machines_get_every_figure_with_its_source() -> None:
    told = json.loads(
        fob("battery-life", "--board", "xiao-esp32c3", "--cell", "650", "--json").stdout
    )
    assert told["cell"]["mah"] == 650
    assert told["asleep_ua"]["source"] == "44 uA from the battery, wiki.seeedstudio.com"
    assert told["days"] * sum(told["mah_per_day"].values()) == pytest.approx(650 * 0.9, rel=0.01)
    assert told["currents_ma"]["light"]["value"] == 1.3
    assert told["measured_seconds"]["stuck button"] == {"every": 320.0}
    for figure in [*told["currents_ma"].values(), *told["estimated_seconds"].values()]:
        assert figure["source"]


def test_machines_get_all_boards_too() -> None:
    told = json.loads(fob("battery-life", "--cell", "3xaaa", "--json").stdout)
    days = {each["board"]: each["days"] for each in told["boards"]}
    assert days["esp32-devkit-v1"] is None and days["lolin32-lite"] is None
    assert days["xiao-esp32c3"] > 100


def test_what_somebody_measured_takes_the_place_of_the_files_figure() -> None:
    shown = fob("battery-life", "--board", "xiao-esp32c3", "--sleep-ua", "2800").stdout
    assert "2.8 mA, as you say" in shown and "Asleep it draws 2.8 mA" in shown


def test_hours_are_not_told_as_days_besides() -> None:
    shown = fob("battery-life", "--board", "xiao-esp32c3", "--sleep-ua", "100000").stdout
    assert "Lasts 4 hours." in shown


def test_no_sign_is_shown_before_a_nought() -> None:
    assert ", 0 presses a day" in fob("battery-life", "--presses", "-0").stdout


def test_a_board_of_ones_own_is_reckoned_by_its_file(tmp_path: Path) -> None:
    own = tmp_path / "mine.toml"
    text = (resource_folder("boards") / "xiao-esp32c3.toml").read_text()
    own.write_text(text.replace("sleep_ua = 44", "sleep_ua = 2800"))
    assert "Asleep it draws 2.8 mA" in fob("battery-life", "--board", str(own)).stdout


def test_a_built_in_cell_is_taken_unless_another_is_named() -> None:
    assert "of 120 mAh" in fob("battery-life", "--board", "m5stickc-plus").stdout
    assert "of 500 mAh" in fob("battery-life", "--board", "m5stickc-plus", "--cell", "500").stdout


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["--board", "xiao"], "there is no board 'xiao'"),
        (["--board", "esp32-devkit-v1"], "has no place for a cell"),
        (["--board", "virtual"], "has no place for a cell"),
        (["--cell", "cr2032"], "a CR2032 bears pulses"),
        (["--cell", "2xaaa"], "two AAA give 3.0 V"),
        (["--cell", ""], "there is no cell ''"),
        (["--presses", "-1"], "--presses must lie between 0 and 2000, not -1"),
        (["--presses", "nan"], "not nan"),
        (["--presses", "1e300"], "between 0 and 2000"),
        (["--presses", "many"], "not a valid float"),
        (["--passive-minutes", "1441"], "A day has 1440 minutes"),
        (["--sleep-ua", "5"], "--sleep-ua is about one board"),
        (["--board", "xiao-esp32c3", "--sleep-ua", "1e6"], "It is in microamperes"),
        (["--board", "lolin32-lite", "--cell", "3xaaa"], "has no pin for 5 V"),
    ],
)
def test_what_makes_no_sense_is_one_line_with_its_remedy(
    arguments: list[str], problem: str
) -> None:
    result = fob("battery-life", *arguments)
    assert result.exit_code == 2 and result.stdout == ""
    (line,) = result.stderr.splitlines()
    assert problem in line and line.endswith(".")


def test_errors_are_json_for_machines() -> None:
    told = json.loads(fob("battery-life", "--cell", "cr2032", "--json").stdout)
    assert "lithium" in told["error"]["remedy"]

"""`fob boards`: a list, a drawing with its wiring steps, and JSON for machines."""

import io
import json
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from host_tools.board.catalogue import list_boards, real_boards
from host_tools.cli.boards import boards
from host_tools.failure import Failure, InputError
from host_tools.resources import resource_folder

OWN = (resource_folder("boards") / "lolin32-lite.toml").read_text()


def run(*arguments: str) -> Result:
    """What the command prints; it must not fail."""
    result = CliRunner().invoke(boards, arguments, catch_exceptions=False)
    assert result.exit_code == 0
    return result


def refusal(*arguments: str) -> Failure:
    """How the command fails."""
    result = CliRunner().invoke(boards, arguments)
    assert isinstance(result.exception, InputError)
    assert result.exception.exit_code == 2
    return result.exception


def test_the_list_names_every_board_in_80_columns() -> None:
    lines = run().stdout.splitlines()
    assert max(map(len, lines)) <= 80
    assert [line.split()[0] for line in lines[1 : 1 + len(list_boards())]] == list_boards()


def test_the_list_for_machines_says_what_flash_and_setup_need() -> None:
    found = {board["board"]: board for board in json.loads(run("--json").stdout)}
    assert list(found) == list_boards()
    assert found["xiao-esp32c3"]["micropython"] == "ESP32_GENERIC_C3"
    assert found["xiao-esp32c3"]["serial"] == "native"
    assert found["firebeetle2-esp32e"]["battery"] == {"pin": 34, "ratio": 2.0, "low_mv": 3400}


@pytest.mark.parametrize("name", list_boards())
def test_every_board_is_shown_in_80_columns_without_colour_when_piped(name: str) -> None:
    shown = run("show", name).stdout
    assert max(map(len, shown.splitlines())) <= 80
    assert "\x1b" not in shown


def test_a_board_is_shown_with_drawing_parts_and_numbered_steps() -> None:
    shown = run("show", "lolin32-lite").stdout
    assert "│ 32" not in shown and "32 │●─── lock button" in shown
    assert "You need:    2 push buttons, 2 resistors of 10 kOhm" in shown
    assert " 1. lock button: between pin 32 and GND." in shown
    assert " 2. lock resistor, 10 kOhm: from pin 32 to 3V." in shown


def test_a_terminal_that_knows_only_ascii_gets_a_drawing_in_ascii(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    own = tmp_path / "own.toml"
    own.write_text(OWN.replace('"blue LED"', '"grüne LED"'), encoding="utf-8")
    out = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(out, encoding="ascii"))
    boards.main(["show", str(own)], standalone_mode=False)
    sys.stdout.flush()
    shown = out.getvalue().decode("ascii")
    assert "32 |*--- lock button" in shown
    assert "[10 kOhm]--+--[lock]-- GND" in shown


def test_a_narrow_terminal_gets_the_steps_without_a_torn_drawing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("COLUMNS", "50")
    lines = run("show", "lolin32-lite").stdout.splitlines()
    assert max(map(len, lines)) <= 50
    assert "(There is a drawing for a terminal of 80 columns.)" in lines
    assert " 1. lock button: between pin 32 and GND." in lines


def test_words_in_a_definition_are_no_markup_for_the_terminal(tmp_path: Path) -> None:
    own = tmp_path / "own.toml"
    own.write_text(OWN.replace('"LOLIN32 Lite"', '"[red]Mine[/red]"'))
    assert "[red]Mine[/red]" in run("show", str(own)).stdout


def test_a_board_for_machines_has_its_resistors_and_steps() -> None:
    shown = json.loads(run("show", "xiao-esp32c6", "--json").stdout)
    assert shown["buttons"][0]["resistor"] == {"ohms": 10_000, "start": "D0", "end": "GND"}
    assert shown["wake"] == {"ext0": None, "ext1": [0, 1], "gpio": []}
    assert shown["steps"][0] == "lock button: between D0 and 3V3."


def test_the_file_of_a_board_is_printed_to_make_another_from() -> None:
    assert run("show", "lolin32-lite", "--toml").stdout == OWN


def test_warnings_are_shown(tmp_path: Path) -> None:
    own = tmp_path / "own.toml"
    own.write_text(OWN.replace('pull = "external"', 'pull = "internal"'))
    shown = " ".join(run("show", str(own)).stdout.split())
    assert "warning: the chip's own resistor is unreliable" in shown
    assert "solder 10 kOhm from pin 33 to 3V" in shown


def test_a_drawing_is_written_to_a_file_that_does_not_exist_yet(tmp_path: Path) -> None:
    drawing = tmp_path / "wiring.svg"
    assert "wrote" in run("show", "lolin32-lite", "--svg", str(drawing)).stdout
    assert drawing.read_text().startswith("<svg")


def test_a_file_is_overwritten_only_when_asked(tmp_path: Path) -> None:
    drawing = tmp_path / "wiring.svg"
    drawing.write_text("precious")
    failure = refusal("show", "lolin32-lite", "--svg", str(drawing))
    assert "Add --yes to overwrite it" in failure.remedy
    assert drawing.read_text() == "precious"
    run("show", "lolin32-lite", "--svg", str(drawing), "--yes")
    assert drawing.read_text().startswith("<svg")


def test_nothing_is_written_for_a_board_that_cannot_work(tmp_path: Path) -> None:
    refusal("show", "nonesuch", "--svg", str(tmp_path / "wiring.svg"))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("target", "problem"), [("none/w.svg", "there is no folder"), ("", "is a folder")]
)
def test_a_drawing_that_has_no_place_says_so(target: str, problem: str, tmp_path: Path) -> None:
    failure = refusal("show", "lolin32-lite", "--yes", "--svg", str(tmp_path / target))
    assert problem in failure.problem


def test_a_board_named_without_show_gets_the_right_command() -> None:
    assert "fob boards show lolin32-lite" in refusal("lolin32-lite").remedy


def test_the_help_has_an_example() -> None:
    assert "Example:" in run("--help").stdout and "Example:" in run("show", "--help").stdout


def test_a_board_is_shown_with_its_buzzer_and_motor_and_what_they_take() -> None:
    shown = " ".join(run("show", "lolin32-lite-4").stdout.split())
    assert "Buzzer: a passive piezo of yours at pin 18" in shown
    assert "Motor: a vibration motor of yours at pin 19" in shown
    assert "1 diode (1N5819, 1N4001 or alike)" in shown


def test_buzzer_and_motor_are_told_to_machines() -> None:
    shown = json.loads(run("show", "m5stickc-plus", "--json").stdout)
    buzzer = {"kind": "tone", "pin": 2, "inverted": False, "onboard": "buzzer"}
    assert (shown["buzzer"], shown["vibration"]) == (buzzer, None)


def test_the_list_counts_what_is_to_be_soldered_beside_the_buttons() -> None:
    line = next(line for line in run().stdout.splitlines() if line.startswith("lolin32-lite-4"))
    assert "4 buttons, 2 more" in line


def test_the_list_marks_boards_of_which_more_was_measured_asleep() -> None:
    asleep = {line.split()[0]: line for line in run().stdout.splitlines() if line}
    assert " 60 uA+ " in asleep["lolin32-lite"] and " 44 uA " in asleep["xiao-esp32c3"]
    assert "60 uA to 4.5 mA" in " ".join(run("show", "lolin32-lite").stdout.split())


def test_the_boards_of_the_simulator_are_not_among_the_real_ones() -> None:
    assert set(list_boards()) - set(real_boards()) == {"virtual", "virtual3", "virtual4"}

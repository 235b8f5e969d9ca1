"""The README's tables are those of the code: what buttons do, what the light says, every action."""

from pathlib import Path

import pytest

from host_tools.advice.light import pattern_rows
from host_tools.cli import COMMANDS
from host_tools.identity import actions, gestures

README = (Path(__file__).resolve().parents[2] / "README.md").read_text("utf-8")
ANSWER = {True: "yes", False: "no"}


def table(heading):
    """The rows of the first table below a heading, without its head."""
    lines = README.partition(f"\n## {heading}\n")[2].partition("\n## ")[0].splitlines()
    rows = [line for line in lines if line.startswith("| ")]
    return [tuple(cell.strip() for cell in row.strip("|").split(" | ")) for row in rows][1:]


def test_the_buttons_do_what_the_readme_says():
    told = gestures.rows(gestures.default_gestures(("lock", "unlock")))
    assert table("What the buttons do") == told


def test_the_light_says_what_the_readme_says():
    assert table("What the light says") == pattern_rows()


def test_every_action_of_the_documentation_is_a_row_of_the_readme():
    assert table("What it can ask the car for") == [
        (f"`{row.written}`", row.does, row.message, ANSWER[row.older], ANSWER[row.newer])
        for row in actions.catalogue()
    ]


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_is_in_the_readme(name):
    assert any(f"`fob {name}`" in row[1] for row in table("Tools") if len(row) > 1)

"""Every command that a remedy or a page names can be run as it stands there."""

import ast
import re
import shlex
from pathlib import Path

import click
import pytest

from host_tools.cli import fob

ROOT = Path(__file__).resolve().parents[2]


PAGES = ("README.md", "SECURITY.md", "CONTRIBUTING.md", "boards/README.md", "tests/README.md")
_NAMED = re.compile(r"`fob ([a-z][^`]*)`")


def named_commands():
    """Each `fob ...` in the texts of the tools and the firmware, and on the pages."""
    for page in PAGES:
        for line in _NAMED.findall((ROOT / page).read_text("utf-8")):
            # "NAME ..." stands for more of its like.
            if "..." not in line:
                yield pytest.param(line, id=f"{page}: {' '.join(line.split())}")
    for path in sorted((*ROOT.glob("host_tools/**/*.py"), *ROOT.glob("firmware/**/*.py"))):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                for line in _NAMED.findall(node.value):
                    yield pytest.param(line, id=f"{path.stem}: {' '.join(line.split())}")


@pytest.mark.parametrize("line", list(named_commands()))
def test_a_command_that_is_named_exists_with_its_options(line):
    name, *words = shlex.split(line)
    command = fob.get_command(click.Context(fob), name)
    assert command is not None
    if isinstance(command, click.Group) and words and not words[0].startswith("-"):
        command = command.commands.get(words[0])
        assert command is not None
    options = {option for parameter in command.params for option in parameter.opts}
    assert {word for word in words if word.startswith("--")} <= options | {"--help"}

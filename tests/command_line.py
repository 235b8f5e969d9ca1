"""Runs `fob` in this process, as a shell would."""

from typing import NamedTuple

from click.testing import CliRunner

from host_tools.cli import run


class Result(NamedTuple):
    """What a shell sees of a command."""

    exit_code: int
    stdout: str
    stderr: str


def fob(*arguments: str, typed: str | bytes = "") -> Result:
    """Run `fob arguments`; `typed` is its standard input, which is no terminal."""
    with CliRunner().isolation(typed) as (out, err, _):
        code = run(arguments)
    return Result(code, out.getvalue().decode(), err.getvalue().decode())

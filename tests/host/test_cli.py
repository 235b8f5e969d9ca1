"""What all commands of `fob` have in common: help, and how they end."""

import errno
import json
from collections.abc import Callable, Iterator
from typing import Any

import click
import pytest

from host_tools.cli import COMMANDS
from host_tools.cli.questions import agree
from host_tools.failure import Failure, InputError, Unreachable
from tests.command_line import Result, fob

Ending = Callable[[Any], None]


@pytest.fixture
def ending() -> Iterator[Ending]:
    """Gives `fob decode` an end: what it is handed is raised by the command, or called."""
    # Imported before it is replaced: its module has the name of the command.
    assert fob("decode", "--help").exit_code == 0
    with pytest.MonkeyPatch.context() as patch:

        def prepare(end: Any) -> None:
            @click.command()
            @click.option("--json", "as_json", is_flag=True)
            def decode(as_json: bool) -> None:
                if isinstance(end, BaseException):
                    raise end
                end()

            patch.setattr("host_tools.cli.decode.decode", decode)

        yield prepare


def ended(*arguments: str, typed: str = "") -> Result:
    return fob("decode", *arguments, typed=typed)


def test_fob_alone_shows_the_commands_in_groups_with_an_example_each() -> None:
    result = fob()
    assert (result.exit_code, result.stderr) == (0, "")
    for group in ("Set up:", "Your fob:", "Your car:", "Bench:"):
        about = result.stdout.partition(group)[2].partition("\n\n")[0]
        assert about.splitlines()[-1].strip().startswith("Example: fob ")
    assert "130  Ctrl-C" in result.stdout


@pytest.mark.parametrize("arguments", [[], *([name, "--help"] for name in COMMANDS)])
def test_help_fits_in_80_columns(arguments: list[str]) -> None:
    result = fob(*arguments)
    assert result.exit_code == 0
    assert max(map(len, result.stdout.splitlines())) <= 80


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_an_example(name: str) -> None:
    assert "Example:" in fob(name, "--help").stdout


def test_the_version_is_told() -> None:
    assert fob("--version").stdout.startswith("fob 0.")


def test_an_unknown_command_brings_the_one_that_was_meant() -> None:
    result = fob("flsh")
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == "fob: there is no command 'flsh'. Did you mean `fob flash`?\n"


def test_wrong_usage_is_one_line_with_where_to_find_help() -> None:
    result = fob("demo", "--vintage", "1908")
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith("fob: invalid value for '--vintage': '1908' is not one of")
    assert result.stderr.endswith(". See `fob demo --help`.\n")
    assert result.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("failure", "code"),
    [
        (Failure("the car said no", "Try again."), 1),
        (InputError("the car said no", "Try again."), 2),
        (Unreachable("the car said no", "Try again."), 3),
    ],
)
def test_a_failure_is_one_line_with_its_exit_code(
    ending: Ending, failure: Failure, code: int
) -> None:
    ending(failure)
    assert ended() == (code, "", "fob: the car said no. Try again.\n")


def test_with_json_the_error_is_an_object_too(ending: Ending) -> None:
    ending(Unreachable("no fob", "Plug it in."))
    result = ended("--json")
    assert json.loads(result.stdout) == {"error": {"problem": "no fob", "remedy": "Plug it in."}}
    assert (result.exit_code, result.stderr) == (3, "fob: no fob. Plug it in.\n")


@pytest.mark.parametrize("arguments", [["--debug", "decode"], ["decode", "--debug"]])
def test_debug_shows_the_traceback_wherever_it_stands(ending: Ending, arguments: list[str]) -> None:
    ending(RuntimeError("surprise"))
    result = fob(*arguments)
    assert result.exit_code == 1
    assert result.stderr.startswith("Traceback (most recent call last)")


def test_a_misspelt_option_brings_the_one_that_was_meant() -> None:
    result = fob("decode", "--fil")
    assert result.exit_code == 2
    assert "fob: no such option '--fil'. Did you mean" in result.stderr
    assert "'--file'" in result.stderr
    assert result.stderr.endswith("? See `fob decode --help`.\n")


def test_an_error_of_the_system_is_told_with_the_file(ending: Ending) -> None:
    ending(OSError(errno.ENOSPC, "No space left on device", "keys/fob.pem"))
    result = ended()
    assert result.exit_code == 1
    assert result.stderr.startswith("fob: no space left on device at keys/fob.pem. Make room")


def test_what_should_not_happen_is_one_line_that_names_debug(ending: Ending) -> None:
    ending(RuntimeError("sur\nprise"))
    result = ended()
    assert (result.exit_code, result.stderr.count("\n")) == (1, 1)
    assert "RuntimeError: sur prise. --debug shows" in result.stderr


def test_ctrl_c_ends_with_130(ending: Ending) -> None:
    ending(KeyboardInterrupt())
    result = ended()
    assert (result.exit_code, result.stdout, result.stderr.strip()) == (130, "", "")


def test_ctrl_c_at_a_question_ends_with_130(ending: Ending) -> None:
    def interrupt(_: str) -> str:
        raise KeyboardInterrupt

    def ask() -> None:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("click.termui.visible_prompt_func", interrupt)
            agree("Erase it?")

    ending(ask)
    result = ended()
    # What comes next on the terminal begins on a line of its own.
    assert (result.exit_code, result.stderr) == (130, "\n")


def test_a_question_without_anybody_to_answer_is_wrong_usage(ending: Ending) -> None:
    ending(lambda: click.confirm("Erase it?", abort=True))
    result = ended(typed="")
    assert result.exit_code == 2
    assert "fob: there is nobody to answer a question. Give the answers" in result.stderr


def test_a_no_is_exit_code_1(ending: Ending) -> None:
    ending(lambda: click.confirm("Erase it?", abort=True))
    result = ended(typed="n\n")
    assert (result.exit_code, result.stderr) == (1, "fob: declined\n")


@pytest.mark.parametrize("error", [BrokenPipeError(), OSError(errno.EPIPE, "Broken pipe")])
def test_a_reader_that_has_gone_is_no_error_to_tell(ending: Ending, error: OSError) -> None:
    ending(error)
    assert ended() == (1, "", "")


@pytest.mark.parametrize(("value", "code"), [(None, 0), (0, 0), (1, 1), (3, 3), ("text", 1)])
def test_a_command_chooses_its_exit_code(ending: Ending, value: object, code: int) -> None:
    ending(SystemExit(value))
    assert ended().exit_code == code


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_completion_script_of_each_shell_is_printed(shell: str) -> None:
    result = fob("completion", shell)
    assert result.exit_code == 0
    assert "_FOB_COMPLETE" in result.stdout


@pytest.mark.parametrize(
    ("words", "expected"), [("fob st", "status"), ("fob setup --board m5", "m5stickc-plus")]
)
def test_the_shell_completes(words: str, expected: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("_FOB_COMPLETE", "bash_complete")
    monkeypatch.setenv("COMP_WORDS", words)
    monkeypatch.setenv("COMP_CWORD", str(len(words.split()) - 1))
    assert fob().stdout.split() == [f"plain,{expected}"]

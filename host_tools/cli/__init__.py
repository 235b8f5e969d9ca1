"""The `fob` command: its commands in groups, and how each of them ends.

Exit codes: 0 done, 1 failed or declined, 2 wrong usage or input, 3 no fob reached, 130 Ctrl-C.
"""

import contextlib
import errno
import importlib
import logging
import os
import signal
import sys
import traceback
from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import NamedTuple

import click
from click.exceptions import NoArgsIsHelpError
from click.shell_completion import CompletionItem

from host_tools.cli import passphrase
from host_tools.cli.screen import complain, show_json
from host_tools.failure import Failure, InputError


class _Group(NamedTuple):
    title: str
    commands: dict[str, str]
    example: str


_GROUPS = (
    _Group(
        "Set up",
        {
            "setup": "from a bare board to a paired fob, step by step",
            "boards": "the boards there are, and how to wire them",
            "battery-life": "how long a cell lasts on which board, and why",
            "ports": "serial ports, and what sits on them",
            "key": "make, show, import or back up a key",
            "flash": "write MicroPython and the fob's program; keeps the key",
            "provision": "give the fob its key, VIN, buttons and light",
            "cars": "the fob's cars; forget one",
            "image": "one file with all of it, to flash in one go",
            "completion": "let your shell complete what you type",
        },
        "fob setup --board lolin32-lite",
    ),
    _Group(
        "Your fob",
        {
            "status": "who it is, how it is, and what its last presses came to",
            "press": "press its buttons from here",
            "logs": "its crashes and last events",
            "monitor": "its serial console",
            "doctor": "all that can be wrong, each with its remedy",
            "wipe": "remove key and state",
        },
        "fob press unlock",
    ),
    _Group(
        "Your car",
        {
            "pair": "add the fob's key to the car",
            "send": "have the car do anything a fob can ask for",
            "keys": "the keys that the car lists; remove one",
        },
        "fob send frunk",
    ),
    _Group(
        "Bench",
        {
            "demo": "pair, unlock and lock simulated cars with the real firmware",
            "sim": "a virtual fob and car, with your fingers on the buttons",
            "car": "the simulated car alone, for a real fob or another Bluetooth stack",
            "decode": "show a frame of either direction as readable text",
        },
        "fob sim --vintage 2021",
    ),
)
COMMANDS = {name: text for group in _GROUPS for name, text in group.commands.items()}
"""Name to what it is for."""

_ENDINGS = (
    ("0", "done"),
    ("1", "failed, or you said no"),
    ("2", "wrong usage or input"),
    ("3", "no fob reached"),
    ("130", "Ctrl-C"),
)


class _Commands(click.Group):
    # Each command is a module of its name, imported when it is asked for: the Bluetooth stack
    # takes a second to load, and decoding a frame should not wait for it.
    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        if name not in COMMANDS:
            return None
        word = name.replace("-", "_")
        module = f"{__name__}.{word}"
        try:
            command: click.Command = getattr(importlib.import_module(module), word)
        except ModuleNotFoundError as error:
            if error.name != module:
                raise
            raise InputError(f"this installation has no `fob {name}`", "Install it anew.") from None
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name = args[0]
        if name not in COMMANDS and not name.startswith("-") and not ctx.resilient_parsing:
            close = get_close_matches(name, COMMANDS, n=1)
            remedy = f"Did you mean `fob {close[0]}`?" if close else "`fob` lists them."
            raise InputError(f"there is no command {name!r}", remedy)
        return super().resolve_command(ctx, args)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        # click would import every command for its help.
        names = [
            CompletionItem(name, help=text)
            for name, text in COMMANDS.items()
            if name.startswith(incomplete)
        ]
        return [*names, *click.Command.shell_complete(self, ctx, incomplete)]

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        longest = max(map(len, COMMANDS))
        for group in _GROUPS:
            with formatter.section(group.title):
                rows = [(f"{name:<{longest}}", text) for name, text in group.commands.items()]
                formatter.write_dl([*rows, ("", f"Example: {group.example}")])

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Exit codes"):
            formatter.write_dl(_ENDINGS)


@click.group(
    cls=_Commands,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 80},
)
@click.option("--debug", is_flag=True, help="Show where an error comes from; after a command too.")
@click.version_option(package_name="open-esp32-key-fob", message="fob %(version)s")
@click.pass_context
def fob(ctx: click.Context, debug: bool) -> None:
    """An open key fob: MicroPython on an ESP32 that locks and unlocks a Tesla.

    `fob COMMAND --help` tells more. Begin with `fob setup`.
    """
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help())


def run(argv: Sequence[str]) -> int:
    """Run the command line `argv` (without the program's name) and return its exit code.

    Whatever goes wrong is one line on standard error, `fob: problem. remedy`; with --json an
    object {"error": {"problem", "remedy"}} on standard output as well, and with --debug the
    traceback before it.
    """
    arguments, debug, as_json = _global_flags(argv)
    try:
        # The return value of a command is not its exit code: they say sys.exit().
        value = fob.main(arguments, prog_name="fob", standalone_mode=False)
        return value if isinstance(value, int) else 0
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    except NoArgsIsHelpError as error:
        click.echo(error.ctx.get_help() if error.ctx else "", err=True)
        return error.exit_code
    except BrokenPipeError:
        return 1
    except (click.Abort, KeyboardInterrupt, EOFError) as error:
        failure: Failure | None = _abandoned(error)
        if failure is None:
            return 130
    except Exception as error:  # noqa: BLE001
        if debug and not isinstance(error, click.UsageError):
            traceback.print_exc()
        failure = _failure(error)
    if as_json:
        # What cannot be written there is what the line below may be about.
        with contextlib.suppress(OSError):
            show_json({"error": {"problem": failure.problem, "remedy": failure.remedy}})
    complain(f"fob: {failure}")
    return failure.exit_code


def main() -> None:
    """Run the command line of this process."""
    # A closed terminal and a polite kill end as Ctrl-C does: nothing is left behind.
    for name in ("SIGTERM", "SIGHUP"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), lambda *_: signal.raise_signal(signal.SIGINT))
    _open_what_is_closed()
    passphrase.withhold()
    _, debug, _ = _global_flags(sys.argv[1:])
    # What the Bluetooth stack remarks about packets that cross a disconnection is not the user's.
    logging.basicConfig(level=logging.INFO if debug else logging.CRITICAL)
    code = run(sys.argv[1:])
    try:
        sys.stdout.flush()
    except OSError as error:
        if not isinstance(error, BrokenPipeError) and not code:
            complain(f"fob: {_failure(error)}")
            code = Failure.exit_code
        # What is left would be complained about once more when the interpreter closes it.
        with contextlib.suppress(OSError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    sys.exit(code)


def _open_what_is_closed() -> None:
    """Give Python, which has None for a stream that was closed by `<&-`, an empty one."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, Path(os.devnull).open(mode))  # noqa: SIM115


def _global_flags(argv: Sequence[str]) -> tuple[list[str], bool, bool]:
    """The arguments without --debug, which may stand anywhere; whether it did; whether --json."""
    end = argv.index("--") if "--" in argv else len(argv)
    options = argv[:end]
    kept = [each for each in options if each != "--debug"]
    return [*kept, *argv[end:]], "--debug" in options, "--json" in options


def _abandoned(error: BaseException) -> Failure | None:
    """What ended a question or a run without an error: None for Ctrl-C."""
    # click turns both into an Abort, whose context tells them apart.
    origin = error.__context__ if isinstance(error, click.Abort) else error
    if isinstance(origin, KeyboardInterrupt):
        return None
    if isinstance(origin, EOFError):
        # The error begins on a line of its own, not behind the question.
        click.echo(err=True)
        return InputError("there is nobody to answer a question", "Give the answers as options.")
    return Failure("declined")


def _failure(error: Exception) -> Failure:
    """Any error as a problem with its remedy."""
    if isinstance(error, Failure):
        return error
    if isinstance(error, click.UsageError):
        path = error.ctx.command_path if error.ctx else "fob"
        # click guesses one name or several, in words of its own; the first is the likeliest.
        problem = " ".join(error.format_message().split()).partition("Did you mean")[0]
        guesses = getattr(error, "possibilities", None)
        meant = f"Did you mean {guesses[0]!r}? " if guesses else ""
        return InputError(_sentence(problem.rstrip(" (")), f"{meant}See `{path} --help`.")
    if isinstance(error, click.ClickException):
        failure = Failure(_sentence(error.format_message()))
        failure.exit_code = error.exit_code
        return failure
    if isinstance(error, OSError) and error.strerror:
        place = f" at {error.filename}" if error.filename else ""
        full = error.errno == errno.ENOSPC
        remedy = "Make room and try again." if full else "--debug shows what this was for."
        return Failure(f"{_sentence(error.strerror)}{place}", remedy)
    what = " ".join(f"{type(error).__name__}: {error}".split())
    return Failure(f"an error that should not happen: {what}", "--debug shows where it happened.")


def _sentence(message: str) -> str:
    """click's message as a problem: without capital and full stop."""
    return message[:1].lower() + message[1:].removesuffix(".")

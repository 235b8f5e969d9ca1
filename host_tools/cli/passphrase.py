"""Where passphrases come from: a file, the environment, or somebody who types them. Never argv."""

import os
import sys
from collections.abc import Callable
from pathlib import Path

import click

from host_tools.cli.questions import unanswered
from host_tools.failure import InputError

VARIABLE = "FOB_PASSPHRASE"

passphrase_option = click.option(
    "--passphrase-file",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help=f"First line: the passphrase of key files. Or {VARIABLE}; else you are asked.",
)


# More than any passphrase has; a file may be anything.
_LONGEST_LINE = 65_536

_withheld: str | None = None


def withhold() -> None:
    """Take the passphrase out of the environment, which the programs that are run inherit."""
    global _withheld
    _withheld = os.environ.pop(VARIABLE, None)


def existing_passphrase(path: Path, passphrase_file: Path | None) -> Callable[[], str]:
    """What gives the passphrase that a file was encrypted with; asks when it is called."""

    def give() -> str:
        given = _given(passphrase_file)
        return _asked(f"Passphrase of {path}") if given is None else given

    return give


def new_passphrase(path: Path, passphrase_file: Path | None, *, optional: bool = False) -> str:
    """The passphrase to encrypt a new file with, typed twice; empty, if `optional`, for none.

    Raises InputError.
    """
    passphrase = _given(passphrase_file)
    if passphrase is None:
        about = f"New passphrase for {path}" + (" (none: just Enter)" if optional else "")
        passphrase = _asked(about, default="" if optional else None, twice=True)
    if not passphrase and not optional:
        raise InputError("a backup needs a passphrase", "Choose one that you will remember.")
    return passphrase


def _given(passphrase_file: Path | None) -> str | None:
    if passphrase_file is None:
        return os.environ.get(VARIABLE, _withheld)
    try:
        with passphrase_file.open(encoding="utf-8") as file:
            return file.readline(_LONGEST_LINE).rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "no text"
        raise InputError(
            f"the passphrase file {passphrase_file} cannot be read ({why})", "Name another."
        ) from None


def _asked(about: str, *, default: str | None = None, twice: bool = False) -> str:
    try:
        return str(
            click.prompt(
                about,
                default=default,
                show_default=False,
                # Nothing is echoed where nobody types, and getpass would complain.
                hide_input=sys.stdin.isatty(),
                confirmation_prompt=twice,
                err=True,
            )
        )
    except click.Abort as end:
        if isinstance(end.__context__, KeyboardInterrupt):  # click has ended the hidden line
            raise
        remedy = f"Set {VARIABLE}, or --passphrase-file."
        nobody = InputError("there is nobody to type a passphrase", remedy)
        raise unanswered(end, nobody, err=True) from None

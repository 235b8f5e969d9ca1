"""How the commands of `make` end: exit codes, and one line for what goes wrong."""

import os
import sys
from collections.abc import Sequence

import click

from host_tools.failure import Failure


def run(command: click.Command, program: str, arguments: Sequence[str]) -> int:
    """Run a command and return its exit code; what goes wrong is one line on standard error."""
    try:
        code = command.main(arguments, prog_name=program, standalone_mode=False)
        sys.stdout.flush()
        return int(code or 0)
    except click.UsageError as error:
        problem = " ".join(error.format_message().split()).rstrip(".")
        click.echo(f"{program}: {problem}. See --help.", err=True)
        return error.exit_code
    except Failure as failure:
        click.echo(f"{program}: {failure}", err=True)
        return failure.exit_code
    except (click.Abort, KeyboardInterrupt):
        return 130
    except BrokenPipeError:
        # Whoever reads has seen enough; the interpreter would complain of what is left.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1

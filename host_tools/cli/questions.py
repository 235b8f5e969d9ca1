"""Questions to a person; where nobody answers, the error names the option that would have."""

from collections.abc import Callable, Mapping

import click
from rich.text import Text

from host_tools.cli.screen import out
from host_tools.failure import Failure, InputError

_NOBODY = InputError("there is nobody to answer", "Agree by --yes.")


def ask(text: str, what: str, option: str, check: Callable[[str], str]) -> str:
    """Ask until `check` takes the answer; what that returns.

    what, option    of the error where the input has ended: "the VIN", "--vin".
    check           raises InputError, which is shown.
    """
    while True:
        try:
            answer = click.prompt(text, type=str)
        except click.Abort as end:
            nobody = InputError(f"{what} is not known", f"Name it by {option}.")
            raise unanswered(end, nobody) from None
        try:
            return check(answer.strip())
        except InputError as error:
            out().print(Text(error.sentences, "yellow"))


def ask_which(
    text: str,
    choices: Mapping[str, str],
    what: str,
    option: str,
    otherwise: Callable[[str], str] | None = None,
) -> str:
    """Ask for one of `choices` (name to description), by its number or name; its name.

    otherwise   checks what is none of them; without it, it has to be one.
    """
    names = list(choices)
    longest = max(map(len, names), default=0)
    for number, name in enumerate(names, 1):
        line = Text(f"{number:>3}  ").append(f"{name:<{longest}}", "cyan")
        out().print(line.append(f"  {choices[name]}".rstrip()))

    def check(answer: str) -> str:
        if answer.isdigit() and 0 < int(answer) <= len(names):
            return names[int(answer) - 1]
        if answer in choices:
            return answer
        if otherwise is None or answer.isdigit():
            raise InputError(f"{answer} is none of them", f"Type 1 to {len(names)}, or a name.")
        return otherwise(answer)

    return ask(text, what, option, check)


def may(question: str, yes: bool, no: Failure | None = None) -> None:
    """Go on only with a yes: asked for, or given in advance.

    Raises `no` where that is the answer, without it and after Ctrl-C click.Abort.
    """
    if yes:
        return
    try:
        if click.confirm(question, default=True):
            return
    except click.Abort as end:
        raise unanswered(end, _NOBODY) from None
    raise no or click.Abort()


def agree(question: str, nobody: Failure = _NOBODY) -> None:
    """Go on with what cannot be undone only with a yes that is typed.

    nobody  raised where nobody is there to type it; by default --yes has to be an option.
    Raises click.Abort for a no and after Ctrl-C.
    """
    try:
        click.confirm(question, abort=True, err=True)
    except click.Abort as end:
        raise unanswered(end, nobody, err=True) from None


def unanswered(end: click.Abort, nobody: Failure, *, err: bool = False) -> Exception:
    """What to raise when a question ended so: `nobody` where nobody was there to answer.

    err     the question stands on standard error.
    """
    if end.__context__ is None:  # a no
        return end
    # What follows begins on a line of its own, not behind the question.
    click.echo(err=err)
    return nobody if isinstance(end.__context__, EOFError) else end

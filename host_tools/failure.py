"""What goes wrong, in one line that says what to do about it, and the exit code it ends with."""

from host_tools.harmless import harmless

_LONGEST = 500
_END = 95


class Failure(Exception):
    """Something said no: the car, the board, a check.

    problem     what is wrong, without a full stop at its end.
    remedy      a sentence that says what to do; empty where nothing can be done.
    """

    exit_code = 1

    def __init__(self, problem: str, remedy: str = "") -> None:
        # Much of what failures name comes from boards and files.
        self.problem, self.remedy = _line(problem), _line(remedy)
        super().__init__(f"{self.problem}. {self.remedy}" if remedy else self.problem)

    @property
    def sentences(self) -> str:
        """Both as whole sentences, for the middle of a text."""
        return f"{sentence(self.problem)} {self.remedy}".rstrip()


class InputError(Failure):
    """Wrong usage, a wrong value, a file that is not what it should be."""

    exit_code = 2


class Unreachable(Failure):
    """There is no fob to talk to: no port, no permission, no answer, or more than one."""

    exit_code = 3


def _line(text: str) -> str:
    """Harmless, and with its middle left out where it is longer than anybody reads."""
    if len(text) > _LONGEST:
        text = f"{text[: _LONGEST - _END]} ... {text[-_END + 5 :]}"
    return harmless(text)


def sentence(clause: str) -> str:
    """A clause with a capital and a full stop."""
    return f"{clause[:1].upper()}{clause[1:]}."

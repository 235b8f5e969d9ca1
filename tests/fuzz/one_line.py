"""The property of every error: one line that a terminal may show, of moderate length."""

import traceback
from pathlib import Path

from host_tools.failure import Failure

_LONGEST = 1100


def one_line(error: Failure) -> str:
    """The kind of an outcome that ended so: which check of the tools refused it.

    Raises AssertionError where it is no such line.
    """
    text, kind = str(error), _kind(error)
    assert text.isprintable(), f"{kind}: not one line: {text!r}"
    assert error.problem, f"{kind}: it says nothing"
    assert len(text) <= _LONGEST, f"{kind}: {len(text)} characters: {text[:100]}"
    text.encode()
    return kind


def _kind(error: Failure) -> str:
    first: BaseException = error
    while first.__context__ is not None:
        first = first.__context__
    for at in reversed(traceback.extract_tb(first.__traceback__)):
        if "host_tools" in at.filename:
            return f"{type(error).__name__} by {Path(at.filename).stem} {at.lineno}"
    return type(error).__name__

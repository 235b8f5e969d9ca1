"""The property of every error: one line that a terminal may show, of moderate length."""

import re

from host_tools.failure import Failure

_LONGEST = 2000


def one_line(error: Failure) -> str:
    """The kind of an outcome that ended so; raises AssertionError where it is no such line."""
    text = str(error)
    assert text.isprintable(), f"not one line: {text!r}"
    assert error.problem, "an error that says nothing"
    assert len(text) <= _LONGEST, f"an error of {len(text)} characters: {text[:100]}"
    text.encode()
    words = re.sub(r"'[^']*'|\"[^\"]*\"|\d+", "_", error.problem)
    return f"{type(error).__name__}: {words[:50]}"

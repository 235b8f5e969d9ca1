"""The far end of tests/fuzz/micropython.py: reads inputs from stdin, answers each."""

import asyncio
import gc
import io
import sys

_answer = None


def begin(module):
    """Load the module whose answer(data), a function or a coroutine, gets the inputs."""
    global _answer
    _answer = __import__(module).answer


def answered(count):
    """Return a list of what answer(data) said to as many inputs, ("raised", problem, traceback)
    where it raised something. Each input comes behind two bytes of length."""
    # One at a time: together they might take the memory that an input is allowed.
    return [_one(_read(int.from_bytes(_read(2), "big"))) for _ in range(count)]


def _read(size):
    return sys.stdin.buffer.read(size)


def _one(data):
    try:
        said = _answer(data)
        if hasattr(said, "send"):
            # Tasks that another input left behind must not run in this one.
            asyncio.new_event_loop()
            said = asyncio.run(said)
        return said
    except Exception as error:  # noqa: BLE001 - whatever it is, it is the finding
        gc.collect()
        report = io.StringIO()
        sys.print_exception(error, report)
        text = report.getvalue()
        return "raised", _problem(error, text), text


def _problem(error, text):
    """One line: the error, and the function that raised it."""
    places = [line for line in text.split("\n") if line.startswith("  File ")]
    where = places[-1].split(", in ")[-1] if places else "?"
    return "%s in %s: %s" % (type(error).__name__, where, error)

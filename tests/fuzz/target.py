"""What can be fuzzed: a target takes inputs and says of each how it came out."""

import contextlib
import importlib
import pkgutil
import re
import signal
import sys
import traceback
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

_CPU_SECONDS = 10
_GROWTH = 256 << 20
_FIGURES = re.compile(r"0x[0-9a-f]+|'[^']*'|\"[^\"]*\"|[0-9a-f]{6,}|\d+")
_OWN = ("host_tools", "tests")

Check = Callable[[bytes], str]
"""Takes an input, returns the kind of its outcome, raises whatever where a property fails."""


@dataclass(frozen=True)
class Finding:
    """An input of which a property does not hold.

    problem     what is wrong, in one line.
    details     a traceback, or both values where two disagree.
    cause       what tells it from others; by default the problem without its figures and quotes.
    """

    data: bytes
    problem: str
    details: str = ""
    cause: str = ""

    def __post_init__(self) -> None:
        if not self.cause:
            object.__setattr__(self, "cause", _FIGURES.sub("", self.problem))


Result = str | Finding
"""The kind of an outcome ("accepted", "BoardError: no name"), or what is wrong.

Inputs whose kind is new are mutated further; kinds should be few (tens, not one for each input)
and depend on the input alone, so that a run repeats itself.
"""
Run = Callable[[Sequence[bytes]], Sequence[Result]]
"""Feeds a batch; one result for each input, in their order."""


@dataclass(frozen=True)
class Target:
    """Something that takes bytes.

    name        its module's, on the command line, and of its folder in corpus/.
    doc         the property that counts, in a line.
    seeds       inputs to start from, besides those of the corpus; the same ones every time.
    open        prepares it; a batch that raises is a mistake of the target, not a finding.
    dictionary  tokens that are worth inserting.
    largest     bytes of an input at the most.
    batch       inputs to hand over at a time.
    check       what a coverage-guided engine calls; None where the code runs elsewhere.
    """

    name: str
    doc: str
    seeds: Callable[[], Iterable[bytes]]
    open: Callable[[], AbstractContextManager[Run]]
    dictionary: tuple[bytes, ...] = ()
    largest: int = 2048
    batch: int = 1
    check: Check | None = None


def host_target(
    name: str,
    doc: str,
    check: Check,
    seeds: Callable[[], Iterable[bytes]],
    *,
    dictionary: Iterable[bytes] = (),
    largest: int = 2048,
) -> Target:
    """A target that is a function of this process.

    A finding is whatever `check` raises, more than ten seconds of the processor, and more than
    256 MB for one input.
    """
    return Target(
        name=name,
        doc=doc,
        seeds=seeds,
        open=lambda: _in_process(check),
        dictionary=tuple(dictionary),
        largest=largest,
        batch=50,
        check=check,
    )


def target_names() -> list[str]:
    """Of every target: the modules in host/ and device/."""
    return list(_modules())


def load_target(name: str) -> Target:
    """The `TARGET` of a module; raises KeyError."""
    target = importlib.import_module(_modules()[name]).TARGET
    assert isinstance(target, Target) and target.name == name, name
    return target


def _modules() -> dict[str, str]:
    found = {}
    for room in ("host", "device"):
        package = importlib.import_module(f"tests.fuzz.{room}")
        for module in pkgutil.iter_modules(package.__path__):
            found[module.name.replace("_", "-")] = f"{package.__name__}.{module.name}"
    return found


class Endless(Exception):
    """An input took more of the processor than any should."""


class Huge(Exception):
    """An input took more memory than any should."""


@contextlib.contextmanager
def _in_process(check: Check) -> Iterator[Run]:
    def run(batch: Sequence[bytes]) -> list[Result]:
        return [examine(check, data) for data in batch]

    yield run


def examine(check: Check, data: bytes) -> Result:
    """One input, within the limits of time and memory."""
    before = _peak()
    try:
        with _limited_time():
            kind = check(data)
        if _peak() - before > _GROWTH:
            raise Huge(f"more than {_GROWTH >> 20} MB for {len(data)} bytes")
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # noqa: BLE001 - a panic of Rust code is no Exception
        return _finding(data, error)
    return kind


def _finding(data: bytes, error: BaseException) -> Finding:
    frames = traceback.extract_tb(error.__traceback__)
    # How deep a library was when it gave up varies; where this project called it does not.
    own = [frame for frame in frames if any(part in Path(frame.filename).parts for part in _OWN)]
    at = own[-1] if own else frames[-1]
    name, text = type(error).__name__, next(iter(str(error).splitlines()), "")
    clause = _FIGURES.sub("", text.partition(":")[0]) if isinstance(error, AssertionError) else ""
    return Finding(
        data,
        f"{name} in {at.name}: {text[:200]}",
        "".join(traceback.format_exception(error)),
        f"{name} in {at.filename} {at.lineno}: {clause}",
    )


@contextlib.contextmanager
def _limited_time() -> Iterator[None]:
    # The processor's time, not the clock's: a busy machine is no finding. Windows has none.
    if not hasattr(signal, "setitimer"):
        yield
        return

    def stop(number: int, frame: FrameType | None) -> None:
        raise Endless(f"more than {_CPU_SECONDS} s of the processor")

    previous = signal.signal(signal.SIGVTALRM, stop)
    signal.setitimer(signal.ITIMER_VIRTUAL, _CPU_SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, previous)


def _peak() -> int:
    """The most memory that this process has held so far, in bytes; 0 where nobody counts."""
    try:
        import resource
    except ImportError:
        return 0
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit

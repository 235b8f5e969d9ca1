"""Sections of the bench: what each offers, and the figures of a run as JSON and back."""

import dataclasses
import importlib
import os
import platform
import types
import typing
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal, Protocol, Self, Union, cast

from rich.table import Table

import host_tools
from host_tools.failure import Failure, InputError
from tests.interpreter import Interpreter

SECTIONS = ("press", "crypto", "start", "memory", "size", "energy")
"""Modules of this package, in the order in which they are measured and shown."""


class Section(Protocol):
    """What the module of a section offers.

    METHOD   how it was measured: one paragraph, or a function of the results where it names counts.
    measure  returns a frozen dataclass, the type of which it is annotated with; quick takes the
             same figures from fewer samples.
    """

    TITLE: str
    METHOD: str | Callable[[Any], str]

    def measure(self, quick: bool) -> Any: ...

    def tables(self, results: Any) -> list[Table]: ...


@dataclass(frozen=True)
class Measured:
    """One section that was measured."""

    name: str
    title: str
    method: str
    results: Any


@dataclass(frozen=True)
class Figures:
    """One run of the bench.

    machine      what it ran on, by name.
    interpreter  sys.version of the MicroPython that was measured, and of the firmware: `version`.
    date         when it began: UTC, ISO 8601.
    failures     section to why it could not be measured.
    """

    machine: Mapping[str, str]
    interpreter: str
    version: str
    date: str
    quick: bool
    sections: Mapping[str, Measured] = field(default_factory=dict)
    failures: Mapping[str, str] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """The figures as a document that `from_json` reads."""
        sections = {
            each.name: {"title": each.title, "method": each.method, "results": asdict(each.results)}
            for each in self.sections.values()
        }
        return {**_but_sections(self), "sections": sections}

    @classmethod
    def from_json(cls, document: Any) -> Self:
        """Raises InputError for what no bench of this version has written."""
        try:
            sections = {
                name: Measured(
                    name,
                    revive(str, told["title"]),
                    revive(str, told["method"]),
                    _results(name, told["results"]),
                )
                for name, told in document["sections"].items()
            }
            hints = typing.get_type_hints(cls)
            rest = {
                each.name: revive(hints[each.name], document[each.name]) for each in _others(cls)
            }
            return cls(**rest, sections=sections)
        except (KeyError, TypeError, AttributeError, ValueError):
            raise InputError(
                "these are no figures of this version's bench", "Measure anew: make bench."
            ) from None


def _others(cls: type[Figures]) -> list[dataclasses.Field[Any]]:
    return [each for each in dataclasses.fields(cls) if each.name != "sections"]


def _but_sections(figures: Figures) -> dict[str, Any]:
    return {each.name: getattr(figures, each.name) for each in _others(type(figures))}


def load_section(name: str) -> Section:
    """The module of a section."""
    return cast(Section, importlib.import_module(f"{__package__}.{name}"))


def results_type(name: str) -> type:
    """The dataclass that a section measures."""
    return cast(type, typing.get_type_hints(load_section(name).measure)["return"])


def measure_sections(
    names: Sequence[str], quick: bool, began: Callable[[str, str], None] = lambda *_: None
) -> Figures:
    """Measure one section after the other; one that fails does not keep the others from it.

    began: called with the name and the title of each before it is measured.
    """
    with Interpreter() as interpreter:
        version = interpreter.eval("__import__('sys').version")
    sections, failures = {}, {}
    date = datetime.now(UTC).isoformat(timespec="seconds")
    for name in names:
        try:
            section = load_section(name)
            began(name, section.TITLE)
            results = section.measure(quick)
            method = section.METHOD if isinstance(section.METHOD, str) else section.METHOD(results)
            sections[name] = Measured(name, section.TITLE, method, results)
        except Exception as error:  # noqa: BLE001 - whatever it is, the others are measured
            failures[name] = _reason(error)
    return Figures(_machine(), version, host_tools.__version__, date, quick, sections, failures)


def _reason(error: Exception) -> str:
    if isinstance(error, Failure):
        return str(error)
    lines = str(error).strip().splitlines()
    return f"{type(error).__name__}: {lines[0]}" if lines else type(error).__name__


def _machine() -> dict[str, str]:
    return {
        "system": platform.platform(terse=True),
        "processor": platform.machine(),
        "cores": str(os.cpu_count() or "unknown"),
        "python": f"{platform.python_implementation()} {platform.python_version()}",
    }


def _results(name: str, value: Any) -> Any:
    if name not in SECTIONS:
        raise ValueError(name)
    return revive(results_type(name), value)


def revive(kind: Any, value: Any) -> Any:
    """What `asdict` and JSON made of a value of the type `kind`, as it was.

    Raises TypeError or ValueError where the value is none of that type.
    """
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if kind is Any:
        return value
    if origin is Literal:
        if value not in arguments:
            raise ValueError(value)
        return value
    if origin in (Union, types.UnionType):
        return _revive_either(arguments, value)
    if origin in (list, tuple, Sequence):
        return _revive_items(origin, arguments, value)
    if origin in (dict, Mapping):
        return {
            revive(arguments[0], key): revive(arguments[1], item) for key, item in value.items()
        }
    if dataclasses.is_dataclass(kind):
        hints = typing.get_type_hints(kind)
        names = [each.name for each in dataclasses.fields(kind)]
        if set(value) != set(names):
            raise ValueError(f"not the fields of {kind}")
        return cast(type, kind)(**{name: revive(hints[name], value[name]) for name in names})
    # JSON has one kind of number, and text for the keys of what is a dict here.
    if kind is float or (kind is int and isinstance(value, str)):
        return kind(value)
    if not isinstance(value, kind):
        raise TypeError(f"{value!r} is no {kind}")
    return value


def _revive_either(kinds: Sequence[Any], value: Any) -> Any:
    for kind in kinds:
        try:
            return revive(kind, value)
        except (TypeError, ValueError, AttributeError):
            continue
    raise ValueError(value)


def _revive_items(origin: Any, kinds: Sequence[Any], value: Any) -> Any:
    if not isinstance(value, Sequence) or isinstance(value, str):
        raise TypeError(value)
    if origin is tuple and Ellipsis not in kinds:
        return tuple(revive(kind, item) for kind, item in zip(kinds, value, strict=True))
    items = [revive(kinds[0], item) for item in value]
    return tuple(items) if origin is tuple else items

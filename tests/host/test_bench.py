"""`make bench` as a command: which sections it measures, what it prints, and how it ends."""

import importlib
import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any, Literal, NamedTuple

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from rich.table import Table

from host_tools.failure import Failure, InputError
from tests.bench.figures import SECTIONS, Figures, measure_sections, revive
from tests.command import run

# Not by name: a module that is run as a script has no other.
cli = importlib.import_module("tests.bench.__main__")


class Result(NamedTuple):
    exit_code: int
    stdout: str
    stderr: str


@dataclass(frozen=True)
class Count:
    of: str
    number: int

    @property
    def twice(self) -> int:
        return 2 * self.number


@dataclass(frozen=True)
class Counts:
    counts: list[Count]
    by_name: dict[str, float]
    kind: Literal["many", "few"]
    pair: tuple[int, str]
    perhaps: Count | None


def a_section(name: str, measured: list[str], broken: Exception | None = None) -> ModuleType:
    """A section that notes when it is measured, and its results' only table."""
    module: Any = ModuleType(f"tests.bench.{name}")
    module.TITLE = f"Title of {name}"
    module.METHOD = lambda results: f"Counted {len(results.counts)} things."

    def measure(quick: bool) -> Counts:
        measured.append(name)
        if broken:
            raise broken
        counts = [Count(name, 1 if quick else 10)]
        return Counts(counts, {"a": 1.5}, "few", (1, "b"), None)

    def tables(results: Counts) -> list[Table]:
        table = Table("of", "twice")
        for each in results.counts:
            table.add_row(each.of, str(each.twice))
        return [table]

    module.measure, module.tables = measure, tables
    return module


@pytest.fixture
def measured(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Every section is a stand-in; the names of those that were measured, in their order."""
    names: list[str] = []
    for name in SECTIONS:
        monkeypatch.setitem(sys.modules, f"tests.bench.{name}", a_section(name, names))
    return names


def break_section(monkeypatch: pytest.MonkeyPatch, name: str, error: Exception) -> None:
    monkeypatch.setitem(sys.modules, f"tests.bench.{name}", a_section(name, [], error))


def bench(*arguments: str) -> Result:
    with CliRunner().isolation() as (out, err, _):
        code = run(cli.bench, "bench", arguments)
    return Result(code, out.getvalue().decode(), err.getvalue().decode())


def test_all_sections_are_measured_in_their_order(measured: list[str]) -> None:
    assert bench().exit_code == 0
    assert measured == list(SECTIONS)


def test_only_the_sections_asked_for_are_measured(measured: list[str]) -> None:
    assert bench("size", "press").exit_code == 0
    assert measured == ["press", "size"]


def test_below_each_table_is_how_it_was_measured(measured: list[str]) -> None:
    shown = bench("crypto").stdout
    assert shown.index("Title of crypto") < shown.index("20") < shown.index("Counted 1 things.")


def test_nothing_is_told_of_progress_where_there_is_no_terminal(measured: list[str]) -> None:
    assert bench().stderr == ""


def test_quick_reaches_the_sections_and_is_told(measured: list[str]) -> None:
    assert json.loads(bench("--quick", "--json").stdout)["quick"] is True
    assert "--quick" in bench("--quick").stdout


def test_json_has_every_section_with_its_method_and_its_results(measured: list[str]) -> None:
    document = json.loads(bench("--json", "size").stdout)
    assert {"machine", "interpreter", "version", "date", "quick", "sections"} <= set(document)
    assert "MicroPython" in document["interpreter"]
    assert document["sections"]["size"] == {
        "title": "Title of size",
        "method": "Counted 1 things.",
        "results": {
            "counts": [{"of": "size", "number": 10}],
            "by_name": {"a": 1.5},
            "kind": "few",
            "pair": [1, "b"],
            "perhaps": None,
        },
    }


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (Failure("there is no node", "Install it."), "there is no node. Install it."),
        (RuntimeError("first\nsecond"), "RuntimeError: first"),
        (ZeroDivisionError(), "ZeroDivisionError"),
    ],
)
def test_a_section_that_fails_says_why_in_one_line_and_the_others_are_measured(
    measured: list[str], monkeypatch: pytest.MonkeyPatch, error: Exception, told: str
) -> None:
    break_section(monkeypatch, "start", error)
    result = bench()
    assert result.exit_code == 1
    assert result.stderr == f"bench: start could not be measured. {told}\n"
    assert "Title of energy" in result.stdout and "Title of start" not in result.stdout


def test_json_names_the_sections_that_failed(
    measured: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    break_section(monkeypatch, "start", ValueError("why"))
    result = bench("--json")
    assert result.exit_code == 1
    assert json.loads(result.stdout)["failures"] == {"start": "ValueError: why"}


def test_the_file_has_what_json_prints(measured: list[str], tmp_path: Path) -> None:
    path = tmp_path / "figures.json"
    printed = bench("--json", "--output", str(path)).stdout
    assert json.loads(path.read_text()) == json.loads(printed)


@pytest.mark.parametrize("path", ["no/such/folder/figures.json", "."])
def test_a_file_that_cannot_be_written_is_told_before_anything_is_measured(
    measured: list[str], tmp_path: Path, path: str
) -> None:
    result = bench("--output", str(tmp_path / path))
    assert result.exit_code == 2
    assert result.stderr.startswith("bench: ") and result.stderr.count("\n") == 1
    assert not measured


@pytest.mark.parametrize("arguments", [["speed"], ["--fast"], ["--output"]])
def test_wrong_usage_is_one_line(measured: list[str], arguments: list[str]) -> None:
    result = bench(*arguments)
    assert result.exit_code == 2
    assert result.stderr.startswith("bench: ") and result.stderr.count("\n") == 1
    assert not measured


def test_interrupted_it_ends_as_such(measured: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: object) -> Figures:
        raise KeyboardInterrupt

    monkeypatch.setattr(cli, "measure_sections", interrupt)
    result = bench()
    assert (result.exit_code, result.stdout, result.stderr.strip()) == (130, "", "")


def test_figures_come_back_from_json_as_they_were(measured: list[str]) -> None:
    figures = measure_sections(["press", "size"], quick=False)
    document = json.loads(json.dumps(figures.to_json()))
    assert Figures.from_json(document) == figures


@pytest.mark.parametrize(
    "damage",
    [
        lambda document: document.pop("machine"),
        lambda document: document["sections"].update(speed=document["sections"]["size"]),
        lambda document: document["sections"]["size"].pop("method"),
        lambda document: document["sections"]["size"].update(title=None),
        lambda document: document.update(date=None),
        lambda document: document.update(machine=5),
        lambda document: document["sections"]["size"]["results"].pop("kind"),
        lambda document: document["sections"]["size"]["results"].update(kind="some"),
        lambda document: document["sections"]["size"]["results"].update(more=1),
        lambda document: document["sections"]["size"]["results"].update(counts=[1]),
        lambda document: document["sections"]["size"]["results"].update(by_name="a"),
    ],
)
def test_figures_of_another_version_are_refused_with_a_remedy(
    measured: list[str], damage: Any
) -> None:
    document = measure_sections(["size"], quick=True).to_json()
    damage(document)
    with pytest.raises(InputError, match="Measure anew"):
        Figures.from_json(document)


@given(
    st.recursive(st.none() | st.integers() | st.text(), st.lists)
    | st.dictionaries(st.text(), st.integers())
)
def test_any_document_is_figures_or_refused(document: Any) -> None:
    with pytest.raises(InputError):
        Figures.from_json(document)


def test_keys_of_a_dict_may_be_numbers() -> None:
    assert revive(dict[int, float], {"23": 1}) == {23: 1.0}

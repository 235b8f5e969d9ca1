"""Past findings and curated inputs keep their targets' promises, and the fuzzer itself can fail."""

import json
import shlex
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import pytest
from click.testing import CliRunner

from tests.command import run as run_command
from tests.fuzz import __main__ as command
from tests.fuzz import crew, guided, target
from tests.fuzz.campaign import Budget, Campaign, fuzz
from tests.fuzz.corpus import kept, starting_inputs
from tests.fuzz.packets import pack, unpack
from tests.fuzz.target import Finding, Target, host_target, load_target, target_names


def broken(data: bytes) -> str:
    """Promises to take anything, and does not: what no seed is near to."""
    contents = [told for _, told in unpack(data)]
    falling = sum(before > after for before, after in pairwise(contents))
    if falling > 3:
        raise ValueError(f"{falling} out of order")
    return f"{falling} out of order"


BROKEN = host_target(
    "broken", "nothing raises", broken, lambda: [pack([(1, b"ab"), (2, b"cd")])], largest=64
)


def endless(data: bytes) -> str:
    while data:
        pass
    return "done"


@pytest.fixture
def planted(monkeypatch: pytest.MonkeyPatch) -> Target:
    for module in (command, crew):
        monkeypatch.setattr(module, "load_target", {"broken": BROKEN}.__getitem__)
    monkeypatch.setattr(command, "target_names", lambda: ["broken"])
    return BROKEN


@dataclass(frozen=True)
class Result:
    exit_code: int
    stdout: str
    stderr: str


def run(*arguments: str) -> Result:
    with CliRunner().isolation() as (out, err, _):
        code = run_command(command.main, "fuzz", arguments)
    return Result(code, out.getvalue().decode(), err.getvalue().decode())


def inputs_of(tried: Target, seed: int, corpus: Path) -> list[bytes]:
    """What a campaign of 300 inputs fed."""
    fed: list[bytes] = []

    def check(data: bytes) -> str:
        fed.append(data)
        return str(len(data) % 5)

    listening = host_target("broken", "", check, tried.seeds, largest=tried.largest)
    fuzz(listening, seed, Budget(count=300), corpus=corpus)
    return fed


@pytest.mark.parametrize("name", target_names())
def test_every_input_that_is_kept_holds(name: str) -> None:
    tried = load_target(name)
    inputs = starting_inputs(tried)
    with tried.open() as feed:
        results = [
            result
            for at in range(0, len(inputs), tried.batch)
            for result in feed(inputs[at : at + tried.batch])
        ]
    assert len(results) == len(inputs)
    assert not [result for result in results if isinstance(result, Finding)]


@pytest.mark.parametrize("name", target_names())
def test_every_target_has_inputs_with_names_that_tell(name: str) -> None:
    assert kept(name)
    assert not [path.name for path in kept(name) if path.name.startswith("crash-")]
    assert load_target(name).doc


def test_a_planted_mistake_is_found_and_its_input_is_small(tmp_path: Path) -> None:
    found = fuzz(BROKEN, 1, Budget(count=5000), corpus=tmp_path).findings
    assert [finding.problem for finding in found] == ["ValueError in broken: 4 out of order"]
    assert len(found[0].data) < 40


def test_the_same_seed_gives_the_same_inputs_and_another_gives_others(tmp_path: Path) -> None:
    first = inputs_of(BROKEN, 5, tmp_path)
    assert len(first) == 300 and len(set(first)) > 200
    assert inputs_of(BROKEN, 5, tmp_path) == first
    assert inputs_of(BROKEN, 6, tmp_path) != first


def test_no_input_is_larger_than_the_target_says(tmp_path: Path) -> None:
    assert max(map(len, inputs_of(BROKEN, 5, tmp_path))) <= BROKEN.largest


def test_a_budget_of_time_ends_a_campaign(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seconds = iter(range(100))
    monkeypatch.setattr("time.monotonic", lambda: float(next(seconds)))
    done = fuzz(BROKEN, 1, Budget(seconds=4), corpus=tmp_path)
    assert (done.seconds, done.inputs) == (4.0, 3 * BROKEN.batch)


def test_the_seconds_are_shared_out_among_targets_and_processes() -> None:
    def plan(targets: int, jobs: int) -> list[tuple[int, float | None]]:
        tasks = crew.plan([BROKEN] * targets, 7, Budget(seconds=60), "auto", jobs)
        return [(task.seed, task.budget.seconds) for task in tasks]

    assert plan(4, 2) == [(7, 30.0)] * 4
    assert plan(1, 2) == [(7, 60.0), (8, 60.0)]
    (task,) = crew.plan([BROKEN], 7, Budget(count=10), "auto", 8)
    assert (task.seed, task.budget.count) == (7, 10)


def test_a_finding_is_kept_and_the_line_that_is_printed_repeats_it(
    planted: Target, tmp_path: Path
) -> None:
    arguments = ("--engine", "mutation", "--count", "5000", "--corpus", str(tmp_path))
    told = run("broken", *arguments)
    assert told.exit_code == 1
    (line,) = [line for line in told.stdout.splitlines() if "--reproduce" in line]
    words = shlex.split(line)
    repeated = run(*words[words.index("tests.fuzz") + 1 :])
    assert repeated.exit_code == 1
    assert "broken: ValueError in broken: 4 out of order" in repeated.stdout
    assert [path.name for path in kept("broken", tmp_path)] == [Path(words[-1]).name]


def test_machines_are_told_everything(planted: Target, tmp_path: Path) -> None:
    arguments = ("--engine", "mutation", "--count", "5000", "--corpus", str(tmp_path), "--json")
    (told,) = json.loads(run(*arguments).stdout)
    assert (told["target"], told["engine"], told["inputs"]) == ("broken", "mutation", 5000)
    (finding,) = told["findings"]
    assert finding["reproduce"].endswith(str(next((tmp_path / "broken").iterdir()).name))


def test_nothing_found_ends_well(planted: Target, tmp_path: Path) -> None:
    harmless = tmp_path / "harmless"
    harmless.write_bytes(b"")
    assert run("--engine", "mutation", "--count", "5", "--corpus", str(tmp_path)).exit_code == 0
    repeated = run("broken", "--reproduce", str(harmless))
    assert (repeated.exit_code, repeated.stdout) == (0, "broken: 0 out of order\n")


@pytest.mark.parametrize(
    "arguments",
    [
        ("nonsense",),
        ("--reproduce", "/nowhere"),
        ("--seconds", "nan"),
        ("--seconds", "inf"),
        ("--seconds", "-1"),
        ("--count", "0"),
    ],
)
def test_what_cannot_be_asked_for_is_refused_in_one_line(
    planted: Target, arguments: tuple[str, ...]
) -> None:
    refused = run(*arguments)
    assert (refused.exit_code, refused.stdout) == (2, "")
    assert refused.stderr.startswith("fuzz: ") and refused.stderr.count("\n") == 1


def test_a_file_that_is_larger_than_any_input_is_not_fed(planted: Target, tmp_path: Path) -> None:
    huge = tmp_path / "huge"
    huge.write_bytes(bytes(1 << 16))
    refused = run("broken", "--reproduce", str(huge))
    assert refused.exit_code == 2 and "65,535 bytes at the most" in refused.stderr


def test_interrupted_it_ends_as_such(planted: Target, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: object) -> list[Campaign]:
        raise KeyboardInterrupt

    monkeypatch.setattr(command, "run", interrupt)
    assert run("broken", "--count", "1").exit_code == 130


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="no timer of the processor's time")
def test_an_input_without_an_end_is_a_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(target, "_CPU_SECONDS", 0.05)
    assert target.examine(endless, b"") == "done"
    result = target.examine(endless, b"x")
    assert isinstance(result, Finding) and result.problem.startswith("Endless")


def test_an_input_that_takes_much_memory_is_a_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    peaks = iter((0, 300 << 20))
    monkeypatch.setattr(target, "_peak", lambda: next(peaks))
    result = target.examine(broken, b"")
    assert isinstance(result, Finding) and result.problem.startswith("Huge")


@pytest.fixture
def guided_campaign() -> Iterator[Campaign]:
    pytest.importorskip("atheris")
    yield guided.fuzz(load_target("vin"), 3, Budget(count=500))


def test_coverage_guides_where_atheris_is_there(guided_campaign: Campaign) -> None:
    assert (guided_campaign.engine, guided_campaign.findings) == ("coverage", [])
    assert guided_campaign.inputs >= 500


def test_without_atheris_or_far_away_mutation_does_it(monkeypatch: pytest.MonkeyPatch) -> None:
    far = Target("far", "", list, BROKEN.open)
    assert not guided.applies(far, "auto")
    monkeypatch.setattr(guided, "available", lambda: False)
    assert not guided.applies(BROKEN, "auto")

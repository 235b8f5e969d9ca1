"""The coverage-guided engine: atheris, where it is installed, for targets of this process.

libFuzzer ends the process it runs in, so each campaign has one of its own:
`python -m tests.fuzz.guided TARGET FOLDER UNTIL [libFuzzer's options]`.
"""

import importlib.util
import json
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

from tests.fuzz.campaign import MOST_FINDINGS, Budget, Campaign, shrink
from tests.fuzz.corpus import CORPUS, starting_inputs
from tests.fuzz.target import Finding, Target, examine, load_target

ROOT = Path(__file__).resolve().parents[2]
_FINDINGS = "findings"
_INPUTS = "inputs"
_SECONDS_TO_BEGIN = 60
_EXECUTED = re.compile(r"stat::number_of_executed_units:\s*(\d+)")


def available() -> bool:
    """Whether atheris is installed."""
    return importlib.util.find_spec("atheris") is not None


def applies(target: Target, engine: str) -> bool:
    """Whether this engine is to be taken."""
    return engine != "mutation" and target.check is not None and available()


def fuzz(
    target: Target,
    seed: int,
    budget: Budget,
    corpus: Path = CORPUS,
    found: Callable[[Campaign], None] = lambda campaign: None,
) -> Campaign:
    """Run libFuzzer on the target's inputs; found is called after each finding."""
    campaign = Campaign(target.name, seed, "coverage")
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="fob-fuzz-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        _prepare(folder, target, corpus)
        options = [f"-seed={seed or 1}", f"-max_len={target.largest}", "-print_final_stats=1"]
        options += [f"-dict={folder / 'dictionary'}", f"-artifact_prefix={folder}/stopped-"]
        options += ["-timeout=60", "-rss_limit_mb=2048"]
        if budget.count is not None:
            options.append(f"-runs={budget.count}")
        until = 0.0 if budget.seconds is None else time.time() + budget.seconds
        limit = None if budget.seconds is None else budget.seconds + _SECONDS_TO_BEGIN
        ended = subprocess.run(
            [sys.executable, "-m", "tests.fuzz.guided", target.name, name, str(until), *options],
            cwd=ROOT,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=limit,
            check=False,
        )
        executed = _EXECUTED.search(ended.stderr)
        stopped = sorted(folder.glob("stopped-*"))
        if executed is None and not stopped:
            raise RuntimeError(f"libFuzzer did not run:\n{ended.stderr[-2000:]}")
        campaign.inputs = int(executed[1]) if executed else 0
        for finding in [*_noted(folder), *map(_stopped, stopped)]:
            with target.open() as run:
                campaign.findings.append(shrink(run, finding))
            found(campaign)
    campaign.seconds = time.monotonic() - began
    return campaign


def _prepare(folder: Path, target: Target, corpus: Path) -> None:
    (folder / _INPUTS).mkdir()
    (folder / _FINDINGS).mkdir()
    for number, data in enumerate(starting_inputs(target, corpus)):
        (folder / _INPUTS / f"{number:05}").write_bytes(data)
    escaped = ["".join(rf"\x{byte:02x}" for byte in token) for token in target.dictionary]
    tokens = "".join(f'"{token}"\n' for token in escaped if token)
    (folder / "dictionary").write_text(tokens, "ascii")


def _noted(folder: Path) -> list[Finding]:
    files = sorted((folder / _FINDINGS).iterdir(), key=lambda path: path.stat().st_mtime_ns)
    told = [json.loads(path.read_text("utf-8")) for path in files]
    return [Finding(**{**each, "data": bytes.fromhex(each["data"])}) for each in told]


def _stopped(path: Path) -> Finding:
    kind = path.name.removeprefix("stopped-").partition("-")[0]
    return Finding(path.read_bytes(), f"libFuzzer stopped: {kind}")


def _serve(name: str, folder: Path, until: float, options: list[str]) -> None:
    """What the process of a campaign does until that Unix time; 0 is no limit. Does not return."""
    import atheris

    with atheris.instrument_imports(include=["host_tools", "tests.fuzz.host"]):
        target = load_target(name)
    check = target.check
    assert check is not None
    causes: set[str] = set()

    def one(data: bytes) -> None:
        result = examine(check, data)
        if isinstance(result, Finding) and result.cause not in causes:
            causes.add(result.cause)
            told = {**asdict(result), "data": data.hex()}
            note = folder / _FINDINGS / f"{len(causes):03}.json"
            note.write_text(json.dumps(told), "utf-8")
            if len(causes) >= MOST_FINDINGS:
                raise RuntimeError(f"{MOST_FINDINGS} causes")

    if until:
        # libFuzzer counts whole seconds, and 0 is no limit.
        options.append(f"-max_total_time={max(1, round(until - time.time()))}")
    atheris.Setup([sys.argv[0], *options, str(folder / _INPUTS)], one)
    atheris.Fuzz()


if __name__ == "__main__":
    _serve(sys.argv[1], Path(sys.argv[2]), float(sys.argv[3]), sys.argv[4:])

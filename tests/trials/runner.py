"""Runs the cases of a trial on every core and tells how they came out."""

import json
import multiprocessing
import os
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from dataclasses import asdict, dataclass, field
from typing import TypeVar

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

Case = TypeVar("Case")


@dataclass(frozen=True)
class Outcome:
    """How one case came out; `problem` is empty when everything held.

    case      names the case; running the trial with `--only` and this text repeats it
    group     the row of the table it is counted in
    figures   what was measured, by name
    """

    case: str
    group: str
    problem: str = ""
    figures: dict[str, float | str] = field(default_factory=dict)


@dataclass(frozen=True)
class Report:
    """All outcomes of a trial, in the order of its cases."""

    outcomes: Sequence[Outcome]
    seconds: float

    @property
    def failures(self) -> list[Outcome]:
        return [outcome for outcome in self.outcomes if outcome.problem]


def run_cases(
    title: str,
    cases: Iterable[Case],
    perform: Callable[[Case], Outcome],
    *,
    jobs: int = 0,
    console: Console | None = None,
) -> Report:
    """Perform every case; `perform` and the cases travel to other processes by pickle.

    jobs: processes at a time, by default one for each core. Progress goes to `console`, standard
    error by default, where that is a terminal.
    """
    began = time.monotonic()
    listed = list(cases)
    console = console or Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    outcomes: dict[int, Outcome] = {}
    # A fork would inherit event loops and their file descriptors.
    context = multiprocessing.get_context("spawn")
    with (
        tempfile.TemporaryDirectory(prefix="fob-trial-", ignore_cleanup_errors=True) as folder,
        Progress(*columns, TimeRemainingColumn(), console=console, transient=True) as progress,
        ProcessPoolExecutor(jobs or os.cpu_count() or 1, context, _begin_worker, (folder,)) as pool,
    ):
        task = progress.add_task(title, total=len(listed))
        futures: dict[Future[Outcome], int] = {
            pool.submit(perform, case): index for index, case in enumerate(listed)
        }
        try:
            for future in as_completed(futures):
                outcomes[futures[future]] = future.result()
                progress.advance(task)
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            for worker in multiprocessing.active_children():
                worker.terminate()
            raise
    return Report([outcomes[index] for index in range(len(listed))], time.monotonic() - began)


def _begin_worker(folder: str) -> None:
    # Ctrl-C reaches every process of the terminal; this one ends when the first says so. What it
    # leaves behind then lies in the first one's folder.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    tempfile.tempdir = folder


def conclude(report: Report, *, as_json: bool, table: Callable[[Report], object]) -> None:
    """Print `table(report)` for people or everything for machines; exit 1 if anything failed."""
    if as_json:
        print(
            json.dumps(
                {
                    "seconds": round(report.seconds, 1),
                    "failures": len(report.failures),
                    "outcomes": [asdict(outcome) for outcome in report.outcomes],
                },
                indent=1,
            )
        )
    else:
        console = Console(highlight=False)
        console.print(table(report))
        for failure in report.failures:
            console.print(f"FAILED {failure.case}: {failure.problem}", style="bold red")
    sys.exit(1 if report.failures else 0)

"""Runs campaigns on several cores, and shares the time out among them."""

import multiprocessing
import signal
import tempfile
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing.queues import SimpleQueue
from pathlib import Path
from typing import Literal

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from tests.fuzz import guided
from tests.fuzz.campaign import Budget, Campaign, fuzz
from tests.fuzz.corpus import CORPUS, keep
from tests.fuzz.target import Target, load_target

Engine = Literal["auto", "coverage", "mutation"]


@dataclass(frozen=True)
class Task:
    """One campaign, as it travels to another process."""

    target: str
    seed: int
    budget: Budget
    engine: Engine
    corpus: Path = CORPUS


def plan(
    targets: Sequence[Target],
    seed: int,
    budget: Budget,
    engine: Engine,
    jobs: int,
    corpus: Path = CORPUS,
) -> list[Task]:
    """The campaigns that `jobs` processes do within the seconds of `budget` altogether.

    With a budget of time and more processes than targets, a target has several campaigns, of the
    seed and of those that follow it.
    """
    shards = 1 if budget.seconds is None else -(-jobs // len(targets))
    tasks = len(targets) * shards
    share = budget
    if budget.seconds is not None:
        share = Budget(budget.seconds * min(1.0, jobs / tasks), budget.count)
    return [
        Task(target.name, seed + shard, share, engine, corpus)
        for target in targets
        for shard in range(shards)
    ]


def run(tasks: Sequence[Task], jobs: int, console: Console | None = None) -> list[Campaign]:
    """Perform every task; progress goes to `console`, by default standard error."""
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    progress = Progress(*columns, console=console or Console(stderr=True), transient=True)
    shown = progress.add_task("fuzzing", total=len(tasks))
    inputs = 0

    def told(count: int, share: float) -> None:
        nonlocal inputs
        inputs += count
        progress.update(shown, advance=share, description=f"{inputs:,} inputs")

    with progress:
        if min(jobs, len(tasks)) == 1:
            return [_perform(task, told) for task in tasks]
        return _abreast(tasks, jobs, told)


def _perform(task: Task, told: Callable[[int, float], None]) -> Campaign:
    target = load_target(task.target)
    before = 0.0

    def advance(campaign: Campaign, count: int) -> None:
        nonlocal before
        done = task.budget.done(campaign.inputs, campaign.seconds)
        told(count, done - before)
        before = done

    def found(campaign: Campaign) -> None:
        keep(task.target, campaign.findings[-1], task.corpus)

    if guided.applies(target, task.engine):
        campaign = guided.fuzz(target, task.seed, task.budget, task.corpus, found)
        told(campaign.inputs, 1.0)
        return campaign
    return fuzz(target, task.seed, task.budget, corpus=task.corpus, told=advance, found=found)


_told: "SimpleQueue[tuple[int, float] | None]"


def _abreast(
    tasks: Sequence[Task], jobs: int, told: Callable[[int, float], None]
) -> list[Campaign]:
    # A fork would inherit event loops and their file descriptors.
    context = multiprocessing.get_context("spawn")
    queue: SimpleQueue[tuple[int, float] | None] = context.SimpleQueue()

    def listen() -> None:
        while (said := queue.get()) is not None:
            told(*said)

    listener = threading.Thread(target=listen, daemon=True)
    listener.start()
    with (
        # A process that is ended in the middle leaves files behind.
        tempfile.TemporaryDirectory(prefix="fob-fuzz-", ignore_cleanup_errors=True) as room,
        ProcessPoolExecutor(jobs, context, _begin, (queue, room)) as pool,
    ):
        try:
            campaigns = list(pool.map(_perform_there, tasks))
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            for worker in multiprocessing.active_children():
                worker.terminate()
            # The queue stays as it is: one that ended while it wrote has locked it for ever.
            raise
    queue.put(None)
    listener.join(5)
    return campaigns


def _begin(queue: "SimpleQueue[tuple[int, float] | None]", room: str) -> None:
    # Ctrl-C reaches every process of the terminal; this one ends when the first says so.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    tempfile.tempdir = room
    global _told
    _told = queue


def _perform_there(task: Task) -> Campaign:
    return _perform(task, lambda count, share: _told.put((count, share)))

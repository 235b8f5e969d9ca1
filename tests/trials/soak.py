"""A fob's life drawn from a seed: python -m tests.trials.soak --presses 10000 --seed 1

Presses are made in lives of some hundred, each with its own seed, on every core. After every step
of a life: no stuck fob, no nonce twice, no wrong light, no file and no heap that grows. A share of
the lives goes through Bumble, and in others the fob never sleeps.
"""

import time
from collections import Counter
from collections.abc import Callable

import click
from rich.table import Table

from host_tools.simulator import virtual_time
from host_tools.simulator.board import HEAP

from .runner import Outcome, Report, conclude, run_cases
from .soak_life import Life, Plan
from .soak_world import Wrong

_PRESSES = 125
_SLEEPLESS_PRESSES = 320
_EVERY_SLEEPLESS = 8
_EVERY_BUMBLE = 10


def plan_lives(seed: int, presses: int, heap: str = HEAP) -> list[Plan]:
    """The lives of a soak. What a life is does not depend on how many there are."""
    plans: list[Plan] = []
    left = presses
    while left > 0:
        number = len(plans)
        sleepless = number % _EVERY_SLEEPLESS == 1
        share = min(left, _SLEEPLESS_PRESSES if sleepless else _PRESSES)
        radio = "bumble" if number % _EVERY_BUMBLE == 2 else "direct"
        plans.append(Plan(seed, number, share, radio, sleepless, heap=heap))
        left -= share
    return plans


def live(plan: Plan) -> Outcome:
    """Live one life, in virtual time."""
    began = time.monotonic()
    lives: list[Life] = []
    problem = ""
    try:
        virtual_time.run(_live(plan, lives))
    except Exception as error:  # noqa: BLE001 - a broken bench fails its life, not the soak
        problem = str(error) if isinstance(error, Wrong) else repr(error)
        again = f"--seed {plan.seed} --only {plan.number} --verbose"
        problem += f"\n  python -m tests.trials.soak {again}"
    figures: dict[str, float | str] = {"seconds": round(time.monotonic() - began, 1)}
    for life in lives:
        figures |= {**life.figures, "longest awake": round(life.witness.longest_awake, 1)}
    return Outcome(str(plan.number), plan.radio, problem, figures)


async def _live(plan: Plan, lives: list[Life], say: Callable[[str], None] | None = None) -> None:
    lives.append(Life(plan, say))
    await lives[0].run()


def show(report: Report) -> Table:
    """The soak as people read it."""
    total: Counter[str] = Counter()
    for outcome in report.outcomes:
        for name, figure in outcome.figures.items():
            if isinstance(figure, int):
                total[name] += figure
    table = Table(title="soak", show_header=False)
    table.add_column(justify="right")
    table.add_column()
    for radio in ("direct", "bumble"):
        lives = [outcome for outcome in report.outcomes if outcome.group == radio]
        presses = sum(int(outcome.figures.get("presses", 0)) for outcome in lives)
        table.add_row(str(presses), f"presses in {len(lives)} lives through the {radio} radio")
    rate = total["presses"] / report.seconds * 60 if report.seconds else 0
    table.add_row(f"{rate:.0f}", f"presses a minute ({report.seconds:.0f} s)")
    longest = max(
        (float(each.figures.get("longest awake", 0)) for each in report.outcomes), default=0
    )
    table.add_row(f"{longest:.0f}", "seconds awake at most")
    for name, count in sorted(total.items(), key=lambda entry: -entry[1]):
        if name != "presses":
            table.add_row(str(count), name)
    table.add_row(str(len(report.failures)), "lives in which something was wrong")
    return table


@click.command()
@click.option("--presses", default=10_000, show_default=True, help="How many presses to make.")
@click.option("--seed", default=1, show_default=True, help="Draws everything.")
@click.option("--only", type=int, multiple=True, help="Only the life of this number.")
@click.option("--verbose", is_flag=True, help="Tell these lives as they happen.")
@click.option("--heap", default=HEAP, show_default=True, help="What the firmware has.")
@click.option("--jobs", default=0, help="Processes at a time; by default one for each core.")
@click.option("--json", "as_json", is_flag=True, help="Print everything for machines.")
def main(
    presses: int,
    seed: int,
    only: tuple[int, ...],
    verbose: bool,
    heap: str,
    jobs: int,
    as_json: bool,
) -> None:
    """Live a fob's life from a seed."""
    plans = plan_lives(seed, presses, heap)
    if only:
        plans = [plan for plan in plans if plan.number in only]
    if verbose:
        for plan in plans:
            click.echo(f"life {plan.number} of seed {seed}: {plan}")
            virtual_time.run(_live(plan, [], click.echo))
        return
    report = run_cases("soak", plans, live, jobs=jobs)
    conclude(report, as_json=as_json, table=show)


if __name__ == "__main__":
    main()

"""Press to accepted: the fob, the least it can take, and a common client, phase by phase."""

from collections.abc import Sequence

from ..charts import Bars, Group, Mark, Part, Row
from ..page import Chart, Headline
from ..press_figures import PHASES, Case, Cost, Finding, Occasion, PhaseName, Results, State

PHASE_STYLES: dict[PhaseName, str] = {
    "button": "grey",
    "scan": "blue",
    "connect": "sky",
    "discovery": "umber",
    "MTU": "orange",
    "subscribe": "amber",
    "session": "pink",
    "write": "green",
    "car": "mint",
    "confirm": "teal",
}
"""Finding the car is blue, what comes before the command brown, the command green."""

USUAL_INTERVAL = 0.03
"""Seconds of the connection interval: what Bluetooth stacks ask for if nobody says anything."""

_ALLOWED_RATIO = 1.25


def charts(results: Results) -> list[Chart]:
    """Breakdowns at one connection interval, ratios of all cases, finding, and occasions."""
    drawn: list[Chart] = []
    for state in ("warm", "cold"):
        cases = [case for case in results.cases if case.state == state]
        if cases:
            drawn += [breakdown(state, at_usual_interval(cases)), _ratios(state, cases)]
    if results.findings:
        drawn.append(_finding(results.findings))
    if results.occasions:
        drawn.append(_occasions(results.occasions))
    return drawn


def headlines(results: Results) -> list[Headline]:
    """How far the slowest warm press is from the bound, and how much faster than a peer's."""
    warm = [case for case in results.cases if case.state == "warm"]
    if not warm:
        return []
    gains = [case.peer.ms / case.fob.ms for case in warm if case.fob.ms]
    return [
        Headline(
            f"{results.worst_warm_ratio:.2f} ×",
            f"the lower bound: the slowest of {len(warm)} kinds of warm press",
        ),
        Headline(
            f"{min(gains, default=0):.1f} to {max(gains, default=0):.1f} ×",
            "as fast, warm, as the same press done the way of common clients",
        ),
    ]


def at_usual_interval(cases: Sequence[Case]) -> list[Case]:
    """Those of one connection interval: the usual, or the nearest to it."""
    usual = USUAL_INTERVAL * 1000
    nearest = min((case.interval_ms for case in cases), key=lambda ms: abs(ms - usual))
    return [case for case in cases if case.interval_ms == nearest]


def breakdown(state: State, cases: Sequence[Case], title: str = "") -> Bars:
    """Three stacked bars for each case, all of one connection interval."""
    interval = cases[0].interval_ms
    return Bars(
        title or f"{_STATES[state]}, connection interval {interval:g} ms",
        "From the finger's release to the car's confirmation: this fob, the least that such a"
        " press can take, and the same press done the way of common clients.",
        f"connection events of {interval:g} ms, in virtual time",
        [
            Group(
                f"{case.protocol}, MTU {case.mtu}",
                [
                    _row("this fob", case.fob),
                    _row("lower bound", case.bound),
                    _row("common clients", case.peer),
                ],
            )
            for case in cases
        ],
        order=PHASES,
    )


_STATES: dict[State, str] = {
    "warm": "Warm press",
    "cold": "Cold press",
}


def _row(label: str, cost: Cost) -> Row:
    parts = [Part(each.name, each.events, PHASE_STYLES[each.name]) for each in cost.phases]
    return Row(label, parts, f"{cost.events:.1f} ({cost.ms:.0f} ms)")


def _ratios(state: State, cases: Sequence[Case]) -> Bars:
    return Bars(
        f"{_STATES[state]}, times the lower bound",
        f"The time of this fob by that of the lower bound in all {len(cases)} cases, each with its"
        " connection interval; and how much further common clients go.",
        "times the lower bound, in virtual time",
        [
            Group(
                f"{protocol}, MTU {mtu}",
                [
                    Row(
                        f"{case.interval_ms:g} ms",
                        [
                            Part("this fob", case.ratio, "blue"),
                            Part("common clients", case.peer_ratio - case.ratio, "grey"),
                        ],
                        f"{case.ratio:.2f} × ({case.peer_ratio:.1f} ×)",
                    )
                    for case in cases
                    if (case.protocol, case.mtu) == (protocol, mtu)
                ],
            )
            for protocol, mtu in dict.fromkeys((case.protocol, case.mtu) for case in cases)
        ],
        [Mark(1, "lower bound"), Mark(_ALLOWED_RATIO, f"{_ALLOWED_RATIO} ×")]
        if state == "warm"
        else [Mark(1, "lower bound")],
    )


def _finding(findings: Sequence[Finding]) -> Bars:
    styles = dict(
        zip(
            dict.fromkeys(each.strategy for each in findings),
            ("sky", "amber", "pink"),
            strict=False,
        )
    )
    return Bars(
        "How to find a car that was met before",
        "Median time of a warm press by kind of the car's address, for each strategy; * marks what"
        " the fob does.",
        "ms from release to acceptance, in virtual time",
        [
            Group(
                f"{situation}, advertised every {every:g} ms",
                [
                    Row(
                        f"{each.strategy}{' *' if each.chosen else ''}",
                        [Part("", each.median_ms, styles.get(each.strategy, "grey"))],
                        f"{each.median_ms:.0f} ms",
                    )
                    for each in findings
                    if (each.situation, each.advertising_ms) == (situation, every)
                ],
            )
            for situation, every in dict.fromkeys(
                (each.situation, each.advertising_ms) for each in findings
            )
        ],
    )


def _occasions(occasions: Sequence[Occasion]) -> Bars:
    return Bars(
        "One press after something happened",
        "With simulated cars at MTU 115; behind each how many ATT requests it takes.",
        "ms from release to acceptance, in virtual time",
        [
            Group(
                f"car of {vintage}",
                [
                    Row(
                        each.situation,
                        [Part("", each.ms, "blue")],
                        f"{each.ms:.0f} ms, {each.att_requests} requests",
                    )
                    for each in occasions
                    if each.vintage == vintage
                ],
            )
            for vintage in dict.fromkeys(each.vintage for each in occasions)
        ],
    )

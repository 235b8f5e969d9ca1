"""Press to accepted: what a press costs on the air, beside the least it can cost and its peers."""

import statistics
from collections.abc import Sequence
from itertools import product

from rich.table import Table

from host_tools.simulator import virtual_time
from tests.bench.connect import measure_finding
from tests.bench.press_air import mean
from tests.bench.press_bound import ADVERTISEMENTS, least
from tests.bench.press_figures import (
    PHASES,
    Case,
    Cost,
    Finding,
    Occasion,
    Protocol,
    Results,
    State,
)
from tests.bench.press_fob import fob_presses
from tests.bench.press_peer import peer_presses
from tests.bench.requests import RTC_PPM, measure_occasions

TITLE = "Press to accepted"

STATES: tuple[State, ...] = ("cold", "warm")
PROTOCOLS: tuple[Protocol, ...] = ("legacy", "signed")
MTUS = (23, 115)
INTERVALS = (0.0075, 0.015, 0.03, 0.05)
"""Seconds of the connection interval."""

_FOB = (
    "The real firmware on the virtual board, in virtual time: presses of `lock` (which no second"
    " press can change) from deep sleep, from the finger's release until the car's reply is with"
    " the fob. An event is a connection interval. Computing, booting and starting the radio take no"
    " virtual time: see the section start."
)
_RADIO = (
    "The car is one of 2021 (legacy) or 2026 (signed), simulated, awake, with an address that"
    " lasts; it advertises every 150 to 160 ms and answers at once. The interval is forced by the"
    " virtual controller, whatever the fob asks for (7.5 to 15 ms). What the link layer is given"
    " goes with the next event, in PDUs of 27 bytes (no data length extension), as many as fit: so"
    " a request and its response take two events, and an indication and its confirmation, too."
    " Nothing is lost, no event is skipped. PDUs are those that carry data, both ways."
)
_COLD = (
    "Cold: the fob has its key, the VIN and the protocol, and nothing else: no address, no handles,"
    " no session. Warm: it has pressed before."
)
_LEAST = (
    f"Least: the advertisements needed ({ADVERTISEMENTS['warm']} warm; {ADVERTISEMENTS['cold']}"
    " cold, where one names the car first) and the delay of the connection request, as they fell in"
    " the same presses; two events for each ATT request that cannot be left out (subscribe, and a"
    " write for each MTU - 3 bytes of the message; cold besides the service by UUID, two"
    " declarations of 21 bytes, the CCCD's handle, and the writes that ask for the session; an MTU"
    " exchange where that is less in all); two for each further indication of the replies. Sizes of"
    " messages are those of an independent client."
)
_PEERS = (
    "Peers: that client does what the common ones do on each connection: scan by name, discover all"
    " services, characteristics and descriptors, MTU, CCCD, session info (in the older protocol"
    " they keep the car's key), command. It has no button to debounce."
)
_FURTHER = (
    "The car's address: median ms from the release to the car's acceptance, warm. After what: ATT"
    " requests from the connection to the car's acceptance; MTU 115, 15 ms, `unlock` and `lock` in"
    " turns (`unlock` waits for a second press, which would make it `trunk`)."
)

_PRESSES = 4
_QUICK_PRESSES = 1
_QUICK_INTERVALS = INTERVALS[::2]


def METHOD(results: Results) -> str:
    """How it was measured."""
    presses = results.cases[0].presses
    return (
        f"{_FOB} Mean of {presses} of them. {_RADIO} {_COLD} {_LEAST} {_PEERS} {_FURTHER} The"
        f" fob's clock runs {RTC_PPM} ppm fast in its sleep."
    )


def measure(quick: bool) -> Results:
    """All 32 cases; the quick half of the intervals, one press each."""
    intervals = _QUICK_INTERVALS if quick else INTERVALS
    presses = _QUICK_PRESSES if quick else _PRESSES
    cases = [
        measure_case(state, protocol, mtu, interval, presses)
        for state, protocol, mtu, interval in product(STATES, PROTOCOLS, MTUS, intervals)
    ]
    return Results(
        cases=cases,
        worst_warm_ratio=max(each.ratio for each in cases if each.state == "warm"),
        findings=measure_finding(quick),
        occasions=measure_occasions(quick),
    )


def measure_case(state: State, protocol: Protocol, mtu: int, interval: float, presses: int) -> Case:
    """One case; mtu: what the car agrees to. interval: seconds of the connection's."""
    is_signed, is_warm = protocol == "signed", state == "warm"
    peers, sizes = virtual_time.run(peer_presses(is_signed, is_warm, mtu, interval, presses))
    fobs = virtual_time.run(fob_presses(state, protocol, mtu, interval, presses))
    bounds = []
    for each in fobs:
        scan = each.advertised[ADVERTISEMENTS[state] - 1]
        bounds.append(least(state, sizes, mtu, interval, scan, each.establishing))
    fob, bound, peer = (
        mean(costs)
        for costs in ([each.cost for each in fobs], bounds, [each.cost for each in peers])
    )
    return Case(
        state=state,
        protocol=protocol,
        mtu=mtu,
        interval_ms=interval * 1000,
        presses=presses,
        fob=fob,
        bound=bound,
        peer=peer,
        ratio=fob.ms / bound.ms,
        peer_ratio=peer.ms / bound.ms,
    )


def tables(results: Results) -> list[Table]:
    """Sums, the fob's phases, how a car is found, and what a press costs after what."""
    return [
        _sums(results.cases),
        _phases(results.cases),
        _findings(results.findings),
        _occasions(results.occasions),
    ]


def _table(texts: Sequence[str], numbers: Sequence[str]) -> Table:
    table = Table(box=None, pad_edge=False)
    for heading in texts:
        table.add_column(heading)
    for heading in numbers:
        table.add_column(heading, justify="right")
    return table


_CASE = ("press", "protocol")
_CASE_NUMBERS = ("MTU", "interval")


def _case(case: Case) -> list[str]:
    return [case.state, case.protocol, str(case.mtu), f"{case.interval_ms:g} ms"]


def _sums(cases: Sequence[Case]) -> Table:
    numbers = ("events", "time", "ATT", "PDUs", "least", "ratio", "peers", "ATT", "PDUs", "ratio")
    table = _table(_CASE, (*_CASE_NUMBERS, *numbers))
    for case in cases:
        table.add_row(
            *_case(case),
            *_cost(case.fob),
            f"{case.bound.events:.1f}",
            f"[bold]{case.ratio:.2f}[/]",
            f"{case.peer.events:.1f}",
            *_counts(case.peer),
            f"{case.peer_ratio:.2f}",
        )
    mean_ratio = statistics.mean(each.peer_ratio for each in cases)
    table.caption = f"mean ratio of the peers {mean_ratio:.2f}"
    return table


def _cost(cost: Cost) -> list[str]:
    return [f"{cost.events:.1f}", f"{cost.ms:.0f} ms", *_counts(cost)]


def _counts(cost: Cost) -> list[str]:
    return [f"{cost.att_requests:g}", f"{cost.ll_pdus:.0f}"]


def _phases(cases: Sequence[Case]) -> Table:
    table = _table(_CASE, (*_CASE_NUMBERS, *PHASES))
    for case in cases:
        events = {phase.name: f"{phase.events:.1f}" for phase in case.fob.phases}
        table.add_row(*_case(case), *(events.get(name, "") for name in PHASES))
    table.caption = "the fob's phases, in connection events"
    return table


def _findings(findings: Sequence[Finding]) -> Table:
    strategies = list(dict.fromkeys(each.strategy for each in findings))
    table = _table(("the car's address",), ("advertises every", *strategies))
    rows: dict[tuple[str, float], dict[str, Finding]] = {}
    for each in findings:
        rows.setdefault((each.situation, each.advertising_ms), {})[each.strategy] = each
    for (situation, advertising_ms), row in rows.items():
        chosen = (f"{row[s].median_ms:.0f} ms{' *' if row[s].chosen else '  '}" for s in strategies)
        table.add_row(situation, f"{advertising_ms:.0f} ms", *chosen)
    table.caption = "* is what the firmware does"
    return table


def _occasions(occasions: Sequence[Occasion]) -> Table:
    table = _table(("car", "press", "protocol"), ("ATT requests", "frames", "time"))
    for each in occasions:
        table.add_row(
            each.vintage,
            each.situation,
            each.protocol,
            str(each.att_requests),
            str(each.frames),
            f"{each.ms:.0f} ms",
        )
    return table

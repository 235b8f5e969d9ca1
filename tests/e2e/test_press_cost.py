"""What a press costs on the air, as `make bench press` measures it, which must go on working, too.

Virtual time of seeded runs: the same figures on every machine.
"""

from __future__ import annotations

import io
import json
from dataclasses import asdict

import pytest
from rich.console import Console

from host_tools.simulator import virtual_time
from tests.bench import press
from tests.bench.connect import DIAL_FIRST, LISTEN_FIRST, measure_finding
from tests.bench.press_bound import least
from tests.bench.press_figures import Case, Finding, Protocol, Results, State
from tests.bench.press_fob import fob_presses
from tests.bench.press_peer import Sizes
from tests.bench.requests import measure_occasions

SIGNED = Sizes(question=114, answer=177, command=183, reply=85)
"""Bytes, as published for these messages; the reply is the simulated car's."""
LEGACY = Sizes(question=16, answer=71, command=34, reply=4)

WARM: list[tuple[Protocol, int, float]] = [
    ("legacy", 23, 0.0075),
    ("signed", 23, 0.0075),
    ("signed", 115, 0.0075),
    ("signed", 115, 0.05),
]
COLD: list[tuple[Protocol, int, float]] = [("legacy", 115, 0.03), ("signed", 23, 0.015)]


@pytest.fixture(scope="module")
def findings() -> list[Finding]:
    return measure_finding(quick=True)


def case(state: State, protocol: Protocol, mtu: int, interval: float) -> Case:
    return press.measure_case(state, protocol, mtu, interval, presses=2)


@pytest.mark.parametrize(("protocol", "mtu", "interval"), WARM)
def test_a_warm_press_takes_little_more_than_it_must(
    protocol: Protocol, mtu: int, interval: float
) -> None:
    assert case("warm", protocol, mtu, interval).ratio <= 1.2


@pytest.mark.parametrize(("protocol", "mtu", "interval"), COLD)
def test_a_first_press_takes_not_much_more_either(
    protocol: Protocol, mtu: int, interval: float
) -> None:
    measured = case("cold", protocol, mtu, interval)
    assert measured.ratio <= 1.25
    assert measured.fob.att_requests < measured.peer.att_requests


def test_the_same_press_takes_the_same_time_again() -> None:
    first, again = (
        virtual_time.run(fob_presses("warm", "signed", 115, 0.015, presses=1)) for _ in range(2)
    )
    assert first == again


@pytest.mark.parametrize(
    ("state", "sizes", "mtu", "requests", "events"),
    [
        # Subscribe and two writes, each with its response; the reply comes along with the last.
        ("warm", LEGACY, 23, 3, 6),
        # An MTU exchange makes one of the two writes, and is one request itself.
        ("warm", LEGACY, 115, 3, 6),
        # Ten writes of 20 bytes, and a reply of five indications: four more than come along.
        ("warm", SIGNED, 23, 11, 22 + 8),
        ("warm", SIGNED, 115, 4, 8),
        # Besides: a service, two declarations, a descriptor, six writes, nine indications.
        ("cold", SIGNED, 23, 21, 42 + 16 + 8),
        # A service, both declarations, a descriptor, MTU, subscribe, two and two writes.
        ("cold", SIGNED, 115, 9, 18 + 2),
    ],
)
def test_the_least_follows_from_the_bytes(
    state: State, sizes: Sizes, mtu: int, requests: int, events: int
) -> None:
    cost = least(state, sizes, mtu, interval=0.01, scan=0.0, establishing=0.0)
    assert (cost.att_requests, cost.events) == (requests, events)
    assert cost.ms == pytest.approx(events * 10)


def test_all_that_the_section_says_can_be_shown_and_kept(findings: list[Finding]) -> None:
    warm = case("warm", "signed", 115, 0.015)
    results = Results(
        [warm], warm.ratio, measure_finding(quick=True), measure_occasions(quick=True)
    )
    assert json.loads(json.dumps(asdict(results))) == asdict(results)
    told = io.StringIO()
    console = Console(file=told, width=200)
    for table in press.tables(results):
        console.print(table)
    for word in ("warm", DIAL_FIRST, LISTEN_FIRST, "a night later", f"{warm.ratio:.2f}"):
        assert word in told.getvalue()
    assert "presses of `lock`" in press.METHOD(results)


def test_a_lasting_address_is_dialled_with_profit_and_one_that_changes_is_not(
    findings: list[Finding],
) -> None:
    median = {(each.situation, each.strategy): each.median_ms for each in findings}
    assert median["public address", DIAL_FIRST] < median["public address", LISTEN_FIRST]
    new = "resolvable, a new one"
    assert median[new, LISTEN_FIRST] < median[new, DIAL_FIRST]

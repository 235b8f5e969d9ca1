"""Faults of the link: every ATT request and every indication of a fault-free run, each spoilt in
every way."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import partial

from host_tools.simulator import virtual_time
from host_tools.simulator.bench import Bench
from host_tools.simulator.faults import (
    AttErrorAt,
    DisconnectAt,
    Drop,
    Duplicate,
    Garbage,
    Interference,
    Late,
    LateAt,
    Operation,
    Oversize,
    Reorder,
    SilentAt,
    Truncate,
)

from .case import Case, Expect, Setting
from .play import bench_at, pair, press

SETTINGS = (
    Setting("cold press", protocol="legacy"),
    Setting("warm press", warm=True),
    Setting("warm press, notifications", warm=True, notify=True),
    Setting("warm press, status only", warm=True, behaviour={"acknowledge": "vehicle-status"}),
    Setting("cold press, NONE first", protocol="legacy", behaviour={"require_none": "refuse"}),
    Setting(
        "cold press, silent about NONE", protocol="legacy", behaviour={"require_none": "ignore"}
    ),
    Setting("warm press, NONE first", warm=True, behaviour={"require_none": "refuse"}),
    Setting("warm press, trunk", warm=True, toggle=True),
    Setting("pairing", pairs=True, known=False),
    Setting("pairing, MTU 23", pairs=True, known=False, mtu=23),
    Setting(
        "pairing, silent car",
        pairs=True,
        known=False,
        behaviour={"announce_enrolment": False},
    ),
)

# The share of their cases that is tried: most differ from others in little.
_SHARES = {
    "cold press": 0.6,
    "warm press, notifications": 0.5,
    "warm press, status only": 0.6,
    "cold press, NONE first": 0.3,
    "cold press, silent about NONE": 0.3,
    "warm press, NONE first": 0.6,
    "pairing": 0.6,
    "pairing, MTU 23": 0.15,
    "pairing, silent car": 0.3,
}

_REQUEST_FAULTS = {
    "disconnect before": DisconnectAt,
    "disconnect after": partial(DisconnectAt, after=True),
    "ATT error": AttErrorAt,
    "no answer": SilentAt,
    "no answer, took effect": partial(SilentAt, after=True),
    "late answer, 1 s": partial(LateAt, delay=1.0),
    "late answer, 3 s": partial(LateAt, delay=3.0),
}
_INDICATION_FAULTS = {
    "duplicate": Duplicate,
    "drop": Drop,
    "reordered": Reorder,
    "truncated": Truncate,
    "garbage": Garbage,
    "oversize length": Oversize,
    "late, 1 s": partial(Late, delay=1.0),
    "late, 3 s": partial(Late, delay=3.0),
}

# Their discovery is that of a cold press: spoilt there.
_DISCOVERS = frozenset({"cold press", "pairing"})

# Where an answer is lost on a command that must not be repeated, nobody can know: it fails.
_UNKNOWN = frozenset({"done", "timed-out", "disconnected", "att"})


@dataclass(frozen=True)
class Plain:
    """A Strike of no more than an interference."""

    make: partial[Interference]

    async def __call__(self, bench: Bench) -> Interference:
        return self.make()


def plain(kind: type[Interference] | partial[Interference], *args: object, **more: object) -> Plain:
    return Plain(partial(kind, *args, **more))


class Recorder(Interference):
    """Changes nothing; counts what there is to spoil."""

    def __init__(self) -> None:
        self.requests: list[Operation] = []
        self.indications = 0

    def on_request(self, op: Operation, index: int) -> None:
        self.requests.append(op)

    def on_indication(self, data: bytes) -> list[tuple[float, bytes]]:
        self.indications += 1
        return [(0.0, data)]


async def _record(setting: Setting) -> Recorder:
    async with bench_at(setting) as bench:
        bench.radio.interference = recorder = Recorder()
        act = await (pair(bench) if setting.pairs else press(bench, setting))
        if act.said != "done":
            raise RuntimeError(f"{setting.name} fails without any fault: {act}")
        return recorder


@dataclass(frozen=True)
class Draw:
    """Which cases stand for all of a kind: drawn by the seed, or every one of them."""

    seed: int
    everything: bool = False

    def some(self, cases: Iterable[Case], share: float) -> list[Case]:
        """So much of the cases, in their order."""
        listed = list(cases)
        if self.everything:
            return listed
        draw = random.Random(f"{self.seed} {listed[0].name}")
        chosen = sorted(draw.sample(range(len(listed)), round(share * len(listed))))
        return [listed[index] for index in chosen]


def all_links(draw: Draw) -> Iterator[Case]:
    """Every setting of the older protocol."""
    for setting in SETTINGS:
        yield from draw.some(link_cases(setting), _SHARES.get(setting.name, 1.0))


def link_cases(setting: Setting) -> Iterator[Case]:
    """Every request and indication of a setting, in every way."""
    recorder = virtual_time.run(_record(setting))
    for index, op in enumerate(recorder.requests):
        if op.startswith("discover") and setting.name not in _DISCOVERS:
            continue
        # A press that finds everything remembered writes nothing but its command.
        command = setting.toggle and op == "write"
        expect = Expect(_UNKNOWN) if command else Expect()
        for kind, fault in _REQUEST_FAULTS.items():
            where = f"request {index}, {op}"
            yield Case(setting, kind, where, plain(fault, index), expect)
    expect = Expect(_UNKNOWN) if setting.toggle else Expect()
    for index in range(recorder.indications):
        for kind, fault in _INDICATION_FAULTS.items():
            yield Case(setting, kind, f"indication {index}", plain(fault, index), expect)

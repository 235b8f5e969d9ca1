"""One press as a sniffer beside the car sees it, cut into phases."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

from bumble.att import Opcode

from host_tools.simulator.radio.on_air import OnAir
from tests.bench.press_figures import PHASES, Cost, Phase, PhaseName

_DISCOVERY = {
    Opcode.ATT_READ_BY_GROUP_TYPE_REQUEST,
    Opcode.ATT_FIND_BY_TYPE_VALUE_REQUEST,
    Opcode.ATT_READ_BY_TYPE_REQUEST,
    Opcode.ATT_FIND_INFORMATION_REQUEST,
}
_UPDATES = {Opcode.ATT_HANDLE_VALUE_INDICATION, Opcode.ATT_HANDLE_VALUE_NOTIFICATION}
_WRITE_HEADER = 3
_LENGTH_PREFIX = 2


@dataclass(frozen=True)
class Press:
    """One press: its cost, and what of it the car's radio decided.

    advertised: seconds from the first listening to each advertisement; establishing: seconds from
    the one that the connection begins with to its first event.
    """

    cost: Cost
    advertised: list[float]
    establishing: float


def read_press(
    seen: Sequence[OnAir], began: float, interval: float, to_vehicle: int, end: float
) -> Press:
    """Cut into phases what was seen since the press `began`, up to `end`.

    interval: the connection's. to_vehicle: handle of the value that commands are written to. The
    message sent last is the sealed command, those before it are what the session takes. Raises
    ValueError unless there was one connection.
    """
    seen = [each for each in seen if began <= each.time < end]
    kinds = [each.kind for each in seen]
    if kinds.count("connected") != 1:
        raise ValueError(f"{kinds.count('connected')} connections of one press")
    first = next(each.time for each in seen if each.kind in ("scan", "dial"))
    connected = seen[kinds.index("connected")].time
    connecting = max(each.time for each in seen if each.kind == "connecting")
    requests = [each for each in seen if _is_request(each)]
    marks: list[tuple[float, PhaseName]] = [(began, "button"), (first, "scan")]
    marks.append((connecting, "connect"))
    for request, name in zip(requests, _names(requests, to_vehicle), strict=True):
        marks.append((connected if request is requests[0] else request.time, name))
    written = requests[-1].arrives
    replies = [each.time for each in seen if _is_update(each) and each.time >= written]
    marks += [(written, "car"), (replies[0] if replies else end, "confirm"), (end, "confirm")]
    phases = []
    for name in PHASES:
        spans = [
            (start, stop)
            for (start, each), (stop, _) in itertools.pairwise(marks)
            if each == name and stop > start
        ]
        within = [each for each in seen if any(start <= each.time < stop for start, stop in spans)]
        seconds = sum(stop - start for start, stop in spans)
        if spans:
            phases.append(
                Phase(
                    name,
                    seconds * 1000,
                    seconds / interval,
                    sum(map(_is_request, within)),
                    sum(each.ll_pdus for each in within),
                )
            )
    advertised = [each.time - first for each in seen if each.kind == "advertised"]
    return Press(total(phases), advertised, connected - connecting)


def total(phases: list[Phase]) -> Cost:
    """The cost that phases amount to."""
    return Cost(
        phases,
        sum(each.ms for each in phases),
        sum(each.events for each in phases),
        sum(each.att_requests for each in phases),
        sum(each.ll_pdus for each in phases),
    )


def mean(costs: Sequence[Cost]) -> Cost:
    """The phases of several presses, each on the average of all of them."""
    phases = []
    for name in PHASES:
        same = [phase for cost in costs for phase in cost.phases if phase.name == name]
        if same:
            count = len(costs)
            phases.append(
                Phase(
                    name,
                    sum(each.ms for each in same) / count,
                    sum(each.events for each in same) / count,
                    sum(each.att_requests for each in same) / count,
                    sum(each.ll_pdus for each in same) / count,
                )
            )
    return total(phases)


def _is_request(each: OnAir) -> bool:
    return each.kind == "to car" and each.pdu[0] != Opcode.ATT_HANDLE_VALUE_CONFIRMATION


def _is_update(each: OnAir) -> bool:
    return each.kind == "to fob" and each.pdu[0] in _UPDATES


def _names(requests: Sequence[OnAir], to_vehicle: int) -> list[PhaseName]:
    """The phase of each request."""
    names: list[PhaseName] = []
    left = 0
    last = 0
    for index, request in enumerate(requests):
        opcode, handle = request.pdu[0], int.from_bytes(request.pdu[1:3], "little")
        value = request.pdu[_WRITE_HEADER:]
        if opcode == Opcode.ATT_EXCHANGE_MTU_REQUEST:
            names.append("MTU")
        elif opcode in _DISCOVERY:
            names.append("discovery")
        elif handle != to_vehicle:
            names.append("subscribe")
        else:
            if not left:
                left = _LENGTH_PREFIX + int.from_bytes(value[:_LENGTH_PREFIX], "big")
                last = index
            left -= len(value)
            names.append("session")
    return [
        "write" if name == "session" and index >= last else name for index, name in enumerate(names)
    ]

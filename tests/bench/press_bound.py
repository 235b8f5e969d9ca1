"""The least that a press can take, from numbers of bytes and the ATT_MTU alone."""

from host_tools.simulator.radio.connection_events import L2CAP_HEADER, ll_pdus
from tests.bench.press_figures import Cost, Phase, PhaseName, State
from tests.bench.press_peer import Sizes

ADVERTISEMENTS: dict[State, int] = {"cold": 2, "warm": 1}
"""One to answer with a connection request; before it another one, with the scan response that names
the car, where nobody knows its address."""

_DEFAULT_MTU = 23
_ATT_HEADER = 3
_CONFIRMATION = 1
# Core, Vol 3, Part F, 3.4: bytes of requests and responses.
_MTU_EXCHANGE = 3, 3
_CCCD_WRITE = 5, 1
_SERVICE_BY_UUID = 7 + 16, 1 + 4
_CHARACTERISTICS_REQUEST = 7
_LIST_HEADER = 2
_DECLARATION = 2 + 1 + 2 + 16
_NEEDED_CHARACTERISTICS = 2
_DESCRIPTOR = 5, 2 + 2 + 2


def least(
    state: State, sizes: Sizes, mtu: int, interval: float, scan: float, establishing: float
) -> Cost:
    """The cost of a press with this car, were nothing done that can be left out.

    mtu: the most that the car agrees to. interval: seconds of the connection's. scan: seconds to
    the advertisement that the connection begins with, establishing: from there to its first event,
    as they fell. Whether the MTU is exchanged depends on what is less.
    """
    plans = [_plan(state, sizes, _DEFAULT_MTU, exchange=False)]
    if mtu > _DEFAULT_MTU:
        plans.append(_plan(state, sizes, mtu, exchange=True))
    plan = min(plans, key=lambda plan: sum(phase.events for phase in plan))
    phases = [
        Phase("scan", scan * 1000, scan / interval, 0, 0),
        Phase("connect", establishing * 1000, establishing / interval, 0, 0),
    ]
    phases += [
        Phase(
            each.name, each.events * interval * 1000, each.events, each.att_requests, each.ll_pdus
        )
        for each in plan
    ]
    return Cost(
        phases,
        sum(each.ms for each in phases),
        sum(each.events for each in phases),
        sum(each.att_requests for each in phases),
        sum(each.ll_pdus for each in phases),
    )


def _plan(state: State, sizes: Sizes, mtu: int, *, exchange: bool) -> list[Phase]:
    """The phases from the connection on; ms are left out."""
    phases = []
    if exchange:
        phases.append(_asked("MTU", [_MTU_EXCHANGE]))
    if state == "cold":
        at_once = min((mtu - _LIST_HEADER) // _DECLARATION, _NEEDED_CHARACTERISTICS)
        lists = -(-_NEEDED_CHARACTERISTICS // at_once)
        listed = _CHARACTERISTICS_REQUEST, _LIST_HEADER + at_once * _DECLARATION
        phases.append(_asked("discovery", [_SERVICE_BY_UUID, *[listed] * lists, _DESCRIPTOR]))
    phases.append(_asked("subscribe", [_CCCD_WRITE]))
    if state == "cold":
        written, told = _written(sizes.question, mtu), _pieces(sizes.answer, mtu)
        phases.append(_asked("session", written, told))
    written, told = _written(sizes.command, mtu), _pieces(sizes.reply, mtu)
    whole = _asked("write", written, told)
    # The last request is with the car one event before its response, and with this the reply begins
    # to come.
    confirm = 1 + 2 * (len(told) - 1)
    answered = _pdus(told) + len(told) * ll_pdus(_CONFIRMATION + L2CAP_HEADER)
    phases.append(
        Phase("write", 0, whole.events - confirm, whole.att_requests, whole.ll_pdus - answered)
    )
    phases.append(Phase("confirm", 0, confirm, 0, answered))
    return phases


def _asked(
    name: PhaseName, requests: list[tuple[int, int]], told: tuple[int, ...] | list[int] = ()
) -> Phase:
    """Two events for each request, and for each indication but the first, which comes along with
    the last response; told: bytes of the indications."""
    pdus = _pdus([size for request in requests for size in request])
    pdus += _pdus(list(told)) + len(told) * ll_pdus(_CONFIRMATION + L2CAP_HEADER)
    events = 2 * len(requests) + 2 * max(len(told) - 1, 0)
    return Phase(name, 0, events, len(requests), pdus)


def _written(size: int, mtu: int) -> list[tuple[int, int]]:
    return [(piece, 1) for piece in _pieces(size, mtu)]


def _pieces(size: int, mtu: int) -> list[int]:
    """Bytes of the PDUs that carry a message."""
    most = mtu - _ATT_HEADER
    return [_ATT_HEADER + min(most, size - start) for start in range(0, size, most)]


def _pdus(sizes: list[int]) -> int:
    return sum(ll_pdus(size + L2CAP_HEADER) for size in sizes)

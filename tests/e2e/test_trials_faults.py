"""The trial of faults: a handful of its cases, and that it notices firmware that breaks a rule."""

from collections.abc import Mapping

import pytest

from host_tools.installation.compile import compile_installed
from host_tools.resources import resource_folder
from host_tools.simulator.faults import CarSilent, DisconnectAt, Drop, Garbage, LateAt
from tests.trials.faults.case import Case, Expect, Setting
from tests.trials.faults.forgery import Say, wanted
from tests.trials.faults.link import plain
from tests.trials.faults.messages import COLD, PAIRING, TRUNK, WARM, Away, Changed, Reported, ends
from tests.trials.faults.play import play
from tests.trials.faults.table import compared
from tests.trials.faults.trial import perform
from tests.trials.faults.verdict import problem
from tests.trials.runner import Outcome

NO_FAULT = Case(WARM, "none", "", Changed())
DEAF_TO_A_FORGED_PUSH = Case(
    WARM, "forged", "on connect", Say((wanted(),), "on connect", deaf=1), Expect()
)

CREDULOUS = """
async def _send(self, unsigned, wait_ms, token, settles=0, decides=0, lock_state=None, doubtful=0):
    await self._exchange.send(self.session.seal(unsigned, self._means.counter.take(), token))
    while True:
        answer = await self._exchange.receive(wait_ms)
        if self._exchange.lock_state == lock_state or "commandStatus" in answer:
            return ACCEPTED

LegacyDialogue._send = _send
"""
ATTACHED = """
async def _disconnect(self):
    pass

Link.disconnect = _disconnect
"""
TWICE = """
_perform = Vehicle.perform

async def _twice(self, *command):
    await _perform(self, *command)
    await _perform(self, *command)

Vehicle.perform = _twice
"""
SABOTAGE = {
    "counts the push on connect": ("fob/legacy_dialogue.py", CREDULOUS, "the car did not do it"),
    "does not disconnect": ("hal/link.py", ATTACHED, "without taking the link down"),
    "never falls asleep": ("fob/app.py", "App._busy = lambda self: True", "hang"),
    "uses a counter twice": (
        "fob/store.py",
        "Counter.take = lambda self: 9",
        "nonces were used again",
    ),
    "shows failed for done": ("fob/patterns.py", "DONE = FAILED", "the light showed failed"),
    "commands twice": ("fob/vehicle.py", TWICE, "carried out 2 times"),
    "dies of a fault": ("fob/messages.py", "unsigned = None", "(internal)"),
    "ends its program": ("fob/app.py", "App.run = None", "did not come to its sleep"),
}


def with_more(path: str, code: str) -> Mapping[str, bytes]:
    """A file of the firmware with code at its end, for the flash."""
    source = (resource_folder("firmware") / path).read_bytes() + b"\n" + code.encode()
    return {f"/{path.removesuffix('.py')}.mpy": compile_installed(source, path)}


@pytest.mark.parametrize(
    "case",
    [
        NO_FAULT,
        DEAF_TO_A_FORGED_PUSH,
        Case(WARM, "disconnect after", "request 2, write", plain(DisconnectAt, 2, after=True)),
        Case(WARM, "late answer", "request 1, write", plain(LateAt, 1, 3.0)),
        Case(WARM, "drop", "indication 1", plain(Drop, 1)),
        Case(COLD, "garbage", "indication 2", plain(Garbage, 2)),
        Case(PAIRING, "disconnect before", "request 8, cccd", plain(DisconnectAt, "cccd")),
        Case(WARM, "car silent", "throughout", plain(CarSilent), ends("timed-out")),
        Case(WARM, "counter", "+70,000", Reported(70_000), ends("held-back", after="confirm")),
        Case(WARM, "key removed", "", Changed(forgets=True), ends("not-paired", after="pair")),
        Case(WARM, "out of reach", "throughout", Away(0), ends("not-found")),
        Case(TRUNK, "handles shifted", "by 1", Changed(shift=1)),
    ],
    ids=lambda case: f"{case.setting.name}, {case.kind} {case.where}",
)
def test_a_fault_comes_to_what_is_expected_of_it(case: Case) -> None:
    assert problem(case, play(case)) == ""


@pytest.mark.parametrize("what", SABOTAGE)
def test_the_trial_notices_firmware_that(what: str) -> None:
    path, code, verdict = SABOTAGE[what]
    setting = Setting("cold press, trunk", toggle=True) if what == "commands twice" else COLD
    case = Case(setting, "none", "", Changed())
    if what == "counts the push on connect":
        case = DEAF_TO_A_FORGED_PUSH
    played = play(case, firmware=with_more(path, code))
    assert verdict in problem(case, played)


def test_a_case_that_comes_out_wrong_is_told() -> None:
    outcome = perform(Case(WARM, "car silent", "throughout", plain(CarSilent)))
    assert outcome.problem == "ended timed-out, not done"


def test_what_came_out_otherwise_through_bumble_is_told() -> None:
    outcomes = [
        Outcome(f"{radio}: one", "", "", {"radio": radio, "outcome": ending})
        for radio, ending in (("direct", "done"), ("bumble", "timed-out"))
    ]
    assert [each.figures.get("direct_outcome") for each in compared(outcomes)] == [None, "done"]

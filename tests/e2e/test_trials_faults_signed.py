"""The trial of faults on cars that speak the signed-command protocol: some of its cases, and that
it notices firmware that breaks a rule."""

from collections.abc import Mapping
from dataclasses import dataclass

import pytest

from host_tools.installation.compile import compile_installed
from host_tools.resources import resource_folder
from host_tools.simulator.car import Vintage
from tests.trials.faults import signed_hostile, signed_messages, vintages
from tests.trials.faults.case import Case
from tests.trials.faults.link import Draw
from tests.trials.faults.play import play
from tests.trials.faults.verdict import problem

EVERYTHING = Draw(seed=1, everything=True)

UNVERIFIED = """
from fob import protobuf, routable

_verified = Handshake._take_over

def _trusting(self, envelope, *how):
    if "signedMessageStatus" not in envelope:
        return _verified(self, envelope, *how)
    info = protobuf.decode(routable.SESSION_INFO, envelope["session_info"])
    self._means.counter.advance(info.get("counter", 0) + 1)
    return KNOWN

Handshake._take_over = _trusting
"""
FORGETFUL = """
_learn = VehicleClock.learn

def _forgetful(self, *heard):
    self.epoch = None
    _learn(self, *heard)

VehicleClock.learn = _forgetful
"""
OPENED = """
def _opened(self, envelope):
    return b"", "AES_GCM_Response_data" in envelope.get("signature_data", {})

Session.open = _opened
"""
OLDER = """
async def _older(self, exchange):
    return self.dialogue(exchange, False)

Vehicle._chosen = _older
"""
NEVER_ENCRYPTS = "SignedDialogue._encrypts = property(lambda self: 0, lambda self, traits: None)"


@dataclass(frozen=True)
class Sabotage:
    """Code at the end of a file of the firmware, and a case that shows what it does."""

    path: str
    code: str
    case: str
    verdict: str


SABOTAGE = {
    "does not check the tag of session info": Sabotage(
        "fob/hmac.py",
        "equal = lambda a, b: True",
        "2026: press after a night: forged: session info: counter of 2^32-1, for ever",
        "ended counter-exhausted",
    ),
    "takes attached session info unverified": Sabotage(
        "fob/handshake.py",
        UNVERIFIED,
        "2026: warm press: forged: fault, once: 6 INVALID_TOKEN_OR_COUNTER, with another key",
        "counters are gone",
    ),
    "lets the car's clock run backwards": Sabotage(
        "fob/vehicle_clock.py",
        FORGETFUL,
        "2023: warm press, brief lifetimes: car's clock: runs backwards by 40 s",
        "ended done",
    ),
    "does not check whose answer it is": Sabotage(
        "fob/signed.py",
        OPENED,
        "2026: warm press: forged: encrypted answer: replayed, instead of the car's, for ever",
        "the car did not do it",
    ),
    "believes a car in clear that encrypts": Sabotage(
        "fob/signed_dialogue.py",
        NEVER_ENCRYPTS,
        "2026: warm press: forged: success in clear: empty, to the command",
        "the car did not do it",
    ),
    "takes another key for the car's": Sabotage(
        "fob/handshake.py",
        "Handshake.stranger = False",
        "2026: press after a night: forged: another key: instead of the car, the car's epoch",
        "the car did not do it",
    ),
    "can be made to speak the older protocol": Sabotage(
        "fob/vehicle.py",
        OLDER,
        "2023: warm press: jammed: the newer protocol",
        "in the older protocol",
    ),
}


def named(text: str) -> Case:
    """The first case with this in its name."""
    years: list[Vintage] = ["2023", "2026"]
    for year in years:
        for cases in (
            vintages.fault_free(year),
            signed_messages.message_cases(year),
            signed_hostile.hostile_cases(year, EVERYTHING),
        ):
            for case in cases:
                if text in case.name:
                    return case
    raise LookupError(text)


def with_more(path: str, code: str) -> Mapping[str, bytes]:
    """A file of the firmware with code at its end, for the flash."""
    source = (resource_folder("firmware") / path).read_bytes() + b"\n" + code.encode()
    return {f"/{path.removesuffix('.py')}.mpy": compile_installed(source, path)}


@pytest.mark.parametrize(
    "name",
    [
        "2023: warm press: no fault",
        "2023: press after a night: no fault",
        "2026: warm press: no fault",
        "2026: press after a night: no fault",
        "2023: pairing: WAIT as fault: to message 1",
        "2026: pairing: no tag: 3 x",
        "2023: press after a night: restart: at message 1",
        "2026: warm press: restart: at request 3, and drops the link",
        "2026: warm press: counter behind: +65537",
        "2023: warm press, trunk: answers lost: to the command",
        "2026: press after a battery change: forged: session info: to another uuid, before",
        "2023: press after a night: forged: another key: counter 4294967295",
        "2026: warm press: vehicle key rotated: 1 x",
        "2026: pairing: beyond the protocol: first met: another key",
    ],
)
def test_a_fault_comes_to_what_is_expected_of_it(name: str) -> None:
    case = named(name)
    assert problem(case, play(case)) == ""


@pytest.mark.parametrize("what", SABOTAGE)
def test_the_trial_notices_firmware_that(what: str) -> None:
    sabotage = SABOTAGE[what]
    case = named(sabotage.case)
    assert problem(case, play(case)) == ""
    played = play(case, firmware=with_more(sabotage.path, sabotage.code))
    assert sabotage.verdict in problem(case, played)


def test_nobody_is_lied_to_by_a_car_that_encrypts_and_was_paired() -> None:
    lied_to = {
        (case.setting.name, case.kind)
        for case in signed_hostile.hostile_cases("2026", EVERYTHING)
        if case.expect.lied_to
    }
    assert lied_to == {
        ("2026: cold press", "beyond the protocol: first met"),
        ("2026: pairing", "beyond the protocol: first met"),
    }


@pytest.mark.parametrize("year", ["2023", "2026"])
def test_every_case_has_a_name_of_its_own(year: Vintage) -> None:
    cases = [*signed_messages.message_cases(year), *signed_hostile.hostile_cases(year, EVERYTHING)]
    assert len({case.name for case in cases}) == len(cases)

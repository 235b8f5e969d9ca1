"""Hostile air in the signed-command protocol, in the two classes that `hostile` names.

Session info is tagged and, by cars of 2026, every answer to a sealed message is encrypted: there is
little left to forge. What stays beyond the protocol, and is so named:

- a car of 2023 answers in clear, so that anybody may say that it did what it did not;
- whoever is first met is believed to be the car: before pairing, and while pairing;
- a refusal in clear cannot be told from the car's: the fob fails though the car did it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import get_args

from host_tools.protocol import universal_message_pb2 as universal
from host_tools.protocol import vcsec_pb2 as vcsec
from host_tools.simulator.bench import Bench
from host_tools.simulator.car import Vintage
from host_tools.simulator.car.link import frame
from host_tools.simulator.faults import (
    FOREVER,
    AnswerInstead,
    ChangeAnswers,
    Interference,
    LateAnswers,
    RequestKind,
    Together,
    signed_fault,
)

from . import words
from .case import Case, Expect, Setting, Strike
from .forgery import (
    AnswerKeyRequests,
    Chatter,
    Place,
    Say,
    present,
    session_info,
    status_of,
    wanted,
)
from .hostile import KEPT
from .link import Draw, plain
from .messages import DONE, NOT_ON_WHITELIST, PAIRING, WARM, ends
from .vintages import after_a_battery_change, after_a_night, cold, pairing, trunk, warm
from .words import Attached, PlainWord, Spoiling, Tampering

_FAULTS = universal.MessageFault_E
_UNKNOWN_KEY_ID = universal.MESSAGEFAULT_ERROR_UNKNOWN_KEY_ID
_RESPONSE_MTU_EXCEEDED = universal.MESSAGEFAULT_ERROR_RESPONSE_MTU_EXCEEDED
# After these another try may help, and the fob makes one.
_MENDED = frozenset((1, 2, 5, 6, 11, 15, 17, 20, _RESPONSE_MTU_EXCEEDED, 26))
# The shares that are tried of all ways to forge a fault, and to spoil session info.
_FAULTS_SHARE = 0.1
_INFO_SHARE = 0.6

NOT_DONE = ends("timed-out", "refused", "held-back")
LIED_TO = Expect(lied_to=True)


@dataclass(frozen=True)
class Impersonates:
    """A Strike: somebody answers everything of the fob's under another key, or says it first.

    kind: of the requests, None for all. own_epoch: the epoch is not the car's. counter: of the
    session info. tells: it answers questions for the status, too.
    """

    kind: RequestKind | None = None
    times: int = FOREVER
    also: bool = False
    own_epoch: bool = True
    ahead: float = 0.0
    counter: int = 0
    status: int = 0
    succeeds: bool = True
    tells: bool = True

    async def __call__(self, bench: Bench) -> Interference:
        said = words.Impersonated(
            b"" if self.own_epoch else bench.car.epoch,
            max(0, int(bench.car.clock_time + self.ahead)),
            self.counter,
            self.status,
            self.succeeds,
            self.tells,
        )
        if self.also:
            return ChangeAnswers(words.Before(said), self.kind, times=self.times)
        return AnswerInstead(said, self.kind, times=self.times)


@dataclass(frozen=True)
class Repeats:
    """A Strike: the car is heard with what it said earlier, or to somebody else."""

    kind: RequestKind
    eavesdropped: bool = False
    also: bool = False
    times: int = FOREVER

    async def __call__(self, bench: Bench) -> Interference:
        if self.eavesdropped:
            earlier = await words.eavesdropped(bench)
        else:
            wanted_one = "session info" if self.kind == "session info" else "encrypted"
            earlier = words.overheard(bench, wanted_one)  # type: ignore[arg-type]
        said = words.Earlier(earlier.SerializeToString())
        if self.also:
            return ChangeAnswers(words.Before(said), self.kind, times=self.times)
        return AnswerInstead(said, self.kind, times=self.times)


@dataclass(frozen=True)
class SaysFault:
    """A Strike: a fault in clear, in the place of the car, or before its answer."""

    fault: int
    attached: Attached
    times: int
    also: bool

    async def __call__(self, bench: Bench) -> Interference:
        earlier = words.overheard(bench, "session info").SerializeToString()
        fault = universal.MessageFault_E.ValueType(self.fault)
        said = words.Faulted(fault, self.attached, earlier, counter=2**31)
        if self.also:
            return ChangeAnswers(words.Before(said), "sealed", times=self.times)
        return AnswerInstead(said, "sealed", times=self.times)


@dataclass(frozen=True)
class Overlaid:
    """A Strike: another one while no sealed message comes to the car."""

    strike: Strike
    times: int = FOREVER

    async def __call__(self, bench: Bench) -> Interference:
        deaf = AnswerInstead(words.nothing, "sealed", times=self.times)
        return Together(await self.strike(bench), deaf)


@dataclass(frozen=True)
class Chats:
    """A Strike: these frames every `period` seconds."""

    frames: tuple[bytes, ...]
    period: float

    async def __call__(self, bench: Bench) -> Interference:
        return Chatter(bench, self.frames, self.period)


def hostile_cases(year: Vintage, draw: Draw) -> Iterator[Case]:
    """Everything forged, see above."""
    yield from draw.some(_session_info(year), _INFO_SHARE)
    yield from _impostors(year)
    yield from draw.some(all_faults(year), _FAULTS_SHARE)
    yield from _successes(year)
    yield from _answers(year)
    yield from _pushes(year)
    yield from _downgrades(year)


def upgrade_cases() -> Iterator[Case]:
    """Words of the newer protocol to a fob whose car speaks only the older."""
    whoever = plain(AnswerInstead, words.Impersonated(), times=FOREVER)
    yield Case(WARM, "forged: newer protocol", "another key", whoever, KEPT)
    # Whoever is met while pairing is the car. A car of before never gets to say that it is not.
    first_met = Expect(lied_to=True, after="laptop")
    yield Case(PAIRING, "beyond the protocol: first met", "newer protocol", whoever, first_met)
    for word in ("OK", "vehicleStatus"):
        said = partial(words.in_clear, word=word)
        strike = plain(AnswerInstead, said, times=FOREVER)
        yield Case(WARM, "forged: newer protocol", f"{word} in clear", strike, KEPT)
        # What answers in the newer protocol is asked in no other.
        expect = ends("timed-out")
        yield Case(PAIRING, "beyond the protocol: newer protocol", word, strike, expect)
    chat = Chats(words.authentication_requests(), 0.2)
    for setting in (WARM, PAIRING):
        yield Case(setting, "forged: newer protocol", "authenticationRequest", chat)


def _session_info(year: Vintage) -> Iterator[Case]:
    asked = (cold(year), after_a_night(year), after_a_battery_change(year), pairing(year))
    for how in get_args(Spoiling):
        change = partial(words.spoilt_info, how=how)
        for setting in asked:
            once = plain(ChangeAnswers, change, "session info")
            denied = how.startswith("not on the whitelist")
            expect = ends("not-paired") if denied and not setting.pairs else DONE
            yield Case(setting, "forged: session info", f"{how}, once", once, expect)
        always = plain(ChangeAnswers, change, "session info", times=FOREVER)
        for setting in (after_a_night(year), pairing(year)):
            expect = ends("timed-out", "not-paired") if denied else ends("timed-out")
            yield Case(setting, "forged: session info", f"{how}, for ever", always, expect)
    for setting in (after_a_night(year), after_a_battery_change(year)):
        for eavesdropped in (False, True):
            what = "to another uuid" if eavesdropped else "replayed"
            for also, times in ((False, 1), (False, FOREVER), (True, 1), (True, FOREVER)):
                strike = Repeats("session info", eavesdropped, also, times)
                often = "once" if times == 1 else "for ever"
                where = f"{what}, {'before' if also else 'instead of'} the car's, {often}"
                expect = DONE if also or times == 1 else ends("timed-out")
                yield Case(setting, "forged: session info", where, strike, expect)
    for setting in asked:
        for delay in (1.4, 2.0, 4.5):
            late = plain(LateAnswers, delay, "session info")
            yield Case(setting, "late session info", f"{delay:g} s", late)


def _impostors(year: Vintage) -> Iterator[Case]:
    known = (warm(year), after_a_night(year), after_a_battery_change(year))
    counters = (0, 70_000, 2**31, 2**32 - 2, 2**32 - 1)
    for setting in known:
        for also in (False, True):
            place = "before the car's words" if also else "instead of the car"
            for own_epoch in (False, True):
                whose = "another epoch" if own_epoch else "the car's epoch"
                strike = Impersonates(also=also, own_epoch=own_epoch, tells=year == "2026")
                yield Case(setting, "forged: another key", f"{place}, {whose}", strike, _REJECTED)
        for ahead in (-50.0, 100_000.0):
            strike = Impersonates("session info", 1, True, False, ahead)
            where = f"once, clock {ahead:+g} s"
            yield Case(setting, "forged: another key", where, strike, _REJECTED)
        for counter in counters:
            strike = Impersonates("session info", also=True, counter=counter)
            yield Case(setting, "forged: another key", f"counter {counter}", strike, _REJECTED)
        denied = Impersonates("session info", also=True, status=1)
        expect = DONE if setting.rest == 60.0 and not setting.powerless else ends("not-paired")
        yield Case(setting, "forged: another key", "not on the whitelist", denied, expect)
    for setting in (cold(year), pairing(year)):
        strike = Impersonates(own_epoch=False)
        # The car then says that it does not know the fob, or its own key is to be confirmed.
        beyond = Expect(lied_to=True, fails_first=True)
        yield Case(setting, "beyond the protocol: first met", "another key", strike, beyond)
        mute = Impersonates("session info", succeeds=False)
        expect = beyond if setting.pairs else DONE
        yield Case(setting, "beyond the protocol: first met", "session info only", mute, expect)


_REJECTED = ends("done", "refused", "held-back", "timed-out")


def all_faults(year: Vintage) -> Iterator[Case]:
    """Every fault forged in clear, in all ways."""
    for code, name in sorted((value, key) for key, value in _FAULTS.items()):
        if not code:
            continue
        text = f"{code} {name.removeprefix('MESSAGEFAULT_ERROR_')}"
        for attached in get_args(Attached):
            for times, often in ((1, "once"), (FOREVER, "for ever")):
                for also in (False, True):
                    strike = SaysFault(code, attached, times, also)
                    where = f"{text}, with {attached}, {'though' if also else 'before'} it does it"
                    expect = _after_fault(code, attached, times)
                    kind = "forged" if code in _MENDED and times == 1 else "beyond the protocol"
                    yield Case(warm(year), f"{kind}: fault, {often}", where, strike, expect)


def _after_fault(code: int, attached: Attached, times: int) -> Expect:
    if code == _UNKNOWN_KEY_ID:
        return ends("not-paired")
    if code not in _MENDED:
        return ends("refused")
    if times == 1 and attached != "another key":
        return DONE
    return ends("done", "timed-out", "held-back", "refused")


def _successes(year: Vintage) -> Iterator[Case]:
    """A success in clear: a car known to encrypt cannot have said it."""
    believed = year == "2023"
    settings = (warm(year), after_a_night(year), after_a_battery_change(year))
    for word in get_args(PlainWord):
        said = partial(words.in_clear, word=word)
        for setting in settings:
            for kind in ("sealed", None):
                times = FOREVER
                strike = plain(AnswerInstead, said, kind, times=times)
                where = f"{word}, {'to the command' if kind else 'to everything'}"
                if believed:
                    expect, sort = Expect(frozenset(_ANY), lied_to=True), "beyond the protocol"
                else:
                    expect, sort = NOT_DONE, "forged"
                yield Case(setting, f"{sort}: success in clear", where, strike, expect)
        once = plain(AnswerInstead, said, "sealed")
        if not believed:
            yield Case(warm(year), "forged: success in clear", f"{word}, once", once)
            expect = ends("timed-out")
            yield Case(trunk(year), "forged: success in clear", f"{word}, once", once, expect)
    for code in (1, 2, 6):
        said = partial(words.nominal_error, code=code)
        strike = plain(ChangeAnswers, words.Before(said), "sealed")
        where = f"nominalError {code}"
        yield Case(warm(year), "beyond the protocol: refusal", where, strike, ends("refused"))


_ANY = ("done", "timed-out", "refused", "held-back")


def _answers(year: Vintage) -> Iterator[Case]:
    """Encrypted answers, spoilt or repeated."""
    rules = {} if year == "2026" else {"encryption": "on-request"}
    name = "warm press" if year == "2026" else "warm press, encrypted answers"
    setting = replace(warm(year), name=f"{year}: {name}", behaviour=rules)
    for what in get_args(Tampering):
        change = partial(words.tampered, what=what)
        once = plain(ChangeAnswers, change, "sealed")
        yield Case(setting, "forged: encrypted answer", f"{what}, once", once)
        always = plain(ChangeAnswers, change, "sealed", times=FOREVER)
        unproven = ends("timed-out")
        yield Case(setting, "forged: encrypted answer", f"{what}, for ever", always, unproven)
    for also in (False, True):
        for times, often in ((1, "once"), (FOREVER, "for ever")):
            strike = Repeats("sealed", also=also, times=times)
            where = f"replayed, {'before' if also else 'instead of'} the car's, {often}"
            expect = DONE if also or times == 1 else ends("timed-out")
            yield Case(setting, "forged: encrypted answer", where, strike, expect)
    twice = plain(ChangeAnswers, words.doubled, "sealed", times=FOREVER)
    yield Case(setting, "forged: encrypted answer", "doubled", twice)


def _pushes(year: Vintage) -> Iterator[Case]:
    requests = words.authentication_requests()
    for setting in (cold(year), warm(year), after_a_night(year), pairing(year), trunk(year)):
        for period in (0.1, 1.0):
            chat = Chats(requests, period)
            yield Case(setting, "authenticationRequest", f"every {period:g} s", chat)
    older = {
        "vehicleStatus": wanted(),
        "OK": status_of(vcsec.OPERATIONSTATUS_OK),
        "ERROR": status_of(vcsec.OPERATIONSTATUS_ERROR),
        "WAIT": status_of(vcsec.OPERATIONSTATUS_WAIT),
        "fault": signed_fault(NOT_ON_WHITELIST),
        "sessionInfo": session_info("another key"),
    }
    for word, forged in older.items():
        for place in get_args(Place):
            said = Say((present(), forged), place)
            yield Case(warm(year), "forged: older protocol", f"{word} {place}", said, DONE)
        said = Say((present(), forged), "after the last write")
        strike = Overlaid(said)
        expect = ends("timed-out")
        where = f"{word} after the last write, deaf car"
        yield Case(warm(year), "forged: older protocol", where, strike, expect)
        chat = Chats((frame(forged.SerializeToString()),), 0.1)
        believed = year == "2023" and word == "vehicleStatus"
        kind = "beyond the protocol" if believed else "forged"
        # It answers the question for the status, too, where it comes in time.
        expect = Expect(frozenset(_ANY), lied_to=True) if believed else ends("timed-out")
        where = f"{word} every 100 ms, deaf car"
        yield Case(warm(year), f"{kind}: older protocol", where, Overlaid(chat), expect)


def _downgrades(year: Vintage) -> Iterator[Case]:
    """Somebody drowns the newer protocol, so that the fob might speak the older one."""
    drowned = plain(AnswerInstead, words.nothing, times=FOREVER)
    for setting in (warm(year), after_a_night(year), after_a_battery_change(year), trunk(year)):
        yield Case(setting, "jammed", "the newer protocol", drowned, ends("timed-out"))
    key = plain(AnswerKeyRequests, session_info("another key"), FOREVER)
    for setting in (warm(year), after_a_night(year)):
        strike = _Both(drowned, key)
        where = "the newer protocol, another key in the older"
        yield Case(setting, "jammed", where, strike, ends("timed-out"))
    # Nothing is known of the car yet: it is spoken to as it answers.
    settings: tuple[Setting, ...] = (cold(year), pairing(year))
    for setting in settings:
        expect = DONE if year == "2023" else ends("timed-out")
        yield Case(setting, "jammed", "the newer protocol", drowned, expect)


@dataclass(frozen=True)
class _Both:
    """A Strike of two."""

    one: Strike
    other: Strike

    async def __call__(self, bench: Bench) -> Interference:
        return Together(await self.one(bench), await self.other(bench))

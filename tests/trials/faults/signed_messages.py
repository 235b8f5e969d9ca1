"""Faults of the conversation in the signed-command protocol, with nobody hostile: the car restarts,
is busy, refuses, loses answers; clocks drift and counters are behind."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import get_args

from host_tools.simulator.bench import Bench
from host_tools.simulator.car import Vintage
from host_tools.simulator.faults import (
    FOREVER,
    AnswerInstead,
    AtMessage,
    AtRequest,
    CarSilent,
    ChangeAnswers,
    Interference,
    Operation,
)

from . import words
from .case import Case, Expect, Setting
from .link import plain
from .messages import CarIs, Changed, Reported, ends
from .vintages import (
    NIGHT,
    after_a_battery_change,
    after_a_night,
    cold,
    pairing,
    trunk,
    warm,
)
from .words import BusyWord

# Whole requests of a press, and of a pairing as long as its card is awaited.
_MESSAGES = 3
# A press has so many ATT requests at most where its handles are known.
_REQUESTS = 6


class RebootAt(AtRequest):
    """The car restarts when an ATT request comes, and may take the link down with it."""

    def __init__(self, bench: Bench, where: int, drops: bool) -> None:
        super().__init__(where, "disconnect" if drops else None)
        self._bench = bench

    def on_request(self, op: Operation, index: int) -> None:
        before = self.struck
        verdict = super().on_request(op, index)
        if self.struck and not before:
            self._bench.car.reboot()
        return verdict


@dataclass(frozen=True)
class Reboots:
    """A Strike: the car restarts, at an ATT request, or when a message came, so many times."""

    request: int | None = None
    message: int = 0
    times: int = 1
    drops: bool = False

    async def __call__(self, bench: Bench) -> Interference:
        if self.request is not None:
            return RebootAt(bench, self.request, self.drops)
        return AtMessage(bench.car.reboot, first=self.message, times=self.times)


@dataclass(frozen=True)
class ClockJumps:
    """A Strike: the car's clock is off by so many seconds since the last press."""

    seconds: float

    async def __call__(self, bench: Bench) -> Interference:
        bench.car.shift_clock(self.seconds)
        return Interference()


@dataclass(frozen=True)
class RunsBackwards:
    """A Strike: the car's clock shows so many seconds less than at the last press."""

    seconds: float

    async def __call__(self, bench: Bench) -> Interference:
        # Far enough from 0 for that.
        bench.car.shift_clock(1000)
        await bench.press("lock")
        before = bench.car.clock_time
        await bench.asleep()
        bench.car.shift_clock(before - self.seconds - bench.car.clock_time)
        return Interference()


@dataclass(frozen=True)
class Restored:
    """A Strike: the car knows an older counter of the key, or a much later one."""

    counter: int

    async def __call__(self, bench: Bench) -> Interference:
        list(bench.car.whitelist)[-1].counter = self.counter
        return Interference()


def message_cases(year: Vintage) -> Iterator[Case]:
    """Everything honest but the link's faults."""
    yield from _silence(year)
    yield from _busy(year)
    yield from _restarts(year)
    yield from _clocks(year)
    yield from _counters(year)
    yield from _limits(year)


def _silence(year: Vintage) -> Iterator[Case]:
    for setting in (cold(year), warm(year), after_a_night(year), pairing(year)):
        forever = ends("timed-out")
        yield Case(setting, "car silent", "from the start", plain(CarSilent), forever)
        yield Case(setting, "car silent", "after its status", plain(CarSilent, 1), forever)
        for frame in range(3):
            yield Case(setting, "frame lost", f"frame {frame}", plain(CarSilent, frame, times=1))
        for message in range(_MESSAGES):
            deaf = plain(AnswerInstead, words.nothing, first=message)
            yield Case(setting, "not heard", f"message {message}", deaf)
            for kind, change in (("answers doubled", words.doubled), ("answers lost", words.lost)):
                strike = plain(ChangeAnswers, change, first=message)
                yield Case(setting, kind, f"to message {message}", strike)
    setting = trunk(year)
    unknown = ends("timed-out")
    yield Case(setting, "answers lost", "to the command", plain(ChangeAnswers, words.lost), unknown)
    deaf = plain(AnswerInstead, words.nothing)
    yield Case(setting, "not heard", "the command", deaf, unknown)
    yield Case(setting, "answers doubled", "all", plain(ChangeAnswers, words.doubled, times=9))


def _busy(year: Vintage) -> Iterator[Case]:
    for setting in (cold(year), warm(year), after_a_night(year), trunk(year)):
        for times in (1, 2, 3):
            yield Case(setting, "WAIT", f"{times} x", CarIs({"busy": times}))
        yield Case(setting, "WAIT", "for ever", CarIs({"busy": FOREVER}), ends("timed-out"))
    for form in get_args(BusyWord):
        said = partial(words.busy, form=form)
        for setting in (cold(year), warm(year), after_a_night(year), pairing(year)):
            for message in range(_MESSAGES):
                strike = plain(AnswerInstead, said, first=message)
                yield Case(setting, f"WAIT as {form}", f"to message {message}", strike)
        always = plain(AnswerInstead, said, times=FOREVER)
        yield Case(warm(year), f"WAIT as {form}", "for ever", always, ends("timed-out"))
        setting = replace(
            warm(year), name=f"{year}: warm press, {form}", behaviour={"busy_as": form}
        )
        yield Case(setting, "WAIT", "2 x", CarIs({"busy": 2}))


def _restarts(year: Vintage) -> Iterator[Case]:
    for setting in (warm(year), after_a_night(year)):
        yield Case(setting, "restart", "since the last press", Reboots(0))
        for request in range(_REQUESTS):
            for drops in (False, True):
                how = "and drops the link" if drops else "keeps the link"
                strike = Reboots(request, drops=drops)
                yield Case(setting, "restart", f"at request {request}, {how}", strike)
    for setting in (cold(year), warm(year), after_a_night(year), pairing(year), trunk(year)):
        for message in range(_MESSAGES):
            yield Case(setting, "restart", f"at message {message}", Reboots(message=message))
    often = Reboots(times=FOREVER)
    given_up = ends("held-back", keeps_session=True)
    yield Case(warm(year), "restart", "at every message", often, given_up)


def _clocks(year: Vintage) -> Iterator[Case]:
    for seconds in (-3, -1, 1, 3, 8, 20, 1000):
        yield Case(warm(year), "car's clock", f"off by {seconds:+} s", ClockJumps(seconds))
    for seconds in (-300, -60, 60, 300, 100_000):
        yield Case(after_a_night(year), "car's clock", f"off by {seconds:+} s", ClockJumps(seconds))
    # No car's does, within an epoch: it is not believed until it has caught up.
    backwards = ends("timed-out", "held-back", pause=90.0)
    name = f"{year}: warm press, brief lifetimes"
    strict = replace(warm(year), name=name, behaviour={"lifetime": 15})
    for seconds in (20, 40):
        where = f"runs backwards by {seconds} s"
        yield Case(strict, "car's clock", where, RunsBackwards(seconds), backwards)
    for ppm in (-60_000, -5000, -500, 500, 5000, 60_000):
        for rest in (60.0, 600.0, 3600.0, NIGHT):
            name = f"{year}: press after {rest:g} s"
            setting = Setting(name, vintage=year, warm=True, rest=rest, rtc_ppm=ppm)
            yield Case(setting, "fob's clock", f"{ppm:+} ppm", Changed())


def _counters(year: Vintage) -> Iterator[Case]:
    for past in (5, 65_537, 1 << 30):
        yield Case(warm(year), "counter behind", f"+{past}", Reported(past), Expect(spends=True))
        strike = Reported(past)
        yield Case(after_a_night(year), "counter behind", f"+{past}", strike, Expect(spends=True))
    yield Case(warm(year), "counter ahead", "of the car's", Restored(0))


def _limits(year: Vintage) -> Iterator[Case]:
    for limit in (10, 40, 70):
        for setting in (warm(year), after_a_night(year), cold(year), trunk(year)):
            # Whether it was carried out, the fob may not be able to learn.
            expect = ends("done", "timed-out")
            yield Case(
                setting, "answer too long", f"{limit} B", CarIs({"response_limit": limit}), expect
            )
    for lifetime in (8, 5, 4, 3):
        strike = CarIs({"lifetime": lifetime})
        yield Case(warm(year), "lifetime", f"{lifetime} s", strike)
    for lifetime in (1, 0):
        strike = CarIs({"lifetime": lifetime})
        yield Case(warm(year), "lifetime", f"{lifetime} s", strike, ends("done", "held-back"))
    forgotten = ends("not-paired", after="pair")
    for setting in (warm(year), after_a_night(year), after_a_battery_change(year)):
        yield Case(setting, "key removed", "since the last press", Changed(forgets=True), forgotten)
    for setting in (warm(year), after_a_night(year)):
        # It obeys, but its word counts only once the owner says that the key is the car's.
        confirmed = ends("refused", after="confirm")
        for keys in (1, 2):
            strike = Changed(keys=keys)
            yield Case(setting, "vehicle key rotated", f"{keys} x", strike, confirmed)
    for untagged in (1, 3, 5):
        yield Case(pairing(year), "no tag", f"{untagged} x", CarIs({"untagged": untagged}))
    refused = ends("refused", "timed-out")
    yield Case(pairing(year), "no card", "the car gives up", CarIs({"tap_timeout": 1.0}), refused)

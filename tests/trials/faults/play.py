"""Plays a case of the trial of faults on the bench."""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator, Mapping
from typing import Any

from host_tools.identity.counters import COUNTER_PATHS
from host_tools.simulator import virtual_time
from host_tools.simulator.bench import PAIRING_HOLD, Bench
from host_tools.simulator.board import HEAP, BoardStopped
from host_tools.simulator.car import Behaviour, LockOut, vintage
from host_tools.simulator.faults import Interference, envelope_in, kind_of
from host_tools.simulator.flash import FlashError
from host_tools.simulator.light import VERDICTS, recognise

from .case import (
    PAIRING_LIMIT,
    PRESS_LIMIT,
    Act,
    Case,
    Played,
    RadioKind,
    Setting,
)

CONFIRMING_HOLD = 5.2
"""Seconds to hold both buttons to confirm what the guard holds back."""

# A phone or a driver that keeps a place of the car's three.
PHONE = "phone"

# A car that nobody came to for so many seconds sleeps.
_DOZING = 1800.0

# Seconds from the car's question to the card on the reader, and between looks at the car.
_TAP = 1.5
_GLANCE = 0.25

# Bytes of the file "session" at least, where there is one in it.
_WITH_SESSION = 105

# Darkness after the last pattern, so that it counts as complete.
_DARK = 1.0

_SIGNED = re.compile(r"\bsignedMessage")

_TOGGLE = {"lock": {"single": "lock"}, "unlock": {"single": "trunk"}}
_COMMANDS = ("RKEAction", "closureMoveRequest")


def play(case: Case, *, firmware: Mapping[str, bytes] | None = None, heap: str = HEAP) -> Played:
    """Play a case in virtual time; `firmware`: files that replace some of the fob's."""
    return virtual_time.run(_play(case, firmware or {}, heap))


@contextlib.asynccontextmanager
async def bench_at(
    setting: Setting,
    *,
    radio: RadioKind = "direct",
    seed: int = 1,
    firmware: Mapping[str, bytes] | None = None,
    heap: str = HEAP,
) -> AsyncIterator[Bench]:
    """A bench in a setting: the next thing to happen is the press that is judged."""
    settings: dict[str, Any] = {"protocol": setting.protocol}
    if setting.toggle:
        settings["gestures"] = _TOGGLE
    options: dict[str, Any] = {"paced": True} if radio == "bumble" else {}
    async with Bench(
        radio=radio,
        seed=seed,
        heap=heap,
        files=firmware,
        settings=settings,
        enrolled=setting.known,
        behaviour=_behaviour(setting),
        rtc_ppm=setting.rtc_ppm,
        mtu=setting.mtu,
        notify=setting.notify,
        address=setting.address,
        **options,
    ) as bench:
        bench.radio.shift_handles(setting.shift)
        if setting.warm:
            await bench.press("unlock")
            await bench.asleep()
            if setting.rest > _DOZING:
                bench.car.fall_asleep()
            await asyncio.sleep(setting.rest)
        if setting.powerless:
            await bench.board.power_off()
            await bench.power_on()
        yield bench


def _behaviour(setting: Setting) -> Behaviour:
    if setting.vintage is None:
        return Behaviour(**setting.behaviour)
    return vintage(setting.vintage, **setting.behaviour)


async def _play(case: Case, firmware: Mapping[str, bytes], heap: str) -> Played:
    setting, expect = case.setting, case.expect
    async with bench_at(
        setting, radio=case.radio, seed=case.seed, firmware=firmware, heap=heap
    ) as bench:
        lease, anchor = lease_end(bench), anchored_key(bench)
        bench.radio.interference = await case.strike(bench)
        struck = Act()
        for _ in range(expect.presses):
            struck = await (pair(bench) if setting.pairs else press(bench, setting))
            if struck.stop:
                return Played(struck)
        struck.used = lease_end(bench) - lease
        struck.displaced = anchor is not None and anchored_key(bench) != anchor
        played = Played(struck)
        played.reused = len(bench.car.violations)
        if expect.after == "laptop":
            return played
        await _calm(bench, setting, expect.pause)
        # What failed is tried again as the light asks for; after pairing comes a press.
        after = expect.after
        if expect.fails_first:
            played.failed = await press(bench, setting)
            after = "pair" if played.failed.said == "not-paired" else "confirm"
        if after == "pair" or (setting.pairs and struck.said != "done"):
            played.after.append(await pair(bench))
        elif after == "confirm":
            played.after.append(await confirm(bench))
        played.after.append(await press(bench, setting))
        played.reused = len(bench.car.violations)
        return played


async def press(bench: Bench, setting: Setting) -> Act:
    """Press a button whose command changes the car; `right` tells whether it did."""
    if setting.toggle:
        before = set(bench.car.body.open_closures)
        act = await _act(bench, "unlock", limit=PRESS_LIMIT)
        act.right = bench.car.body.open_closures != before
        return act
    was_locked = bench.car.locked
    act = await _act(bench, "unlock" if was_locked else "lock", limit=PRESS_LIMIT)
    act.right = bench.car.locked != was_locked
    return act


async def pair(bench: Bench) -> Act:
    """Hold both buttons, and the card to the reader whenever the car waits for it; `right` tells
    whether the car knows the key afterwards."""
    owner = asyncio.create_task(_hold_card(bench))
    act = await _act(bench, "lock", "unlock", seconds=PAIRING_HOLD, limit=PAIRING_LIMIT)
    owner.cancel()
    # The card and the fob.
    act.right = len(bench.car.whitelist) == 2
    return act


async def confirm(bench: Bench) -> Act:
    """Hold both buttons long enough to confirm what the guard holds back."""
    act = await _act(bench, "lock", "unlock", seconds=CONFIRMING_HOLD, limit=PRESS_LIMIT)
    act.right = True
    return act


async def _hold_card(bench: Bench) -> None:
    while True:
        await asyncio.sleep(_GLANCE)
        if bench.car.waits_for_card:
            await asyncio.sleep(_TAP)
            bench.tap_card()


async def _act(bench: Bench, *buttons: str, seconds: float = 0.1, limit: float) -> Act:
    clock = asyncio.get_running_loop().time
    began, act = clock(), Act()
    lines, events = len(bench.board.console), len(bench.car.events)
    requests, stops = bench.radio.att_requests, len(bench.board.stops)
    await bench.board.press(*buttons, seconds=seconds)
    try:
        await bench.asleep(timeout=limit)
    except TimeoutError:
        act.stop = "hang"
    except BoardStopped as stopped:
        act.stop = stopped.stop.reason
    act.links = sum(link.peer != PHONE for link in bench.car.connections)
    act.seconds = clock() - began
    act.requests = bench.radio.att_requests - requests
    for stop in bench.board.stops[stops:]:
        if stop.reason != "sleep":
            act.stop = act.stop or stop.reason
    act.console = tuple(bench.board.console[lines:])
    act.said = _said(act.console)
    sightings = recognise(bench.board.light.since(began), clock() + _DARK)
    verdicts = [each.pattern for each in sightings if each.pattern in VERDICTS]
    act.light = " + ".join(verdicts)
    for event in bench.car.events[events:]:
        act.executed += event.kind == "accepted" and any(each in event.text for each in _COMMANDS)
        if event.kind == "received":
            text = event.decoded or ""
            older = bool(_SIGNED.search(text)) and "PRESENT_KEY" not in text
            envelope = envelope_in(event.data[2:])
            act.asked += "EPHEMERAL_PUBLIC_KEY" in text
            act.older += older
            act.sealed += older or (envelope is not None and kind_of(envelope) == "sealed")
    return act


def _said(console: tuple[str, ...]) -> str:
    """ "done" or the code of the last verdict on the console."""
    for line in reversed(console):
        if " done in " in line:
            return "done"
        if " failed (" in line:
            return line.partition(" failed (")[2].partition(")")[0]
    return ""


async def _calm(bench: Bench, setting: Setting, pause: float) -> None:
    """Nobody interferes any more, and for `pause` seconds the car is as cars usually are."""
    bench.radio.interference = Interference()
    if not bench.radio.in_reach:
        bench.walk()
    bench.car.behaviour.busy = bench.car.behaviour.lose_answers = 0
    bench.car.behaviour.lock_out = bench.car.behaviour.idle_timeout = None
    usual = _behaviour(setting)
    for name in ("tap_timeout", "response_limit", "lifetime", "untagged"):
        setattr(bench.car.behaviour, name, getattr(usual, name))
    for link in list(bench.car.connections):
        if link.peer == PHONE:
            link.disconnect()
    # Links that were cut off are noticed, a lock-out ends.
    await asyncio.sleep(pause)
    if bench.car.locked_out:
        await asyncio.sleep(LockOut().lasting)


def lease_end(bench: Bench) -> int:
    """The end of the counter's lease, from the flash of a fob that sleeps."""
    # Version byte, 8 bytes of number, CRC-32.
    records = [bench.board.flash.read(path) for path in COUNTER_PATHS]
    return max(int.from_bytes(record[1:9], "big") for record in records if record)


def anchored_key(bench: Bench) -> bytes | None:
    """The car's key that pairing, or the first press, proved; from the flash of a fob that sleeps,
    None where that holds no session."""
    try:
        record = bench.board.flash.read("/state/session")
    except FlashError:
        return None
    # Whatever is before it, the last session ends with that key, and the record with a CRC-32.
    return record[-69:-4] if len(record) >= _WITH_SESSION else None

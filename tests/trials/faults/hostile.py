"""Hostile air: forged words and endless talk, beside an honest car or while its ears are shut.

Neither vehicleStatus nor commandStatus nor sessionInfo is authenticated in the older protocol.
What follows from that is written down here case by case, in two classes:

- "forged: " the fob must see through it, or at worst fail; it may not say done unless the car did.
- "beyond the protocol: " a forged word at the very place of the genuine one. The fob is lied to
  and says done or failed accordingly; the next press must work, with the session it has proven.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import get_args

from host_tools.protocol import vcsec_pb2 as vcsec
from host_tools.simulator.car.link import MAX_MESSAGE, frame
from host_tools.simulator.faults import FOREVER, Reply, Spoof, signed_fault

from .case import Case, Expect, Setting, Strike
from .forgery import (
    AnswerKeyRequests,
    ForgedKey,
    Message,
    Place,
    Say,
    SayWhilePairing,
    Talk,
    present,
    session_info,
    status_of,
    wanted,
)
from .link import plain
from .messages import (
    COLD,
    COUNTER_FAULTS,
    LARGEST,
    NONE_FIRST,
    NOT_ON_WHITELIST,
    PAIRING,
    WARM,
    ends,
    nominal_error,
)

_AES = vcsec.SIGNEDMESSAGE_INFORMATION_FAULT_AES_DECRYPT_AUTH
_FAULTS = vcsec.SignedMessage_information_E

KEPT = Expect(keeps_session=True)
LIED_TO = Expect(lied_to=True, keeps_session=True)
MAY_FAIL = ends("done", "refused", "held-back", "timed-out", "invalid-key", keeps_session=True)


def hostile_cases() -> Iterator[Case]:
    """Everything forged, see above."""
    yield from _pushes()
    yield from _faults()
    yield from _keys()
    yield from _talk()
    yield from _pairing()


def _pushes() -> Iterator[Case]:
    words = {"vehicleStatus": (wanted(),), "OK": (status_of(vcsec.OPERATIONSTATUS_OK),)}
    for word, forged in words.items():
        for place in get_args(Place):
            # An OK that begins once the last write is on the air cannot be told from the car's,
            # nor a status that begins once that write was answered.
            convincing = place == "after the last write" or (
                word == "OK" and place == "before the last write's answer"
            )
            for deaf, car in ((0, "honest car"), (1, "deaf once"), (FOREVER, "deaf")):
                expect, kind = KEPT, "forged: "
                if convincing and deaf:
                    expect, kind = LIED_TO, "beyond the protocol: "
                elif deaf == FOREVER:
                    expect = ends("timed-out", keeps_session=True)
                strike = Say(forged, place, deaf)
                yield Case(WARM, kind + word, f"{place}, {car}", strike, expect)
    seen = (wanted(), present())
    strike = Say(seen, "between the writes", FOREVER)
    expect = ends("timed-out", keeps_session=True)
    yield Case(WARM, "forged: vehicleStatus", "to and fro between the writes", strike, expect)


def _faults() -> Iterator[Case]:
    for code, name in sorted((value, key) for key, value in _FAULTS.items()):
        if not code:
            continue
        text = f"{code} {name.removeprefix('SIGNEDMESSAGE_INFORMATION_')}"
        for times, often in ((1, "once"), (FOREVER, "for ever")):
            expect, kind = KEPT, "forged: "
            if code == NOT_ON_WHITELIST or times > 1:
                # The car did it; somebody's word for a failure cannot be told from the car's.
                kind = "beyond the protocol: "
                expect = ends(
                    "not-paired" if code == NOT_ON_WHITELIST else "held-back", keeps_session=True
                )
            strike = plain(Spoof, [signed_fault(code)], times=times)
            yield Case(WARM, f"{kind}fault, {often}", text, strike, expect)
    for value in (70_000, 2**31, LARGEST, 2**32 - 1):
        strike = plain(Spoof, [signed_fault(COUNTER_FAULTS[0], value)])
        expect = ends("held-back", keeps_session=True)
        yield Case(WARM, "beyond the protocol: giant counter", str(value), strike, expect)
    for code in (1, 6):
        strike = plain(Spoof, nominal_error(code))
        expect = ends("refused", keeps_session=True)
        yield Case(WARM, "beyond the protocol: nominalError", str(code), strike, expect)
    wait = [status_of(vcsec.OPERATIONSTATUS_WAIT)]
    yield Case(WARM, "forged: WAIT", "before each answer", plain(Spoof, wait, times=FOREVER), KEPT)
    error = [status_of(vcsec.OPERATIONSTATUS_ERROR)]
    strike = plain(Spoof, error, times=FOREVER)
    yield Case(WARM, "forged: ERROR", "before each answer", strike, KEPT)
    ten = ends("held-back", presses=4, after="confirm", keeps_session=True)
    strike = plain(Spoof, [signed_fault(_AES)], times=FOREVER)
    yield Case(WARM, "beyond the protocol: guard", "ten faults in a row", strike, ten)


def _keys() -> Iterator[Case]:
    for what in get_args(ForgedKey):
        forged = session_info(what)
        for setting in (COLD, PAIRING):
            for also in (False, True):
                how = f"{what}, {'before' if also else 'instead of'} the car's"
                strike = plain(AnswerKeyRequests, forged, also=also)
                yield Case(setting, "forged: sessionInfo", how, strike)
        always = plain(AnswerKeyRequests, forged, FOREVER)
        codes = ("invalid-key", "refused", "held-back", "timed-out", "malformed")
        yield Case(COLD, "forged: sessionInfo", f"{what}, always", always, ends(*codes))
        for setting in (WARM, NONE_FIRST):
            answers = [signed_fault(_AES), forged]
            for times, often in ((1, "once"), (FOREVER, "for ever")):
                strike = plain(Reply, answers, times=times)
                expect = ends("held-back", "invalid-key", keeps_session=True)
                if times == 1 and what != "another key":
                    expect = KEPT
                where = f"after a fault, {what}, {often}"
                yield Case(setting, "forged: sessionInfo", where, strike, expect)
            strike = plain(Spoof, answers)
            where = f"after a fault beside the car's OK, {what}"
            yield Case(setting, "forged: sessionInfo", where, strike, MAY_FAIL)
            said = Say((forged,), "on connect")
            yield Case(setting, "forged: sessionInfo", f"on connect, {what}", said, KEPT)


def _talk() -> Iterator[Case]:
    status = frame(present().SerializeToString())
    draw = random.Random(5)
    kinds = {
        "statuses": (status,),
        "the wanted status": (frame(wanted().SerializeToString()),),
        "garbage in frames": (frame(draw.randbytes(30)),),
        "garbage": (b"\x03\xff" + draw.randbytes(18),),
        "beginnings of frames": (b"\x00\x50" + bytes(10),),
        "lengths too great": ((MAX_MESSAGE + 1).to_bytes(2, "big"),),
        "empty frames": (b"\x00\x00",),
        "empty indications": (b"",),
        "WAIT": (frame(status_of(vcsec.OPERATIONSTATUS_WAIT).SerializeToString()),),
    }
    unintelligible = ends("done", "timed-out", "disconnected", "link", keeps_session=True)
    for what, frames in kinds.items():
        # What begins a frame and never ends it drowns every answer.
        jammed = what in ("garbage", "beginnings of frames")
        expect = ends("done", "timed-out") if jammed else Expect()
        strike: Strike = Talk(frames, 0.1)
        yield Case(PAIRING, "endless talk", f"{what} every 100 ms", strike, expect)
        for setting in (WARM, Setting("warm press, notifications", warm=True, notify=True)):
            for period in (0.005, 0.1):
                often = f"{what} every {period * 1000:g} ms"
                strike = Talk(frames, period)
                yield Case(setting, "endless talk", f"{often}, honest car", strike, unintelligible)
                if what == "the wanted status":
                    # It answers the question for the status, too, where it comes in time.
                    expect = Expect(frozenset({"done", "timed-out"}), True, keeps_session=True)
                else:
                    expect = ends("timed-out", "disconnected", "link", keeps_session=True)
                deaf = Talk(frames, period, FOREVER)
                yield Case(setting, "endless talk", f"{often}, deaf car", deaf, expect)


def _pairing() -> Iterator[Case]:
    done = Message()
    done.commandStatus.whitelistOperationStatus.signerOfOperation.publicKeySHA1 = bytes(4)
    for delay, when in ((0.0, "at once"), (1.0, "while the car waits for the card")):
        strike = SayWhilePairing((done,), delay)
        yield Case(PAIRING, "forged: enrolled", when, strike)
        strike = SayWhilePairing((status_of(vcsec.OPERATIONSTATUS_OK),), delay)
        yield Case(PAIRING, "forged: OK", when, strike)
        strike = SayWhilePairing((session_info("another key"),), delay)
        yield Case(PAIRING, "forged: sessionInfo", f"{when}, another key", strike)
        strike = SayWhilePairing((signed_fault(NOT_ON_WHITELIST),), delay)
        yield Case(PAIRING, "forged: not on whitelist", when, strike)
    proofs = plain(Spoof, [signed_fault(NOT_ON_WHITELIST)], times=2)
    yield Case(PAIRING, "forged: not on whitelist", "beside the first answers", proofs)

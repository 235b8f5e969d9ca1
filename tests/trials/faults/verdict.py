"""What is right: the rules by which the trial of faults judges what it saw."""

from __future__ import annotations

from .case import PAIRING_LIMIT, PRESS_LIMIT, Act, Case, Played

# Codes whose failure no press mends: the fourth light.
_NEEDS_LAPTOP = frozenset({"needs-laptop", "configuration", "state", "counter-exhausted"})

# What may be taken of the 2**32 counters: a report is followed for 65,536, and each lease is of 64.
_COUNTERS = 65_536 + 3 * 64

# A car that could not read so many shuts everybody out before long.
_SEALED_LIMIT = 3

# On the console, whatever else is right.
_NEVER = ("Traceback", "MemoryError", "(internal)", "crash")


def problem(case: Case, played: Played) -> str:
    """Return what is wrong, "" if nothing is."""
    struck, expect = played.struck, case.expect
    limit = PAIRING_LIMIT if case.setting.pairs else PRESS_LIMIT
    found = _sound(struck, limit)
    if found:
        return found
    if case.setting.toggle and struck.executed > 1:
        return f"a toggle was carried out {struck.executed} times"
    if struck.said == "done" and not expect.lied_to and not _carried_out(case, struck):
        return "said done, but the car did not do it"
    if struck.older and case.setting.signed and case.setting.warm:
        return f"{struck.older} messages in the older protocol to a car known for the newer"
    if struck.displaced and expect.after != "pair":
        return "another session took the place of the one that was proven"
    if struck.used > _COUNTERS * expect.presses and not expect.spends:
        return f"{struck.used} counters are gone"
    if struck.said not in expect.ends:
        return f"ended {struck.said}, not {' or '.join(sorted(expect.ends))}"
    if struck.said == "held-back" and struck.sealed > _SEALED_LIMIT:
        return f"{struck.sealed} messages that the car could not read, in one press"
    if expect.requests is not None and struck.requests > expect.requests:
        return f"{struck.requests} ATT requests, not {expect.requests}"
    if struck.links and not _unreachable(case):
        return "slept without taking the link down"
    if played.reused:
        return f"{played.reused} nonces were used again"
    if played.failed:
        found = _sound(played.failed, PRESS_LIMIT)
        if found or played.failed.said == "done":
            return f"afterwards, before it was mended: {found or 'said done'}"
    for act in played.after:
        found = _sound(act, PAIRING_LIMIT)
        if found:
            return f"afterwards: {found}"
        if act.said != "done" or not act.right:
            did = "did" if act.right else "did not do"
            return f"afterwards: ended {act.said}, and the car {did} it"
    if expect.keeps_session and played.after[-1].asked:
        return "the proven session was lost: the next press asked for the car's key"
    return ""


def _sound(act: Act, limit: float) -> str:
    """What is wrong whatever the fault was."""
    if act.stop:
        return f"the firmware did not come to its sleep: {act.stop}"
    for line in act.console:
        if any(word in line for word in _NEVER):
            return f"on the console: {line}"
    if act.seconds > limit:
        return f"took {act.seconds:.1f} s"
    if not act.said:
        return "said nothing"
    light = "done" if act.said == "done" else "failed"
    if act.said in _NEEDS_LAPTOP:
        light = "needs laptop"
    if act.light != light:
        return f"said {act.said}, but the light showed {act.light or 'no verdict'}"
    return ""


def _carried_out(case: Case, act: Act) -> bool:
    """Whether the car really did it, in this press."""
    if case.setting.pairs:
        return act.right
    return act.right and act.executed > 0


def _unreachable(case: Case) -> bool:
    """Whether the car could not hear that the fob takes the link down."""
    return case.kind == "out of reach"

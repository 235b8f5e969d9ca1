"""What becomes of a firmware that crashed: count, restart, and in the end wait for a laptop.

Imported when it is needed only: by resets, never by a wake. `state` is the Flash of the fob's
state.
"""

import asyncio
import io
import sys
from time import sleep_ms, ticks_diff, ticks_ms

from micropython import const

from fob import patterns
from fob.journal import Journal

# So many crashes in a row end in safe mode, which is left by a press or by connecting the power.
_CRASHES = const(3)
_SAFE_MODE_MS = const(300000)
_GLANCE_MS = const(50)


def count(state, text):
    """Note one more crash; False when the flash does not keep it.

    A crash that cannot be counted would be repeated for ever: no restart then.
    """
    Journal(state).crash(text)
    return Journal(state).crashes > 0


def unsafe(state, hung):
    """True after too many crashes in a row; one that `hung` is counted first."""
    if hung and not count(state, "crash: watchdog"):
        return True
    return Journal(state).crashes >= _CRASHES


def described(error):
    """Return what an exception is and where it was raised; never its text, which may be secret."""
    report = io.StringIO()
    sys.print_exception(error, report)
    # Compiled modules know no lines, and say that it is the first one.
    lines = report.getvalue().replace(", line 1,", "").split("\n")
    places = [line.strip() for line in lines if "File " in line]
    return "crash: %s at %s" % (type(error).__name__, places[-1] if places else "unknown place")


def stay_safe(supply, buttons, lamp):
    """Do nothing that might crash: leave time for a laptop, then sleep until a press tries again.

    Ctrl-C leads to the REPL, and no watchdog ends it. Does not return.
    """
    asyncio.run(patterns.play(lamp, patterns.FAILED))
    sleep_ms(patterns.PAUSE_MS)
    asyncio.run(patterns.play(lamp, patterns.NEEDS_LAPTOP))
    stuck = buttons.levels()
    began = ticks_ms()
    while supply.maintenance or ticks_diff(ticks_ms(), began) < _SAFE_MODE_MS:
        levels = buttons.levels()
        stuck &= levels
        if levels & ~stuck:
            # It wakes the fob at once.
            break
        sleep_ms(_GLANCE_MS)
    supply.sleep(stuck)

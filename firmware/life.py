"""One life of the firmware, from reset to sleep, and what becomes of it when it crashes.

The composition root: the only file that imports both hal and fob. It imports only what it needs:
the timer's wake looks at the buttons and sleeps on, a press brings in the radio and the car.
"""

import asyncio
from time import sleep_ms, ticks_diff, ticks_ms

from micropython import const

from fob import config, patterns
from fob.errors import ConfigError, StoreError
from fob.retained import Retained
from hal import light, power
from hal.buttons import Buttons
from hal.flash import Flash

# So many crashes in a row end in safe mode, which is left by a press or by connecting the power.
_CRASHES = const(3)
_SAFE_MODE_MS = const(300000)
_GLANCE_MS = const(50)

state = Flash("/state")


class Lost:
    """Stands in for the vehicle where the fob's state is lost: every press says so again."""

    paired = True
    waits = False

    def __init__(self, error):
        self._error = error

    async def perform(self, _unsigned, _lock_state=None):
        raise self._error


def say(text):
    """Print one line for whoever watches the console."""
    print("fob:", text)


def configure():
    """Return the Config of the laptop's files; None, said and shown, where they are of no use."""
    files = Flash("")
    text = files.read("fob.json")
    try:
        return config.load(text, files.read("key.bin"))
    except ConfigError as error:
        say(error)
        known = config.light(text) if text else None
        if known:
            asyncio.run(patterns.play(light.build(**known), patterns.NEEDS_LAPTOP))
        return None


def build_vehicle(settings, radio, retained):
    """Return the Vehicle; raises StoreError when the fob's state is lost."""
    from fob.cache import SessionCache
    from fob.guard import Guard
    from fob.store import Counter
    from fob.vehicle import Vehicle

    cache = SessionCache(state, retained, config.owner(settings))
    return Vehicle(radio, settings, Counter(state, retained), cache, Guard(state))


def serve(settings, supply, buttons, lamp, retained):
    """Serve presses, then sleep; does not return."""
    # After a wake this arms the watchdog, which so covers all that follows.
    supply.feed()
    from fob.app import App
    from fob.journal import Journal
    from hal.radio import Radio

    radio = Radio()
    try:
        vehicle = build_vehicle(settings, radio, retained)
    except StoreError as error:
        vehicle = Lost(error)
        if not supply.woken:
            say(error)
            asyncio.run(patterns.play(lamp, patterns.NEEDS_LAPTOP))
    journal = Journal(state)
    app = App(buttons, lamp, vehicle, settings, journal, supply, say, supply.woken, supply.stuck)
    say("ready")
    asyncio.run(app.run())
    radio.stop()
    journal.well()
    say("asleep")
    supply.sleep(app.stuck)


def stay_safe(supply, buttons, lamp):
    """Do nothing that might crash: leave time for a laptop, then sleep until a press tries again.

    Ctrl-C leads to the REPL, and no watchdog ends it.
    """
    say("safe mode after %d crashes in a row: a laptop can read the journal" % _CRASHES)
    asyncio.run(patterns.play(lamp, patterns.FAILED))
    sleep_ms(patterns.PAUSE_MS)
    asyncio.run(patterns.play(lamp, patterns.NEEDS_LAPTOP))
    stuck = buttons.levels()
    began = ticks_ms()
    while supply.maintenance or ticks_diff(ticks_ms(), began) < _SAFE_MODE_MS:
        levels = buttons.levels()
        stuck &= levels
        if levels & ~stuck:
            # Wakes at once.
            break
        sleep_ms(_GLANCE_MS)
    supply.sleep(stuck)


def live(settings):
    """Do what the fob was started for; returns only when a laptop takes over."""
    retained = Retained(power.RtcMemory(), config.owner(settings))
    buttons = Buttons(settings.buttons, settings.active_low)
    supply = power.Power(buttons, settings.wake, settings.battery, settings.usb, retained)
    cause = power.cause()
    if cause == power.WOKEN and not supply.woken:
        supply.sleep(supply.stuck)
    lamp = light.build(brightness=settings.brightness, **settings.light)
    try:
        if cause == power.WATCHDOG:
            count("watchdog")
        if cause in (power.WATCHDOG, power.RESET) and crashes() >= _CRASHES:
            stay_safe(supply, buttons, lamp)
        serve(settings, supply, buttons, lamp, retained)
    except KeyboardInterrupt:
        supply.hand_over()
        lamp.set(False)
        raise


def crashes():
    """Return how often the firmware crashed in a row, as the flash has it."""
    from fob.journal import Journal

    return Journal(state).crashes


def count(text):
    """Note one more crash."""
    from fob.journal import Journal

    say(text)
    Journal(state).crash(text)


def described(error):
    """Return what an exception is and where it was raised; never its text, which may be secret."""
    import io
    import sys

    report = io.StringIO()
    sys.print_exception(error, report)
    places = [line for line in report.getvalue().split("\n") if "File " in line]
    return "%s at %s" % (type(error).__name__, places[-1].strip() if places else "unknown place")


def main():
    """Live; returns when a laptop takes over or is needed."""
    try:
        settings = configure()
        if settings:
            live(settings)
    except KeyboardInterrupt:
        say("interrupted: the REPL is yours")
    except Exception as error:  # noqa: BLE001 - whatever it is: a key must come back by itself
        count("crash: " + described(error))
        # A crash that cannot be counted would be repeated for ever.
        if crashes():
            power.restart()

"""Composition root: reads the configuration, builds the hardware, hands it to the app.

The only file that imports both hal and fob.
"""

import asyncio

from fob import config, patterns
from fob.app import App
from fob.cache import SessionCache
from fob.errors import NeedsLaptop
from fob.retained import Retained
from fob.store import Counter
from fob.vehicle import Vehicle
from hal import light
from hal.buttons import Buttons
from hal.flash import Flash
from hal.radio import Radio


def say(text):
    """Print one line for whoever watches the console."""
    print("fob:", text)


class Forgetful:
    """Stands where RTC memory will: this fob never sleeps yet."""

    def read(self):
        return b""

    def write(self, data):
        pass


def configure():
    """Return the Config of the laptop's files; raises ConfigError."""
    files = Flash("")
    return config.load(files.read("fob.json"), files.read("key.bin"))


def build(settings, lamp):
    """Return the App on real hardware; raises StoreError when the fob's state is lost."""
    state = Flash("/state")
    owner = config.owner(settings)
    retained = Retained(Forgetful(), owner)
    cache = SessionCache(state, retained, owner)
    vehicle = Vehicle(Radio(), settings, Counter(state, retained), cache)
    buttons = Buttons(settings.buttons, settings.active_low)
    return App(buttons, lamp, vehicle, settings, cache, say)


def main():
    lamp = None
    try:
        settings = configure()
        lamp = light.build(**settings.light)
        app = build(settings, lamp)
    except NeedsLaptop as error:
        # Neither a crash loop nor a dark fob: the light asks for the laptop, Ctrl-C still works.
        say(error)
        if lamp:
            asyncio.run(patterns.play(lamp, patterns.NEEDS_LAPTOP))
        return
    say("ready")
    asyncio.run(app.run())


main()

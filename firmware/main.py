"""Composition root: reads the configuration, builds the hardware, hands it to the app.

The only file that imports both hal and fob.
"""

import asyncio

from fob import config as configuration
from fob.errors import NeedsLaptop
from hal.flash import Flash


def say(text):
    """One line for whoever watches the console."""
    print("fob:", text)


def build():
    """Return the app; raises NeedsLaptop with what is missing."""
    root = Flash("")
    config = configuration.load(root.read("fob.json"), root.read("key.bin"))
    board = config.board

    from hal import light

    lamp = light.build(**board["light"])
    try:
        return _assemble(config, board, lamp)
    except NeedsLaptop as error:
        say(error)
        return Distress(lamp)


class Distress:
    """All that a fob without its state can do: show the light that asks for a laptop."""

    def __init__(self, lamp):
        self._lamp = lamp

    async def run(self):
        from fob import patterns

        await patterns.play(self._lamp, patterns.NEEDS_LAPTOP)


def _assemble(config, board, lamp):
    from fob.app import App
    from fob.store import Counter, SessionCache
    from fob.vehicle import Vehicle
    from hal.buttons import Buttons
    from hal.radio import Radio

    state = Flash("/state")
    cache = SessionCache(state)
    vehicle = Vehicle(Radio(), config, Counter(state), cache)
    buttons = Buttons(board["buttons"], board["active_low"])
    return App(buttons, lamp, vehicle, config, cache, say)


def main():
    try:
        app = build()
    except NeedsLaptop as error:
        say(error)
        return
    say("ready")
    asyncio.run(app.run())


main()

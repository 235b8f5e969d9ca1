"""A laptop's session at the REPL: the composition root of what fob.console offers.

`call(name, arguments)` is all that a laptop calls; fob.console says what it prints.
"""

import asyncio
import gc
import json

import life

from fob import console
from fob.loaded import let_go
from fob.retained import Retained
from hal import power
from hal.buttons import Buttons
from hal.flash import Flash


class Tethered(power.Power):
    """The power of a fob on a cable: the laptop minds the watchdog, and nothing sleeps."""

    maintenance = False

    def feed(self):
        """The laptop has given the watchdog time enough."""


class Board:
    """Makes what a call needs, when it needs it.

    `files` is the Flash of the laptop's files, `state` that of the fob's, `memory` the RTC's.
    """

    def __init__(self):
        self.files = Flash("")
        self.state = life.state
        self.memory = power.rtc_memory
        self._retained = None

    def settings(self):
        """Return the Config; raises ConfigError."""
        from fob import config

        settings = config.load(self.files.read)
        # A key agreement needs the memory.
        let_go("fob.config")
        return settings

    def retained(self, settings):
        """Return the one Retained of this fob's RTC memory."""
        if self._retained is None:
            self._retained = Retained(self.memory, settings.owner)
        return self._retained

    def radio(self):
        """Return a Radio, switched off."""
        from hal.radio import Radio

        return Radio()

    def vehicle(self, settings, radio, car):
        """Return the Vehicle of a settings.Car; raises StoreError."""
        return life.build_vehicle(settings, car, radio, self.retained(settings))

    def vehicles(self, settings, radio):
        """Return what a press is for: the Vehicle, or the Fleet of several; raises StoreError."""
        return life.build_vehicles(settings, radio, self.retained(settings))

    def supply(self, settings):
        """Return the Tethered power."""
        board = settings.board
        buttons = Buttons(board["buttons"], board["active_low"])
        return Tethered(buttons, board, self.retained(settings))

    def lamp(self, settings):
        """Return the light."""
        return life.build_light(settings)

    def log(self):
        """Return a journal that is loaded when it is needed."""
        return life.Log()

    def now_ms(self):
        """Return the time of the chip's clock."""
        return power.now_ms()

    def cause(self):
        """Return how the chip came to run, in a word."""
        return power.cause()


def call(name, arguments="{}"):
    """Do what fob.console offers under `name`, with the keyword arguments of a JSON object."""
    # What an interrupted life left behind would be in the way.
    asyncio.new_event_loop()
    gc.collect()
    console.serve(Board(), name, json.loads(arguments))

"""A laptop's session at the REPL: the composition root of what fob.console offers.

`call(name, arguments)` is all that a laptop calls; fob.console says what it prints.
"""

import asyncio
import gc
import json

import life

from fob import console
from hal import power
from hal.radio import Radio


class Tethered(power.Power):
    """The power of a fob on a cable: the laptop minds the watchdog, and nothing sleeps."""

    maintenance = False

    def feed(self):
        """The laptop has given the watchdog time enough."""


class Board:
    """What a call needs.

    `files` is the Flash of the laptop's files, `state` that of the fob's, `journal`
    is loaded when it is needed, cause() tells in a word how the chip came to run, and now_ms() the
    time of its clock.
    """

    def __init__(self):
        self.files = life.files
        self.state = life.state
        self.journal = life.Log()
        self.cause = power.cause
        self.now_ms = power.now_ms
        self.radio = Radio()

    def parts(self):
        """Return the life.Parts, to be made but once; raises ConfigError."""
        parts = life.Parts(life.configure(), Tethered)
        parts.radio = self.radio
        return parts


def call(name, arguments="{}"):
    """Do what fob.console offers under `name`, with the keyword arguments of a JSON object."""
    # What an interrupted life left behind would be in the way.
    asyncio.new_event_loop()
    gc.collect()
    console.serve(Board(), name, json.loads(arguments))

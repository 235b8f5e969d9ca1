"""What the light says: patterns that differ in rhythm, never by colour alone.

A pattern is (repeats, steps); repeats is 0 for "until something else", and steps are
alternating times in ms, on first.
"""

import asyncio

WORKING = (0, (100, 100))
DONE = (1, (700, 100))
FAILED = (3, (150, 150))
# Some twelve seconds: nobody who is asked for a laptop has one in the other hand.
NEEDS_LAPTOP = (8, (600, 150, 150, 600))
BATTERY_LOW = (2, (300, 300))
# In place of DONE: the car is locked, and something is open.
SOMETHING_OPEN = (2, (700, 150))
# The steps of as many flashes as the number of the car that was chosen, dark for PAUSE_MS before.
CAR = (80, 320)
DARK = (1, ())

# Dark in between, so that patterns in turn are told apart.
PAUSE_MS = 600


async def play(light, pattern):
    """Play `pattern` on a light that offers set(on); leaves it off, also when cancelled."""
    repeats, steps = pattern
    try:
        while True:
            on = True
            for duration in steps:
                light.set(on)
                await asyncio.sleep_ms(duration)
                on = not on
            repeats -= 1
            if repeats == 0:
                return
    finally:
        light.set(False)

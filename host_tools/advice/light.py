"""What a fob's light says, and its buzzer and motor where it has them: the patterns in words.

The rhythms are those of firmware/fob/patterns.py.
"""

WORKING = "quick even blinking"
DONE = "one long flash"
FAILED = "three short flashes"
NEEDS_LAPTOP = "long, short, pause, repeating"
SOMETHING_OPEN = "two long flashes"

_PATTERNS = [
    (WORKING, "working"),
    (DONE, "done: the car confirmed it"),
    (FAILED, "failed: try again; on a fob that is not paired: pair it"),
    (NEEDS_LAPTOP, "needs the laptop: `fob status` says why"),
    (
        "two even flashes after one of these",
        "the battery is low; the press was served all the same",
    ),
]
_WARNING = (SOMETHING_OPEN, "locked, and something is open (`fob provision --warn-open`)")
_CHOICE = ("one to four brief flashes", "the number of the car that it takes (of several)")


def pattern_rows(*, warns_open: bool = True, several_cars: bool = True) -> list[tuple[str, str]]:
    """(rhythm, meaning) of what a fob's light may show: README and `fob status` show it.

    warns_open      whether it tells that something is open after a lock.
    several_cars    whether it tells which one it takes.
    """
    return [*_PATTERNS, *([_WARNING] * warns_open), *([_CHOICE] * several_cars)]

"""How long a fob stays awake for what, and what its radio and light do meanwhile.

courses.toml has the figures. They are measured in virtual time: nothing that the chip computes is
in them, nor its boot; host_tools/energy/charge.py adds estimates of those.
"""

import tomllib
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path

PATH = Path(__file__).with_name("courses.toml")

WARM = "warm press"
NIGHT = "press after a night"
COLD = "cold press"
MISSED = "missed car"
STUCK = "stuck button"
ARMED = "armed minute"
UNMET = "armed minute, no car"

_HEAD = "# Measured in virtual time, and written, by `python -m tests.bench.courses`. Seconds.\n"


@dataclass(frozen=True)
class Course:
    """One stay awake, from the wake to sleep again; of ARMED and UNMET a minute in its middle.

    case        WARM: minutes after the last press; COLD: nothing is known of the car but its VIN,
                as in the first press of all; MISSED: out of reach of the car; STUCK: one look of
                the timer at a button that stays down. A press is the mean of those that lock and
                those that unlock.
    protocol    "legacy" or "signed"; "any" where it makes no difference.
    idle        awake, the radio is off; all in seconds.
    resting     the radio is on, but neither listens nor has a link.
    listening   searching, or waiting for the car to connect to.
    connected   from the connection to its end.
    light       the light is lit, beside the others.
    every       from one to the next, where no person begins them; else 0.
    """

    case: str
    protocol: str
    idle: float
    resting: float
    listening: float
    connected: float
    light: float
    every: float = 0.0

    @property
    def awake(self) -> float:
        """Seconds in all."""
        return self.idle + self.resting + self.listening + self.connected


@lru_cache
def courses() -> tuple[Course, ...]:
    """Those that the tools reckon with."""
    return tuple(Course(**each) for each in tomllib.loads(PATH.read_text("utf-8"))["course"])


def course(case: str) -> Course:
    """One of them."""
    return next(each for each in courses() if each.case == case)


def written(found: Iterable[Course]) -> str:
    """The file with these courses."""
    tables = []
    for each in found:
        lines = [
            f'{name} = "{value}"' if isinstance(value, str) else f"{name} = {value:.3f}"
            for name, value in asdict(each).items()
        ]
        tables.append("\n".join(["[[course]]", *lines, ""]))
    return "\n".join([_HEAD, *tables])

"""A buzzer and a motor: what drives each, which parts that takes, and what is soldered where.

A pin gives some 20 mA at most, and a coil strikes back when it is switched off: what draws more, or
has one, hangs on a transistor with a diode across it. A resistor at the base keeps the transistor
shut while the chip sleeps or starts, when its pins float.
"""

from dataclasses import dataclass

from host_tools.board.definition import BoardDefinition, Buzzer, Vibration

PIEZO_OHMS = 220
"""Of the resistor before a piezo, which to a pin is a capacitor."""
BASE_OHMS = 1_000
"""Of the resistor before the base: 2.6 mA, enough for 100 mA through any small transistor."""


@dataclass(frozen=True)
class Load:
    """The buzzer or the motor of a board, with the labels of the pins that it needs."""

    name: str
    """ "buzzer" or "motor", as people call it."""
    gpio: int
    label: str
    supply: str
    ground: str
    inverted: bool
    """Off while the pin is high."""
    switched: bool
    """On a transistor: PNP where it is `inverted`, else NPN. Otherwise a piezo, straight at the
    pin."""
    onboard: str
    """Words for the board's own; empty where it has to be wired."""

    @property
    def rail(self) -> str:
        """The power pin of a transistor's emitter, or of the piezo's other end."""
        return self.supply if self.inverted else self.ground

    @property
    def other_rail(self) -> str:
        """The power pin of what a transistor switches."""
        return self.ground if self.inverted else self.supply

    @property
    def rails(self) -> tuple[str, ...]:
        """The power pins at which some of it ends."""
        return (self.rail, self.other_rail) if self.switched else (self.rail,)

    @property
    def words(self) -> str:
        """What it is."""
        if self.name == "motor":
            return "vibration motor"
        return "active buzzer" if self.switched else "passive piezo"

    @property
    def transistor(self) -> str:
        """The kind of its transistor."""
        return "PNP" if self.inverted else "NPN"


def plan_loads(board: BoardDefinition, supply: str, ground: str) -> tuple[Load, ...]:
    """The loads that a board has, its own ones, too."""
    found: list[tuple[str, Buzzer | Vibration, bool, str]] = []
    if board.buzzer is not None:
        found.append(("buzzer", board.buzzer, board.buzzer.kind == "pin", board.onboard_buzzer))
    if board.vibration is not None:
        found.append(("motor", board.vibration, True, board.onboard_vibration))
    return tuple(
        Load(name, at.pin, board.label(at.pin), supply, ground, at.inverted, switched, onboard)
        for name, at, switched, onboard in found
    )


def load_parts(loads: tuple[Load, ...]) -> list[str]:
    """What to buy for these loads, beside resistors."""
    needed = []
    for load in loads:
        if load.name == "motor":
            needed.append("1 vibration motor of 3 V and at most 100 mA")
        elif load.switched:
            needed.append("1 active buzzer for 3.3 V")
        else:
            needed.append("1 passive piezo (no magnetic buzzer)")
    for kind, types in (("NPN", "2N2222, S8050"), ("PNP", "2N2907, S8550")):
        count = sum(load.switched and load.transistor == kind for load in loads)
        if count:
            plural = "s" if count > 1 else ""
            needed.append(f"{count} {kind} transistor{plural} ({types} or alike)")
    diodes = sum(load.switched for load in loads)
    if diodes:
        needed.append(f"{diodes} diode{'s' if diodes > 1 else ''} (1N5819, 1N4001 or alike)")
    return needed


def load_steps(load: Load, pin: str) -> list[str]:
    """What to solder for it, a sentence each; `pin` is its pin in words."""
    if not load.switched:
        return [
            f"buzzer, a passive piezo: one end through the resistor of {PIEZO_OHMS} Ohm to {pin},"
            f" the other to {load.rail}."
        ]
    plus, minus = ("", "") if load.name == "motor" else (" +", " -")
    collector = "the transistor's collector"
    ends = (collector, load.ground) if load.inverted else (load.supply, collector)
    return [
        f"{load.name} transistor, {load.transistor}: emitter to {load.rail}, base through 1 kOhm to"
        f" {pin}.",
        f"{load.name} resistor, 10 kOhm: from that base to {load.rail}; it keeps the {load.name}"
        " still while the chip sleeps.",
        f"{load.name}:{plus or ' one end'} to {ends[0]},{minus or ' the other'} to {ends[1]}.",
        f"{load.name} diode: across the {load.name}, its ring to {ends[0]}.",
    ]

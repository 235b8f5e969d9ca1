"""What has to be soldered to a board, worked out from its definition."""

from dataclasses import dataclass, replace

from host_tools.board.catalogue import BoardDefinition
from host_tools.board.loads import (
    BASE_OHMS,
    PIEZO_OHMS,
    Load,
    load_parts,
    load_steps,
    plan_loads,
)
from host_tools.board.pinout import GROUND, SUPPLY, Pin, Pinout

PULL_OHMS = 10_000
"""Outweighs leakage and a finger's noise, and costs 0.3 mA only while a button is down."""
LED_OHMS = 1_000


@dataclass(frozen=True)
class Resistor:
    """Between two labels of the board."""

    ohms: int
    start: str
    end: str


@dataclass(frozen=True)
class Button:
    """A button from the pin `label` to the pin `to`, or one of the board's own (`onboard`)."""

    name: str
    gpio: int
    label: str
    to: str
    resistor: Resistor | None
    onboard: str

    @property
    def title(self) -> str:
        """Its name for people."""
        return self.name.replace("_", " ")


@dataclass(frozen=True)
class Wiring:
    """The whole of it; `pinout` is an assumed one where the definition has none."""

    board: BoardDefinition
    pinout: Pinout
    buttons: tuple[Button, ...]
    loads: tuple[Load, ...]
    ground: str
    supply: str

    @property
    def outside(self) -> tuple[Button, ...]:
        """The buttons that have to be wired."""
        return tuple(button for button in self.buttons if not button.onboard)

    @property
    def light_outside(self) -> bool:
        """Whether a light has to be wired."""
        return not self.board.onboard_light

    @property
    def loads_outside(self) -> tuple[Load, ...]:
        """The buzzer and the motor, where they have to be wired."""
        return tuple(load for load in self.loads if not load.onboard)

    @property
    def nothing_to_solder(self) -> bool:
        """Whether everything is on the board already."""
        return not (self.outside or self.light_outside or self.loads_outside)

    @property
    def signals(self) -> tuple[int, ...]:
        """GPIOs of the buttons, the light, the buzzer and the motor, as far as there are such."""
        loads = (load.gpio for load in self.loads)
        return (*(button.gpio for button in self.buttons), self.board.light.pin, *loads)

    @property
    def light_label(self) -> str:
        """The pin of the light."""
        return self.board.label(self.board.light.pin)

    @property
    def light_words(self) -> str:
        """The light in a few words."""
        if self.board.onboard_light:
            return f"the {self.board.onboard_light} on the board ({_pin(self.light_label)})"
        kind = "a WS2812" if self.board.light.kind == "neopixel" else "an LED of yours"
        return f"{kind} at {_pin(self.light_label)}"

    def load_words(self, load: Load) -> str:
        """A load in a few words."""
        if load.onboard:
            return f"the {load.onboard} on the board ({_pin(load.label)})"
        article = "an" if load.words.startswith("a") else "a"
        return f"{article} {load.words} of yours at {_pin(load.label)}"


def plan_wiring(board: BoardDefinition) -> Wiring:
    """Work out what goes where."""
    ground = _named(board.pinout, GROUND)
    supply = _named(board.pinout, SUPPLY)
    other, rail = (ground, supply) if board.active_low else (supply, ground)
    buttons = []
    for name, gpio in board.buttons.items():
        label = board.label(gpio)
        onboard = board.onboard.get(name, "")
        pulled = not onboard and (board.pull == "external" or name in board.waking)
        resistor = Resistor(PULL_OHMS, label, rail) if pulled else None
        buttons.append(Button(name, gpio, label, other, resistor, onboard))
    loads = plan_loads(board, supply, ground)
    wired = Wiring(board, Pinout((), ()), tuple(buttons), loads, ground, supply)
    return replace(wired, pinout=board.pinout or _assumed(wired))


def parts(wiring: Wiring) -> list[str]:
    """The parts list beside the board and a USB cable."""
    needed = []
    if wiring.outside:
        needed.append(_count(len(wiring.outside), "push button"))
    if wiring.light_outside:
        needed.append("1 WS2812 light" if wiring.board.light.kind == "neopixel" else "1 LED")
    needed += load_parts(wiring.loads_outside)
    for ohms, shown in ((PULL_OHMS, "10 kOhm"), (BASE_OHMS, "1 kOhm"), (PIEZO_OHMS, "220 Ohm")):
        count = _resistors(wiring).count(ohms)
        if count:
            needed.append(f"{_count(count, 'resistor')} of {shown}")
    if wiring.board.cell and not wiring.nothing_to_solder:
        needed.append("1 Li-ion cell of 3.7 V with protection")
    return needed


def steps(wiring: Wiring) -> list[str]:
    """What to do with the soldering iron, in order, a sentence each."""
    todo = []
    for button in wiring.outside:
        todo.append(f"{button.title} button: between {_pin(button.label)} and {button.to}.")
        if button.resistor is not None:
            todo.append(
                f"{button.title} resistor, 10 kOhm:"
                f" from {_pin(button.resistor.start)} to {button.resistor.end}."
            )
    if wiring.light_outside:
        todo.append(_light_step(wiring))
    for load in wiring.loads_outside:
        todo += load_steps(load, _pin(load.label))
    if wiring.board.cell and not wiring.nothing_to_solder:
        todo.append(
            f"Battery, last: to the {wiring.board.cell}. Measure plus and minus first:"
            " plugs differ, and a wrong one destroys the board."
        )
    return todo


def warnings(board: BoardDefinition) -> list[str]:
    """What works but may disappoint, each with its remedy."""
    wiring = plan_wiring(board)
    found = []
    for button in wiring.outside:
        if board.pull == "internal" and button.resistor is not None:
            found.append(
                "the chip's own resistor is unreliable while it sleeps, and the button"
                f" {button.name} wakes it: solder 10 kOhm from {_pin(button.resistor.start)} to"
                f' {button.resistor.end} and write pull = "external"'
            )
        if button.name not in board.waking:
            found.append(
                f"the button {button.name} does not wake the fob: it works only for a minute after"
                " another one; name it in buttons.wake, and if the chip cannot, wire all buttons to"
                " 3.3 V and write active_low = false"
            )
    for button in wiring.buttons:
        if button.gpio in board.chip.glitching:
            found.append(
                f"GPIO{button.gpio} of the {board.chip.name} ({button.name}) may read false presses"
                " of 80 ns when the radio is switched; where another pin is free, take that"
            )
    if board.chip.name == "esp32c6" and board.active_low:
        found.append(
            "after a wake by a low level MicroPython may go on reading the button as pressed"
            " (micropython#17334): wire the buttons to 3.3 V with resistors to GND and write"
            " active_low = false"
        )
    if board.light.pin in board.chip.strapping and wiring.light_outside:
        found.append(
            f"GPIO{board.light.pin} of the {board.chip.name} decides how the chip starts, and a"
            " light on it may keep it from starting: take another pin"
        )
    return found


def _resistors(wiring: Wiring) -> list[int]:
    found = [button.resistor.ohms for button in wiring.outside if button.resistor is not None]
    if wiring.light_outside and wiring.board.light.kind != "neopixel":
        found.append(LED_OHMS)
    for load in wiring.loads_outside:
        found += [BASE_OHMS, PULL_OHMS] if load.switched else [PIEZO_OHMS]
    return found


def _light_step(wiring: Wiring) -> str:
    pin, light = _pin(wiring.light_label), wiring.board.light
    if light.kind == "neopixel":
        return f"light, a WS2812: DIN to {pin}, + to {wiring.supply}, - to {wiring.ground}."
    if light.inverted:
        return (
            f"LED: long leg to {wiring.supply}, short leg through the resistor of 1 kOhm to {pin}."
        )
    return f"LED: long leg through the resistor of 1 kOhm to {pin}, short leg to {wiring.ground}."


def _pin(label: str) -> str:
    # A bare number reads as a number of something.
    return f"pin {label}" if label.isdecimal() else label


def _named(pinout: Pinout | None, names: tuple[str, ...]) -> str:
    return next((pin.label for pin in pinout or () if pin.label.upper() in names), names[0])


def _assumed(wiring: Wiring) -> Pinout:
    # Something to draw for a board whose rows of pins nobody has written down.
    used = [Pin(button.label, button.gpio) for button in wiring.outside]
    if wiring.light_outside:
        used.append(Pin(wiring.light_label, wiring.board.light.pin))
    used += [Pin(load.label, load.gpio) for load in wiring.loads_outside]
    if not used:
        return Pinout((), ())
    return Pinout((Pin(wiring.ground), Pin(wiring.supply)), tuple(used))


def _count(number: int, thing: str) -> str:
    return f"{number} {thing}" + ("s" if number != 1 else "")

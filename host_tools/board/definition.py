"""What a board is: chip, pins, light, buzzer, battery, and the rows of pins as printed."""

from dataclasses import dataclass, field

from host_tools.board.chips import DOWNLOADS, Chip, WakePlan
from host_tools.board.pinout import Pinout
from host_tools.failure import InputError


@dataclass(frozen=True)
class Light:
    """The one light of a fob. `inverted`: it shines while the pin is low."""

    kind: str
    pin: int
    inverted: bool = False


@dataclass(frozen=True)
class Buzzer:
    """What sounds along with the light. `inverted`: it is silent while the pin is high.

    kind        "tone": a passive piezo, to which the pin has to play the tone; "pin": an active
                buzzer, which sounds while it has power.
    """

    kind: str
    pin: int
    inverted: bool = False


@dataclass(frozen=True)
class Vibration:
    """A motor that runs along with the light. `inverted`: it runs while the pin is low."""

    pin: int
    inverted: bool = False


@dataclass(frozen=True)
class Battery:
    """A battery behind a divider: its voltage is `ratio` times that of the pin; below `low_mv`
    (of the battery, under load) it wants charging."""

    pin: int
    ratio: float
    low_mv: int


@dataclass(frozen=True)
class BoardDefinition:
    """A board as it is wired."""

    slug: str
    """Name by which load_board knows it; of a user's own file its name without .toml."""
    name: str
    chip: Chip
    module: str
    """One of chip.modules: which pins are the flash's."""
    micropython: str
    """Name of its page on micropython.org/download."""
    serial: str
    """How it meets the laptop, as in Chip."""
    buttons: dict[str, int] = field(hash=False)
    """Name of the button to GPIO."""
    onboard: dict[str, str] = field(hash=False)
    """Name of the button to words for it, where the board has it already, with its resistor."""
    active_low: bool
    """A pressed button pulls its pin low; otherwise high."""
    pull: str
    """Who keeps a released button's level: the chip ("internal") or a resistor ("external")."""
    light: Light
    onboard_light: str
    """Words for the board's own light; empty where one has to be wired."""
    notes: tuple[str, ...]
    """What a builder has to know beside the wiring, a sentence each."""
    wake: WakePlan = field(default_factory=WakePlan)
    """Which buttons end a deep sleep, and by what of the chip."""
    cell: str = ""
    """Where a rechargeable cell is connected; empty where the board cannot charge one."""
    sleep_ua: int | None = None
    """What the whole board draws in deep sleep, in microamperes, as far as somebody measured it."""
    sleep_most_ua: int | None = None
    """As much was measured on others of its name, or with a part left as it comes."""
    sleep_source: str = ""
    """Who measured that."""
    sleep_remedy: str = ""
    """What has it draw less, as a sentence."""
    cell_mah: int | None = None
    """Capacity of a cell that is built in."""
    battery: Battery | None = None
    usb: int | None = None
    """GPIO that is high while USB powers the board, if there is one."""
    pinout: Pinout | None = None
    buzzer: Buzzer | None = None
    onboard_buzzer: str = ""
    """Words for the board's own buzzer; empty where one has to be wired, or there is none."""
    vibration: Vibration | None = None
    onboard_vibration: str = ""
    """Words for the board's own motor, likewise."""

    @property
    def download_page(self) -> str:
        """Where its MicroPython is to be had."""
        return f"{DOWNLOADS}/{self.micropython}/"

    @property
    def flash(self) -> frozenset[int]:
        """GPIOs that its flash and PSRAM occupy."""
        return self.chip.flash[self.module]

    @property
    def waking(self) -> tuple[str, ...]:
        """Names of the buttons that end a deep sleep."""
        pins = {self.wake.ext0, *self.wake.ext1, *self.wake.gpio}
        return tuple(name for name, pin in self.buttons.items() if pin in pins)

    def check_chip(self, connected: str | None) -> None:
        """Raise InputError where a board with another chip is connected; None is an unknown one."""
        if connected not in (None, self.chip.name):
            raise InputError(
                f"the board {self.slug} has an {self.chip.name}, but an {connected} is connected",
                "Name the board that you have (`fob boards` lists them), or take another --port.",
            )

    def label(self, gpio: int) -> str:
        """What is printed on the board beside a GPIO, as far as the pinout tells."""
        return (self.pinout and self.pinout.label(gpio)) or f"GPIO{gpio}"

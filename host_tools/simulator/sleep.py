"""Deep sleep of the virtual chip: what ends it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from host_tools.board.chips import Chip

# machine.wake_reason(), as esp_sleep_get_wakeup_cause() counts.
EXT0_WAKE = 2
EXT1_WAKE = 3
TIMER_WAKE = 4
GPIO_WAKE = 7

# esp32.wake_on_gpio is on every chip, and refuses where it cannot end a deep sleep.
_FUNCTIONS = {"ext0": "wake_on_ext0", "ext1": "wake_on_ext1"}


@dataclass(frozen=True)
class Wake:
    """Why the chip woke: machine.wake_reason() and machine.wake_pins()."""

    reason: int
    pins: tuple[int, ...] = ()


class WakeSources:
    """What the firmware asked to be woken by; forgotten at every start.

    Levels as in MicroPython's esp32 module: False is low, True is high. ext1 wants all of its pins
    low or any of them high, gpio any pin at its level. Which of them there are depends on the chip.
    """

    def __init__(self, chip: Chip) -> None:
        self._chip = chip
        self._ext0: tuple[int, bool] | None = None
        self._ext1: tuple[int, ...] = ()
        self._ext1_level = False
        self._gpio: tuple[int, ...] = ()
        self._gpio_level = False

    def set_ext0(self, pin: int | None, level: bool) -> None:
        """One pin and its level; None for no pin."""
        self._check("ext0", () if pin is None else (pin,))
        self._ext0 = None if pin is None else (pin, level)

    def set_ext1(self, pins: Iterable[int] | None, level: bool) -> None:
        """Several pins; None keeps those of before."""
        self._ext1 = self._checked("ext1", self._ext1, pins)
        self._ext1_level = level

    def set_gpio(self, pins: Iterable[int] | None, level: bool) -> None:
        """Several pins; None keeps those of before."""
        self._gpio = self._checked("gpio", self._gpio, pins)
        self._gpio_level = level

    def woken_by(self, levels: Mapping[int, int]) -> Wake | None:
        """The wake these pin levels cause, if any; a pin that is not told is low."""
        if self._ext0 is not None:
            pin, level = self._ext0
            if levels.get(pin, 0) == level:
                return Wake(EXT0_WAKE)
        high = tuple(pin for pin in self._ext1 if levels.get(pin, 0))
        if self._ext1_level and high:
            return Wake(EXT1_WAKE, high)
        if self._ext1 and not self._ext1_level and not high:
            return Wake(EXT1_WAKE, self._ext1)
        active = tuple(pin for pin in self._gpio if levels.get(pin, 0) == self._gpio_level)
        return Wake(GPIO_WAKE, active) if active else None

    def _checked(
        self, waker: str, before: tuple[int, ...], pins: Iterable[int] | None
    ) -> tuple[int, ...]:
        after = before if pins is None else tuple(pins)
        self._check(waker, after)
        return after

    def _check(self, waker: str, pins: Iterable[int]) -> None:
        if waker not in self._chip.wakers:
            raise ValueError("not supported by this chip")
        if not self._chip.wake.issuperset(pins):
            raise ValueError("invalid pin")


def missing_functions(chip: Chip) -> list[str]:
    """What MicroPython's esp32 module does not have on this chip."""
    return [name for waker, name in _FUNCTIONS.items() if waker not in chip.wakers]

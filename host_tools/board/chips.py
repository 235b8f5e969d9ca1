"""What a pin of an ESP32 can be used for, per chip. Source: Espressif's data sheets."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from host_tools.failure import InputError

DOWNLOADS = "https://micropython.org/download"
"""Where MicroPython is to be had, on a page of its own for each kind of board."""


def _pins(*spans: int | tuple[int, int]) -> frozenset[int]:
    found: set[int] = set()
    for span in spans:
        first, last = span if isinstance(span, tuple) else (span, span)
        found.update(range(first, last + 1))
    return frozenset(found)


@dataclass(frozen=True)
class WakePlan:
    """GPIO numbers by what watches them in deep sleep, each at the level of a pressed button."""

    ext0: int | None = None
    ext1: tuple[int, ...] = ()
    gpio: tuple[int, ...] = ()


@dataclass(frozen=True)
class Chip:
    """GPIO numbers by what they are good for."""

    name: str
    gpio: frozenset[int]
    flash: Mapping[str, frozenset[int]] = field(hash=False)
    """By kind of module, the common one first: wired to its flash or PSRAM chip, so that using one
    stops the program."""
    strapping: frozenset[int]
    """Read at reset to choose how the chip starts: a pressed button would stop it from booting."""
    console: frozenset[int]
    """The USB or serial link to the laptop."""
    adc: frozenset[int]
    """Of the first analog converter. The radio disturbs the second, where there is one."""
    wake: frozenset[int]
    """Can end a deep sleep, by one of `wakers`."""
    wakers: frozenset[str]
    """ "ext0": one pin, either level. "ext1": several pins, in MicroPython all low or any high.
    "gpio": several pins, any low or any high."""
    micropython: str
    """Name of MicroPython's download page for any board with this chip."""
    serial: str
    """How its boards usually meet a laptop: "uart" through a bridge that also works while the chip
    sleeps and can reset it, "native" by the chip's own USB, which is gone while it sleeps."""
    input_only: frozenset[int] = frozenset()
    """Without output driver and without internal pull resistors."""
    glitching: frozenset[int] = frozenset()
    """Read as low for some 80 ns when the analog converter or the radio is switched on."""

    @property
    def modules(self) -> tuple[str, ...]:
        """The kinds of module `flash` knows, the common one first."""
        return tuple(self.flash)

    def plan_wake(self, buttons: Mapping[str, int], active_low: bool) -> WakePlan:
        """Have each of these buttons (name to GPIO) end a deep sleep by itself.

        Raises InputError where this chip cannot.
        """
        for name, pin in buttons.items():
            if pin not in self.wake:
                raise InputError(
                    f"{name}: GPIO{pin} of the {self.name} cannot end a deep sleep",
                    f"Take another pin (one of {_spelt(self.wake - self.strapping)}), or leave it"
                    " out of buttons.wake.",
                )
        pins = tuple(buttons.values())
        if "gpio" in self.wakers:
            return WakePlan(gpio=pins)
        if not active_low:
            return WakePlan(ext1=pins)
        # ext1 wants all of its pins low, so only a single one wakes by itself.
        single = ["ext0", "ext1"] if "ext0" in self.wakers else ["ext1"]
        if len(pins) > len(single):
            raise InputError(
                f"of the buttons to GND only {len(single)} can wake an {self.name},"
                f" not {len(pins)} ({', '.join(buttons)})",
                "Name fewer in buttons.wake, or wire all to 3.3 V with pull-down resistors and"
                " write active_low = false.",
            )
        if len(single) == 1:
            return WakePlan(ext1=pins)
        return WakePlan(ext0=pins[0], ext1=pins[1:])


def _spelt(pins: frozenset[int]) -> str:
    return ", ".join(str(pin) for pin in sorted(pins))


CHIPS = {
    chip.name: chip
    for chip in (
        Chip(
            "esp32",
            gpio=_pins((0, 19), (21, 23), (25, 27), (32, 39)),
            # GPIO16 and 17: PSRAM of a WROVER; flash in a PICO-D4, which leaves 9 and 10 free
            # (Espressif's data sheets of the modules).
            flash={
                "wroom": _pins((6, 11)),
                "wrover": _pins((6, 11), 16, 17),
                "pico-d4": _pins((6, 8), 11, 16, 17),
            },
            strapping=_pins(0, 2, 5, 12, 15),
            console=_pins(1, 3),
            adc=_pins((32, 39)),
            wake=_pins(0, 2, 4, (12, 15), (25, 27), (32, 39)),
            wakers=frozenset({"ext0", "ext1"}),
            micropython="ESP32_GENERIC",
            serial="uart",
            input_only=_pins((34, 39)),
            # ESP32 Series SoC Errata, 3.11; with Bluetooth: espressif/esp-idf#4585.
            glitching=_pins(36, 39),
        ),
        Chip(
            "esp32c3",
            gpio=_pins((0, 21)),
            flash={"any": _pins((11, 17))},
            strapping=_pins(2, 8, 9),
            console=_pins((18, 21)),
            adc=_pins((0, 4)),
            wake=_pins((0, 5)),
            wakers=frozenset({"gpio"}),
            micropython="ESP32_GENERIC_C3",
            serial="native",
        ),
        Chip(
            "esp32c6",
            gpio=_pins((0, 30)),
            flash={"any": _pins((24, 30))},
            strapping=_pins(4, 5, 8, 9, 15),
            console=_pins(12, 13, 16, 17),
            adc=_pins((0, 6)),
            wake=_pins((0, 7)),
            wakers=frozenset({"ext1"}),
            micropython="ESP32_GENERIC_C6",
            serial="native",
        ),
        Chip(
            "esp32s3",
            gpio=_pins((0, 21), (26, 48)),
            # Octal flash or PSRAM (modules named ...R8, R16) takes five more.
            flash={"octal": _pins((26, 37)), "quad": _pins((26, 32))},
            strapping=_pins(0, 3, 45, 46),
            console=_pins(19, 20, 43, 44),
            adc=_pins((1, 10)),
            wake=_pins((0, 21)),
            wakers=frozenset({"ext0", "ext1"}),
            micropython="ESP32_GENERIC_S3",
            serial="native",
        ),
    )
}

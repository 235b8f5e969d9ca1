"""What a case of the trial of faults is, and what is seen of it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from host_tools.simulator.bench import Bench
from host_tools.simulator.car import Vintage
from host_tools.simulator.faults import Interference
from host_tools.simulator.radio.car_radio import AddressKind

Strike = Callable[[Bench], Awaitable[Interference]]
"""Called when the fob is about to be pressed; may also change the car."""

RadioKind = Literal["direct", "bumble"]

PRESS_LIMIT = 30.0
PAIRING_LIMIT = 90.0
"""Virtual seconds from the finger to sleep; longer is a hang."""


@dataclass(frozen=True)
class Setting:
    """The fob and the car before the fault.

    vintage: the car's year; None is the car of before the signed-command protocol. pairs: the fault
    strikes while pairing, else in a press. known: the car has the key on its whitelist. warm: an
    earlier press left address, handles and session behind; rest: seconds since then; powerless: the
    battery was changed since. toggle: the button moves the trunk, so that a second execution would
    undo the first. behaviour: what is unlike the vintage's. protocol: as `fob provision` takes it.
    rtc_ppm: the drift of the fob's clock while it sleeps.
    """

    name: str
    vintage: Vintage | None = None
    pairs: bool = False
    known: bool = True
    warm: bool = False
    rest: float = 60.0
    powerless: bool = False
    rtc_ppm: float = 0.0
    toggle: bool = False
    mtu: int = 115
    notify: bool = False
    shift: int = 0
    address: AddressKind = "public"
    protocol: str = "auto"
    behaviour: Mapping[str, Any] = field(default_factory=dict)

    @property
    def signed(self) -> bool:
        """Whether the car speaks the signed-command protocol."""
        return self.vintage in ("2023", "2026")


@dataclass(frozen=True)
class Expect:
    """What must come of a case.

    ends: "done", or the codes of the failures that are right.
    lied_to: the protocol cannot tell a forged word from the car's: the fob may say done although
        the car did nothing.
    after: what makes the fob work again: the next press, the owner's confirmation and a press,
    pairing and a press, or only the laptop. pause: seconds until then. fails_first: a press fails,
    and what it says decides between confirmation and pairing.
    presses: how often the button is pressed under the fault; the last one is judged.
    keeps_session: the next press must not ask for the car's key.
    requests: ATT requests at most. spends: the car itself wants far greater counters.
    """

    ends: frozenset[str] = frozenset({"done"})
    lied_to: bool = False
    after: Literal["press", "confirm", "pair", "laptop"] = "press"
    pause: float = 5.0
    fails_first: bool = False
    presses: int = 1
    keeps_session: bool = False
    requests: int | None = None
    spends: bool = False


@dataclass(frozen=True)
class Case:
    """A fault in a setting; `kind` is its column, `where` the rest of its name."""

    setting: Setting
    kind: str
    where: str
    strike: Strike
    expect: Expect = Expect()
    radio: RadioKind = "direct"
    seed: int = 1

    @property
    def name(self) -> str:
        return f"{self.radio}: {self.setting.name}: {self.kind}: {self.where}"

    def on(self, radio: RadioKind) -> Case:
        """The same on another radio."""
        return replace(self, radio=radio)


@dataclass
class Act:
    """One press, or one pairing, from the finger to sleep.

    said: "done", or the code of the failure; "" for nothing. light: its verdict, or "". seconds:
    to sleep. executed: commands of keys that the car carried out. asked: requests for its key.
    sealed: messages that only the car's key opens; older: those of them in the older protocol.
    links: connections still up when the fob slept. used: how far the counter's lease moved.
    displaced: another session stands where the one stood that pairing, or the first press, proved.
    stop: why the firmware ended, if not by sleep. right: the car is as was wanted.
    """

    said: str = ""
    light: str = ""
    seconds: float = 0.0
    requests: int = 0
    executed: int = 0
    asked: int = 0
    sealed: int = 0
    older: int = 0
    links: int = 0
    used: int = 0
    displaced: bool = False
    stop: str = ""
    right: bool = False
    console: tuple[str, ...] = ()


@dataclass
class Played:
    """Everything that a verdict is made of: the act under the fault and those after it, of which
    one may have to fail."""

    struck: Act
    failed: Act | None = None
    after: list[Act] = field(default_factory=list)
    reused: int = 0

"""A figure with where it comes from."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Figure:
    """A value in the unit that its name says.

    estimated   nobody measured it for this case: it was inferred, or taken from something alike.
    source      who says so, or how it was inferred.
    """

    value: float
    source: str
    estimated: bool = False


def current(microamperes: float) -> str:
    """A current in the unit that suits it: "44 uA", "4.5 mA"."""
    if microamperes < 1000:
        return f"{microamperes:g} uA"
    return f"{microamperes / 1000:g} mA"

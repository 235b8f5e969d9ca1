"""The picture of the README: a warm press beside its lower bound and the common clients' way.

`python -m tests.bench.picture` renews it alone; `make report` draws it, too.
"""

import sys
from collections.abc import Sequence
from pathlib import Path

from host_tools.output_file import write_whole

from .page import WIDE
from .palette import document_css
from .press import MTUS, PROTOCOLS, measure_case
from .press_figures import Case
from .views.press import USUAL_INTERVAL, breakdown

PICTURE = Path(__file__).resolve().parents[2] / ".assets" / "press.svg"
_PRESSES = 5


def measure_pictured() -> list[Case]:
    """The cases of the picture, in virtual time from fixed seeds, whatever the run is."""
    return [
        measure_case("warm", protocol, max(MTUS), USUAL_INTERVAL, _PRESSES)
        for protocol in PROTOCOLS
    ]


def draw_picture(cases: Sequence[Case]) -> str:
    """A whole SVG file for light and dark pages: byte by byte the same from the same figures."""
    first = cases[0]
    title = f"A press that the car confirms: warm, MTU {first.mtu}, mean of {first.presses}"
    return breakdown("warm", cases, title).document(WIDE, document_css())


def main() -> None:
    write_whole(PICTURE, draw_picture(measure_pictured()).encode())
    sys.stdout.write(f"{PICTURE}\n")


if __name__ == "__main__":
    main()

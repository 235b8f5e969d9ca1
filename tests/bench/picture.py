"""The picture of the README: a warm press beside its lower bound and the common clients' way."""

from pathlib import Path

from .page import WIDE
from .palette import document_css
from .press_figures import Results
from .views.press import at_usual_interval, breakdown

PICTURE = Path(__file__).resolve().parents[2] / ".assets" / "press.svg"


def press_picture(results: Results) -> str:
    """A whole SVG file, for light and dark pages.

    Only virtual time is in it: the same figures make the same file, byte by byte.
    """
    warm = [case for case in results.cases if case.state == "warm"]
    largest = max(case.mtu for case in warm)
    cases = at_usual_interval([case for case in warm if case.mtu == largest])
    title = f"From the finger to the car's word: a warm press at MTU {largest}"
    return breakdown("warm", cases, title).document(WIDE, document_css())

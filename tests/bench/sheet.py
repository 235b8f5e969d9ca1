"""A sheet to draw on: elements of one accessible SVG without scripts, fonts or references."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from html import escape

# Letters of a sans-serif are about this wide at the most, of their size, on average of a word.
_LETTER = 0.57
TEXT, SMALL = 13.0, 11.5
_SWATCH, _LEGEND_LINE = 20, 17


def text_width(text: str, size: float = TEXT) -> float:
    """Room that a text needs, estimated: nobody knows the reader's font."""
    return _LETTER * size * len(text)


def shortened(text: str, room: float, size: float = TEXT) -> str:
    """The text, or as much of it as there is room for."""
    if text_width(text, size) <= room:
        return text
    letters = int(room / (_LETTER * size)) - 1
    return f"{text[:letters].rstrip()}…" if letters > 0 else ""


@dataclass
class Sheet:
    """What was drawn; x and y grow rightwards and downwards from the upper left corner.

    Words lie above all shapes.
    """

    width: float
    shapes: list[str] = field(default_factory=list)
    words: list[str] = field(default_factory=list)

    def rect(
        self, style: str, x: float, y: float, width: float, height: float, tip: str = ""
    ) -> None:
        """A filled rectangle; `tip` shows where a pointer rests on it."""
        shape = f'<rect class="{style}" {_at(x=x, y=y, width=width, height=height)}'
        self.shapes.append(f"{shape}><title>{escape(tip)}</title></rect>" if tip else f"{shape}/>")

    def line(self, style: str, x1: float, y1: float, x2: float, y2: float) -> None:
        self.shapes.append(f'<line class="{style}" {_at(x1=x1, y1=y1, x2=x2, y2=y2)}/>')

    def text(
        self, style: str, text: str, x: float, y: float, anchor: str = "start", size: float = TEXT
    ) -> None:
        """A line of text with its baseline at y; anchor: start, middle or end."""
        self.words.append(
            f'<text class="{style}" {_at(x=x, y=y)} font-size="{size:g}"'
            f' text-anchor="{anchor}">{escape(text)}</text>'
        )

    def legend(self, styles: Mapping[str, str], margin: float, y: float) -> float:
        """What each style stands for, by name, in as many lines as it takes; the last one's y."""
        x = margin
        for name, style in styles.items():
            needed = _SWATCH + text_width(name, SMALL)
            if x > margin and x + needed > self.width - margin:
                x, y = margin, y + _LEGEND_LINE
            self.rect(f"part {style}", x, y - 10, 12, 12)
            self.text("faint", name, x + 17, y, size=SMALL)
            x += needed + 12
        return y

    def ground(self, height: float) -> None:
        """Lies below everything: a page may be dark where its reader's system is light."""
        place = _at(width=self.width, height=height)
        self.shapes.insert(0, f'<rect class="ground" {place} rx="10"/>')

    def svg(self, height: float, key: str, title: str, description: str) -> str:
        """The drawing as an element of a page; `key` makes its ids unique there."""
        return f"<svg {self._content(height, key, title, description)}"

    def document(self, height: float, title: str, description: str, css: str) -> str:
        """The drawing as a file."""
        size = _at(width=self.width, height=height)
        content = self._content(height, "chart", title, description, f"<style>\n{css}</style>\n")
        return f'<svg xmlns="http://www.w3.org/2000/svg" {size} {content}\n'

    def _content(
        self, height: float, key: str, title: str, description: str, style: str = ""
    ) -> str:
        return (
            f'viewBox="0 0 {self.width:g} {height:g}" role="img"'
            f' aria-labelledby="{key}-title {key}-desc">\n'
            f'<title id="{key}-title">{escape(title)}</title>\n'
            f'<desc id="{key}-desc">{escape(description)}</desc>\n{style}'
            + "\n".join(self.shapes + self.words)
            + "\n</svg>"
        )


def _at(**places: float) -> str:
    return " ".join(f'{name}="{round(place, 1):g}"' for name, place in places.items())

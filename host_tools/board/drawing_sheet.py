"""What SVG drawings are made of: shapes, wires with a halo, texts, and their colours."""

from dataclasses import dataclass, field
from xml.sax.saxutils import escape

SIGNALS = 7
"""How many colours there are for signals: the styles s0 to s6."""

_LIGHT = {
    "page": "#ffffff",
    "ink": "#1d2530",
    "faint": "#56606e",
    "board": "#e9eff6",
    "edge": "#8a94a3",
    "metal": "#c3cad3",
    "chip": "#39424e",
    "supply": "#c4302b",
    "ground": "#1d2530",
    "signals": "#a85f00 #1f7a37 #2458b3 #8a3bb0 #0e7c86 #b0306a #6f6a00",
}
_DARK = {
    "page": "#12161c",
    "ink": "#e4e9f0",
    "faint": "#9aa5b3",
    "board": "#1e2834",
    "edge": "#5d6875",
    "metal": "#77818e",
    "chip": "#0b0e12",
    "supply": "#ff7b72",
    "ground": "#c9d1db",
    "signals": "#e8a33d #5fc97e #7fb0ff #cf8ef0 #4fd0da #f58ab8 #cfc94f",
}


def _rules(colours: dict[str, str]) -> str:
    nets = dict(zip((f"s{n}" for n in range(SIGNALS)), colours["signals"].split(), strict=True))
    nets |= {"supply": colours["supply"], "ground": colours["ground"]}
    page, ink, edge = colours["page"], colours["ink"], colours["edge"]
    rules = [
        f".page {{ fill: {page}; }}",
        f".halo {{ stroke: {page}; }}",
        f".board {{ fill: {colours['board']}; stroke: {edge}; }}",
        f".metal {{ fill: {colours['metal']}; stroke: {edge}; }}",
        f".chip {{ fill: {colours['chip']}; }}",
        f".part {{ fill: {page}; stroke: {ink}; }}",
        f".free {{ fill: {page}; stroke: {edge}; }}",
        f"text {{ fill: {ink}; }}",
        f".faint {{ fill: {colours['faint']}; }}",
        ".onchip { fill: #e4e9f0; }",
        ".onmetal { fill: #1d2530; }",
    ]
    for name, colour in nets.items():
        rules.append(f".wire.{name} {{ stroke: {colour}; }}")
        rules.append(f".dot.{name} {{ fill: {colour}; }}")
    return "\n".join(rules)


_STYLE = f"""
.wire, .halo {{ fill: none; stroke-linejoin: round; stroke-linecap: round; }}
.wire {{ stroke-width: 2.4; }}
.halo {{ stroke-width: 7; }}
.board, .metal, .part, .free {{ stroke-width: 1.3; }}
.strong, .onchip {{ font-weight: 600; }}
{_rules(_LIGHT)}
@media (prefers-color-scheme: dark) {{
{_rules(_DARK)}
}}
"""


@dataclass
class Sheet:
    """A drawing in the making: what comes later lies above, texts above everything."""

    width: int
    shapes: list[str] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)

    def wire(self, style: str, *points: tuple[float, float]) -> None:
        """A line through points, with a halo by which it passes above earlier ones."""
        # The halo ends short of the wire's ends, where it may meet others.
        inner = (_towards(*points[:2]), *points[1:-1], _towards(points[-1], points[-2]))
        self.shapes.append(f'<path class="halo" d="{_path(inner)}"/>')
        self.shapes.append(f'<path class="wire {style}" d="{_path(points)}"/>')

    def dot(self, style: str, x: float, y: float, radius: float = 3.5) -> None:
        """A joint of wires, a pin in use, a light."""
        self.ring(f"dot {style}", x, y, radius)

    def ring(self, style: str, x: float, y: float, radius: float) -> None:
        """A circle."""
        self.shapes.append(f'<circle class="{style}" cx="{x:g}" cy="{y:g}" r="{radius:g}"/>')

    def box(
        self, style: str, x: float, y: float, width: float, height: float, radius: float = 3
    ) -> None:
        """A rectangle with round corners."""
        self.shapes.append(
            f'<rect class="{style}" x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}"'
            f' rx="{radius:g}"/>'
        )

    def shape(self, style: str, path: str) -> None:
        """Any path."""
        self.shapes.append(f'<path class="{style}" d="{path}"/>')

    def text(
        self, words: str, x: float, y: float, size: int = 13, anchor: str = "start", style: str = ""
    ) -> None:
        """One line; y is that of its feet."""
        kind = f' class="{style}"' if style else ""
        self.texts.append(
            f'<text{kind} x="{x:g}" y="{y:g}" font-size="{size}" text-anchor="{anchor}">'
            f"{escape(words)}</text>"
        )

    def document(self, height: float, title: str, description: str) -> str:
        """The whole as the text of a file."""
        body = "\n".join(self.shapes + self.texts)
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {self.width} {height:g}"'
            f' width="{self.width}" height="{height:g}" font-family="ui-sans-serif, system-ui,'
            ' \'Segoe UI\', Helvetica, Arial, sans-serif" role="img"'
            ' aria-labelledby="title desc">\n'
            f'<title id="title">{escape(title)}</title>\n'
            f'<desc id="desc">{escape(description)}</desc>\n'
            f"<style>{_STYLE}</style>\n"
            f'<rect class="page" width="{self.width}" height="{height:g}" rx="10"/>\n'
            f"{body}\n</svg>\n"
        )


def _path(points: tuple[tuple[float, float], ...]) -> str:
    return "M" + " ".join(f"{x:g} {y:g}" for x, y in points)


def _towards(start: tuple[float, float], end: tuple[float, float]) -> tuple[float, float]:
    # Eight units along a line that is level or upright, or half of it.
    moved = []
    for one, other in zip(start, end, strict=True):
        step = min(8.0, abs(other - one) / 2)
        moved.append(one + (step if other > one else -step))
    return moved[0], moved[1]

"""Colours of the charts, for light and dark, and the style sheet that uses them.

Chosen to stay apart for the colour-blind by their lightness, next to each other as the charts put
them; a test holds their contrast to the ground, and that of the words on them.
"""

_DARK_INK, _LIGHT_INK = "#0d1116", "#ffffff"

GROUND = ("#ffffff", "#12161c")
INKS = {
    "ground": GROUND,
    "ink": ("#1d2530", "#e4e9f0"),
    "faint": ("#56606e", "#9aa5b3"),
    "grid": ("#dde3ea", "#2b333d"),
    "limit": ("#b3261e", "#ff8a80"),
    "accent": ("#1f5fa8", "#8dbdf3"),
    "raised": ("#f5f7fa", "#1a2028"),
}
"""Of words and lines: name to its colour on light and on dark."""

FILLS = {
    "grey": (("#7b8794", _DARK_INK), ("#8d99a6", _DARK_INK)),
    "blue": (("#1f5fa8", _LIGHT_INK), ("#4b8fe0", _DARK_INK)),
    "sky": (("#4f8fd0", _DARK_INK), ("#9cc8f5", _DARK_INK)),
    "umber": (("#7a3b00", _LIGHT_INK), ("#c2702a", _DARK_INK)),
    "orange": (("#a85508", _LIGHT_INK), ("#dc9550", _DARK_INK)),
    "amber": (("#cf7a1c", _DARK_INK), ("#f2c48d", _DARK_INK)),
    "pink": (("#c45c9c", _DARK_INK), ("#e07cbd", _DARK_INK)),
    "green": (("#0c6650", _LIGHT_INK), ("#1f9679", _DARK_INK)),
    "mint": (("#2f9e7a", _DARK_INK), ("#5cc9a3", _DARK_INK)),
    "teal": (("#1b8fa0", _DARK_INK), ("#93e2ec", _DARK_INK)),
}
"""Of bars: name to (fill, words on it) on light and on dark."""

FONT = "ui-sans-serif, system-ui, 'Segoe UI', Helvetica, Arial, sans-serif"

_SHAPES = """\
.part { stroke: var(--ground); stroke-width: 1; }
.grid { stroke: var(--grid); }
.mark { stroke: var(--limit); stroke-width: 1.5; stroke-dasharray: 5 3; }
text { fill: var(--ink); }
text.faint { fill: var(--faint); }
text.limit { fill: var(--limit); }
text.strong, text.value { font-weight: 600; }
text.value { font-variant-numeric: tabular-nums; }
text.strong, text.label, text.value {
  paint-order: stroke; stroke: var(--ground); stroke-width: 4; stroke-linejoin: round;
}
"""


def chart_css(root: str) -> str:
    """Rules for the charts below the element `root`, their colours as its variables."""
    fills = "".join(
        f".part.{name} {{ fill: var(--{name}); }} text.on.{name} {{ fill: var(--on-{name}); }}\n"
        for name in FILLS
    )
    return (
        f"{root} {{ {_variables(0)} }}\n"
        f"@media screen and (prefers-color-scheme: dark) {{ {root} {{ {_variables(1)} }} }}\n"
        f"{_SHAPES}{fills}"
    )


def document_css() -> str:
    """Rules for one chart that is a file of its own."""
    return f"{chart_css('svg')}.ground {{ fill: var(--ground); }}\nsvg {{ font-family: {FONT}; }}\n"


def _variables(theme: int) -> str:
    inks = [f"--{name}: {colours[theme]};" for name, colours in INKS.items()]
    fills = [
        f"--{name}: {themes[theme][0]}; --on-{name}: {themes[theme][1]};"
        for name, themes in FILLS.items()
    ]
    return " ".join(inks + fills)

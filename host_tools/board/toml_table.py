"""Reads a TOML table field by field, so that a wrong field is named together with its remedy."""

from collections.abc import Collection, Mapping
from difflib import get_close_matches
from typing import Any

from host_tools.failure import InputError

_KINDS = {
    str: "text in quotes",
    int: "a whole number",
    float: "a number with a decimal point",
    bool: "true or false",
    list: "a list",
    dict: "a table",
}

_LARGEST = 1 << 31


class FieldError(InputError):
    """A field that is missing, unknown, or not what it should be."""


class Table:
    """A table that is emptied while it is read: what is left over was misspelt.

    `path` names it in errors ("buttons.pins"; empty for the whole file), `what` in plain words.
    All methods raise FieldError.
    """

    def __init__(self, path: str, values: Mapping[str, Any], what: str = "") -> None:
        self._path = path
        self._values = dict(values)
        self._what = what or path
        self._asked: list[str] = []

    def take(self, key: str, kind: type, default: object = None) -> Any:
        """The field's value; without default it must be there."""
        if key not in self._asked:
            self._asked.append(key)
        value = self._values.pop(key, default)
        if value is None:
            close = get_close_matches(key, self._values, n=1)
            remedy = f"Rename {close[0]}." if close else f"Add it: {_KINDS[kind]}."
            raise FieldError(f"{self.name(key)} is missing", remedy)
        # bool is an int to Python, but not to whoever writes a pin number.
        if type(value) is not kind:
            quoted = "Write it without quotes." if isinstance(value, str) else ""
            raise FieldError(f"{self.name(key)} must be {_KINDS[kind]}, not {shown(value)}", quoted)
        if isinstance(value, int) and abs(value) > _LARGEST:
            raise FieldError(f"{self.name(key)} is too large a number")
        return value

    def take_text(self, key: str, longest: int, default: str | None = None) -> str:
        """Text of one line that fits on a screen."""
        text: str = self.take(key, str, default)
        if len(text) > longest or not text.isprintable():
            raise FieldError(
                f"{self.name(key)} must be one line of at most {longest} characters",
                "Shorten it.",
            )
        return text

    def take_choice(self, key: str, choices: Collection[str], default: str | None = None) -> str:
        """One of some words."""
        value: str = self.take(key, str, default)
        if value not in choices:
            raise FieldError(
                f"{self.name(key)} must be one of {', '.join(choices)}, not {value}",
                close_to(value, choices),
            )
        return value

    def take_names(self, key: str, known: Collection[str]) -> list[str]:
        """A list of some of the known names, by default all of them."""
        names = self.take(key, list, default=list(known))
        for name in names:
            if name not in known or names.count(name) > 1:
                raise FieldError(
                    f"{self.name(key)} must name some of {', '.join(known)}, each once,"
                    f" not {shown(name)}"
                )
        return list(names)

    def take_texts(self, key: str, longest: int) -> tuple[str, ...]:
        """A list of lines, by default none."""
        lines = self.take(key, list, default=[])
        for line in lines:
            if type(line) is not str or len(line) > longest or not line.isprintable():
                raise FieldError(
                    f"{self.name(key)} must be a list of lines of at most {longest} characters,"
                    f" not {shown(line)}"
                )
        return tuple(lines)

    def take_number(self, key: str, least: float, most: float, default: Any = None) -> Any:
        """A number between two others; whole where `least` is."""
        value = self.take(key, type(least), default)
        if not least <= value <= most:
            raise FieldError(
                f"{self.name(key)} must lie between {least:g} and {most:g}, not {shown(value)}"
            )
        return value

    def take_table(self, key: str) -> "Table":
        """A table inside; its own `finish` has to be called, too."""
        return Table(self.name(key), self.take(key, dict))

    def __contains__(self, key: str) -> bool:
        self._asked.append(key)
        return key in self._values

    def left(self) -> list[str]:
        """Names of the fields that nobody has taken yet."""
        return list(self._values)

    def finish(self) -> None:
        """Say that all known fields have been asked for."""
        for key in self._values:
            raise FieldError(
                f"{self.name(key)} is not a field of {self._what}",
                close_to(key, self._asked) or f"{self._what} has {', '.join(self._asked)}.",
            )

    def name(self, key: str) -> str:
        """How errors name a field."""
        return f"{self._path}.{key}" if self._path else key


def shown(value: object) -> str:
    """How errors show what stands in place of something else."""
    try:
        return repr(value)
    except ValueError:
        # Python writes no whole number of more than some thousand digits.
        return "a number without end"


def close_to(word: str, known: Collection[str]) -> str:
    """A remedy for a word that is almost one of the known ones, else nothing."""
    close = get_close_matches(word, known, n=1)
    return f"Did you mean {close[0]}?" if close else ""

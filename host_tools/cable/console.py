"""What the fob's console says: the laptop's side of firmware/fob/console.py.

It prints JSON objects, one a line: events, then a result or an error. Everything else is what the
firmware has to say to whoever watches.
"""

import json
from collections.abc import Callable
from typing import Any

from host_tools.cable.answers import checked, checked_event
from host_tools.cable.errors import BoardRaised
from host_tools.failure import Failure
from host_tools.harmless import harmless_values

_NO_FIRMWARE = "`fob flash` installs it."
_REPORT = "`fob flash` renews it; if that does not help, report it."


class ConsoleError(Failure):
    """The fob was reached and reports an error.

    code            one of firmware/fob/errors.py, or "internal".
    text            what it says.
    reason          the car's number for it, where it gave one.
    needs_laptop    whether the fob will not get over it by itself.
    """

    def __init__(
        self,
        code: str,
        text: str,
        reason: int | None = None,
        needs_laptop: bool = False,
        remedy: str = "",
    ) -> None:
        super().__init__(text or code, remedy)
        self.code = code
        self.text = text
        self.reason = reason
        self.needs_laptop = needs_laptop


class NoConsole(Failure):
    """The board has no firmware that can be asked, or one that its MicroPython cannot load."""


def program(name: str, arguments: dict[str, Any]) -> str:
    """What the board has to run."""
    return f"import laptop\nlaptop.call({name!r}, {json.dumps(arguments)!r})"


class Listener:
    """Hears the lines of one call."""

    def __init__(self, name: str, on_event: Callable[[dict[str, Any]], None] | None) -> None:
        self._name = name
        self._on_event = on_event
        self._end: dict[str, Any] | None = None

    def hear(self, line: str) -> None:
        """The next line."""
        try:
            said = harmless_values(json.loads(line))
        except (RecursionError, ValueError):
            return
        if not isinstance(said, dict):
            return
        if "result" in said or "error" in said:
            self._end = said
        elif "event" in said and self._on_event and checked_event(said):
            self._on_event(said)

    def result(self) -> dict[str, Any]:
        """What the call ended with; raises ConsoleError, NoConsole."""
        end = self._end
        if end is None:
            raise ConsoleError("internal", f"the fob did not say how `{self._name}` ended")
        if "error" in end:
            code, text = str(end["error"]), str(end.get("text") or "")
            if code == "internal":
                raise _broken(text)
            reason = end.get("reason")
            reason = reason if type(reason) is int else None
            raise ConsoleError(code, text, reason, bool(end.get("needs_laptop")))
        try:
            return checked(self._name, end["result"])
        except ValueError:
            raise NoConsole(
                "the fob's program is of another version than these tools",
                "`fob flash` writes theirs; the fob's key stays.",
            ) from None


def failed(raised: BoardRaised) -> Failure:
    """The console did not even report an error."""
    last = raised.last
    if last.startswith("ImportError") and "'laptop'" in last:
        return NoConsole("the fob's firmware is not on the board", _NO_FIRMWARE)
    if "incompatible .mpy" in last:
        return NoConsole(
            "the fob's firmware was made for another version of MicroPython", _NO_FIRMWARE
        )
    if last.startswith(("ImportError", "SyntaxError")) or (
        last.startswith("AttributeError") and "'call'" in last
    ):
        return NoConsole("the fob's firmware is incomplete", _NO_FIRMWARE)
    return _broken(last)


def _broken(text: str) -> ConsoleError:
    if text.startswith("MemoryError"):
        text = "the fob ran out of memory"
        return ConsoleError("internal", text, remedy="Run the same command again.")
    text = f"the fob's program failed with {text or 'nothing said'}"
    return ConsoleError("internal", text, remedy=_REPORT)

"""Interference with single ATT requests."""

from __future__ import annotations

from host_tools.simulator.faults.interference import (
    UNLIKELY_ERROR,
    Interference,
    Operation,
    Verdict,
)


class AtRequest(Interference):
    """One verdict on the requests at a position of their connection, or on those of a kind."""

    def __init__(self, where: int | Operation, verdict: Verdict, *, times: int = 1) -> None:
        self._where = where
        self._verdict = verdict
        self._left = times

    @property
    def struck(self) -> bool:
        """Whether it had its way as often as it should."""
        return self._left == 0

    def on_request(self, op: Operation, index: int) -> Verdict:
        if self._where not in (op, index) or not self._left:
            return None
        self._left -= 1
        return self._verdict


class DisconnectAt(AtRequest):
    """The car takes the link down instead of responding; `after`: once the request took effect."""

    def __init__(self, where: int | Operation, *, after: bool = False, times: int = 1) -> None:
        super().__init__(where, "disconnect after" if after else "disconnect", times=times)


class AttErrorAt(AtRequest):
    """The car refuses the request."""

    def __init__(
        self, where: int | Operation, code: int = UNLIKELY_ERROR, *, times: int = 1
    ) -> None:
        super().__init__(where, "error", times=times)
        self.error_code = code


class SilentAt(AtRequest):
    """The car's ATT server never responds; `after`: though the request took effect."""

    def __init__(self, where: int | Operation, *, after: bool = False, times: int = 1) -> None:
        super().__init__(where, "silent after" if after else "silent", times=times)


class LateAt(AtRequest):
    """The request takes effect, and its response comes `delay` seconds later."""

    def __init__(self, where: int | Operation, delay: float = 1.0, *, times: int = 1) -> None:
        super().__init__(where, "late", times=times)
        self.delay = delay

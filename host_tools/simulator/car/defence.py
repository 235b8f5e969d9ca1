"""How the car defends itself against many badly sealed messages: nobody gets a link for a while."""

from __future__ import annotations

from collections.abc import Callable

from .behaviour import Behaviour
from .events import Log


class Defence:
    """Counts badly sealed messages of all links; on_lock_out is told when they are too many."""

    def __init__(
        self,
        behaviour: Behaviour,
        clock: Callable[[], float],
        log: Log,
        on_lock_out: Callable[[], None],
    ) -> None:
        self._behaviour = behaviour
        self._clock = clock
        self._log = log
        self._on_lock_out = on_lock_out
        self._bad_seals: list[float] = []
        self._until = 0.0

    @property
    def locked_out(self) -> bool:
        """Whether the car refuses everybody right now."""
        return self._clock() < self._until

    def bad_seal(self) -> None:
        """A message was badly sealed."""
        rule = self._behaviour.lock_out
        if rule is None:
            return
        now = self._clock()
        self._bad_seals = [time for time in self._bad_seals if now - time < rule.within] + [now]
        if len(self._bad_seals) < rule.faults:
            return
        self._bad_seals.clear()
        self._until = now + rule.lasting
        self._log("refused", f"{rule.faults} badly sealed messages: nobody for {rule.lasting:g} s")
        self._on_lock_out()

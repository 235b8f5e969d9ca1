"""Levels and times to gestures: which buttons were pressed, or held together.

Buttons are bits of a mask; time is time.ticks_ms.
"""

from time import ticks_diff

from micropython import const

HOLD_MS = const(3000)
LONG_HOLD_MS = const(5000)
STUCK_MS = const(15000)

PRESS = "press"
HOLD = "hold"
LONG_HOLD = "long hold"

_HOLDS = ((HOLD, HOLD_MS), (LONG_HOLD, LONG_HOLD_MS))


class Gestures:
    """Feed it samples; it answers (kind, mask) when a gesture is complete, else None.

    A press completes on release, since until then it may become a hold of more buttons; it counts
    when it lasted `guard_ms`. Several buttons together are held after HOLD_MS and LONG_HOLD_MS; a
    single one may be pressed for as long. A level counts once two samples agree (debouncing).
    Buttons that have been down for STUCK_MS are stuck: they are ignored until they have been
    released.

    `ignored` are the buttons to ignore from the start, in that sense. `pressed` are those that
    went down before the first sample, at `now_ms` for want of better knowledge; `levels` tells
    which still are.
    """

    def __init__(self, levels=0, ignored=0, pressed=0, now_ms=0, guard_ms=0):
        self._sample = levels
        self._ignored = levels & ignored
        self._mask = pressed & ~ignored
        self._since_ms = now_ms
        self._guard_ms = guard_ms
        self._held = 0

    @property
    def idle(self):
        """True while no button is down but ignored ones: until a level changes, no need to feed."""
        return not self._mask and self._sample == self._ignored

    @property
    def stuck(self):
        """Mask of the buttons that are ignored until they have been released."""
        return self._ignored

    @property
    def pending(self):
        """True while a gesture has begun that is not complete, or not yet released."""
        return bool(self._mask or self._sample & ~self._ignored)

    def feed(self, levels, now_ms):
        steady = levels == self._sample
        self._sample = levels
        if not steady:
            return None
        self._ignored &= levels
        down = levels & ~self._ignored
        if (down | self._mask) != self._mask:
            self._mask |= down
            self._since_ms = now_ms
        if not self._mask:
            return None
        held_ms = ticks_diff(now_ms, self._since_ms)
        if not down:
            return self._released(held_ms)
        if held_ms >= STUCK_MS:
            self._ignored |= down
            self._mask = self._held = 0
        elif down & (down - 1) and down == self._mask and self._held < len(_HOLDS):
            kind, ms = _HOLDS[self._held]
            if held_ms >= ms:
                self._held += 1
                return kind, down
        return None

    def _released(self, held_ms):
        mask, held = self._mask, self._held
        self._mask = self._held = 0
        return None if held or held_ms < self._guard_ms else (PRESS, mask)

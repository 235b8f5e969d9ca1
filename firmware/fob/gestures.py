"""Levels and times to gestures: which buttons were pressed, or held together.

Buttons are bits of a mask; time is time.ticks_ms.
"""

from time import ticks_diff

from micropython import const

HOLD_MS = const(3000)

PRESS = "press"
HOLD = "hold"


class Gestures:
    """Feed it samples; it answers (kind, mask) when a gesture is complete, else None.

    A press completes on release, since until then it may become a hold of more buttons; a hold
    completes after HOLD_MS. A level counts once two samples agree (debouncing). The buttons of
    `levels`, down at the start, are ignored until they have been released.
    """

    def __init__(self, levels):
        self._sample = self._ignored = levels
        self._mask = 0
        self._down = 0
        self._since_ms = 0
        self._complete = False

    @property
    def idle(self):
        """True while no button is down, so that nothing needs sampling."""
        return not self._down and not self._sample

    def feed(self, levels, now_ms):
        steady = levels == self._sample
        self._sample = levels
        if not steady:
            return None
        self._ignored &= levels
        down = levels & ~self._ignored
        if down and (down | self._mask) != self._mask:
            self._mask |= down
            self._since_ms = now_ms
        self._down = down
        if down == self._mask:
            return self._held(now_ms)
        if not down:
            return self._released()
        return None

    def _held(self, now_ms):
        if not self._mask or self._complete or ticks_diff(now_ms, self._since_ms) < HOLD_MS:
            return None
        self._complete = True
        return HOLD, self._mask

    def _released(self):
        mask, complete = self._mask, self._complete
        self._mask = 0
        self._complete = False
        return None if complete or not mask else (PRESS, mask)

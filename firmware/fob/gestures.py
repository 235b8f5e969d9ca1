"""Levels and times to gestures: which button was pressed how often, or held, or several together.

Buttons are bits of a mask; time is time.ticks_ms.
"""

from time import ticks_diff

from micropython import const

# After a release the next press may begin for this long.
GAP_MS = const(350)
# The same for the press that woke the fob, from the first sample on: what comes before is unseen.
WOKEN_GAP_MS = const(600)
HOLD_MS = const(1500)
LONG_HOLD_MS = const(3000)
LONGEST_HOLD_MS = const(5000)
STUCK_MS = const(15000)

# As fob.json names them.
SINGLE = "single"
DOUBLE = "double"
TRIPLE = "triple"
HOLD = "hold"
# Of several buttons together.
LONG_HOLD = "long hold"
LONGEST_HOLD = "longest hold"
# The first press of a button that may be pressed again.
BEGUN = "begun"
# What came to nothing, after BEGUN.
STUCK = "stuck"

_PRESSES = (SINGLE, DOUBLE, TRIPLE)
_HOLDS = ((HOLD, HOLD_MS), (LONG_HOLD, LONG_HOLD_MS), (LONGEST_HOLD, LONGEST_HOLD_MS))


class Gestures:
    """Feed it samples; it answers (kind, mask) when a gesture is complete, else None.

    A press completes on release, since until then it may become a hold; it counts when it lasted
    `guard_ms`. `mapped` gives for DOUBLE, TRIPLE and HOLD the mask of the buttons that have it. A
    button without double and triple decides at once; another one is BEGUN then, and decides when
    its highest count is reached, when GAP_MS passed without another press, or when another button
    goes down. The next gesture after BEGUN always is that button's.

    A button with a hold is held after HOLD_MS, presses before it or not; one without may be pressed
    for as long. Several together mean nothing when pressed; they are held after HOLD_MS,
    LONG_HOLD_MS and LONGEST_HOLD_MS. A level counts once two samples agree (debouncing). Buttons
    that have been down for STUCK_MS are stuck: they are ignored until they have been released.
    `stuck` is the mask of those.

    `ignored` are the buttons to ignore from the start, in that sense. `pressed` are those that
    went down before the first sample, at `now_ms` for want of better knowledge; `levels` tells
    which still are.
    """

    def __init__(self, mapped, levels=0, ignored=0, pressed=0, now_ms=0, guard_ms=0):
        self._mapped = mapped
        self._sample = levels
        self.stuck = levels & ignored
        self._mask = pressed & ~ignored
        # When the last button of the mask went down, or the last one went up.
        self._since_ms = now_ms
        self._guard_ms = guard_ms
        self._held = 0
        self._button = self._presses = 0
        self._gap_ms = GAP_MS
        self._unseen_ms = WOKEN_GAP_MS if pressed else 0

    @property
    def idle(self):
        """True while nothing will happen: until a level changes, no need to feed."""
        return not self._mask and not self._presses and self._sample == self.stuck

    @property
    def pending(self):
        """True while a gesture has begun that is not complete, or not yet released."""
        return bool(self._mask or self._presses or self._sample & ~self.stuck)

    def feed(self, levels, now_ms):
        steady = levels == self._sample
        self._sample = levels
        if not steady:
            return None
        self.stuck &= levels
        down = levels & ~self.stuck
        if (down | self._mask) != self._mask:
            self._mask |= down
            self._since_ms = now_ms
            # Whoever leaves may not come back for the rest of a hold.
            self._held = 0 if down == self._mask else len(_HOLDS)
            return self._counted() if self._presses and self._mask != self._button else None
        lasted_ms = ticks_diff(now_ms, self._since_ms)
        if not self._mask:
            return self._counted() if self._presses and lasted_ms >= self._gap_ms else None
        if not down:
            self._since_ms = now_ms
            return self._released(lasted_ms)
        if lasted_ms >= STUCK_MS:
            self.stuck |= down
            self._mask = 0
            return self._ended(STUCK, self._button) if self._presses else None
        if down != self._mask:
            self._held = len(_HOLDS)
        elif self._held < len(_HOLDS):
            kind, ms = _HOLDS[self._held]
            together = down & (down - 1)
            if lasted_ms >= ms and (together or (kind == HOLD and down & self._mapped[HOLD])):
                self._held += 1
                return self._ended(kind, down)
        return None

    def _released(self, held_ms):
        mask = self._mask
        self._mask = 0
        self._gap_ms = max(GAP_MS, self._unseen_ms - held_ms)
        self._unseen_ms = 0
        if self._held or held_ms < self._guard_ms or mask & (mask - 1):
            return None
        self._button = mask
        self._presses += 1
        if self._presses == self._most(mask):
            return self._counted()
        return (BEGUN, mask) if self._presses == 1 else None

    def _most(self, button):
        if button & self._mapped[TRIPLE]:
            return len(_PRESSES)
        return 2 if button & self._mapped[DOUBLE] else 1

    def _counted(self):
        return self._ended(_PRESSES[self._presses - 1], self._button)

    def _ended(self, kind, mask):
        self._presses = 0
        return kind, mask

"""Any levels at any times: a gesture needs the presses that it names."""

import virtual_time  # noqa: F401 - the clock of fob.gestures
from virtual_time import ticks_add, ticks_diff

from fob import gestures
from fob.gestures import BEGUN, DOUBLE, HOLD, SINGLE, STUCK, TRIPLE, Gestures

_BUTTONS = 3
_ALL = (1 << _BUTTONS) - 1
_COUNTS = {SINGLE: 1, DOUBLE: 2, TRIPLE: 3}
_HOLDS = {
    HOLD: gestures.HOLD_MS,
    gestures.LONG_HOLD: gestures.LONG_HOLD_MS,
    gestures.LONGEST_HOLD: gestures.LONGEST_HOLD_MS,
}
_HEAD = 6


class Fingers:
    """What the levels say by themselves: which buttons are down since when, and how often each
    went down since its last gesture."""

    def __init__(self, levels, pressed, ignored, now):
        self._sample = levels
        # Down all along: nothing of it counts before it was up.
        self.dead = levels & ignored
        self.down = pressed & ~ignored
        self.since = [now] * _BUTTONS
        self.presses = [1 if self.down >> bit & 1 else 0 for bit in range(_BUTTONS)]

    def feed(self, levels, now):
        steady = levels == self._sample
        self._sample = levels
        if not steady:
            return
        self.dead &= levels
        alive = levels & ~self.dead
        for bit in range(_BUTTONS):
            if alive >> bit & 1 and not self.down >> bit & 1:
                self.since[bit] = now
                self.presses[bit] += 1
        self.down = alive

    def held_ms(self, mask, now):
        return min(ticks_diff(now, self.since[bit]) for bit in _bits(mask))


def answer(data):
    """Return the kinds of gestures that came, in order, as many as four."""
    head = data[:_HEAD] + bytes(_HEAD - len(data[:_HEAD]))
    mapped = {DOUBLE: head[0] & _ALL, TRIPLE: head[1] & _ALL, HOLD: head[2] & _ALL}
    levels, ignored, pressed = head[3] & _ALL, head[4] & _ALL, head[4] >> 4 & _ALL
    # The clock wraps around on the way.
    now = ticks_add(0, -3000)
    watched = Gestures(mapped, levels, ignored, pressed, now, head[5] * 4)
    fingers = Fingers(levels, pressed, ignored, now)
    begun = None
    found = []
    # Two bytes each: levels, and steps of 10 ms until then. In the end everything is released.
    samples = [(data[at] & _ALL, data[at + 1]) for at in range(_HEAD, len(data) - 1, 2)]
    for levels, steps in samples + [(0, 1), (0, 1), (0, 100), (0, 100)]:
        now = ticks_add(now, 10 * max(steps, 1))
        idle, before = watched.idle, fingers._sample
        fingers.feed(levels, now)
        gesture = watched.feed(levels, now)
        if idle and levels == before:
            assert gesture is None, "idle, and yet something happened"
        if not gesture:
            continue
        kind, mask = gesture
        assert 0 < mask <= _ALL
        assert begun in (None, mask), "another button's gesture after BEGUN"
        if kind == BEGUN:
            assert begun is None and mask & (mapped[DOUBLE] | mapped[TRIPLE])
            assert fingers.presses[_bit(mask)] > 0, "begun without a press"
            begun = mask
        else:
            begun = None
            _check(kind, mask, mapped, fingers, now)
        found.append(kind)
    assert begun is None, "what began never ended"
    assert watched.idle and not watched.pending and not watched.stuck
    return " ".join(found[:4])


def _check(kind, mask, mapped, fingers, now):
    if kind == STUCK:
        # The button that began; which one is down for so long is another question.
        assert fingers.presses[_bit(mask)] > 0
        fingers.presses = [0] * _BUTTONS
    elif kind in _COUNTS:
        assert kind == SINGLE or mask & mapped[kind] or mask & mapped[TRIPLE]
        assert fingers.presses[_bit(mask)] >= _COUNTS[kind], "a gesture without its presses"
        fingers.presses[_bit(mask)] = 0
    else:
        assert mask & ~fingers.down == 0, "held while it is up"
        assert fingers.held_ms(mask, now) >= _HOLDS[kind], "held for less than it says"
        several = len(_bits(mask)) > 1
        assert several or (kind == HOLD and mask & mapped[HOLD])
        for bit in _bits(mask):
            fingers.presses[bit] = 0


def _bits(mask):
    return [bit for bit in range(_BUTTONS) if mask >> bit & 1]


def _bit(mask):
    (bit,) = _bits(mask)
    return bit

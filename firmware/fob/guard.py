"""Limits on what the car may be sent after it said no.

A real car refused every client for 20 minutes after about 25 badly sealed messages. Yet the
faults that tell of it are not authenticated, so that anybody could pretend them: the owner's
confirmation ends whatever the guard holds back.
"""

from struct import pack as pack_numbers
from struct import unpack as unpack_numbers

from micropython import const

from fob.errors import HeldBack
from fob.store import Counter, pack, unpack

PRESS_LIMIT = const(3)
LIMIT = const(10)

_FILE = "guard"
# Faults in a row, "the car does not know this key", suspect counter and allowed counter (0: none).
_FIELDS = ">BBII"
_SIZE = const(10)
# How far past what the owner confirmed a counter is followed, and how many must be left. Past the
# lease, too: a hostile answer must not use up the counter of this key.
_MARGIN = const(65536)


class Guard:
    """Counts authentication faults and keeps counters to confirm, durably.

    No record means that nothing happened yet. A damaged one counts as the limit: the owner's
    confirmation mends it. `unknown`: the car said that it does not know this key, and confirmed
    nothing since.
    """

    def __init__(self, flash):
        self._flash = flash
        self._in_press = 0
        self._followed = False
        record = flash.read(_FILE)
        payload = bytes(_SIZE) if record is None else unpack(record)
        if payload is None or len(payload) != _SIZE:
            payload = bytes((LIMIT,)) + bytes(_SIZE - 1)
        self._kept = payload
        self._failures, unknown, self._suspect, self._allowed = unpack_numbers(_FIELDS, payload)
        self.unknown = unknown == 1

    @property
    def waits(self):
        """Something is held back until the owner confirms."""
        return self._failures >= LIMIT or self._suspect > 0

    def begin(self):
        """A press starts; raises HeldBack when the limit in a row is reached."""
        self._in_press = 0
        self._followed = False
        self._check_limit()

    def fault(self):
        """An authentication fault answered a sealed message.

        Raises HeldBack when the limit of this press or in a row is reached.
        """
        self._in_press += 1
        self._failures = min(self._failures + 1, LIMIT)
        self._keep()
        self._check_limit()
        if self._in_press >= PRESS_LIMIT:
            raise HeldBack("the car cannot read this key's messages: press again, or pair again")

    def proven(self):
        """A sealed message was confirmed: all that was held against it is forgotten."""
        self._in_press = self._failures = self._suspect = self._allowed = 0
        self.unknown = False
        self._keep()

    def rejected(self):
        """The car said that it does not know this key."""
        self.unknown = True
        self._keep()

    def confirm(self):
        """The owner held both buttons: faults are forgotten, the suspect counter is allowed."""
        self._allowed = self._suspect or self._allowed
        self._in_press = self._failures = self._suspect = 0
        self._followed = False
        self._keep()

    def follow(self, counter, reported):
        """Go past a counter that the car reported without proof; False if this press did already.

        `counter` is the key's store.Counter. Raises HeldBack where the owner has to confirm it.
        """
        if reported - counter.end > _MARGIN and not self.allows(reported):
            self.suspect(reported)
        if self._followed:
            return False
        self._followed = True
        counter.advance(reported + 1)
        return True

    def suspect(self, value):
        """The car reported a counter farther ahead than is followed; always raises HeldBack."""
        if value > Counter.MAX - _MARGIN:
            raise HeldBack("the car reports a counter that would use up this key: not believed")
        self._suspect = value
        self._keep()
        raise HeldBack("the car's counter is far ahead: hold both buttons 5 s to accept it")

    def allows(self, value):
        """Whether the owner confirmed a counter of this size.

        Only so much farther ahead than the one that was confirmed: nobody can put another number
        in its place.
        """
        return self._allowed > 0 and value <= min(self._allowed + _MARGIN, Counter.MAX - _MARGIN)

    def _check_limit(self):
        if self._failures >= LIMIT:
            raise HeldBack(
                "the car could not read %d messages in a row: hold both buttons 5 s, or pair again"
                % LIMIT
            )

    def _keep(self):
        state = self._failures, self.unknown, self._suspect, self._allowed
        payload = pack_numbers(_FIELDS, *state)
        if payload != self._kept:
            self._kept = payload
            self._flash.write(_FILE, pack(payload))

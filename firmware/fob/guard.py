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
    confirmation mends it.
    """

    def __init__(self, flash):
        self._flash = flash
        self._in_press = 0
        self._followed = False
        self._state = 0, False, 0, 0
        record = flash.read(_FILE)
        if record is not None:
            payload = unpack(record)
            if payload is None or len(payload) != _SIZE:
                self._state = LIMIT, False, 0, 0
            else:
                failures, unknown, suspect, allowed = unpack_numbers(_FIELDS, payload)
                self._state = failures, unknown == 1, suspect, allowed

    @property
    def unknown(self):
        """The car said that it does not know this key, and nothing was confirmed since."""
        return self._state[1]

    @property
    def waits(self):
        """Something is held back until the owner confirms."""
        return self._state[0] >= LIMIT or self._state[2] > 0

    def begin(self):
        """A press starts; raises HeldBack when the limit in a row is reached."""
        self._in_press = 0
        self._followed = False
        self._check_limit()

    def fault(self):
        """An authentication fault answered a sealed message.

        Raises HeldBack when the limit of this press or in a row is reached.
        """
        failures, unknown, suspect, allowed = self._state
        self._in_press += 1
        self._write(min(failures + 1, LIMIT), unknown, suspect, allowed)
        self._check_limit()
        if self._in_press >= PRESS_LIMIT:
            raise HeldBack("the car cannot read this key's messages: press again, or pair again")

    def proven(self):
        """A sealed message was confirmed: all that was held against it is forgotten."""
        self._in_press = 0
        self._write(0, False, 0, 0)

    def rejected(self):
        """The car said that it does not know this key."""
        failures, _, suspect, allowed = self._state
        self._write(failures, True, suspect, allowed)

    def confirm(self):
        """The owner held both buttons: faults are forgotten, the suspect counter is allowed."""
        self._in_press = 0
        self._followed = False
        _, unknown, suspect, allowed = self._state
        self._write(0, unknown, 0, suspect or allowed)

    def follow(self, counter, reported):
        """Go past a counter that the car reported without proof; False if this press did already.

        `counter` is the key's store.Counter. Raises HeldBack where the owner has to confirm it.
        """
        if counter.distance(reported) > _MARGIN and not self.allows(reported):
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
        failures, unknown, _, allowed = self._state
        self._write(failures, unknown, value, allowed)
        raise HeldBack("the car's counter is far ahead: hold both buttons 5 s to accept it")

    def allows(self, value):
        """Whether the owner confirmed a counter of this size.

        Only so much farther ahead than the one that was confirmed: nobody can put another number
        in its place.
        """
        allowed = self._state[3]
        return allowed > 0 and value <= min(allowed + _MARGIN, Counter.MAX - _MARGIN)

    def _check_limit(self):
        if self._state[0] >= LIMIT:
            raise HeldBack(
                "the car could not read %d messages in a row: hold both buttons 5 s, or pair again"
                % LIMIT
            )

    def _write(self, *state):
        if state != self._state:
            self._state = state
            self._flash.write(_FILE, pack(pack_numbers(_FIELDS, *state)))

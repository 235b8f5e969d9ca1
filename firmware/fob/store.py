"""Durable state: records in paired slots, the counter lease, and the session cache.

A record is version (1 byte), sequence (4 bytes big-endian), payload, CRC-32 of all before. The
flash that is handed in offers read(name) -> bytes or None, and write(name, data), which is
durable and atomic when it returns.
"""

from binascii import crc32

from micropython import const

from fob.errors import CounterExhausted, StoreError

VERSION = const(1)
_HEADER = const(5)
_TRAILER = const(4)
_SESSION = "session"
# A session record: owner and needs_none, then once or twice a shared key and a vehicle key.
_SESSION_HEAD = const(4 + 1)
_SHARED_KEY = const(16)
_KEYS = const(16 + 65)


def pack(sequence, payload):
    """Return a record."""
    body = bytes((VERSION,)) + sequence.to_bytes(4, "big") + payload
    return body + crc32(body).to_bytes(4, "big")


def unpack(record):
    """Return (sequence, payload), or None when the record is damaged or of another version."""
    if len(record) < _HEADER + _TRAILER or record[0] != VERSION:
        return None
    body = record[:-_TRAILER]
    if crc32(body) != int.from_bytes(record[-_TRAILER:], "big"):
        return None
    return int.from_bytes(record[1:_HEADER], "big"), body[_HEADER:]


class Slots:
    """A value that only grows, in two files written in turn: damage to one leaves the other."""

    def __init__(self, flash, name):
        self._flash = flash
        self._names = (name + ".0", name + ".1")
        self._sequence = 0
        self._target = 0

    def load(self):
        """Return (payload, damaged) of the larger whole record; raises StoreError without one.

        The value decides, not the sequence: that may have been started anew by a laptop. `damaged`
        tells that the other slot is unreadable or gone, and may have been larger.
        """
        newest = None
        damaged = found = False
        for index, name in enumerate(self._names):
            record = self._flash.read(name)
            found = found or record is not None
            content = unpack(record or b"")
            if content is None:
                damaged = True
            else:
                self._sequence = max(self._sequence, content[0])
                if newest is None or content[1] > newest:
                    newest = content[1]
                    self._target = 1 - index
        if newest is None:
            raise StoreError("state is damaged" if found else "state is missing")
        return newest, damaged

    def save(self, payload):
        """Write `payload` over the older slot; durable when this returns."""
        self._sequence += 1
        self._flash.write(self._names[self._target], pack(self._sequence, payload))
        self._target = 1 - self._target


class Counter:
    """The message counter of one key: every value is handed out once, ever.

    Values are leased ahead in blocks, so that most presses write nothing, and a lease is durable
    before its first value is used: a power cut wastes values and repeats none. The record holds
    the first value that is not leased yet, 8 bytes big-endian.
    """

    LEASE = const(64)
    MAX = const(0xFFFFFFFF)

    def __init__(self, flash):
        self._slots = Slots(flash, "counter")
        payload, damaged = self._slots.load()
        self._next = self._end = int.from_bytes(payload, "big")
        if damaged:
            # The other record may have leased one block more than this one. Both slots are renewed
            # at once: should this happen again, the older record still bounds what was used.
            self.advance(self._end + self.LEASE)

    def take(self):
        """Return the next value, 1..MAX; raises CounterExhausted past the last one."""
        if self._next > self.MAX:
            raise CounterExhausted("the key's counter is used up: provision a new key")
        if self._next >= self._end:
            self._lease(self._next + self.LEASE)
        value = self._next
        self._next += 1
        return value

    def distance(self, value):
        """Return how far `value` lies past the lease; zero or less means inside it."""
        return value - self._end

    def advance(self, minimum):
        """Hand out nothing below `minimum` from now on; never goes back."""
        if minimum > self._next:
            self._next = minimum
            if minimum >= self._end:
                # Both slots, so that damage to either never leads back before the jump.
                self._lease(minimum + self.LEASE)
                self._lease(minimum + self.LEASE)

    def _lease(self, end):
        self._slots.save(end.to_bytes(8, "big"))
        self._end = end


class SessionCache:
    """The proven sessions, as (vehicle key, shared key), and what the car wants at session start.

    The last is the one that pairing proved: nothing that comes over the air replaces it, but for
    another pairing. Before it stands the one that a press confirmed last, where the car's key has
    changed since, or somebody pretended so.

    `owner` is 4 bytes that tell this key and car from others: sessions that were kept for an
    earlier key are none. A missing, damaged or foreign cache costs one more handshake, nothing
    else: it loads as empty.
    """

    def __init__(self, flash, owner):
        self._flash = flash
        self._owner = owner
        self.sessions = []
        self.needs_none = False
        content = unpack(flash.read(_SESSION) or b"")
        payload = content[1] if content else b""
        sizes = (_SESSION_HEAD + _KEYS, _SESSION_HEAD + 2 * _KEYS)
        if payload[:4] == owner and len(payload) in sizes:
            self.needs_none = payload[4] == 1
            for at in range(_SESSION_HEAD, len(payload), _KEYS):
                vehicle_key = at + _SHARED_KEY
                self.sessions.append((payload[vehicle_key : at + _KEYS], payload[at:vehicle_key]))

    def keep(self, session, needs_none, paired=False):
        """Make a session durable that a press confirmed, or that pairing proved.

        Writes nothing when nothing changed.
        """
        anchor = session if paired or not self.sessions else self.sessions[-1]
        sessions = [session] if session == anchor else [session, anchor]
        if sessions == self.sessions and needs_none == self.needs_none:
            return
        payload = self._owner + bytes((needs_none,))
        for vehicle_key, shared_key in sessions:
            payload += shared_key + vehicle_key
        self._flash.write(_SESSION, pack(1, payload))
        self.sessions, self.needs_none = sessions, needs_none

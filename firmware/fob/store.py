"""Durable records, and the counter that is leased ahead.

A record is version (1 byte), payload, CRC-32 of all before (big-endian). The flash that is handed
in offers read(name) -> bytes or None, and write(name, data), which is durable and atomic when it
returns.

Wear, measured on littlefs (tests/unit/test_flash.py): a flash of 100,000 cycles allows 25 million
presses of four counters each with deep sleep between them, and 1.5 million presses that each lose
the power and with it a lease. That counts the folder's two blocks alone; littlefs moves the folder
on after 100 erases, so that all free blocks share the wear.
"""

from binascii import crc32
from struct import pack as pack_numbers
from struct import unpack as unpack_numbers

from micropython import const

from fob.errors import CounterExhausted, StoreError

VERSION = const(2)
_TRAILER = const(4)
_COUNTER = "counter"
_SLOTS = ("counter.0", "counter.1")
_NUMBER = const(8)
# What is retained of the counter: the lease's end and the next value.
_LEASE_AND_NEXT = ">QQ"


def pack(payload):
    """Return a record."""
    # One copy that grows: memory in one piece is scarce.
    record = bytearray((VERSION,))
    record += payload
    record += crc32(record).to_bytes(_TRAILER, "big")
    return record


def unpack(record):
    """Return the payload, or None when the record is damaged or of another version."""
    if len(record) <= _TRAILER or record[0] != VERSION:
        return None
    body = record[:-_TRAILER]
    if crc32(body) != int.from_bytes(record[-_TRAILER:], "big"):
        return None
    return body[1:]


class Counter:
    """The message counter of one key: every value is handed out once, ever.

    Values are leased ahead in blocks, and a lease is durable before its first value is used: a
    power cut wastes values and repeats none. The end of the lease, the first value that is not
    leased yet, is a record of 8 bytes in one of two files, which are written in turn: damage to one
    leaves the other. Without either, making one raises StoreError. Inside a lease the next value
    lives in `retained`, which offers get(name) -> bytes or None and put(name, data) and survives
    deep sleep but no power cut: so most presses write nothing to the flash. `next` is the next
    value, `end` the lease's end.
    """

    LEASE = const(64)
    MAX = const(0xFFFFFFFF)

    def __init__(self, flash, retained):
        self._flash = flash
        self._retained = retained
        ends = self._saved(0), self._saved(1)
        self._older = int(ends[0] >= ends[1])
        self.end = self.next = max(ends)
        if not self.end:
            raise StoreError(
                "the message counter is damaged or missing: run `fob provision --repair`"
            )
        end, following = self._kept()
        if end == self.end and all(ends):
            self.next = following
        else:
            # A retained lease past the flash's: the flash was rolled back. An unreadable slot may
            # have leased one block more than the other; both are renewed at once, so that should
            # this happen again, the older record still bounds what was used.
            self._jump(max(end, 0 if all(ends) else self.end + self.LEASE))

    def take(self):
        """Return the next value, 1..MAX; raises CounterExhausted past the last one."""
        if self.next > self.MAX:
            self._refuse()
        if self.next >= self.end:
            self.end = self._lease(self.next)
        value = self.next
        self.next = value + 1
        # Before the value leaves: whatever resets the chip now, it is not handed out again.
        self._keep()
        return value

    def reaches(self, value):
        """Return whether `value` or a larger one would still be handed out, and so repeat."""
        return value >= self.next

    def advance(self, minimum):
        """Hand out nothing below `minimum` from now on; never goes back.

        Raises CounterExhausted, and changes nothing, where no value would be left.
        """
        if minimum > self.MAX:
            self._refuse()
        self._jump(minimum)

    def _jump(self, minimum):
        if minimum <= self.next:
            return
        if minimum >= self.end:
            # Both slots, so that damage to either never leads back before the jump.
            self._lease(minimum)
            self.end = self._lease(minimum)
        self.next = minimum
        self._keep()

    def _lease(self, beginning):
        """Write over the older slot where a lease ends, and return it: it is durable then."""
        end = min(beginning + self.LEASE, self.MAX + 1)
        self._flash.write(_SLOTS[self._older], pack(end.to_bytes(_NUMBER, "big")))
        self._older = 1 - self._older
        return end

    def _saved(self, slot):
        """Return what a slot holds, 0 where that is unreadable or gone."""
        payload = unpack(self._flash.read(_SLOTS[slot]) or b"") or b""
        return int.from_bytes(payload, "big") if len(payload) == _NUMBER else 0

    def _refuse(self):
        raise CounterExhausted("the key's counter is used up: provision a new key")

    def _keep(self):
        self._retained.put(_COUNTER, pack_numbers(_LEASE_AND_NEXT, self.end, self.next))

    def _kept(self):
        """Return the retained (end, next), or zeros where there is nothing to believe."""
        kept = self._retained.get(_COUNTER)
        if kept and len(kept) == 16:
            end, following = unpack_numbers(_LEASE_AND_NEXT, kept)
            # No lease is longer: less than its beginning was used before it.
            if 0 < following <= end <= min(following + self.LEASE, self.MAX + 1):
                return end, following
        return 0, 0

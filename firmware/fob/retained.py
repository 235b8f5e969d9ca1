"""Small values in RTC memory: kept in deep sleep and over a watchdog reset, lost with the power.

Of four cars they take some 1.2 kB.

The memory holds one record (see store.py) of owner (4 bytes) and entries, each with length (1
byte) and name, length (2 bytes big-endian) and data.
"""

from micropython import const

from fob.store import pack, unpack

_SIZE = const(2048)
_OWNER = const(4)


class Retained:
    """Named byte strings of one owner, the 4 bytes that tell this key and car from others.

    memory() gives what the RTC holds, memory(bytes) replaces it. What is damaged, foreign or
    another owner's is none of ours: the set is then empty. There is one object for one memory: a
    second one would put its older values over newer ones.
    """

    def __init__(self, memory, owner):
        self._memory = memory
        self._owner = owner
        self._values = {}
        payload = unpack(memory())
        if payload and payload[:_OWNER] == owner:
            at = _OWNER
            while at < len(payload):
                start = at + 1 + payload[at]
                end = start + 2 + int.from_bytes(payload[start : start + 2], "big")
                self._values[payload[at + 1 : start].decode()] = payload[start + 2 : end]
                at = end

    def get(self, name):
        """Return the bytes that were put there last, or None."""
        return self._values.get(name)

    def put(self, name, data):
        """Keep `data`; where it does not fit any more, nothing is kept under this name."""
        self._values[name] = data
        record = self._record()
        if len(record) > _SIZE:
            # An older value may never stand for the newer one: the counter would go back.
            del self._values[name]
            record = self._record()
        self._memory(record)

    def part(self, number):
        """Return the values of car `number`: these for car 1, a Part of them for another."""
        return self if number == 1 else Part(self, str(number))

    def _record(self):
        payload = bytearray(self._owner)
        for name, data in self._values.items():
            payload += bytes((len(name),)) + name.encode() + len(data).to_bytes(2, "big")
            payload += data
        return pack(payload)


class Part:
    """The values of one car among those of a Retained: the same calls, under names of their own."""

    def __init__(self, whole, prefix):
        self._whole = whole
        self._prefix = prefix

    def get(self, name):
        return self._whole.get(self._prefix + name)

    def put(self, name, data):
        self._whole.put(self._prefix + name, data)

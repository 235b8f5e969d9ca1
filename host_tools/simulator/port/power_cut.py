"""Loses the power while the flash is being written. Only on boards that are to lose it."""

import random


class PowerCut:
    """`spec`: "N:clean": the N-th operation does not happen; "N:torn:SEED": it happens in part."""

    def __init__(self, spec):
        number, kind, *seed = spec.split(":")
        self._left = int(number)
        self._torn = kind == "torn"
        if self._torn:
            random.seed(int(seed[0]))

    def strikes(self):
        """Whether the power goes during the operation that is about to begin."""
        self._left -= 1
        return self._left == 0

    def left_over(self, old, new, erase):
        """What lies in the flash afterwards, bytes, if `new` was to replace `old`."""
        if not self._torn:
            return old
        return self._erased(old) if erase else self._programmed(old, new)

    def _programmed(self, old, new):
        # Byte after byte, so that one of them has some of its bits cleared and not the others.
        at = random.randrange(len(new))
        garbled = old[at] & (new[at] | random.getrandbits(8))
        return new[:at] + bytes((garbled,)) + old[at + 1 :]

    def _erased(self, old):
        # Bits drift towards 1 in no order.
        return bytes((byte, 0xFF, random.getrandbits(8))[random.randrange(3)] for byte in old)

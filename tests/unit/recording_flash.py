"""A flash in memory that remembers every write, for tests that cut the power."""

from fob.errors import StoreError


class RecordingFlash:
    """`files` maps names to bytes; `writes` lists (name, data), oldest first.

    While `full`, writing raises StoreError.
    """

    def __init__(self, files=()):
        self.files = dict(files)
        self.writes = []
        self.full = False
        self._initial = dict(files)

    def read(self, name):
        return self.files.get(name)

    def write(self, name, data):
        if self.full:
            raise StoreError("full")
        self.writes.append((name, bytes(data)))
        self.files[name] = bytes(data)

    def cut_after(self, writes):
        """Return the flash as a power cut after the first `writes` writes leaves it."""
        files = dict(self._initial)
        files.update(dict(self.writes[:writes]))
        return RecordingFlash(files)

    def damage(self, name):
        """Flip one bit in the middle of a file."""
        data = bytearray(self.files[name])
        data[len(data) // 2] ^= 1
        self.files[name] = bytes(data)

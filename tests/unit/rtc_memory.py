"""RTC memory for tests: kept while nobody clears it."""


class RtcMemory:
    """`data` is what the memory holds; `writes` counts what was put there."""

    def __init__(self, data=b""):
        self.data = data
        self.writes = 0

    def read(self):
        return self.data

    def write(self, data):
        self.data = bytes(data)
        self.writes += 1

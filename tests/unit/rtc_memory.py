"""RTC memory for tests: kept while nobody clears it."""


class RtcMemory:
    """As machine.RTC().memory: `data` is what it holds; `writes` counts what was put there."""

    def __init__(self, data=b""):
        self.data = data
        self.writes = 0

    def __call__(self, *data):
        if not data:
            return self.data
        self.data = bytes(data[0])
        self.writes += 1
        return None

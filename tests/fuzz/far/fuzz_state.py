"""What lies in the flash and in RTC memory may be anything: an error in words, never an empty fob.

An input is what each of the places holds, one after the other: a byte for what it is (_content), a
byte of length and so many bytes. A record whose CRC is right is the fob's own: its text is ASCII
then, and its clock no faster or slower than the fob takes one for.
"""

from binascii import crc32

import virtual_time  # noqa: F401 - the clock of the firmware
from recording_flash import RecordingFlash
from rtc_memory import RtcMemory

from fob.cache import SessionCache
from fob.errors import FobError, HeldBack, StoreError
from fob.guard import LIMIT, Guard
from fob.journal import Journal
from fob.retained import Retained
from fob.store import Counter
from fob.vehicle_clock import VehicleClock

OWNER = b"mine"
_FILES = ("counter.0", "counter.1", "guard", "session", "journal")
_VERSION = 2
_MOST_PPM = 50000


def answer(data):
    """Return what the counter and the guard came to."""
    contents = _contents(data)
    files = {name: contents[name] for name in _FILES if contents[name] is not None}
    flash = RecordingFlash(files)
    memory = RtcMemory(contents["retained"] or b"")
    try:
        kept = Retained(memory, OWNER)
        if any(max(name.encode() or b"\0") > 0x7F for name in kept._values):
            raise UnicodeError
    except UnicodeError:
        return "a name that no fob writes"
    told = _counter(flash, kept, contents)
    told += ", " + _guard(flash, contents["guard"])
    _cache(flash, kept)
    _clock(kept)
    _journal(flash)
    # What was written since is read again.
    again = Retained(memory, OWNER)
    for name in ("counter", "car", "clock", "said"):
        assert again.get(name) == kept.get(name)
    return told


def _contents(data):
    found = {}
    at = 0
    for name in _FILES + ("retained",):
        kind = data[at] % 5 if at < len(data) else 0
        size = data[at + 1] if at + 1 < len(data) else 0
        found[name] = _content(name, kind, data[at + 2 : at + 2 + size])
        at += 2 + size
    return found


def _content(name, kind, raw):
    """Nothing, something unreadable, any bytes, or a record: of any bytes, or the owner's."""
    if kind == 0:
        return None
    if kind == 1:
        return b""
    if kind == 2:
        return raw
    if name == "journal":
        raw = bytes([byte & 0x7F for byte in raw])
    record = bytes([_VERSION]) + (OWNER if kind == 4 else b"") + raw
    return record + crc32(record).to_bytes(4, "big")


def _payload(record):
    """What a whole record holds, None where it is none."""
    if record is None or len(record) < 5 or record[0] != _VERSION:
        return None
    return record[1:-4] if crc32(record[:-4]) == int.from_bytes(record[-4:], "big") else None


def _counter(flash, kept, contents):
    payloads = [_payload(contents[name]) for name in _FILES[:2]]
    # A counter begins at 1: no fob writes a slot that says 0, and none is believed.
    slots = [int.from_bytes(each, "big") for each in payloads if each and len(each) == 8]
    slots = [end for end in slots if end]
    try:
        counter = Counter(flash, kept)
    except StoreError:
        assert not slots, "a whole slot is no state"
        return "no counter"
    assert slots, "a counter out of nothing"
    end = max(slots)
    if kept.get("counter") is None:
        assert counter.next >= end, "lower than a whole slot says"
    else:
        # What a lease has used is in RTC memory; no lease is longer.
        assert counter.next >= end - Counter.LEASE, "lower than the lease of a whole slot"
    used = 0
    for _ in range(3):
        try:
            value = counter.take()
        except FobError:
            assert counter.next > Counter.MAX
            return "used up"
        assert used < value <= Counter.MAX
        used = value
    # As after deep sleep, and after a power cut.
    assert Counter(flash, kept).next > used, "handed out again after a wake"
    assert Counter(flash, Retained(RtcMemory(), OWNER)).next > used, "handed out again"
    return "counter"


def _guard(flash, content):
    guard = Guard(flash)
    if content is not None and len(_payload(content) or b"") != 10:
        assert guard.waits, "a damaged guard counts as none"
    try:
        guard.begin()
        told = "free"
    except HeldBack:
        assert guard.waits
        told = "held back"
    try:
        for _ in range(LIMIT + 1):
            guard.fault()
        raise AssertionError("faults without end")
    except HeldBack:
        pass
    assert Guard(flash)._kept == guard._kept
    guard.confirm()
    assert not guard.waits
    guard.begin()
    return told


def _cache(flash, kept):
    cache = SessionCache(flash, kept, OWNER)
    assert len(cache.sessions) <= 2
    for vehicle_key, shared_key in cache.sessions:
        assert (len(vehicle_key), len(shared_key)) == (65, 16)
    assert cache.peer is None or (len(cache.peer) == 2 and len(cache.peer[1]) == 6)
    assert cache.handles is None or len(cache.handles) == 4
    session = bytes(65), bytes(16)
    cache.keep(session, cache.traits ^ 1)
    again = SessionCache(flash, Retained(RtcMemory(), OWNER), OWNER)
    assert again.sessions == cache.sessions and again.traits == cache.traits
    assert again.sessions[0] == session


def _clock(kept):
    for now in (0, 1 << 40):
        clock = VehicleClock(kept, lambda now=now: now)
        expires = clock.expires_at(5)
        if abs(clock._pace_ppm) <= _MOST_PPM:
            assert expires is None or 0 <= expires < 1 << 32
    try:
        clock.learn(bytes(16), 1000, now - 10)
    except FobError:
        return
    assert clock.expires_at(5) >= 1000
    clock.keep()


def _journal(flash):
    journal = Journal(flash)
    assert 0 <= journal.crashes <= 255
    for line in journal.lines():
        assert isinstance(line, str)
    journal.note("one more")
    assert Journal(flash).lines()[-1] == "one more"
    assert len(Journal(flash).lines()) <= 16

"""What is known of the car: kept twice, and worth no more than a handshake."""

from recording_flash import RecordingFlash
from rtc_memory import RtcMemory

from fob import store
from fob.cache import ENCRYPTS, NEEDS_NONE, SIGNED, SessionCache
from fob.retained import Retained

OWNER = b"mine"
PAIRED, LATER, LATEST = [(bytes((4, n)) + bytes(63), bytes((n,)) * 16) for n in (1, 2, 3)]
PEER = (1, b"\xc0\x01\x02\x03\x04\x05")
HANDLES = (0x0012, 0x0014, 0x0015, 3)


def started(flash, memory=None, owner=OWNER):
    """The cache of a fob that starts: with new memory after a power cut, else from sleep."""
    return SessionCache(flash, Retained(memory or RtcMemory(), owner), owner)


def known(memory=None):
    """A flash, and the memory, of a fob that has everything to remember."""
    flash = RecordingFlash()
    cache = started(flash, memory)
    cache.keep(PAIRED, False, paired=True)
    cache.keep(LATER, True)
    cache.meet(PEER, HANDLES)
    flash.writes.clear()
    return flash


def contents(cache):
    return cache.sessions, cache.traits, cache.peer, cache.handles


EMPTY = ([], False, None, None)
KNOWN = ([LATER, PAIRED], True, PEER, HANDLES)


def test_a_cache_that_is_missing_is_empty():
    assert contents(started(RecordingFlash())) == EMPTY


def test_everything_survives_a_power_cut():
    assert contents(started(known())) == KNOWN


def test_everything_survives_a_deep_sleep_without_a_look_at_the_flash():
    memory = RtcMemory()
    known(memory)
    assert contents(started(None, memory)) == KNOWN


def test_what_the_flash_told_is_retained_for_the_next_wake():
    flash, memory = known(), RtcMemory()
    started(flash, memory)
    assert contents(started(None, memory)) == KNOWN


def test_a_file_with_any_damaged_bit_is_empty():
    record = known().files["session"]
    for bit in range(8 * len(record)):
        damaged = bytearray(record)
        damaged[bit // 8] ^= 1 << bit % 8
        assert contents(started(RecordingFlash({"session": bytes(damaged)}))) == EMPTY


def test_damaged_memory_leaves_the_file():
    memory = RtcMemory()
    flash = known(memory)
    memory.data = memory.data[:-1]
    assert contents(started(flash, memory)) == KNOWN


def test_a_cache_of_another_size_is_empty():
    payload = store.unpack(known().files["session"])
    for wrong in (payload[:-1], payload + b"\0", payload + bytes(81), payload[:18], OWNER, b""):
        assert contents(started(RecordingFlash({"session": store.pack(wrong)}))) == EMPTY


def test_a_cache_of_another_key_is_none():
    memory = RtcMemory()
    flash = known(memory)
    assert contents(started(flash, memory, b"late")) == EMPTY


def test_keeping_what_is_kept_writes_nothing():
    memory = RtcMemory()
    flash = known(memory)
    for cache in (started(flash), started(flash, memory)):
        cache.keep(LATER, True)
        cache.meet(PEER, HANDLES)
    assert flash.writes == []


def test_another_wish_at_session_start_is_durable():
    flash = known()
    started(flash).keep(LATER, False)
    assert started(flash).traits == 0


def test_pairings_session_stays_behind_whatever_a_press_confirmed():
    flash = RecordingFlash()
    started(flash).keep(PAIRED, False, paired=True)
    started(flash).keep(LATER, False)
    started(flash).keep(LATEST, True)
    assert started(flash).sessions == [LATEST, PAIRED]
    started(flash).keep(PAIRED, False)
    assert started(flash).sessions == [PAIRED]


def test_a_new_pairing_replaces_every_session():
    flash = known()
    started(flash).keep(LATEST, False, paired=True)
    assert started(flash).sessions == [LATEST]


def test_a_new_address_alone_is_retained_and_not_written():
    memory = RtcMemory()
    flash = known(memory)
    elsewhere = (1, b"\xff\x01\x02\x03\x04\x05")
    started(flash, memory).meet(elsewhere, HANDLES)
    assert flash.writes == []
    assert started(flash, memory).peer == elsewhere
    assert started(flash).peer == PEER


def test_new_handles_are_durable_with_the_address_they_were_found_at():
    flash = known()
    elsewhere, others = (0, bytes(6)), (1, 2, 3, 0)
    started(flash).meet(elsewhere, others)
    assert contents(started(flash)) == ([LATER, PAIRED], True, elsewhere, others)


def test_where_the_car_was_met_can_be_forgotten():
    flash, memory = known(), RtcMemory()
    started(flash, memory).meet(None, None)
    for cache in (started(flash), started(flash, memory)):
        assert contents(cache) == ([LATER, PAIRED], True, None, None)


def test_meeting_an_unknown_car_writes_nothing():
    flash = RecordingFlash()
    cache = started(flash)
    cache.meet(PEER, HANDLES)
    assert flash.writes == []
    cache.keep(PAIRED, False, paired=True)
    assert contents(started(flash)) == ([PAIRED], False, PEER, HANDLES)


def test_a_flash_that_cannot_be_written_costs_no_press():
    flash, memory = known(), RtcMemory()
    cache = started(flash, memory)
    flash.full = True
    cache.keep(LATEST, True)
    assert cache.sessions == started(flash, memory).sessions == [LATEST, PAIRED]
    assert started(flash).sessions == [LATER, PAIRED]


def test_a_reset_while_the_file_is_written_leaves_no_older_copy_in_memory():
    memory = RtcMemory()
    flash = known(memory)
    cache = started(flash, memory)
    seen = []
    flash.write = lambda name, data: seen.append(Retained(memory, OWNER).get("car"))
    cache.keep(LATEST, False, paired=True)
    assert seen == [b""]


def test_every_trait_outlives_a_power_cut_and_a_deep_sleep():
    for traits in range(8):
        flash, memory = RecordingFlash(), RtcMemory()
        started(flash, memory).keep(PAIRED, traits, paired=True)
        assert started(flash).traits == started(None, memory).traits == traits


def test_traits_are_told_apart():
    assert NEEDS_NONE | SIGNED | ENCRYPTS == NEEDS_NONE + SIGNED + ENCRYPTS == 7


def test_another_trait_is_durable_and_the_same_writes_nothing():
    flash = known()
    cache = started(flash)
    cache.keep(LATER, SIGNED)
    assert len(flash.writes) == 1 and started(flash).traits == SIGNED
    cache.keep(LATER, SIGNED)
    assert len(flash.writes) == 1


def test_an_empty_cache_has_no_traits():
    assert started(RecordingFlash()).traits == 0


def test_the_owner_may_confirm_the_session_that_a_press_proved():
    flash = known()
    started(flash).adopt()
    assert contents(started(flash)) == ([LATER], True, PEER, HANDLES)


def test_confirming_the_session_of_pairing_writes_nothing():
    for flash in (RecordingFlash(), known()):
        cache = started(flash)
        cache.adopt()
        flash.writes.clear()
        cache.adopt()
        assert flash.writes == []

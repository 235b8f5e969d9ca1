"""Durable state: whatever is cut or damaged, no counter value is handed out twice."""

import random

from expect import raises
from recording_flash import RecordingFlash

from fob import store
from fob.errors import CounterExhausted, StoreError
from fob.store import Counter, SessionCache, Slots

LEASE = Counter.LEASE


OWNER = b"mine"


def provisioned(first=1):
    return RecordingFlash({"counter.0": store.pack(1, first.to_bytes(8, "big"))})


def settled(first=1):
    """A flash with both slots in use, as after the first presses."""
    flash = provisioned(first)
    Counter(flash).take()
    flash.writes.clear()
    return RecordingFlash(flash.files)


def stored(flash, name):
    return int.from_bytes(store.unpack(flash.files[name])[1], "big")


def newest(flash):
    return max([((store.unpack(data) or (0,))[0], name) for name, data in flash.files.items()])[1]


def test_a_record_comes_back_with_its_sequence():
    assert store.unpack(store.pack(7, b"payload")) == (7, b"payload")


def test_every_flipped_bit_of_a_record_is_noticed():
    record = store.pack(7, b"payload")
    for bit in range(8 * len(record)):
        damaged = bytearray(record)
        damaged[bit // 8] ^= 1 << bit % 8
        assert store.unpack(bytes(damaged)) is None


def test_every_truncation_of_a_record_is_noticed():
    record = store.pack(7, b"payload")
    for length in range(len(record)):
        assert store.unpack(record[:length]) is None


def test_slots_are_written_in_turn():
    flash = settled()
    slots = Slots(flash, "counter")
    slots.load()
    for payload in (b"a", b"b", b"c"):
        slots.save(payload)
    names = [name for name, _ in flash.writes]
    assert names[0] != names[1] and names[0] == names[2]
    assert Slots(flash, "counter").load() == (b"c", False)


def test_a_save_replaces_the_older_slot():
    flash = settled()
    before = newest(flash)
    slots = Slots(flash, "counter")
    slots.load()
    slots.save(b"new")
    assert newest(flash) != before


def test_a_damaged_newest_slot_leaves_the_older_one_and_says_so():
    flash = settled()
    slots = Slots(flash, "counter")
    slots.load()
    slots.save(b"older")
    slots.save(b"newer")
    flash.damage(newest(flash))
    assert Slots(flash, "counter").load() == (b"older", True)


def test_a_missing_slot_is_as_suspect_as_a_damaged_one():
    flash = settled()
    slots = Slots(flash, "counter")
    slots.load()
    slots.save(b"older")
    slots.save(b"newer")
    del flash.files[newest(flash)]
    assert Slots(flash, "counter").load() == (b"older", True)


def test_two_damaged_slots_are_an_error_never_a_fresh_start():
    flash = settled()
    flash.damage("counter.0")
    flash.damage("counter.1")
    raises(StoreError, Counter, flash)


def test_a_missing_state_is_an_error_never_a_fresh_start():
    raises(StoreError, Counter, RecordingFlash())


def test_a_record_of_another_version_is_not_read():
    record = bytearray(store.pack(1, bytes(8)))
    record[0] = 2
    record[-4:] = store.crc32(record[:-4]).to_bytes(4, "big")
    raises(StoreError, Counter, RecordingFlash({"counter.0": bytes(record)}))


def test_values_count_up_from_the_provisioned_one():
    counter = Counter(settled(1000))
    first = counter.take()
    assert first >= 1000
    assert [counter.take() for _ in range(200)] == list(range(first + 1, first + 201))


def test_a_lease_is_durable_before_its_first_value_leaves():
    flash = settled()
    counter = Counter(flash)
    for _ in range(3 * LEASE):
        value = counter.take()
        assert stored(flash, newest(flash)) > value


def test_a_lease_is_written_once_for_its_whole_block():
    flash = settled()
    counter = Counter(flash)
    for _ in range(LEASE):
        counter.take()
    assert len(flash.writes) == 1
    counter.take()
    assert len(flash.writes) == 2


def test_starting_and_pressing_nothing_writes_nothing():
    flash = settled()
    Counter(flash)
    assert flash.writes == []


def test_a_restart_wastes_values_and_repeats_none():
    flash = settled()
    last = Counter(flash).take()
    assert Counter(flash).take() > last


def test_advance_skips_to_the_minimum():
    counter = Counter(settled())
    counter.advance(5000)
    assert [counter.take(), counter.take()] == [5000, 5001]


def test_advance_never_goes_back():
    counter = Counter(settled(1000))
    value = counter.take()
    counter.advance(5)
    counter.advance(value)
    assert counter.take() == value + 1


def test_advance_inside_the_lease_writes_nothing():
    flash = settled()
    counter = Counter(flash)
    value = counter.take()
    flash.writes.clear()
    counter.advance(value + 10)
    assert counter.take() == value + 10
    assert flash.writes == []


def test_advance_past_the_lease_is_durable_in_both_slots():
    flash = settled()
    Counter(flash).advance(5000)
    assert [stored(flash, "counter.0") > 5000, stored(flash, "counter.1") > 5000] == [True, True]


def test_the_distance_counts_from_the_end_of_the_lease():
    flash = settled()
    counter = Counter(flash)
    value = counter.take()
    end = stored(flash, newest(flash))
    assert (counter.distance(value) < 0, counter.distance(end), counter.distance(end + 9)) == (
        True,
        0,
        9,
    )


def test_the_last_value_is_handed_out_and_then_the_counter_is_exhausted():
    counter = Counter(settled())
    counter.advance(Counter.MAX)
    assert counter.take() == Counter.MAX
    raises(CounterExhausted, counter.take)
    raises(CounterExhausted, counter.take)


def test_an_exhausted_counter_stays_so_after_a_restart():
    flash = settled()
    counter = Counter(flash)
    counter.advance(Counter.MAX)
    counter.take()
    raises(CounterExhausted, Counter(flash).take)


def test_a_power_cut_after_any_write_repeats_no_value():
    flash = provisioned()
    counter = Counter(flash)
    used = []  # (value, writes that were durable when it was handed out)
    for step in range(5 * LEASE):
        if step in (100, 250):
            counter.advance(counter.take() + 3 * LEASE)
        used.append((counter.take(), len(flash.writes)))
    for writes in range(len(flash.writes) + 1):
        before = {value for value, durable in used if durable <= writes}
        after_cut = Counter(flash.cut_after(writes))
        assert after_cut.take() not in before
        assert not before & {after_cut.take() for _ in range(10 * LEASE)}


def test_a_power_cut_and_then_a_damaged_newest_slot_repeat_no_value():
    flash = settled()
    counter = Counter(flash)
    used = []
    for step in range(5 * LEASE):
        if step in (100, 250):
            counter.advance(counter.take() + 3 * LEASE)
        used.append((counter.take(), len(flash.writes)))
    for writes in range(len(flash.writes) + 1):
        before = {value for value, durable in used if durable <= writes}
        cut = flash.cut_after(writes)
        cut.damage(newest(cut))
        after_cut = Counter(cut)
        assert not before & {after_cut.take() for _ in range(10 * LEASE)}


def assert_no_value_repeats(flash, spoil):
    """Start again and again, with `spoil(name)` done to the newest slot in between."""
    used = set()
    for presses in (1, LEASE, 1, 1, LEASE + 1, 1):
        counter = Counter(flash)
        fresh = {counter.take() for _ in range(presses)}
        assert not used & fresh
        used |= fresh
        spoil(newest(flash))


def test_damage_to_the_newest_slot_again_and_again_repeats_no_value():
    flash = settled()
    assert_no_value_repeats(flash, flash.damage)


def test_a_newest_slot_that_gets_lost_repeats_no_value():
    flash = settled()
    assert_no_value_repeats(flash, flash.files.pop)


def test_random_lives_of_a_fob_repeat_no_value():
    for seed in range(150):
        random.seed(seed)
        _live(provisioned(), 40)


def _live(flash, events):
    """Presses, jumps, power cuts between any two writes, and damage to one slot at a time."""
    counter = Counter(flash)
    highest = 0
    flash = RecordingFlash(flash.files)
    counter = Counter(flash)
    for _ in range(events):
        event = random.getrandbits(3)
        if event < 3:
            for _ in range(1 + random.getrandbits(6)):
                value = counter.take()
                assert value > highest
                highest = value
        elif event == 3:
            counter.advance(highest + random.getrandbits(8))
        else:
            if event == 4 and len(flash.files) == 2:
                flash.damage(newest(flash))
            elif event == 5:
                # The power goes during the last write of a jump.
                start = len(flash.writes)
                counter.advance(highest + 1000)
                flash = flash.cut_after(start + random.getrandbits(1))
            flash = RecordingFlash(flash.files)
            counter = Counter(flash)


def test_a_cache_that_is_missing_is_empty():
    cache = SessionCache(RecordingFlash(), OWNER)
    assert (cache.sessions, cache.needs_none) == ([], False)


def test_a_cache_keeps_the_session_and_what_the_car_wants():
    flash = RecordingFlash()
    SessionCache(flash, OWNER).keep((b"\x04" + bytes(64), bytes(range(16))), True)
    cache = SessionCache(flash, OWNER)
    assert cache.sessions == [(b"\x04" + bytes(64), bytes(range(16)))]
    assert cache.needs_none is True


def test_a_cache_with_any_damaged_bit_is_empty():
    flash = RecordingFlash()
    SessionCache(flash, OWNER).keep((b"\x04" + bytes(64), bytes(range(16))), True)
    record = flash.files["session"]
    for bit in range(8 * len(record)):
        damaged = bytearray(record)
        damaged[bit // 8] ^= 1 << bit % 8
        cache = SessionCache(RecordingFlash({"session": bytes(damaged)}), OWNER)
        assert (cache.sessions, cache.needs_none) == ([], False)


def test_a_cache_of_another_size_is_empty():
    cache = SessionCache(RecordingFlash({"session": store.pack(1, bytes(85))}), OWNER)
    assert cache.sessions == []


def test_keeping_what_is_kept_writes_nothing():
    flash = RecordingFlash()
    cache = SessionCache(flash, OWNER)
    cache.keep((b"\x04" + bytes(64), bytes(16)), False)
    flash.writes.clear()
    cache.keep((b"\x04" + bytes(64), bytes(16)), False)
    SessionCache(flash, OWNER).keep((b"\x04" + bytes(64), bytes(16)), False)
    assert flash.writes == []


def test_keeping_something_else_is_durable():
    flash = RecordingFlash()
    cache = SessionCache(flash, OWNER)
    cache.keep((b"\x04" + bytes(64), bytes(16)), False)
    cache.keep((b"\x04" + bytes(64), bytes(16)), True)
    assert SessionCache(flash, OWNER).needs_none is True


def test_a_session_of_another_key_is_none():
    flash = RecordingFlash()
    SessionCache(flash, b"late").keep((b"\x04" + bytes(64), bytes(16)), True)
    cache = SessionCache(flash, OWNER)
    assert cache.sessions == [] and not cache.needs_none


def test_the_larger_counter_wins_whatever_the_sequence():
    records = {
        "counter.0": store.pack(1, (900).to_bytes(8, "big")),
        "counter.1": store.pack(7, (500).to_bytes(8, "big")),
    }
    assert Counter(RecordingFlash(records)).take() == 900


def test_pairings_session_stays_behind_whatever_a_press_confirmed():
    flash = RecordingFlash()
    paired, later, latest = [(bytes((4, n)) + bytes(63), bytes((n,)) * 16) for n in (1, 2, 3)]
    SessionCache(flash, OWNER).keep(paired, False, paired=True)
    SessionCache(flash, OWNER).keep(later, False)
    SessionCache(flash, OWNER).keep(latest, True)
    cache = SessionCache(flash, OWNER)
    assert cache.sessions == [latest, paired] and cache.needs_none
    cache.keep(paired, False)
    assert SessionCache(flash, OWNER).sessions == [paired]


def test_a_new_pairing_replaces_every_session():
    flash = RecordingFlash()
    paired, later, again = [(bytes((4, n)) + bytes(63), bytes((n,)) * 16) for n in (1, 2, 3)]
    cache = SessionCache(flash, OWNER)
    cache.keep(paired, False, paired=True)
    cache.keep(later, False)
    cache.keep(again, False, paired=True)
    assert SessionCache(flash, OWNER).sessions == [again]

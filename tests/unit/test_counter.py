"""The counter: whatever is cut or damaged, no value is handed out twice."""

from expect import raises
from recording_flash import RecordingFlash
from rtc_memory import RtcMemory

from fob import store
from fob.errors import CounterExhausted, StoreError
from fob.retained import Retained
from fob.store import Counter

LEASE = Counter.LEASE
OWNER = b"mine"


def provisioned(first=1):
    record = store.pack(first.to_bytes(8, "big"))
    return RecordingFlash({"counter.0": record, "counter.1": record})


def settled(first=1):
    """A flash with different slots, as after the first presses."""
    flash = provisioned(first)
    started(flash).take()
    return RecordingFlash(flash.files)


def started(flash, memory=None):
    """The counter of a fob that starts: with new memory after a power cut, else from sleep."""
    return Counter(flash, Retained(memory or RtcMemory(), OWNER))


def stored(flash, name):
    return int.from_bytes(store.unpack(flash.files[name]), "big")


def newest(flash):
    return max([(store.unpack(data) or b"", name) for name, data in flash.files.items()])[1]


def end_of(flash):
    return stored(flash, newest(flash))


def test_two_damaged_slots_are_an_error_never_a_fresh_start():
    flash = settled()
    flash.damage("counter.0")
    flash.damage("counter.1")
    raises(StoreError, started, flash)


def test_a_missing_state_is_an_error_never_a_fresh_start():
    raises(StoreError, started, RecordingFlash())


def test_what_is_retained_is_no_counter_without_the_flash():
    memory = RtcMemory()
    started(settled(), memory).take()
    raises(StoreError, started, RecordingFlash(), memory)


def test_a_record_of_another_version_is_not_read():
    record = bytearray(store.pack(bytes(8)))
    record[0] -= 1
    record[-4:] = store.crc32(record[:-4]).to_bytes(4, "big")
    raises(StoreError, started, RecordingFlash({"counter.0": bytes(record)}))


def test_values_count_up_from_the_provisioned_one():
    counter = started(provisioned(1000))
    assert [counter.take() for _ in range(200)] == list(range(1000, 1200))


def test_a_lease_is_durable_before_its_first_value_leaves():
    flash = settled()
    counter = started(flash)
    for _ in range(3 * LEASE):
        value = counter.take()
        assert end_of(flash) > value


def test_a_lease_is_written_once_for_its_whole_block():
    flash = settled()
    counter = started(flash)
    for _ in range(LEASE):
        counter.take()
    assert len(flash.writes) == 1
    counter.take()
    assert len(flash.writes) == 2


def test_a_lease_that_cannot_be_written_hands_out_nothing():
    flash = settled()
    counter = started(flash)
    for _ in range(LEASE):
        last = counter.take()
    flash.full = True
    raises(StoreError, counter.take)
    flash.full = False
    assert counter.take() == last + 1 < end_of(flash)


def test_starting_and_pressing_nothing_writes_nothing():
    flash = settled()
    started(flash)
    assert flash.writes == []


def test_a_restart_without_power_wastes_values_and_repeats_none():
    flash = settled()
    last = started(flash).take()
    assert started(flash).take() > last


def test_a_deep_sleep_goes_on_with_the_next_value_and_writes_nothing():
    flash, memory = settled(), RtcMemory()
    first = started(flash, memory).take()
    flash.writes.clear()
    assert [started(flash, memory).take() for _ in range(LEASE - 1)] == list(
        range(first + 1, first + LEASE)
    )
    assert flash.writes == []


def test_the_next_value_is_retained_before_this_one_leaves():
    flash, memory = settled(), RtcMemory()
    counter = started(flash, memory)
    for _ in range(3 * LEASE):
        value = counter.take()
        assert started(RecordingFlash(flash.files), RtcMemory(memory.data)).take() > value


def test_a_lease_is_durable_before_it_is_retained():
    flash, memory = settled(), RtcMemory()
    counter = started(flash, memory)
    for _ in range(LEASE):
        counter.take()
    before, flash.full = memory.data, True
    raises(StoreError, counter.take)
    assert memory.data == before


def test_what_is_retained_for_another_key_is_ignored():
    flash, memory = settled(), RtcMemory()
    Counter(flash, Retained(memory, b"late")).take()
    end = end_of(flash)
    assert started(flash, memory).take() == end


def test_damaged_memory_costs_the_rest_of_the_lease():
    flash, memory = settled(), RtcMemory()
    started(flash, memory).take()
    end = end_of(flash)
    for bit in range(8 * len(memory.data)):
        damaged = bytearray(memory.data)
        damaged[bit // 8] ^= 1 << bit % 8
        assert started(RecordingFlash(flash.files), RtcMemory(bytes(damaged))).take() == end


def retaining(end, following, size=16):
    """Memory that tells of a lease."""
    memory = RtcMemory()
    data = end.to_bytes(8, "big") + following.to_bytes(8, "big")
    Retained(memory, OWNER).put("counter", data[:size])
    return memory


def test_nonsense_that_is_retained_is_ignored():
    flash = settled()
    end = end_of(flash)
    for memory in (
        retaining(end, end + 1),
        retaining(end, 0),
        # From before the lease began.
        retaining(end, end - LEASE - 1),
        retaining(Counter.MAX + 2, end),
        retaining(2**64 - 1, 2**64 - 1),
        retaining(end + 100, end, size=15),
        retaining(end + 100, end, size=0),
    ):
        assert started(RecordingFlash(flash.files), memory).take() == end


def test_an_older_retained_lease_than_the_flashs_is_ignored():
    flash = settled(1000)
    end = end_of(flash)
    assert started(flash, retaining(end - LEASE, end - 2 * LEASE + 3)).take() == end


def test_a_flash_that_was_rolled_back_is_led_past_the_retained_lease():
    flash, memory = settled(), RtcMemory()
    image = dict(flash.files)
    counter = started(flash, memory)
    used = {counter.take() for _ in range(5 * LEASE + 7)}
    flash = RecordingFlash(image)
    assert started(flash, memory).take() > max(used)
    assert [stored(flash, name) > max(used) for name in ("counter.0", "counter.1")] == [True, True]
    assert started(flash).take() > max(used)


def test_a_damaged_slot_and_a_retained_lease_lead_past_both():
    flash, memory = settled(), RtcMemory()
    counter = started(flash, memory)
    used = {counter.take() for _ in range(LEASE + 7)}
    flash.damage(newest(flash))
    assert started(flash, memory).take() > max(used)


def test_advance_skips_to_the_minimum():
    counter = started(settled())
    counter.advance(5000)
    assert [counter.take(), counter.take()] == [5000, 5001]


def test_advance_never_goes_back():
    counter = started(settled(1000))
    value = counter.take()
    counter.advance(5)
    counter.advance(value)
    assert counter.take() == value + 1


def test_advance_inside_the_lease_writes_nothing():
    flash = settled()
    counter = started(flash)
    value = counter.take()
    flash.writes.clear()
    counter.advance(value + 10)
    assert counter.take() == value + 10
    assert flash.writes == []


def test_advance_is_retained():
    flash, memory = settled(), RtcMemory()
    counter = started(flash, memory)
    value = counter.take()
    counter.advance(value + 10)
    assert started(flash, memory).take() == value + 10


def test_advance_past_the_lease_is_durable_in_both_slots():
    flash = settled()
    started(flash).advance(5000)
    assert [stored(flash, "counter.0") > 5000, stored(flash, "counter.1") > 5000] == [True, True]


def test_the_slots_are_written_in_turn_the_older_one_first():
    flash = settled()
    before = newest(flash)
    counter = started(flash)
    for _ in range(3 * LEASE):
        counter.take()
    names = [name for name, _ in flash.writes]
    assert len(names) == 3 and names[0] == names[2] != names[1] == before


def test_a_jump_that_half_a_flash_took_is_no_lease():
    flash = settled()
    counter = started(flash)
    write = flash.write

    def write_once(name, data):
        write(name, data)
        flash.write = fails

    def fails(name, data):
        raise StoreError("full")

    flash.write = write_once
    raises(StoreError, counter.advance, 5000)
    flash.write = write
    for _ in range(3 * LEASE):
        value = counter.take()
    flash.damage(newest(flash))
    assert started(flash).next > value


def test_a_slot_of_another_size_is_damaged():
    flash = settled()
    end = end_of(flash)
    for name in ("counter.0", "counter.1"):
        flash = settled()
        older = stored(flash, "counter.1" if name == "counter.0" else "counter.0")
        flash.files[name] = store.pack(bytes(7) + b"\xff\xff")
        assert started(flash).next == older + LEASE <= end + LEASE


def test_the_counter_reaches_what_would_still_be_handed_out():
    counter = started(settled())
    value = counter.take()
    assert not counter.reaches(value)
    assert counter.reaches(value + 1) and counter.reaches(value + 2)
    counter.advance(5000)
    assert not counter.reaches(4999) and counter.reaches(5000)


def test_a_used_up_counter_reaches_nothing():
    counter = started(settled())
    counter.advance(Counter.MAX)
    assert counter.reaches(Counter.MAX)
    counter.take()
    assert not counter.reaches(Counter.MAX)


def test_the_last_value_is_handed_out_and_then_the_counter_is_exhausted():
    counter = started(settled())
    counter.advance(Counter.MAX)
    assert counter.take() == Counter.MAX
    raises(CounterExhausted, counter.take)
    raises(CounterExhausted, counter.take)


def test_no_lease_reaches_past_the_last_value():
    for left in range(1, LEASE + 2):
        flash, memory = provisioned(Counter.MAX + 1 - left), RtcMemory()
        counter = started(flash, memory)
        assert [counter.take() for _ in range(left)][-1] == Counter.MAX
        assert end_of(flash) == Counter.MAX + 1
        raises(CounterExhausted, counter.take)
        raises(CounterExhausted, started(flash, memory).take)
        raises(CounterExhausted, started(flash).take)


def test_a_damaged_slot_near_the_end_does_not_wrap():
    flash = provisioned(Counter.MAX - 3)
    flash.damage("counter.1")
    raises(CounterExhausted, started(flash).take)
    assert end_of(flash) == Counter.MAX + 1


def test_advance_past_the_last_value_is_refused_and_changes_nothing():
    flash = settled()
    counter = started(flash)
    value = counter.take()
    flash.writes.clear()
    raises(CounterExhausted, counter.advance, Counter.MAX + 1)
    assert counter.take() == value + 1
    assert flash.writes == []


def test_an_exhausted_counter_stays_so_after_a_restart():
    flash = settled()
    counter = started(flash)
    counter.advance(Counter.MAX)
    counter.take()
    raises(CounterExhausted, started(flash).take)


def test_the_larger_counter_wins_whichever_slot_it_is_in():
    for numbers in ((900, 500), (500, 900)):
        records = [store.pack(number.to_bytes(8, "big")) for number in numbers]
        flash = RecordingFlash({"counter.0": records[0], "counter.1": records[1]})
        assert started(flash).take() == 900


def test_a_power_cut_after_any_write_repeats_no_value():
    flash = provisioned()
    for writes, before in enumerate(_used_by_writes(flash)):
        after_cut = started(flash.cut_after(writes))
        assert not before & {after_cut.take() for _ in range(10 * LEASE)}


def test_a_power_cut_and_then_a_damaged_newest_slot_repeat_no_value():
    flash = settled()
    for writes, before in enumerate(_used_by_writes(flash)):
        cut = flash.cut_after(writes)
        cut.damage(newest(cut))
        after_cut = started(cut)
        assert not before & {after_cut.take() for _ in range(10 * LEASE)}


def _used_by_writes(flash):
    """Take and advance; return, per number of writes done, the values that had left by then."""
    counter = started(flash)
    used = []
    for step in range(5 * LEASE):
        if step in (100, 250):
            counter.advance(counter.take() + 3 * LEASE)
        used.append((counter.take(), len(flash.writes)))
    return [
        {value for value, durable in used if durable <= writes}
        for writes in range(len(flash.writes) + 1)
    ]


def assert_no_value_repeats(flash, spoil):
    """Start again and again, with `spoil(name)` done to the newest slot in between."""
    used = set()
    for presses in (1, LEASE, 1, 1, LEASE + 1, 1):
        counter = started(flash)
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

"""Records and slots: damage is noticed, and one slot outlives it."""

from recording_flash import RecordingFlash

from fob import store
from fob.store import Slots


def used_slots():
    """A flash on which a number grew from 100 to 101."""
    return RecordingFlash(
        {
            "counter.0": store.pack((101).to_bytes(8, "big")),
            "counter.1": store.pack((100).to_bytes(8, "big")),
        }
    )


def newest(flash):
    return max([(store.unpack(data), name) for name, data in flash.files.items()])[1]


def test_a_record_comes_back():
    assert store.unpack(store.pack(b"payload")) == b"payload"
    assert store.unpack(store.pack(b"")) == b""


def test_every_flipped_bit_of_a_record_is_noticed():
    record = store.pack(b"payload")
    for bit in range(8 * len(record)):
        damaged = bytearray(record)
        damaged[bit // 8] ^= 1 << bit % 8
        assert store.unpack(bytes(damaged)) is None


def test_every_truncation_of_a_record_is_noticed():
    record = store.pack(b"payload")
    for length in range(len(record)):
        assert store.unpack(record[:length]) is None


def test_slots_are_written_in_turn():
    flash = used_slots()
    slots = Slots(flash, "counter")
    slots.load()
    for number in (1000, 1001, 1002):
        slots.save(number)
    names = [name for name, _ in flash.writes]
    assert names[0] != names[1] and names[0] == names[2]
    assert Slots(flash, "counter").load() == (1002, False)


def test_a_save_replaces_the_older_slot():
    flash = used_slots()
    before = newest(flash)
    slots = Slots(flash, "counter")
    slots.load()
    slots.save(1000)
    assert newest(flash) != before


def test_a_damaged_newest_slot_leaves_the_older_one_and_says_so():
    flash = used_slots()
    slots = Slots(flash, "counter")
    slots.load()
    slots.save(1000)
    slots.save(1001)
    flash.damage(newest(flash))
    assert Slots(flash, "counter").load() == (1000, True)


def test_a_missing_slot_is_as_suspect_as_a_damaged_one():
    flash = used_slots()
    slots = Slots(flash, "counter")
    slots.load()
    slots.save(1000)
    slots.save(1001)
    del flash.files[newest(flash)]
    assert Slots(flash, "counter").load() == (1000, True)


def test_a_slot_of_another_size_is_damaged():
    flash = used_slots()
    flash.files["counter.0"] = store.pack(bytes(7) + b"\xff\xff")
    assert Slots(flash, "counter").load() == (100, True)

"""RTC memory: what was put there comes back, or nothing does."""

from rtc_memory import RtcMemory

from fob import store
from fob.retained import Retained

OWNER = b"mine"
SIZE = 2048


def holding(**values):
    memory = RtcMemory()
    retained = Retained(memory, OWNER)
    for name, data in values.items():
        retained.put(name, data)
    return memory


def test_empty_memory_holds_nothing():
    assert Retained(RtcMemory(), OWNER).get("one") is None


def test_values_come_back_after_a_sleep():
    retained = Retained(holding(one=b"1", two=b"", three=bytes(300)), OWNER)
    values = [retained.get(name) for name in ("one", "two", "three", "four")]
    assert values == [b"1", b"", bytes(300), None]


def test_a_value_replaces_the_one_of_its_name_only():
    memory = holding(one=b"1", two=b"2")
    Retained(memory, OWNER).put("one", b"later")
    retained = Retained(memory, OWNER)
    assert (retained.get("one"), retained.get("two")) == (b"later", b"2")


def test_every_flipped_bit_empties_the_set():
    data = holding(one=b"1", two=b"2").data
    for bit in range(8 * len(data)):
        damaged = bytearray(data)
        damaged[bit // 8] ^= 1 << bit % 8
        retained = Retained(RtcMemory(bytes(damaged)), OWNER)
        assert retained.get("one") is None and retained.get("two") is None


def test_a_reset_in_the_middle_of_a_put_empties_the_set():
    old, new = holding(one=b"1" * 16).data, holding(one=b"2" * 16).data
    first = [a == b for a, b in zip(old, new)].index(False)
    for length in range(first + 1, len(old) - 4):
        assert Retained(RtcMemory(new[:length] + old[length:]), OWNER).get("one") is None


def test_memory_of_another_owner_or_of_somebody_else_is_empty():
    data = holding(one=b"1").data
    assert Retained(RtcMemory(data), b"late").get("one") is None
    for foreign in (b"\xff" * SIZE, bytes(SIZE), b"someone else's", store.pack(b"")):
        assert Retained(RtcMemory(foreign), OWNER).get("one") is None


def test_another_owners_values_are_gone_with_the_first_put():
    memory = holding(one=b"1")
    Retained(memory, b"late").put("two", b"2")
    assert Retained(memory, OWNER).get("one") is None
    assert Retained(memory, b"late").get("one") is None


def test_the_memory_is_used_to_its_last_byte():
    overhead = len(holding(one=b"").data)
    memory = holding(one=bytes(SIZE - overhead))
    assert len(memory.data) == SIZE
    assert Retained(memory, OWNER).get("one") == bytes(SIZE - overhead)


def test_what_does_not_fit_takes_its_older_value_along_and_leaves_the_others():
    overhead = len(holding(one=b"", two=b"2").data)
    memory = holding(one=b"1", two=b"2")
    retained = Retained(memory, OWNER)
    retained.put("one", bytes(SIZE - overhead + 1))
    for kept in (retained, Retained(memory, OWNER)):
        assert (kept.get("one"), kept.get("two")) == (None, b"2")


def test_each_car_has_values_of_its_own():
    memory = RtcMemory()
    whole = Retained(memory, OWNER)
    for number in (1, 2, 3):
        whole.part(number).put("car", bytes((number,)))
    again = Retained(memory, OWNER)
    assert [again.part(number).get("car") for number in (1, 2, 3, 4)] == [b"\1", b"\2", b"\3", None]
    assert again.get("car") == b"\1"


def test_what_four_cars_keep_fits():
    memory = RtcMemory()
    whole = Retained(memory, OWNER)
    whole.put("said", bytes(200))
    for number in (1, 2, 3, 4):
        part = whole.part(number)
        # Place and two sessions; counter; clock; strength.
        for name, size in (("car", 15 + 2 * 81), ("counter", 16), ("clock", 40), ("rssi", 1)):
            part.put(name, bytes(size))
    assert Retained(memory, OWNER).part(4).get("car") == bytes(15 + 2 * 81)

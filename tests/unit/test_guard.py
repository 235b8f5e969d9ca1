"""The guard stops before a car locks everybody out, and its owner can always go on."""

from expect import raises
from recording_flash import RecordingFlash
from rtc_memory import RtcMemory

from fob.errors import HeldBack
from fob.guard import LIMIT, PRESS_LIMIT, Guard
from fob.retained import Retained
from fob.store import Counter, pack

HIGHEST = Counter.MAX - 65536


def refuse(flash, times):
    """Let the car answer so many presses with one authentication fault each."""
    for _ in range(times):
        guard = Guard(flash)
        guard.begin()
        try:
            guard.fault()
        except HeldBack:
            pass


def suspicious(value):
    """A flash whose guard was told of a counter far ahead."""
    flash = RecordingFlash()
    raises(HeldBack, Guard(flash).suspect, value)
    return flash


def test_without_a_record_nothing_happened_yet():
    guard = Guard(RecordingFlash())
    guard.begin()
    assert (guard.unknown, guard.waits, guard.allows(1)) == (False, False, False)


def test_the_third_fault_of_a_press_stops_it():
    guard = Guard(RecordingFlash())
    guard.begin()
    for _ in range(PRESS_LIMIT - 1):
        guard.fault()
    assert "press again" in str(raises(HeldBack, guard.fault))


def test_the_next_press_may_try_again():
    guard = Guard(RecordingFlash())
    for _ in range(2):
        guard.begin()
        guard.fault()
        guard.fault()


def test_the_tenth_fault_in_a_row_stops_every_press():
    flash = RecordingFlash()
    refuse(flash, LIMIT - 1)
    guard = Guard(flash)
    guard.begin()
    assert not guard.waits
    assert "both buttons 5 s" in str(raises(HeldBack, guard.fault))
    assert guard.waits
    assert "both buttons 5 s" in str(raises(HeldBack, guard.begin))
    raises(HeldBack, Guard(flash).begin)


def test_no_row_of_faults_is_longer_than_the_limit():
    flash = RecordingFlash()
    faults = 0
    for _ in range(50):
        guard = Guard(flash)
        try:
            guard.begin()
            while True:
                faults += 1
                guard.fault()
        except HeldBack:
            pass
    assert faults == LIMIT


def test_no_number_of_faults_overflows_the_record():
    flash = RecordingFlash()
    guard = Guard(flash)
    for _ in range(260):  # more than a byte holds
        try:
            guard.fault()
        except HeldBack:
            pass
    assert Guard(flash).waits


def test_the_owner_lets_it_go_on():
    flash = RecordingFlash()
    refuse(flash, LIMIT)
    Guard(flash).confirm()
    guard = Guard(flash)
    guard.begin()
    assert not guard.waits
    refuse(flash, LIMIT - 1)
    Guard(flash).begin()


def test_a_confirmed_message_ends_the_row():
    flash = RecordingFlash()
    refuse(flash, LIMIT - 1)
    Guard(flash).proven()
    refuse(flash, LIMIT - 1)
    Guard(flash).begin()


def test_a_fault_counts_before_anything_else_is_sent():
    flash = RecordingFlash()
    guard = Guard(flash)
    guard.begin()
    guard.fault()
    assert len(flash.writes) == 1


def test_presses_that_work_write_nothing():
    flash = RecordingFlash()
    guard = Guard(flash)
    for _ in range(3):
        guard.begin()
        guard.proven()
    guard.confirm()
    assert flash.writes == []


def test_a_key_that_the_car_does_not_know_stays_so_until_something_is_proven():
    flash = RecordingFlash()
    Guard(flash).rejected()
    Guard(flash).rejected()
    assert Guard(flash).unknown is True
    assert len(flash.writes) == 1
    Guard(flash).confirm()
    assert Guard(flash).unknown is True
    Guard(flash).proven()
    assert Guard(flash).unknown is False


def test_an_unknown_key_alone_waits_for_no_confirmation():
    guard = Guard(RecordingFlash())
    guard.rejected()
    guard.begin()
    assert not guard.waits


def test_a_counter_far_ahead_is_allowed_once_the_owner_confirmed_it():
    flash = suspicious(500000)
    guard = Guard(flash)
    assert guard.waits and not guard.allows(500000)
    guard.confirm()
    assert guard.allows(500000) and not guard.waits
    assert Guard(flash).allows(500000) and not Guard(flash).waits


def test_another_confirmation_takes_nothing_back():
    flash = suspicious(500000)
    Guard(flash).confirm()
    Guard(flash).confirm()
    assert Guard(flash).allows(500000)


def test_the_text_of_a_counter_far_ahead_tells_what_to_do():
    error = raises(HeldBack, Guard(RecordingFlash()).suspect, 500000)
    assert "both buttons 5 s" in str(error)


def test_no_other_number_takes_the_place_of_the_one_confirmed():
    flash = suspicious(500000)
    Guard(flash).confirm()
    guard = Guard(flash)
    assert guard.allows(500000 + 65536) and guard.allows(3)
    assert not guard.allows(500000 + 65537)


def test_a_later_report_alone_changes_nothing_that_is_allowed():
    flash = suspicious(500000)
    Guard(flash).confirm()
    raises(HeldBack, Guard(flash).suspect, 4000000)
    assert not Guard(flash).allows(4000000)
    assert Guard(flash).allows(500000)


def test_the_same_report_again_writes_nothing():
    flash = suspicious(500000)
    flash.writes.clear()
    raises(HeldBack, Guard(flash).suspect, 500000)
    assert flash.writes == []


def test_a_press_may_go_on_while_a_counter_waits():
    Guard(suspicious(500000)).begin()


def test_a_proven_message_forgets_what_was_allowed():
    flash = suspicious(500000)
    Guard(flash).confirm()
    Guard(flash).proven()
    guard = Guard(flash)
    assert not guard.allows(500000) and not guard.waits


def test_a_counter_that_would_use_up_the_key_is_never_allowed():
    flash = RecordingFlash()
    for value in (HIGHEST + 1, Counter.MAX, 2**40):
        error = raises(HeldBack, Guard(flash).suspect, value)
        assert "not believed" in str(error)
    assert flash.writes == [] and not Guard(flash).waits


def test_the_highest_counter_allowed_leaves_65536():
    flash = suspicious(HIGHEST)
    guard = Guard(flash)
    guard.confirm()
    assert guard.allows(HIGHEST) and not guard.allows(HIGHEST + 1)


def test_any_damage_counts_as_the_limit_and_the_owner_mends_it():
    record = suspicious(500000).files["guard"]
    for damaged in (record[:-1], b"", b"\xff" * 15, pack(bytes(9)), record[:5] + b"!" + record[6:]):
        flash = RecordingFlash({"guard": damaged})
        raises(HeldBack, Guard(flash).begin)
        assert Guard(flash).waits
        Guard(flash).confirm()
        Guard(flash).begin()
        assert not Guard(flash).waits


def provisioned():
    """A guard and a counter, both at their beginning; the counter's lease ends at 65."""
    record = pack((1).to_bytes(8, "big"))
    flash = RecordingFlash({"counter.0": record, "counter.1": record})
    counter = Counter(flash, Retained(RtcMemory(), b"mine"))
    assert counter.take() == 1
    guard = Guard(flash)
    guard.begin()
    return guard, counter


def test_a_reported_counter_is_passed_by_one():
    guard, counter = provisioned()
    assert guard.follow(counter, 5000) is True
    assert counter.take() == 5001


def test_a_reported_counter_below_ours_leads_nowhere_back():
    guard, counter = provisioned()
    assert guard.follow(counter, 0) is True
    assert counter.take() == 2


def test_one_reported_counter_is_followed_in_a_press():
    guard, counter = provisioned()
    guard.follow(counter, 5000)
    assert guard.follow(counter, 9000) is False
    assert counter.take() == 5001
    guard.begin()
    assert guard.follow(counter, 9000) is True
    assert counter.take() == 9001


def test_another_reported_counter_is_followed_once_the_owner_confirmed():
    guard, counter = provisioned()
    guard.follow(counter, 5000)
    guard.confirm()
    assert guard.follow(counter, 9000) is True


def test_a_reported_counter_is_followed_65536_past_the_lease_and_no_farther():
    guard, counter = provisioned()
    end = counter.end
    raises(HeldBack, guard.follow, counter, end + 65537)
    assert guard.waits and counter.take() == 2
    assert guard.follow(counter, end + 65536) is True


def test_a_reported_counter_that_the_owner_confirmed_is_followed():
    guard, counter = provisioned()
    raises(HeldBack, guard.follow, counter, 500000)
    guard.confirm()
    guard.begin()
    assert guard.follow(counter, 500000) is True
    assert counter.take() == 500001


def test_a_counter_too_far_ahead_is_held_back_also_after_one_that_was_followed():
    guard, counter = provisioned()
    guard.follow(counter, 5000)
    raises(HeldBack, guard.follow, counter, 500000)


def test_a_reported_counter_that_would_use_up_the_key_is_not_followed():
    guard, counter = provisioned()
    for value in (HIGHEST + 1, Counter.MAX):
        raises(HeldBack, guard.follow, counter, value)
    assert counter.take() == 2

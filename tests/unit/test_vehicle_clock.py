"""The car's clock as the fob knows it: an expiry that is neither too early nor a guess."""

from expect import raises
from rtc_memory import RtcMemory

from fob.errors import AuthenticationFailed
from fob.retained import Retained
from fob.vehicle_clock import VehicleClock

EPOCH = bytes(range(16))
OTHER_EPOCH = bytes(16)
OWNER = b"mine"
LIFETIME = 5
HOUR = 3600000


class Fob:
    """A fob's own clock in ms, and the memory that deep sleep keeps."""

    def __init__(self, now_ms=1000000):
        self.memory = RtcMemory()
        self.now = now_ms

    def wake(self):
        return VehicleClock(Retained(self.memory, OWNER), lambda: self.now)

    def told(self, seconds=100, latency_ms=0, epoch=EPOCH):
        """A clock that was just told the car's."""
        clock = self.wake()
        self.tell(clock, seconds, latency_ms, epoch)
        return clock

    def tell(self, clock, seconds, latency_ms=0, epoch=EPOCH):
        asked = self.now
        self.now += latency_ms
        clock.learn(epoch, seconds, asked)
        clock.keep()

    def slept(self, elapsed_ms, deviation_ms):
        """The clock after session info, a sleep, and session info that is so far off."""
        self.told(1000)
        self.now += elapsed_ms
        clock = self.wake()
        self.tell(clock, 1000 + (elapsed_ms + deviation_ms) // 1000)
        return clock

    def certain_for(self, clock):
        """How long from now, in s, the clock gives an expiry."""
        start = self.now
        while clock.expires_at(LIFETIME) is not None:
            self.now += 1000
        return (self.now - start) // 1000


def test_nothing_is_known_before_the_first_session_info():
    clock = Fob().wake()
    assert clock.epoch is None and clock.expires_at(LIFETIME) is None


def test_a_message_expires_its_lifetime_after_the_latest_that_the_car_may_show():
    # The car cut off up to a second.
    assert Fob().told(100).expires_at(LIFETIME) == 106


def test_the_time_that_the_answer_took_may_have_passed_in_the_car_too():
    assert Fob().told(100, latency_ms=2000).expires_at(LIFETIME) == 108


def test_what_passed_since_then_passed_in_the_car():
    fob = Fob()
    clock = fob.told(100)
    fob.now += 60000
    assert clock.expires_at(LIFETIME) == 166


def test_the_latest_runs_ahead_by_the_stated_drift():
    fob = Fob()
    clock = fob.told(100)
    fob.now += 300000
    # Half a per cent of five minutes.
    assert clock.expires_at(LIFETIME) == 100 + 300 + 1 + 1 + LIFETIME


def test_a_shorter_lifetime_expires_earlier():
    clock = Fob().told(100)
    assert clock.expires_at(2) == 103


def test_an_interval_of_more_than_eight_seconds_gives_no_expiry():
    fob = Fob()
    clock = fob.told(100)
    # A second of its own, and twice half a per cent of what passed.
    assert 695 <= fob.certain_for(clock) <= 705


def test_a_slow_answer_leaves_less_room_for_drift():
    fob = Fob()
    clock = fob.told(100, latency_ms=3000)
    assert 395 <= fob.certain_for(clock) <= 405


def test_the_clock_outlives_deep_sleep():
    fob = Fob()
    fob.told(100)
    fob.now += 60000
    clock = fob.wake()
    assert clock.epoch == EPOCH and clock.expires_at(LIFETIME) == 166


def test_the_clock_does_not_outlive_the_power():
    fob = Fob()
    fob.told(100)
    fob.memory = RtcMemory()
    assert fob.wake().expires_at(LIFETIME) is None


def test_what_was_not_kept_is_gone_after_deep_sleep():
    fob = Fob()
    fob.wake().learn(EPOCH, 100, fob.now)
    assert fob.wake().epoch is None


def test_nothing_known_is_not_kept():
    fob = Fob()
    fob.wake().keep()
    assert fob.memory.writes == 0


def test_a_clock_that_was_set_back_gives_no_expiry():
    fob = Fob()
    fob.told(100)
    fob.now -= 1
    assert fob.wake().expires_at(LIFETIME) is None


def test_a_clock_that_was_set_back_is_mended_by_session_info():
    fob = Fob()
    fob.told(100)
    fob.now -= 500000
    clock = fob.wake()
    fob.tell(clock, 160)
    assert clock.expires_at(LIFETIME) == 166
    assert 695 <= fob.certain_for(clock) <= 705


def test_a_clock_that_was_set_forward_gives_no_expiry():
    fob = Fob()
    fob.told(100)
    fob.now += 24 * HOUR
    assert fob.wake().expires_at(LIFETIME) is None


def test_distrust_ends_with_the_next_session_info():
    fob = Fob()
    clock = fob.told(100)
    clock.distrust()
    assert clock.expires_at(LIFETIME) is None
    fob.tell(clock, 100)
    assert clock.expires_at(LIFETIME) == 106


def test_a_reply_of_four_seconds_counts_and_no_later_one():
    Fob().told(latency_ms=4000)
    fob = Fob()
    clock = fob.told(100)
    raises(AuthenticationFailed, clock.learn, OTHER_EPOCH, 200, fob.now - 4001)
    assert clock.epoch == EPOCH and clock.expires_at(LIFETIME) == 106


def test_a_reply_from_before_the_question_is_none():
    fob = Fob()
    raises(AuthenticationFailed, fob.wake().learn, EPOCH, 100, fob.now + 1)


def test_a_clock_that_runs_backwards_within_an_epoch_is_refused():
    fob = Fob()
    clock = fob.told(100)
    raises(AuthenticationFailed, clock.learn, EPOCH, 99, fob.now)
    assert clock.expires_at(LIFETIME) == 106


def test_a_clock_that_stands_still_is_taken():
    fob = Fob()
    clock = fob.told(100)
    fob.now += 900
    fob.tell(clock, 100)
    assert clock.expires_at(LIFETIME) == 106


def test_another_epoch_begins_wherever_it_wants():
    fob = Fob()
    clock = fob.told(100)
    fob.tell(clock, 3, epoch=OTHER_EPOCH)
    assert clock.epoch == OTHER_EPOCH and clock.expires_at(LIFETIME) == 9


def test_a_night_without_a_deviation_narrows_the_drift():
    fob = Fob()
    clock = fob.slept(8 * HOUR, 0)
    # The least that is ever assumed: 200 ppm.
    assert 17400 <= fob.certain_for(clock) <= 17600


def test_an_even_pace_of_the_fobs_clock_is_learned_in_two_nights():
    for ppm in (-3000, 1000, 4000):
        fob = Fob()
        fob.told(1000)
        for night in (1, 2):
            fob.now += 8 * HOUR + 8 * HOUR * ppm // 1000000
            clock = fob.wake()
            fob.tell(clock, 1000 + night * 8 * 3600)
        fob.now += 4 * HOUR + 4 * HOUR * ppm // 1000000
        shown = 1000 + (2 * 8 + 4) * 3600
        assert shown + LIFETIME <= fob.wake().expires_at(LIFETIME) <= shown + LIFETIME + 8


def test_the_pace_is_taken_between_the_middles_of_both_answers():
    fob = Fob()
    # The car read its clock two seconds before the answer came, and goes as the fob does.
    fob.told(1000, latency_ms=4000)
    fob.now += 8 * HOUR
    clock = fob.told(1002 + 8 * 3600)
    fob.now += 4 * HOUR
    # A second of its own, and 208 ppm.
    assert clock.expires_at(LIFETIME) == 1002 + 12 * 3600 + 1 + 2 + LIFETIME


def test_a_moment_tells_nothing_of_the_pace():
    fob = Fob()
    fob.told(1000)
    fob.now += 10000
    clock = fob.told(1011)
    fob.now += 300000
    assert clock.expires_at(LIFETIME) == 1011 + 300 + 1 + 1 + LIFETIME


def test_no_pace_above_five_per_cent_is_assumed():
    for sign in (1, -1):
        fob = Fob()
        clock = fob.slept(HOUR, sign * HOUR // 2)
        told = 1000 + (HOUR + sign * HOUR // 2) // 1000
        fob.now += 10000
        assert told + 10 <= clock.expires_at(LIFETIME) - LIFETIME <= told + 12


def test_a_short_sleep_tells_little_of_the_drift():
    fob = Fob()
    assert 695 <= fob.certain_for(fob.slept(60000, 0)) <= 705


def test_a_deviation_that_the_stated_drift_explains_narrows_it_to_its_double():
    for sign in (1, -1):
        fob = Fob()
        # 10 s in 8 h, and up to a second more: 764 ppm.
        assert 4450 <= fob.certain_for(fob.slept(8 * HOUR, sign * 10000)) <= 4750


def test_a_deviation_that_is_certain_widens_the_drift():
    for sign in (1, -1):
        fob = Fob()
        # 72 s an hour, less the second that both may be wrong: nearly 4 per cent, doubled.
        clock = fob.slept(HOUR, sign * 72000)
        assert 84 <= fob.certain_for(clock) <= 94


def test_no_drift_above_five_per_cent_is_assumed():
    fob = Fob()
    assert 68 <= fob.certain_for(fob.slept(HOUR, HOUR)) <= 72


def test_what_was_learned_of_the_drift_outlives_deep_sleep():
    fob = Fob()
    fob.slept(8 * HOUR, 0)
    assert 17400 <= fob.certain_for(fob.wake()) <= 17600


def test_another_epoch_tells_nothing_of_the_drift():
    fob = Fob()
    fob.told(1000)
    fob.now += 8 * HOUR
    clock = fob.wake()
    fob.tell(clock, 7, epoch=OTHER_EPOCH)
    assert 695 <= fob.certain_for(clock) <= 705


def test_the_expiry_is_never_past_while_the_drift_is_within_its_bound():
    fob = Fob()
    for ppm in (-5000, 5000):
        for elapsed in (1000, 100000, 690000):
            for part in (0, 999):
                clock = fob.told(1000)
                fob.now += elapsed
                shown = (1000 * 1000 + part + elapsed + elapsed * ppm // 1000000) // 1000
                assert LIFETIME <= clock.expires_at(LIFETIME) - shown <= LIFETIME + 8
                fob.memory = RtcMemory()


def test_a_record_of_another_size_is_none():
    fob = Fob()
    fob.told(100)
    retained = Retained(fob.memory, OWNER)
    record = retained.get("clock")
    for wrong in (b"", record[:-1], record + b"\0"):
        retained.put("clock", wrong)
        assert fob.wake().epoch is None


def test_the_clock_of_another_key_is_none():
    fob = Fob()
    fob.told(100)
    assert VehicleClock(Retained(fob.memory, b"late"), lambda: fob.now).epoch is None


def test_the_last_second_that_a_car_can_count_is_no_error():
    fob = Fob()
    clock = fob.told(0xFFFFFFFF)
    fob.now += 60000
    assert clock.expires_at(LIFETIME) == 0xFFFFFFFF

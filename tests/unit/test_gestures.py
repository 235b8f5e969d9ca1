"""Gestures from sampled levels. Button 1 is bit 0, button 2 is bit 1; samples are 10 ms apart."""

from time import ticks_add

from fob.gestures import HOLD, HOLD_MS, LONG_HOLD, LONG_HOLD_MS, PRESS, STUCK_MS, Gestures

FIRST = 1
SECOND = 2
BOTH = 3


class Finger:
    """Feeds levels to the gestures every 10 ms and collects what comes out."""

    def __init__(self, start_ms=1000, levels=0, **start):
        self.now_ms = start_ms
        self.gestures = Gestures(levels, now_ms=start_ms, **start)
        self.seen = []

    def keep(self, levels, ms):
        for _ in range(ms // 10):
            gesture = self.gestures.feed(levels, self.now_ms)
            if gesture:
                self.seen.append(gesture)
            self.now_ms = ticks_add(self.now_ms, 10)
        return self


def test_a_press_completes_when_the_button_is_released():
    finger = Finger().keep(0, 50).keep(FIRST, 200)
    assert finger.seen == []
    finger.keep(0, 50)
    assert finger.seen == [(PRESS, FIRST)]


def test_the_shortest_press_is_two_samples():
    assert Finger().keep(FIRST, 20).keep(0, 20).seen == [(PRESS, FIRST)]


def test_a_single_sample_is_noise():
    assert Finger().keep(0, 50).keep(FIRST, 10).keep(0, 50).seen == []


def test_bouncing_contacts_are_one_press():
    finger = Finger().keep(0, 50)
    for _ in range(5):
        finger.keep(FIRST, 10).keep(0, 10)
    finger.keep(FIRST, 100)
    for _ in range(5):
        finger.keep(0, 10).keep(FIRST, 10)
    finger.keep(0, 50)
    assert finger.seen == [(PRESS, FIRST)]


def test_two_presses_in_turn_are_two_gestures():
    finger = Finger().keep(FIRST, 50).keep(0, 20).keep(SECOND, 50).keep(0, 20)
    assert finger.seen == [(PRESS, FIRST), (PRESS, SECOND)]


def test_a_button_that_joins_before_the_release_makes_a_press_of_both():
    finger = Finger().keep(FIRST, 50).keep(BOTH, 50).keep(SECOND, 50).keep(0, 50)
    assert finger.seen == [(PRESS, BOTH)]


def test_holding_both_for_three_seconds_is_a_hold():
    finger = Finger().keep(BOTH, HOLD_MS)
    assert finger.seen == []
    finger.keep(BOTH, 30)
    assert finger.seen == [(HOLD, BOTH)]


def test_a_hold_comes_once_and_its_release_is_no_press():
    assert Finger().keep(BOTH, 4900).keep(0, 50).seen == [(HOLD, BOTH)]


def test_a_hold_that_goes_on_for_five_seconds_is_a_long_hold_too():
    finger = Finger().keep(BOTH, LONG_HOLD_MS)
    assert finger.seen == [(HOLD, BOTH)]
    finger.keep(BOTH, 10000).keep(0, 50)
    assert finger.seen == [(HOLD, BOTH), (LONG_HOLD, BOTH)]


def test_the_time_of_a_hold_starts_with_the_last_button():
    finger = Finger().keep(FIRST, 2000).keep(BOTH, 2900)
    assert finger.seen == []
    finger.keep(BOTH, 200)
    assert finger.seen == [(HOLD, BOTH)]


def test_a_button_that_leaves_ends_the_chance_of_a_hold():
    finger = Finger().keep(BOTH, 2900).keep(FIRST, 1500).keep(0, 50)
    assert finger.seen == [(PRESS, BOTH)]


def test_a_button_that_leaves_ends_the_chance_of_a_long_hold():
    assert Finger().keep(BOTH, 2900).keep(FIRST, 7000).keep(0, 50).seen == [(PRESS, BOTH)]


def test_one_button_may_be_pressed_for_long():
    finger = Finger().keep(FIRST, 10000)
    assert finger.seen == []
    assert finger.keep(0, 50).seen == [(PRESS, FIRST)]


def test_after_a_hold_the_next_press_counts_again():
    finger = Finger().keep(BOTH, 3100).keep(0, 50).keep(SECOND, 50).keep(0, 50)
    assert finger.seen == [(HOLD, BOTH), (PRESS, SECOND)]


def test_a_button_that_is_down_at_the_start_is_ignored_until_it_is_released():
    finger = Finger(levels=FIRST, ignored=FIRST).keep(FIRST, 5000).keep(0, 50)
    assert finger.seen == []
    finger.keep(FIRST, 50).keep(0, 50)
    assert finger.seen == [(PRESS, FIRST)]


def test_another_button_works_while_one_is_stuck_since_the_start():
    finger = Finger(levels=FIRST, ignored=FIRST).keep(FIRST, 100).keep(BOTH, 50).keep(FIRST, 50)
    assert finger.seen == [(PRESS, SECOND)]


def test_the_first_press_after_the_start_counts():
    assert Finger().keep(FIRST, 50).keep(0, 50).seen == [(PRESS, FIRST)]


def test_a_hold_is_measured_across_the_wrap_of_the_clock():
    finger = Finger(start_ms=ticks_add(0, -1500)).keep(BOTH, 3000)
    assert finger.seen == []
    assert finger.keep(BOTH, 30).seen == [(HOLD, BOTH)]


def test_sampling_may_rest_only_while_nothing_is_down():
    finger = Finger()
    assert finger.gestures.idle
    finger.keep(FIRST, 10)
    assert not finger.gestures.idle
    finger.keep(FIRST, 50)
    assert not finger.gestures.idle
    finger.keep(0, 10)
    assert not finger.gestures.idle
    finger.keep(0, 10)
    assert finger.gestures.idle


def test_a_press_that_woke_the_fob_counts_when_it_is_up_again():
    finger = Finger(levels=0, pressed=FIRST)
    assert finger.gestures.pending
    assert finger.keep(0, 10).seen == [(PRESS, FIRST)]


def test_a_press_that_woke_the_fob_and_is_still_down_counts_when_it_is_released():
    finger = Finger(levels=FIRST, pressed=FIRST).keep(FIRST, 300)
    assert finger.seen == []
    assert finger.keep(0, 50).seen == [(PRESS, FIRST)]


def test_a_press_that_woke_the_fob_may_become_a_hold_of_both():
    finger = Finger(levels=BOTH, pressed=FIRST).keep(BOTH, 3100)
    assert finger.seen == [(HOLD, BOTH)]


def test_an_ignored_button_did_not_wake_the_fob():
    finger = Finger(levels=FIRST, ignored=FIRST, pressed=BOTH).keep(FIRST, 50)
    assert finger.seen == [(PRESS, SECOND)]


def test_a_button_that_stays_down_is_stuck_and_leaves_the_other_one_working():
    finger = Finger().keep(FIRST, STUCK_MS)
    assert finger.gestures.pending
    finger.keep(FIRST, 50)
    assert finger.gestures.stuck == FIRST and not finger.gestures.pending
    finger.keep(BOTH, 100).keep(FIRST, 60000)
    assert finger.seen == [(PRESS, SECOND)]


def test_a_button_that_was_stuck_counts_again_once_it_was_released():
    finger = Finger().keep(FIRST, STUCK_MS + 50).keep(0, 50)
    assert not finger.gestures.stuck
    finger.seen.clear()
    assert finger.keep(FIRST, 50).keep(0, 50).seen == [(PRESS, FIRST)]


def test_of_two_buttons_that_were_down_the_one_that_stays_is_stuck():
    finger = Finger().keep(BOTH, 1000).keep(SECOND, STUCK_MS)
    assert finger.gestures.stuck == SECOND and not finger.gestures.pending


def test_a_guarded_press_must_last():
    assert Finger(guard_ms=200).keep(FIRST, 190).keep(0, 50).seen == []
    assert Finger(guard_ms=200).keep(FIRST, 250).keep(0, 50).seen == [(PRESS, FIRST)]


def test_a_guarded_press_that_was_over_before_the_start_does_not_count():
    finger = Finger(pressed=FIRST, guard_ms=100).keep(0, 50)
    assert finger.seen == [] and not finger.gestures.pending


def test_a_guarded_press_that_is_too_short_leaves_the_next_one_its_full_time():
    finger = Finger(guard_ms=200).keep(FIRST, 100).keep(0, 500).keep(FIRST, 100).keep(0, 50)
    assert finger.seen == []
    assert finger.keep(FIRST, 250).keep(0, 50).seen == [(PRESS, FIRST)]


def test_sampling_may_rest_while_a_button_is_stuck():
    finger = Finger().keep(FIRST, STUCK_MS + 50)
    assert finger.gestures.idle
    finger.keep(0, 10)
    assert not finger.gestures.idle

"""Gestures from sampled levels. Button 1 is bit 0, button 2 is bit 1; samples are 10 ms apart."""

from time import ticks_add, ticks_diff

from fob.gestures import (
    BEGUN,
    DOUBLE,
    GAP_MS,
    HOLD,
    HOLD_MS,
    LONG_HOLD,
    LONG_HOLD_MS,
    LONGEST_HOLD,
    SINGLE,
    STUCK,
    STUCK_MS,
    TRIPLE,
    WOKEN_GAP_MS,
    Gestures,
)

FIRST = 1
SECOND = 2
BOTH = 3


class Finger:
    """Feeds levels to the gestures every 10 ms and collects what comes out."""

    def __init__(self, start_ms=1000, levels=0, double=0, triple=0, hold=0, **start):
        self.now_ms = start_ms
        mapped = {DOUBLE: double, TRIPLE: triple, HOLD: hold}
        self.gestures = Gestures(mapped, levels, now_ms=start_ms, **start)
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
    assert finger.seen == [(SINGLE, FIRST)]


def test_the_shortest_press_is_two_samples():
    assert Finger().keep(FIRST, 20).keep(0, 20).seen == [(SINGLE, FIRST)]


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
    assert finger.seen == [(SINGLE, FIRST)]


def test_two_presses_in_turn_are_two_gestures():
    finger = Finger().keep(FIRST, 50).keep(0, 20).keep(SECOND, 50).keep(0, 20)
    assert finger.seen == [(SINGLE, FIRST), (SINGLE, SECOND)]


def test_several_buttons_pressed_together_mean_nothing():
    finger = Finger(double=BOTH, hold=BOTH).keep(FIRST, 50).keep(BOTH, 50).keep(SECOND, 50)
    assert finger.keep(0, 1000).seen == []


def test_both_are_held_after_one_and_a_half_three_and_five_seconds():
    finger = Finger()
    for ms, kind in ((1500, HOLD), (3000, LONG_HOLD), (5000, LONGEST_HOLD)):
        before = len(finger.seen)
        finger.keep(BOTH, ms - ticks_diff(finger.now_ms, 1000))
        assert len(finger.seen) == before
        finger.keep(BOTH, 30)
        assert finger.seen[before:] == [(kind, BOTH)]
    assert len(finger.keep(BOTH, 9000).keep(0, 1000).seen) == 3


def test_a_hold_comes_once_and_its_release_is_no_press():
    assert Finger().keep(BOTH, 2900).keep(0, 1000).seen == [(HOLD, BOTH)]


def test_the_time_of_a_hold_starts_with_the_last_button():
    finger = Finger().keep(FIRST, 1000).keep(BOTH, HOLD_MS)
    assert finger.seen == []
    finger.keep(BOTH, 30)
    assert finger.seen == [(HOLD, BOTH)]


def test_a_button_that_leaves_ends_the_chance_of_a_hold():
    finger = Finger().keep(BOTH, 1400).keep(FIRST, 7000).keep(BOTH, 7000).keep(0, 50)
    assert finger.seen == []


def test_a_button_that_leaves_as_another_goes_down_does_not_come_back_into_a_hold():
    finger = Finger(hold=BOTH).keep(FIRST, 100).keep(SECOND, 20)
    assert finger.keep(BOTH, 2 * LONG_HOLD_MS).keep(0, 50).seen == []


def test_both_may_be_held_although_one_was_held_before():
    finger = Finger(hold=FIRST).keep(FIRST, HOLD_MS + 20).keep(BOTH, LONG_HOLD_MS + 30)
    assert finger.seen == [(HOLD, FIRST), (HOLD, BOTH), (LONG_HOLD, BOTH)]


def test_one_button_may_be_pressed_for_long():
    finger = Finger().keep(FIRST, 10000)
    assert finger.seen == []
    assert finger.keep(0, 50).seen == [(SINGLE, FIRST)]


def test_after_a_hold_the_next_press_counts_again():
    finger = Finger().keep(BOTH, 1600).keep(0, 50).keep(SECOND, 50).keep(0, 50)
    assert finger.seen == [(HOLD, BOTH), (SINGLE, SECOND)]


def test_a_button_that_is_down_at_the_start_is_ignored_until_it_is_released():
    finger = Finger(levels=FIRST, ignored=FIRST).keep(FIRST, 5000).keep(0, 50)
    assert finger.seen == []
    finger.keep(FIRST, 50).keep(0, 50)
    assert finger.seen == [(SINGLE, FIRST)]


def test_another_button_works_while_one_is_stuck_since_the_start():
    finger = Finger(levels=FIRST, ignored=FIRST).keep(FIRST, 100).keep(BOTH, 50).keep(FIRST, 50)
    assert finger.seen == [(SINGLE, SECOND)]


def test_the_first_press_after_the_start_counts():
    assert Finger().keep(FIRST, 50).keep(0, 50).seen == [(SINGLE, FIRST)]


def test_a_hold_is_measured_across_the_wrap_of_the_clock():
    finger = Finger(start_ms=ticks_add(0, -700)).keep(BOTH, HOLD_MS)
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
    assert finger.keep(0, 10).seen == [(SINGLE, FIRST)]


def test_a_press_that_woke_the_fob_and_is_still_down_counts_when_it_is_released():
    finger = Finger(levels=FIRST, pressed=FIRST).keep(FIRST, 300)
    assert finger.seen == []
    assert finger.keep(0, 50).seen == [(SINGLE, FIRST)]


def test_a_press_that_woke_the_fob_may_become_a_hold_of_both():
    finger = Finger(levels=BOTH, pressed=FIRST).keep(BOTH, 1600)
    assert finger.seen == [(HOLD, BOTH)]


def test_an_ignored_button_did_not_wake_the_fob():
    finger = Finger(levels=FIRST, ignored=FIRST, pressed=BOTH).keep(FIRST, 50)
    assert finger.seen == [(SINGLE, SECOND)]


def test_a_button_that_stays_down_is_stuck_and_leaves_the_other_one_working():
    finger = Finger().keep(FIRST, STUCK_MS)
    assert finger.gestures.pending
    finger.keep(FIRST, 50)
    assert finger.gestures.stuck == FIRST and not finger.gestures.pending
    finger.keep(BOTH, 100).keep(FIRST, 60000)
    assert finger.seen == [(SINGLE, SECOND)]


def test_a_button_that_was_stuck_counts_again_once_it_was_released():
    finger = Finger().keep(FIRST, STUCK_MS + 50).keep(0, 50)
    assert not finger.gestures.stuck
    finger.seen.clear()
    assert finger.keep(FIRST, 50).keep(0, 50).seen == [(SINGLE, FIRST)]


def test_of_two_buttons_that_were_down_the_one_that_stays_is_stuck():
    finger = Finger().keep(BOTH, 1000).keep(SECOND, STUCK_MS)
    assert finger.gestures.stuck == SECOND and not finger.gestures.pending


def test_a_guarded_press_must_last():
    assert Finger(guard_ms=200).keep(FIRST, 190).keep(0, 50).seen == []
    assert Finger(guard_ms=200).keep(FIRST, 250).keep(0, 50).seen == [(SINGLE, FIRST)]


def test_a_guarded_press_that_was_over_before_the_start_does_not_count():
    finger = Finger(pressed=FIRST, guard_ms=100).keep(0, 50)
    assert finger.seen == [] and not finger.gestures.pending


def test_a_guarded_press_that_is_too_short_leaves_the_next_one_its_full_time():
    finger = Finger(guard_ms=200).keep(FIRST, 100).keep(0, 500).keep(FIRST, 100).keep(0, 50)
    assert finger.seen == []
    assert finger.keep(FIRST, 250).keep(0, 50).seen == [(SINGLE, FIRST)]


def test_sampling_may_rest_while_a_button_is_stuck():
    finger = Finger().keep(FIRST, STUCK_MS + 50)
    assert finger.gestures.idle
    finger.keep(0, 10)
    assert not finger.gestures.idle


def test_a_button_without_a_double_press_does_not_wait():
    assert Finger(double=SECOND).keep(FIRST, 50).keep(0, 20).seen == [(SINGLE, FIRST)]


def test_a_single_press_of_a_button_that_has_a_double_is_told_at_once_and_decided_later():
    finger = Finger(double=FIRST).keep(FIRST, 100).keep(0, GAP_MS + 10)
    assert finger.seen == [(BEGUN, FIRST)] and not finger.gestures.idle
    assert finger.keep(0, 20).seen == [(BEGUN, FIRST), (SINGLE, FIRST)]
    assert finger.gestures.idle and not finger.gestures.pending


def test_two_presses_are_a_double_press_as_soon_as_the_second_is_released():
    finger = Finger(double=FIRST).keep(FIRST, 100).keep(0, GAP_MS - 20).keep(FIRST, 500)
    assert finger.seen == [(BEGUN, FIRST)]
    assert finger.keep(0, 20).seen == [(BEGUN, FIRST), (DOUBLE, FIRST)]


def test_the_shortest_double_press_is_two_samples_each():
    finger = Finger(double=FIRST).keep(FIRST, 20).keep(0, 20).keep(FIRST, 20).keep(0, 20)
    assert finger.seen == [(BEGUN, FIRST), (DOUBLE, FIRST)]


def test_noise_while_a_second_press_may_come_is_none():
    finger = Finger(double=FIRST).keep(FIRST, 50).keep(0, 50).keep(FIRST, 10).keep(0, 1000)
    assert finger.seen == [(BEGUN, FIRST), (SINGLE, FIRST)]


def test_bouncing_contacts_make_no_double_press():
    finger = Finger(double=FIRST)
    for _ in range(2):
        for _ in range(4):
            finger.keep(FIRST, 10).keep(0, 10)
        finger.keep(FIRST, 100)
        for _ in range(4):
            finger.keep(0, 10).keep(FIRST, 10)
        finger.keep(0, 50)
    assert finger.seen == [(BEGUN, FIRST), (DOUBLE, FIRST)]


def test_a_second_press_that_comes_too_late_is_another_one():
    finger = Finger(double=FIRST).keep(FIRST, 50).keep(0, GAP_MS + 50).keep(FIRST, 50).keep(0, 1000)
    assert finger.seen == [(BEGUN, FIRST), (SINGLE, FIRST)] * 2


def test_a_button_with_a_triple_waits_for_the_third():
    finger = Finger(triple=FIRST)
    for _ in range(3):
        assert finger.seen in ([], [(BEGUN, FIRST)])
        finger.keep(FIRST, 50).keep(0, 100)
    assert finger.seen == [(BEGUN, FIRST), (TRIPLE, FIRST)]


def test_two_presses_of_a_button_that_has_a_triple_are_a_double_press_after_the_gap():
    finger = Finger(triple=FIRST).keep(FIRST, 50).keep(0, 100).keep(FIRST, 50).keep(0, GAP_MS)
    assert finger.seen == [(BEGUN, FIRST)]
    assert finger.keep(0, 30).seen == [(BEGUN, FIRST), (DOUBLE, FIRST)]


def test_four_presses_of_a_button_that_has_a_triple_are_a_triple_and_a_single():
    finger = Finger(triple=FIRST)
    for _ in range(4):
        finger.keep(FIRST, 50).keep(0, 100)
    finger.keep(0, 500)
    begun = BEGUN, FIRST
    assert finger.seen == [begun, (TRIPLE, FIRST), begun, (SINGLE, FIRST)]


def test_another_button_that_goes_down_decides_at_once():
    finger = Finger(double=BOTH).keep(FIRST, 50).keep(0, 50).keep(SECOND, 20)
    assert finger.seen == [(BEGUN, FIRST), (SINGLE, FIRST)]
    finger.keep(0, 500)
    assert finger.seen[2:] == [(BEGUN, SECOND), (SINGLE, SECOND)]


def test_both_that_go_down_after_a_press_of_one_decide_it_and_may_be_held():
    finger = Finger(double=FIRST).keep(FIRST, 50).keep(0, 50).keep(BOTH, LONG_HOLD_MS + 30)
    assert finger.seen == [(BEGUN, FIRST), (SINGLE, FIRST), (HOLD, BOTH), (LONG_HOLD, BOTH)]


def test_a_button_that_joins_the_second_press_decides_the_first_and_spoils_the_second():
    finger = Finger(double=FIRST).keep(FIRST, 50).keep(0, 50).keep(FIRST, 50).keep(BOTH, 50)
    finger.keep(0, 500)
    assert finger.seen == [(BEGUN, FIRST), (SINGLE, FIRST)]


def test_a_button_with_a_hold_is_held_while_it_is_down_and_its_release_is_no_press():
    finger = Finger(hold=FIRST).keep(FIRST, HOLD_MS)
    assert finger.seen == []
    finger.keep(FIRST, 30)
    assert finger.seen == [(HOLD, FIRST)]
    assert finger.keep(FIRST, 5000).keep(0, 500).seen == [(HOLD, FIRST)]


def test_a_shorter_press_of_a_button_with_a_hold_is_a_press():
    assert Finger(hold=FIRST).keep(FIRST, HOLD_MS - 50).keep(0, 50).seen == [(SINGLE, FIRST)]


def test_a_hold_is_one_whatever_was_pressed_before_it():
    finger = Finger(double=FIRST, hold=FIRST).keep(FIRST, 50).keep(0, 50).keep(FIRST, 2000)
    assert finger.keep(0, 500).seen == [(BEGUN, FIRST), (HOLD, FIRST)]


def test_a_long_second_press_of_a_button_without_a_hold_makes_a_double():
    finger = Finger(double=FIRST).keep(FIRST, 50).keep(0, 50).keep(FIRST, 5000).keep(0, 50)
    assert finger.seen == [(BEGUN, FIRST), (DOUBLE, FIRST)]


def test_a_button_with_a_hold_that_stays_down_is_held_once_and_stuck_then():
    finger = Finger(hold=FIRST).keep(FIRST, STUCK_MS + 50)
    assert finger.seen == [(HOLD, FIRST)] and finger.gestures.stuck == FIRST


def test_a_second_press_that_never_ends_leaves_nothing_of_the_first():
    finger = Finger(double=FIRST).keep(FIRST, 50).keep(0, 50).keep(FIRST, STUCK_MS + 50)
    assert finger.seen == [(BEGUN, FIRST), (STUCK, FIRST)]
    assert finger.gestures.stuck == FIRST and not finger.gestures.pending
    assert finger.keep(0, 1000).keep(FIRST, 50).keep(0, 500).seen[2:] == [
        (BEGUN, FIRST),
        (SINGLE, FIRST),
    ]


def test_each_press_of_a_double_must_last_as_long_as_the_guard_says():
    finger = Finger(double=FIRST, guard_ms=100)
    finger.keep(FIRST, 150).keep(0, 50).keep(FIRST, 50).keep(0, 50).keep(FIRST, 150).keep(0, 50)
    assert finger.seen == [(BEGUN, FIRST), (DOUBLE, FIRST)]


def test_a_press_that_is_too_short_decides_nothing_about_the_one_before():
    finger = Finger(double=FIRST, guard_ms=100).keep(FIRST, 150).keep(0, 50).keep(FIRST, 50)
    assert finger.keep(0, 1000).seen == [(BEGUN, FIRST), (SINGLE, FIRST)]


def test_the_press_that_woke_the_fob_leaves_more_time_for_the_second():
    finger = Finger(pressed=FIRST, double=FIRST).keep(0, WOKEN_GAP_MS - 20).keep(FIRST, 50)
    assert finger.keep(0, 50).seen == [(BEGUN, FIRST), (DOUBLE, FIRST)]


def test_the_press_that_woke_the_fob_is_a_single_one_after_that_time():
    finger = Finger(pressed=FIRST, double=FIRST).keep(0, WOKEN_GAP_MS)
    assert finger.seen == [(BEGUN, FIRST)]
    assert finger.keep(0, 20).seen == [(BEGUN, FIRST), (SINGLE, FIRST)]


def test_that_time_counts_from_the_start_although_the_press_goes_on():
    finger = Finger(levels=FIRST, pressed=FIRST, double=FIRST).keep(FIRST, 200)
    assert finger.keep(0, WOKEN_GAP_MS - 200).seen == [(BEGUN, FIRST)]
    assert finger.keep(0, 30).seen == [(BEGUN, FIRST), (SINGLE, FIRST)]


def test_later_presses_leave_the_usual_time():
    finger = Finger(pressed=FIRST, double=FIRST).keep(0, 1000)
    finger.keep(FIRST, 50).keep(0, GAP_MS)
    assert finger.seen[2:] == [(BEGUN, FIRST)]
    assert finger.keep(0, 30).seen[2:] == [(BEGUN, FIRST), (SINGLE, FIRST)]


def test_the_button_that_woke_the_fob_and_is_still_down_may_be_held():
    finger = Finger(levels=FIRST, pressed=FIRST, hold=FIRST).keep(FIRST, HOLD_MS + 30)
    assert finger.seen == [(HOLD, FIRST)]


def test_a_second_press_that_begins_while_nobody_looks_counts():
    finger = Finger(double=FIRST).keep(FIRST, 50).keep(0, 50)
    finger.now_ms = ticks_add(finger.now_ms, 2000)
    assert finger.keep(FIRST, 50).keep(0, 50).seen == [(BEGUN, FIRST), (DOUBLE, FIRST)]

"""How long a cell lasts: the reckoning, the cells, and the words."""

import math
from dataclasses import replace

import pytest

from host_tools.advice import battery_life as words
from host_tools.board.catalogue import load_board, real_boards
from host_tools.board.chips import CHIPS
from host_tools.board.definition import BoardDefinition
from host_tools.energy import lasting as energy
from host_tools.energy.cells import CELLS, Cell, cell_of, check_fits, lithium
from host_tools.energy.charge import charge, parts, stuck_day
from host_tools.energy.courses import ARMED, COLD, MISSED, NIGHT, STUCK, UNMET, WARM, course
from host_tools.energy.currents import CHIP_CURRENTS, sleep_current
from host_tools.energy.figures import Figure
from host_tools.energy.lasting import Habits, a_day, lasting, mah_for
from host_tools.failure import InputError

C3 = load_board("xiao-esp32c3")
LOSSLESS = Cell("test", "a test cell", 480, Figure(1, ""), Figure(0, ""))


def asleep_at(microamperes: int) -> BoardDefinition:
    return replace(C3, sleep_ua=microamperes)


def test_a_fob_that_is_never_pressed_lives_by_its_sleep_current_alone() -> None:
    # 1 mA empties 480 mAh in 20 days.
    day = a_day(asleep_at(1000), Habits(presses=0))
    assert lasting(day, LOSSLESS).days == pytest.approx(20)


def test_the_uses_of_a_day_add_up_to_what_the_cell_gives_on_it() -> None:
    found = lasting(a_day(C3, Habits(20, 5)), CELLS["lipo-300"])
    assert sum(found.mah.values()) * found.days == pytest.approx(300 * 0.9)


def test_twice_the_presses_take_twice_the_charge_but_for_the_first_of_a_day() -> None:
    once, twice = (a_day(C3, Habits(n)).total for n in (10, 20))
    warm = charge(course(WARM), C3) / 1000
    assert twice - once == pytest.approx(10 * warm)


def test_half_a_press_a_day_is_a_press_every_other_day() -> None:
    day = a_day(C3, Habits(0.5))
    night = charge(course(NIGHT), C3) / 1000
    assert day.total - day.mah["asleep"] == pytest.approx(night / 2)


def test_a_minute_of_passive_entry_takes_as_much_as_many_presses() -> None:
    armed, press = charge(course(ARMED), C3), charge(course(WARM), C3)
    assert armed > 10 * press
    assert charge(course(UNMET), C3) > 10 * press


def test_a_missed_car_costs_more_than_a_press_and_a_first_press_more_than_a_later_one() -> None:
    warm, cold, missed = (charge(course(case), C3) for case in (WARM, COLD, MISSED))
    assert warm < cold < missed


def test_a_look_at_a_stuck_button_needs_no_radio() -> None:
    assert {part.part for part in parts(course(STUCK), C3)} == {"boot", "program"}
    assert course(STUCK).every == 320


def test_a_stuck_button_takes_the_current_of_its_resistor_all_day() -> None:
    # 3.3 V at 10 kOhm are 0.33 mA, and 45 kOhm of the chip let 0.073 mA through.
    looks = 270 * charge(course(STUCK), C3)
    assert stuck_day(C3) - looks == pytest.approx(330 * 24)
    assert stuck_day(replace(C3, pull="internal")) - looks == pytest.approx(3300 / 45 * 24)


def test_parts_say_which_times_were_measured() -> None:
    measured = {part.part: part.measured for part in parts(course(WARM), C3)}
    assert measured == {
        "boot": False,
        "program": False,
        "radio on": False,
        "waiting": True,
        "resting": True,
        "listening": True,
        "connected": True,
        "light": True,
    }


def test_every_chip_of_a_board_has_currents_with_sources() -> None:
    assert set(CHIP_CURRENTS) == set(CHIPS)
    for currents in CHIP_CURRENTS.values():
        for name in ("asleep", "running", "idle", "resting", "listening", "connected", "peak"):
            assert getattr(currents, name).source
        assert currents.idle.value <= currents.resting.value <= currents.connected.value
        assert currents.connected.value <= currents.listening.value < currents.peak.value


@pytest.mark.parametrize("name", real_boards())
def test_every_current_asleep_that_was_measured_names_its_source(name: str) -> None:
    board = load_board(name)
    assert (board.sleep_ua is not None) == bool(board.sleep_source)
    assert sleep_current(board).estimated == (board.sleep_ua is None)


def test_a_board_that_nobody_measured_is_reckoned_with_its_chip_and_said_to_be() -> None:
    found = lasting(a_day(replace(C3, sleep_ua=None), Habits()), CELLS["lipo-500"])
    assert found.day.asleep.value == 5
    assert "Nobody is known to have measured" in words.doubts(found)[0]


def test_no_life_is_promised_beyond_what_cells_live() -> None:
    found = lasting(a_day(C3, Habits(0)), replace(LOSSLESS, mah=50_000))
    assert found.days == energy.MOST_DAYS
    assert words.duration(found.days) == "more than 5 years"


def test_the_capacity_for_a_year_lasts_a_year() -> None:
    day = a_day(C3, Habits())
    needed = mah_for(day, CELLS["lipo-300"], 365)
    assert needed is not None
    assert lasting(day, lithium(needed)).days == pytest.approx(365)
    assert f"{needed:.0f} mAh" in words.a_year(lasting(day, CELLS["lipo-300"]))


def test_a_cell_that_loses_too_much_by_itself_lasts_no_year_however_large() -> None:
    leaky = replace(LOSSLESS, lost=Figure(1.2, ""))
    assert mah_for(a_day(C3, Habits()), leaky, 365) is None


def test_a_board_that_sleeps_badly_gets_its_remedy_and_better_boards() -> None:
    board = asleep_at(2800)
    others = [a_day(load_board(name), Habits()) for name in real_boards()]
    told = words.remedies(lasting(a_day(board, Habits()), CELLS["lipo-500"]), Habits(), others)
    assert told[0].startswith("Asleep it draws 2.8 mA, 9")
    assert "take it off" in told[0]
    assert "xiao-esp32c6 " in told[1] and "esp32-devkit-v1" not in told[1]


def test_the_remedy_of_a_board_is_the_one_in_its_file() -> None:
    found = lasting(a_day(load_board("m5stickc-plus"), Habits()), lithium(120))
    assert "Its power chip stays on" in words.remedies(found, Habits())[0]


def test_much_passive_entry_is_named_as_what_takes_the_charge() -> None:
    habits = Habits(10, 60)
    told = words.remedies(lasting(a_day(C3, habits), CELLS["lipo-500"]), habits)
    assert told[0].startswith("Passive entry takes 9")


def test_less_passive_entry_is_promised_with_the_sleep_current_that_was_given() -> None:
    habits = Habits(10, 200)
    day = a_day(C3, habits).asleep_at(5000)
    half = a_day(C3, Habits(10, 100)).asleep_at(5000)
    promised = words.duration(lasting(half, LOSSLESS).days)
    assert any(promised in told for told in words.remedies(lasting(day, LOSSLESS), habits))


def test_a_board_of_which_worse_was_measured_says_how_short_it_may_be() -> None:
    found = lasting(a_day(load_board("lolin32-lite"), Habits()), CELLS["lipo-500"])
    assert words.doubts(found)[0].startswith("4.5 mA were measured as well: then it is 4 days.")


def test_what_sounds_or_shakes_is_said_not_to_be_counted() -> None:
    found = lasting(a_day(load_board("lolin32-lite-4"), Habits()), CELLS["lipo-500"])
    assert "`fob provision --buzzer off --vibration off`" in words.doubts(found)[-1]


@pytest.mark.parametrize(
    ("typed", "mah"),
    [
        ("lipo-300", 300),
        ("LiPo 500", 500),
        ("18650", 2600),
        ("3xAAA", 1000),
        ("3 × AAA", 1000),
        ("650", 650),
        ("650 mAh", 650),
        ("1200mAh", 1200),
        (" 120.5 ", 120.5),
        ("0.5Ah", 500),
        ("2.6 Ah", 2600),
    ],
)
def test_a_cell_is_known_by_name_or_capacity(typed: str, mah: float) -> None:
    assert cell_of(typed).mah == mah


@pytest.mark.parametrize(
    ("typed", "problem"),
    [
        ("CR2032", "pulses of some 15 mA"),
        ("2xAAA", "the chip needs 3.0 V at the least"),
        ("", "there is no cell ''"),
        ("lipo", "Did you mean lipo-300?"),
        ("0", "a cell of 0 mAh is none"),
        ("-500", "a cell of -500 mAh is none"),
        ("0.5", "a cell of 0.5 mAh is none"),
        ("999999999", "is none for a fob"),
        ("1e9", "there is no cell"),
        ("nan", "there is no cell"),
        ("٥٠٠", "there is no cell"),
        ("5" * 400, "there is no cell"),
    ],
)
def test_what_is_no_cell_for_a_fob_says_so_in_one_line(typed: str, problem: str) -> None:
    with pytest.raises(InputError) as raised:
        cell_of(typed)
    assert problem in str(raised.value) and "\n" not in str(raised.value)
    assert raised.value.remedy


def test_a_board_without_a_charger_has_no_place_for_a_cell() -> None:
    with pytest.raises(InputError, match=r"no place for a cell, and draws 11\.4 mA asleep"):
        check_fits(load_board("esp32-devkit-v1"), CELLS["lipo-500"])


def test_a_board_with_a_cell_of_its_own_takes_no_other_kind() -> None:
    with pytest.raises(InputError, match="built-in battery of 120 mAh, and no place for"):
        check_fits(load_board("m5stickc-plus"), CELLS["lifepo4"])


def test_alkaline_cells_are_not_put_where_a_charger_would_charge_them() -> None:
    with pytest.raises(InputError, match="no pin for 5 V"):
        check_fits(load_board("lolin32-lite"), CELLS["3xaaa"])
    check_fits(C3, CELLS["3xaaa"])
    assert "never to where a lithium cell goes" in CELLS["3xaaa"].advice


@pytest.mark.parametrize(
    ("days", "told"),
    [
        (0.01, "less than an hour"),
        (0.1, "2 hours"),
        (1, "1 day"),
        (20, "20 days"),
        (44, "6 weeks"),
        (300, "10 months"),
        (365, "12 months"),
        (1000, "2.7 years"),
        (math.inf, "more than 5 years"),
    ],
)
def test_durations_are_told_as_people_do(days: float, told: str) -> None:
    assert words.duration(days) == told

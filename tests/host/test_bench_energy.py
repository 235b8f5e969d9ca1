"""The bench's section on energy: its sums, its tables, and what it says of its estimates."""

from dataclasses import asdict, replace

import pytest

from host_tools.board.catalogue import real_boards
from host_tools.energy.courses import Course, courses
from tests.bench import energy
from tests.bench.figures import revive


@pytest.fixture(scope="module")
def results() -> energy.Results:
    def known(presses: int) -> list[Course]:
        legacy = [replace(each, protocol="legacy") for each in courses() if each.protocol != "any"]
        return [*legacy, *courses()]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(energy, "measure_courses", known)
        return energy.measure(quick=True)


def test_every_course_is_reckoned_for_every_chip(results: energy.Results) -> None:
    assert len(results.stays) == 4 * len(results.courses)
    assert {stay.protocol for stay in results.stays} == {"legacy", "signed", ""}


def test_the_parts_of_a_stay_add_up_to_its_charge(results: energy.Results) -> None:
    for stay in results.stays:
        assert sum(part.uah for part in stay.parts) == pytest.approx(stay.uah)
        assert stay.uah == pytest.approx(sum(p.seconds * p.ma for p in stay.parts) / 3.6)
        # 1 mAh at 3.7 V is 13.32 J.
        assert stay.joules == pytest.approx(stay.uah * 13.32 / 1000)


def test_every_real_board_has_a_day_and_the_parts_of_it_add_up(results: energy.Results) -> None:
    assert [day.board for day in results.days] == real_boards()
    for day in results.days:
        assert sum(day.mah.values()) == pytest.approx(day.total_mah)


def test_a_board_without_a_charger_has_no_cell_that_lasts(results: energy.Results) -> None:
    days = {day.board: day.days for day in results.days}
    assert days["esp32-devkit-v1"] == {}
    assert days["xiao-esp32c3"]["lipo-300"] < days["xiao-esp32c3"]["lipo-1000"]


def test_every_estimate_is_told_with_its_source(results: energy.Results) -> None:
    told = energy.METHOD(results)
    for estimate in results.estimates:
        assert f"{estimate.name} {estimate.value:g} s" in told and estimate.source in told
    assert all(current.source for current in results.currents)


def test_the_tables_have_a_row_for_each_course_board_and_current(results: energy.Results) -> None:
    stays, parts, days, currents = energy.tables(results)
    assert stays.row_count == len(results.courses)
    assert 0 < parts.row_count < stays.row_count
    assert (days.row_count, currents.row_count) == (len(results.days), len(results.currents))


def test_the_figures_survive_json(results: energy.Results) -> None:
    assert revive(energy.Results, asdict(results)) == results

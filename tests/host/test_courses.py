"""What the tools reckon a press with is what a press takes: the file against a new measurement."""

import pytest

from host_tools.energy.courses import PATH, Course, course, courses, written
from tests.bench.courses import SHIPPED, measure_courses

# Seconds by which a few presses may differ from the mean of many: where in its interval of 150 ms a
# car advertises is chance, and so is what the light shows when its pattern is cut short.
CHANCE = {"idle": 0.03, "resting": 0.15, "listening": 0.16, "connected": 0.06, "light": 0.25}


@pytest.fixture(scope="module")
def measured() -> list[Course]:
    return measure_courses(1, SHIPPED)


def test_the_tools_know_exactly_the_courses_that_are_measured(measured: list[Course]) -> None:
    named = [(each.case, each.protocol) for each in measured]
    assert named == [(each.case, each.protocol) for each in courses()]


@pytest.mark.parametrize("known", courses(), ids=lambda each: each.case)
def test_the_tools_reckon_with_what_is_measured(known: Course, measured: list[Course]) -> None:
    (now,) = [each for each in measured if each.case == known.case]
    for name, chance in CHANCE.items():
        told = pytest.approx(getattr(known, name), abs=chance, rel=0.02)
        assert getattr(now, name) == told, f"{name}: renew it by python -m tests.bench.courses"
    assert now.every == pytest.approx(known.every, rel=0.02)


def test_what_is_written_is_read_again() -> None:
    assert written(courses()) == PATH.read_text("utf-8")
    assert course("stuck button").awake == 0

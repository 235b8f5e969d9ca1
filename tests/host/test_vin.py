"""VINs: what is refused, and what is only doubted."""

import re

import pytest

from host_tools.failure import InputError
from host_tools.identity.vin import parse_vin, vin_warnings

VIN = "5YJ3E1EA0KF000316"


def with_check_digit(vin: str) -> str:
    """The VIN that the warning about its check digit asks for."""
    for digit in "0123456789X":
        candidate = vin[:8] + digit + vin[9:]
        if not any("check digit" in warning for warning in vin_warnings(candidate)):
            return candidate
    raise AssertionError(vin)


def test_a_vin_is_taken_as_people_type_it() -> None:
    assert parse_vin(" 5yj3e1ea0kf 000316\n") == VIN


@pytest.mark.parametrize(
    ("vin", "complaint"),
    [
        ("5YJ3E1EA0KF00031", "this one has 16"),
        ("5YJ3E1EA0KF0003166", "this one has 18"),
        ("", "this one has 0"),
        ("5YJ3E1EA0KFO00316", "O is probably 0"),
        ("5YJ3E1EA0KF00I3Q6", "I is probably 1, Q is probably 0"),
        ("5YJ3E1EA0KF-00316", "capitals and digits only"),
        ("5YJ3E1EA0KF00031é", "capitals and digits only"),
    ],
)
def test_a_vin_that_cannot_be_is_refused_with_a_remedy(vin: str, complaint: str) -> None:
    with pytest.raises(InputError, match=complaint) as refusal:
        parse_vin(vin)
    assert refusal.value.remedy


def test_a_vin_without_fault_has_no_warning() -> None:
    assert vin_warnings(VIN) == []


def test_a_wrong_check_digit_is_told() -> None:
    (warning,) = vin_warnings(VIN.replace("EA0", "EA7"))
    assert "would be 0" in warning


def test_a_check_digit_of_ten_is_an_x() -> None:
    # The example of ISO 3779's North American use.
    assert not any("check digit" in warning for warning in vin_warnings("1M8GDM9AXKP042788"))


@pytest.mark.parametrize(
    ("vin", "warning"),
    [
        ("WBA3E1EA0KF000316", "does not begin like a Tesla"),
        ("5YJ3E1EA0UF000316", "no model year: 'U'"),
        ("5YJ9E1EA0KF000316", "no model known here: '9'"),
        ("5YJSA1E20KF000316", "a Model S of 2019.*before 2021 only Model 3 and Y"),
        ("5YJXCDE20LF000316", "a Model X of 2020"),
        ("5YJSA1E20MF000316", "a Model S of 2021 with drive unit 2"),
    ],
)
def test_a_car_that_may_take_no_such_key_is_doubted(vin: str, warning: str) -> None:
    (doubt,) = vin_warnings(with_check_digit(vin))
    assert doubt.endswith(".")
    assert re.search(warning, doubt), doubt


@pytest.mark.parametrize(
    "vin",
    [
        "5YJ3E1EA0JF000316",
        "LRW3E7EK0LC000316",
        "5YJSA1E60MF000316",
        "5YJSA1E20NF000316",
        "7SAYGDEE0PF000316",
        "XP7YGCEK0RB000316",
        "7G2CEHED0RA000316",
    ],
)
def test_a_car_that_takes_such_keys_is_not_doubted(vin: str) -> None:
    assert vin_warnings(with_check_digit(vin)) == []

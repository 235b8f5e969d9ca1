"""What a person is told while a fob is paired."""

import re
from pathlib import Path

import pytest

from host_tools.advice import pairing_guide
from host_tools.advice.card_reader import (
    AT_THE_FRONT,
    BEHIND_THE_CUP_HOLDERS,
    ON_THE_CHARGER,
    places,
)

FIRMWARE = Path(__file__).resolve().parents[2] / "firmware"


def vin(model, year):
    """A VIN of which only the letters of model and year count."""
    return f"5YJ{model}E1EA7{year}F000316"


@pytest.mark.parametrize(
    ("car", "expected"),
    [
        (vin("3", "K"), (BEHIND_THE_CUP_HOLDERS,)),
        (vin("Y", "P"), (BEHIND_THE_CUP_HOLDERS,)),
        (vin("3", "P"), (BEHIND_THE_CUP_HOLDERS, AT_THE_FRONT)),
        (vin("3", "R"), (AT_THE_FRONT, BEHIND_THE_CUP_HOLDERS)),
        (vin("3", "T"), (AT_THE_FRONT,)),
        (vin("Y", "S"), (AT_THE_FRONT, BEHIND_THE_CUP_HOLDERS)),
        (vin("S", "M"), (ON_THE_CHARGER,)),
        (vin("X", "P"), (ON_THE_CHARGER,)),
        (vin("X", "J"), ()),
        (vin("C", "R"), (ON_THE_CHARGER,)),
        (vin("T", "R"), (BEHIND_THE_CUP_HOLDERS, AT_THE_FRONT)),
    ],
)
def test_the_card_goes_where_that_model_has_its_reader(car, expected):
    assert places(car) == expected


def test_the_card_comes_after_the_request_and_the_screen_after_the_card():
    steps = pairing_guide.card_steps(vin("3", "K"))
    assert steps[0].startswith("NOW hold the key card on the centre console")
    assert "confirm" in steps[1]


def test_a_car_without_a_reader_says_so():
    assert "may have none" in pairing_guide.card_steps(vin("S", "J"))[0]


def test_a_weak_signal_asks_to_go_nearer():
    assert "1 to 3 m" in pairing_guide.heard(-88)
    assert "1 to 3 m" not in pairing_guide.heard(-60)


def test_the_reports_of_the_firmware_are_known():
    source = (FIRMWARE / "fob/pairing.py").read_text("utf-8")
    for text in (
        pairing_guide.REQUEST_SENT,
        pairing_guide.CAR_WAITS,
        pairing_guide.NOT_YET,
        pairing_guide._REFUSED,
    ):
        assert f'"{text}"' in source
    seconds = re.search(r"_TOTAL_MS = const\((\d+)000\)", source)[1]
    assert int(seconds) == pairing_guide.CARD_SECONDS


def test_a_refused_key_is_told_by_the_whitelist_number():
    told = pairing_guide.setback("refused", "the car refuses to enrol the key", 27)
    assert told.problem == "the car is in valet mode"
    assert told.reason == "WHITELISTOPERATION_INFORMATION_LOCAL_ENTITY_AUTH_FAILED_VALET_MODE"
    assert not told.again


def test_numbers_of_other_refusals_are_not_taken_for_whitelist_numbers():
    told = pairing_guide.setback("refused", "the car gives no session", 3)
    assert told.problem == "the car gives no session"
    assert told.reason is None


@pytest.mark.parametrize("code", ["timed-out", "not-found", "connection-limit", "disconnected"])
def test_what_may_pass_is_tried_again(code):
    assert pairing_guide.setback(code, "something", None).again


@pytest.mark.parametrize("code", ["configuration", "state", "held-back", "internal"])
def test_what_does_not_pass_is_not_tried_again(code):
    assert not pairing_guide.setback(code, "something", None).again


def test_success_tells_that_the_car_proved_it_and_what_comes_next():
    told = " ".join(pairing_guide.paired("signed"))
    assert "proved" in told and "fob press unlock" in told
    assert "older protocol" in " ".join(pairing_guide.paired("legacy"))

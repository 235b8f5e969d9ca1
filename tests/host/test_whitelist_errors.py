"""What the owner is told when a car does not take a key."""

from host_tools.advice.whitelist_errors import (
    WHITELIST_ERRORS,
    reason_name,
    removal_error,
    whitelist_error,
)
from host_tools.protocol import vcsec_pb2 as vcsec

NUMBERS = vcsec.WhitelistOperation_information_E.DESCRIPTOR.values_by_number


def test_every_number_of_the_protocol_has_words_and_no_other_has():
    assert set(WHITELIST_ERRORS) == set(NUMBERS)


def test_words_are_a_clause_and_remedies_are_sentences():
    for number, error in WHITELIST_ERRORS.items():
        assert error.words[0].islower() and error.words[-1].isalnum(), number
        assert error.remedy[0].isupper() and error.remedy[-1] == ".", number


def test_no_two_numbers_are_told_in_the_same_words():
    assert len({error.words for error in WHITELIST_ERRORS.values()}) == len(WHITELIST_ERRORS)


def test_only_a_hand_that_was_too_slow_or_a_car_not_ready_is_tried_again():
    again = {NUMBERS[number].name for number, error in WHITELIST_ERRORS.items() if error.again}
    assert again == {
        "WHITELISTOPERATION_INFORMATION_NOT_ALLOWED_TO_ADD_UNLESS_ON_READER",
        "WHITELISTOPERATION_INFORMATION_COULD_NOT_START_LOCAL_ENTITY_AUTH",
        "WHITELISTOPERATION_INFORMATION_LOCAL_ENTITY_AUTH_FAILED_TIMED_OUT_WAITING_FOR_TAP",
        "WHITELISTOPERATION_INFORMATION_LOCAL_ENTITY_AUTH_FAILED_TIMED_OUT_WAITING_FOR_UI_ACK",
    }


def test_a_number_that_a_later_car_may_send_is_named():
    assert "99" in whitelist_error(99).words
    assert reason_name(99) == "99"


def test_machines_get_the_name_of_the_protocol():
    assert reason_name(4) == "WHITELISTOPERATION_INFORMATION_WHITELIST_FULL"


def test_a_key_that_is_not_removed_is_told_without_cards():
    for number in (0, 1, 2, 7, 10, 12, 99):
        error = removal_error(number)
        assert "card that" not in error.words
        assert error.remedy[0].isupper() and error.remedy[-1] == "."
    assert "cannot remove itself" in removal_error(2).words
    assert "--role owner" in removal_error(7).remedy

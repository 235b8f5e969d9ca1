"""What the owner can do about the firmware's errors."""

import re
from pathlib import Path

import pytest

from host_tools.advice import fob_errors, refusals
from host_tools.advice.fob_errors import explain, is_worth_repeating

FIRMWARE = Path(__file__).resolve().parents[2] / "firmware"
SOURCES = "\n".join(path.read_text("utf-8") for path in FIRMWARE.rglob("*.py"))
REFUSALS = [words for known in refusals.WORDS.values() for words in known.values()]
CODES = re.findall(r'^    code = "([a-z-]+)"', (FIRMWARE / "fob/errors.py").read_text(), re.M)


@pytest.mark.parametrize("code", [*CODES, "internal"])
def test_every_error_of_the_firmware_has_a_remedy_that_is_a_sentence(code):
    problem, remedy = explain(code, "something went wrong")
    assert "something went wrong" in problem
    assert remedy[0].isupper() and remedy.endswith(".")
    assert code in fob_errors._REMEDIES


def test_what_is_known_by_its_text_is_what_the_firmware_says():
    for text in fob_errors._KNOWN.keys() - {words.split(":")[0] for words in REFUSALS}:
        # Those of a car's files are made of their names.
        made = text.replace("fob.json", "%s").replace("key.bin", "%s")
        made = made.removesuffix("%s")
        assert text.removeprefix("the flash ") in SOURCES or made in SOURCES, text


def test_the_number_of_a_refusal_is_told_in_words_with_a_remedy():
    for kind, known in refusals.WORDS.items():
        assert f'"the car refuses: {kind} %d"' in SOURCES
        for number, words in known.items():
            problem, remedy = explain("refused", f"the car refuses: {kind} {number}", number)
            assert problem == words.split(":")[0]
            assert remedy == fob_errors._KNOWN[problem]


def test_a_number_that_nobody_knows_is_told_as_it_is():
    told = explain("refused", "the car refuses: fault 99", 99)
    assert told.problem == "the car refuses (fault 99)"
    assert told.remedy.endswith(".")


def test_a_line_that_holds_a_refusal_is_told_in_words():
    assert refusals.in_words("lock refused: the car refuses: error 2") == (
        "lock refused: something is open"
    )


@pytest.mark.parametrize(
    "text",
    ["car3/car.json is damaged", "no usable car3/key.bin", "car3/key.bin does not belong to x"],
)
def test_a_car_that_is_of_no_use_is_taken_out_and_added_again(text):
    told = explain("configuration", f"{text}: run `fob provision`")
    assert told.problem == text
    assert "`fob cars forget 3`" in told.remedy


def test_a_car_that_is_not_there_is_looked_up():
    assert explain("configuration", "no car 3 of use: run `fob cars`").remedy == "Run `fob cars`."


def test_the_advice_of_a_refusal_is_told_as_a_sentence():
    assert explain("refused", "some reason: do this") == ("some reason", "Do this.")


@pytest.mark.parametrize("command", ["fob provision --repair", "fob flash --erase"])
def test_lost_state_has_the_remedy_that_the_firmware_names(command):
    assert f"run `{command}`" in SOURCES
    told = explain("state", f"something is lost: run `{command}`")
    assert told == ("something is lost", f"Run `{command}`.")


def test_a_used_up_counter_wants_a_new_key():
    told = explain("counter-exhausted", "the key's counter is used up: provision a new key")
    assert "--replace-key" in told.remedy


def test_a_held_back_fob_is_told_how_to_confirm_from_the_laptop():
    told = explain("held-back", "the car could not read 10 messages in a row: hold both buttons")
    assert "fob press lock unlock --hold" in told.remedy


def test_an_error_of_later_firmware_still_gets_a_remedy():
    assert explain("never-heard-of", "").remedy
    assert explain("never-heard-of", "").problem == "never-heard-of"


def test_an_exception_of_the_program_is_told_as_one_and_once():
    assert explain("internal", "KeyError").problem == "the fob's program failed (KeyError)"
    assert explain("internal", "it failed with KeyError").problem == "it failed with KeyError"


def test_a_refusal_is_not_worth_repeating_and_a_lost_link_is():
    assert not is_worth_repeating("refused")
    assert is_worth_repeating("disconnected")


def test_a_key_that_the_car_keeps_is_told_by_the_number_it_gave():
    told = explain("key-refused", "the car refuses", 2)
    assert told.problem == "a key cannot remove itself from the car"
    assert explain("key-refused", "the car refuses").problem == "the car refuses"


@pytest.mark.parametrize("text", ["MemoryError", "the fob ran out of memory"])
def test_a_fob_out_of_memory_is_asked_again(text: str) -> None:
    problem, remedy = explain("internal", text)
    assert problem == "the fob ran out of memory" and remedy.startswith("Try again")

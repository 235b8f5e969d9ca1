"""How a fob is, in lines for people."""

import hashlib
import json

import pytest

from host_tools.advice import fob_status
from host_tools.advice.fob_status import last_result

PUBLIC_KEY = "04" + "ab" * 64
STATUS = {
    "vin": "5YJ3E1EA7KF000316",
    "public_key": PUBLIC_KEY,
    "role": 3,
    "form_factor": 7,
    "board": {"battery": {"pin": 35, "ratio": 2.0, "low_mv": 3300}},
    "configuration": None,
    "counter": {"next": 1234, "end": 1280},
    "paired": True,
    "unknown": False,
    "waits": False,
    "speaks": "signed",
    "rssi": -61,
    "peer": "aa:bb:cc:dd:ee:ff",
    "last": "unlock done in 812 ms",
    "crashes": 0,
    "journal": [],
    "battery_mv": 3912,
    "cause": "power-on",
    "flash": {"free": 1024000, "total": 2097152},
    "gestures": {"lock": {"single": "lock"}, "unlock": {"double": "trunk@2"}},
    "warn_open": False,
    "passive": None,
}
FIRST = {
    "number": 1,
    "vin": STATUS["vin"],
    "public_key": PUBLIC_KEY,
    "paired": True,
    "speaks": "signed",
    "rssi": -61,
    "wrong": None,
    "counter": {"next": 7, "end": 64},
}
SECOND = {**FIRST, "number": 2, "vin": "5YJ3E1EA0KF000316", "paired": False, "rssi": None}


def rows(**changes):
    """Every row of the status, by what it tells of."""
    status = {**STATUS, **changes}
    told = fob_status.identity_rows(status) + fob_status.car_rows(status)
    return dict(told + fob_status.board_rows(status, "esp32", "1.29.0", "current"))


def test_the_key_is_shown_by_the_identifier_under_which_the_car_lists_it():
    identifier = hashlib.sha1(bytes.fromhex(PUBLIC_KEY)).hexdigest()[:8]
    assert rows()["key"] == f"id {identifier}, role driver, listed as android device"


def test_the_public_key_itself_is_nowhere():
    assert PUBLIC_KEY not in json.dumps(rows())


def test_a_paired_fob_says_in_which_protocol():
    assert rows()["paired"] == "yes, in the signed-command protocol"
    assert rows(speaks="legacy")["paired"] == "yes, in the older protocol"


@pytest.mark.parametrize("changes", [{"paired": False}, {"paired": False, "unknown": True}])
def test_a_fob_that_the_car_does_not_know_is_told_to_pair(changes):
    assert "fob pair" in rows(**changes)["paired"]


def test_signal_strength_is_told_in_words_too():
    assert rows()["signal"].startswith("-61 dBm, near")
    assert "nearer" in rows(rssi=-88)["signal"]


def test_the_counter_says_how_many_values_are_left():
    assert rows()["counter"] == "next 1,234, 4,294,966,062 left"


def test_a_lost_counter_says_how_to_restore_it():
    lost = rows(counter={"wrong": "the message counter is damaged: run `fob provision --repair`"})
    assert lost["counter"] == "the message counter is damaged: run `fob provision --repair`"


def test_the_last_failure_comes_with_its_reason_and_remedy():
    told = rows(last="lock failed (not-found): the car is not in reach")["last press"]
    assert told.startswith("lock failed: the car is not in reach. Go nearer")


def test_a_line_of_the_journal_is_read_as_what_was_said():
    noted = last_result("lock not-found: the car is not in reach")
    assert noted == last_result("lock failed (not-found): the car is not in reach")
    assert noted.code == "not-found"


def test_a_crash_stays_the_line_it_is():
    line = 'crash: ValueError at File "life.py", line 7'
    assert last_result(line) == (line, None, "")


def test_what_waits_says_how_to_confirm():
    assert "waits for you" not in rows()
    assert "5 seconds" in rows(waits=True)["waits for you"]


def test_an_empty_battery_is_told_apart_from_one_that_cannot_be_measured():
    assert rows()["battery"] == "3.91 V"
    assert rows(battery_mv=3100)["battery"].startswith("3.10 V, low")
    assert rows(battery_mv=None)["battery"] == "not measured on this board"


def test_a_fob_without_configuration_is_told_to_provision():
    bare = {
        "flash": STATUS["flash"],
        "crashes": 0,
        "journal": [],
        "configuration": "no fob.json: run",
    }
    assert "fob provision" in dict(fob_status.identity_rows(bare))["car"]
    assert fob_status.car_rows(bare) == []


def test_a_configuration_that_is_wrong_is_shown_with_its_owner():
    told = rows(configuration="key.bin does not belong to fob.json: run `fob provision`")
    assert told["VIN"] == STATUS["vin"]
    assert "key.bin does not belong" in told["wrong"]


def test_the_newest_line_of_the_journal_comes_first():
    told = fob_status.journal_rows({"crashes": 2, "journal": ["a", "b", "c", "d"]})
    assert told == [("in short", "2 crashes in a row"), ("last", "d"), ("", "c"), ("", "b")]


def test_the_buttons_are_told_in_the_words_of_the_table():
    told = dict(fob_status.buttons_rows(STATUS))
    assert told["lock, once"] == "lock: locks the car"
    assert "on car 2" in told["unlock, twice"]
    assert fob_status.buttons_rows({}) == []


def test_the_light_tells_of_open_doors_and_of_cars_only_where_it_may_show_them():
    plain = dict(fob_status.light_rows(STATUS))
    assert len(plain) == 5
    warning = dict(fob_status.light_rows({**STATUS, "warn_open": True}))
    assert set(warning) - set(plain) == {"two long flashes"}
    several = dict(fob_status.light_rows({**STATUS, "cars": [FIRST, SECOND]}))
    assert set(several) - set(plain) == {"one to four brief flashes"}


def test_one_car_needs_no_list_of_cars():
    assert fob_status.cars_rows({**STATUS, "cars": [FIRST]}) == []
    assert fob_status.cars_rows(STATUS) == []


def test_several_cars_are_listed_by_their_numbers():
    told = dict(fob_status.cars_rows({**STATUS, "cars": [SECOND, FIRST]}))
    assert list(told) == ["car 1", "car 2"]
    assert STATUS["vin"] in told["car 1"] and "paired: yes" in told["car 1"]
    assert "-61 dBm, near" in told["car 1"]
    assert "fob pair" in told["car 2"]
    assert PUBLIC_KEY not in told["car 1"]


def test_a_car_of_no_use_says_why_also_where_it_is_the_only_one_told():
    broken = {"number": 2, "wrong": "no usable key.bin: run `fob provision`"}
    told = dict(fob_status.cars_rows({**STATUS, "cars": [broken]}))
    assert told["car 2"].startswith("no usable key.bin")


def test_a_car_without_a_counter_says_so():
    lost = {**SECOND, "counter": {"wrong": "the message counter is damaged"}}
    assert "counter is damaged" in dict(fob_status.cars_rows({"cars": [FIRST, lost]}))["car 2"]


def test_passive_entry_that_is_off_is_told_so():
    assert dict(fob_status.passive_rows(STATUS))["allowed"].startswith("no")
    assert fob_status.passive_rows({}) == []


@pytest.mark.parametrize(
    ("level", "minutes", "told"),
    [(1, 1, "unlock, for 1 minute after"), (2, 5, "unlock and drive, for 5 minutes after")],
)
def test_passive_entry_tells_what_and_how_long(level, minutes, told):
    passive = {"level": level, "minutes": minutes, "form": "auto", "secure_at_end": True}
    shown = dict(fob_status.passive_rows({"passive": passive}))
    assert shown["allowed"].startswith(told)
    assert "auto secure" in shown["at the end"]

"""A broken or hostile board on the cable: nothing it says is obeyed, nor believed unseen."""

import json
from collections.abc import Callable
from io import StringIO
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console
from rich.table import Table
from rich.text import Text

from host_tools.advice import fob_status
from host_tools.advice.evidence import Evidence
from host_tools.advice.fob_findings import fob_findings
from host_tools.cable.console import ConsoleError, Listener, NoConsole
from host_tools.cable.device import Device, DeviceError
from host_tools.cable.facts import Facts
from host_tools.cable.session import _Printed
from host_tools.cli import screen
from host_tools.cli.sections import show_sections
from host_tools.failure import Failure
from host_tools.harmless import harmless

HARM = "\x1b]0;owned\x07\x1b[2J\r\u202e\ud800\x9b\x7f"
STATUS: dict[str, Any] = {
    "version": 3,
    "vin": "5YJ3E1EA0KF000316",
    "public_key": "04" + 64 * "5a",
    "role": 3,
    "form_factor": 7,
    "press_guard_ms": 0,
    "board": {"name": "own", "buttons": {"lock": 1}, "battery": {"low_mv": 3300}},
    "counter": {"next": 7, "end": 65},
    "paired": True,
    "unknown": False,
    "waits": True,
    "speaks": "signed",
    "rssi": -50,
    "peer": "2c:a7:74:00:00:01",
    "last": "unlock failed (timed-out): no answer",
    "crashes": 1,
    "journal": ["crash: boom", "unlock timed-out: no answer"],
    "battery_mv": 3900,
    "cause": "power-on",
    "configuration": None,
    "flash": {"free": 1, "total": 2},
    "cars": [
        {
            "number": 1,
            "vin": "5YJ3E1EA0KF000316",
            "public_key": "04" + 64 * "5a",
            "paired": True,
            "unknown": False,
            "waits": False,
            "speaks": "signed",
            "counter": {"next": 7, "end": 65},
            "peer": "2c:a7:74:00:00:01",
            "rssi": -50,
            "wrong": None,
        },
        {"number": 2, "wrong": "no usable key.bin"},
    ],
    "gestures": {"lock": {"single": "lock", "hold": "auto-secure@2"}},
    "actions": {"lock": {"RKEAction": 1}},
    "warn_open": True,
    "passive": {"level": 1, "minutes": 5, "form": "auto", "secure_at_end": False},
}
CAR: dict[str, Any] = STATUS["cars"][0]
NONSENSE = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.just(10**400)
    | st.text()
    | st.just(HARM),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)


def answer(name: str, end: Any) -> dict[str, Any]:
    listener = Listener(name, None)
    listener.hear(json.dumps(end))
    return listener.result()


SECTIONS: dict[str, Callable[[dict[str, Any]], Any]] = {
    "Fob": fob_status.identity_rows,
    "Board": lambda status: fob_status.board_rows(status, "esp32", "1.29", "up to date"),
    "Car": fob_status.car_rows,
    "Cars": fob_status.cars_rows,
    "Buttons": fob_status.buttons_rows,
    "Light": fob_status.light_rows,
    "Passive": fob_status.passive_rows,
    "Log": fob_status.journal_rows,
    "Doctor": lambda status: [(f.check, f.text) for f in fob_findings(Evidence(status=status))],
}


def shown(status: dict[str, Any], *headings: str) -> str:
    """What the commands show of a status on a terminal: all of it, or some sections."""
    console = screen._HarmlessConsole(file=StringIO(), width=80, highlight=False)
    chosen = [(heading, SECTIONS[heading](status)) for heading in headings or SECTIONS]
    show_sections(console, chosen)
    told: str = console.file.getvalue()  # type: ignore[attr-defined]
    return told


@given(field=st.sampled_from(sorted(STATUS)), value=NONSENSE)
def test_whatever_a_status_tells_can_be_shown_or_is_another_version(field: str, value: Any) -> None:
    try:
        status = answer("status", {"result": {**STATUS, field: value}})
    except NoConsole:
        return
    text = shown(status)
    assert "\x1b" not in text
    text.encode()


@given(field=st.sampled_from(sorted(CAR)), value=NONSENSE)
def test_whatever_a_status_tells_of_a_car_can_be_shown(field: str, value: Any) -> None:
    cars = [{**CAR, field: value}, CAR]
    status = answer("status", {"result": {**STATUS, "cars": cars}})
    assert "\x1b" not in shown(status, "Cars", "Light", "Doctor")


@given(
    passive=st.fixed_dictionaries(
        dict.fromkeys(("level", "minutes", "form", "secure_at_end"), NONSENSE)
    )
)
def test_whatever_a_status_tells_of_passive_entry_can_be_shown(passive: Any) -> None:
    status = answer("status", {"result": {**STATUS, "passive": passive}})
    assert "\x1b" not in shown(status, "Passive")


@given(gestures=NONSENSE | st.dictionaries(st.text(), st.dictionaries(st.text(), st.text())))
def test_whatever_a_status_tells_of_buttons_can_be_shown(gestures: Any) -> None:
    status = answer("status", {"result": {**STATUS, "gestures": gestures}})
    assert "\x1b" not in shown(status, "Buttons")


def test_an_honest_status_is_passed_on_whole() -> None:
    assert answer("status", {"result": STATUS}) == STATUS
    assert "5YJ3E1EA0KF000316" in shown(STATUS)


ENDS = st.fixed_dictionaries({"result": NONSENSE}) | st.fixed_dictionaries(
    dict.fromkeys(("error", "text", "reason", "needs_laptop"), NONSENSE)
)
CALLS = (
    *("press", "pair", "scan", "new_key", "whose_key", "car_status"),
    *("send", "keys", "remove_key"),
)


@given(name=st.sampled_from(CALLS), end=ENDS)
def test_every_answer_is_a_result_or_a_failure_of_one_line(name: str, end: Any) -> None:
    try:
        result = answer(name, end)
    except Failure as failure:
        assert str(failure).isprintable()
    else:
        assert isinstance(result, dict)


def test_events_that_make_no_sense_are_passed_over() -> None:
    events: list[Any] = []
    listener = Listener("pair", events.append)
    for event in (
        {"event": "found", "rssi": "near"},
        {"event": "said"},
        {"event": "progress", "done": -1, "of": None},
        {"event": []},
        {"event": "key", "slot": 1},
        {"event": "said", "text": f"a{HARM}b"},
    ):
        listener.hear(json.dumps(event))
    ((text,),) = [[event["text"]] for event in events]
    assert text.isprintable()
    assert text.startswith("a?")


def test_a_line_of_brackets_is_noise() -> None:
    listener = Listener("pair", None)
    listener.hear("[" * 90_000)
    with pytest.raises(ConsoleError, match="did not say"):
        listener.result()


def test_nothing_reaches_the_terminal_but_text() -> None:
    console = screen._HarmlessConsole(file=StringIO(), width=80, force_terminal=True)
    table = Table("name")
    table.add_row(Text(HARM))
    for each in (HARM, Text(HARM), table):
        console.print(each, markup=False)
    text = console.file.getvalue()  # type: ignore[attr-defined]
    assert "\x1b]" not in text
    assert "\x1b[2J" not in text
    assert not {"\r", "\x07", "\x9b", "\x7f", "\u202e"} & set(text)
    text.encode()
    assert isinstance(screen.out(), screen._HarmlessConsole)
    assert isinstance(screen.errors(), Console)


def test_an_error_is_one_line_whatever_it_names() -> None:
    failure = Failure(f"there is no {HARM}\n", f"Look at {HARM}.")
    for text in (str(failure), failure.problem, failure.remedy):
        assert text.isprintable()
    assert harmless("Zoë’s fob — ä") == "Zoë’s fob — ä"


@pytest.mark.parametrize("endless", [b"x", b"[1]\n"])
def test_output_without_an_end_ends(endless: bytes) -> None:
    printed = _Printed("PORT", None)
    with pytest.raises(DeviceError, match="garbled"):
        for _ in range(3_000_000):
            for at in range(len(endless)):
                printed.take(endless[at : at + 1])


@given(told=NONSENSE)
def test_facts_are_facts_or_refused(told: Any) -> None:
    whole = [[1, 29, 0], "Generic ESP32", 6, "00", "esp32", True, True]
    for at in range(len(whole)):
        try:
            facts = Facts.of([*whole[:at], told, *whole[at + 1 :]])
        except (TypeError, ValueError):
            continue
        assert facts.machine.isprintable()
        assert len(facts.version) == 3


@pytest.mark.parametrize("row", ["[]", '["/a", "b"]', '[["/a"], 1]', "[1, 2, 3]"])
def test_rows_of_another_shape_are_no_files(row: str, monkeypatch: pytest.MonkeyPatch) -> None:
    device = Device("PORT")
    monkeypatch.setattr(device, "_files", lambda _: [row])
    for ask in (
        device.files,
        device.free,
        lambda: device.hashes(["/a"]),
        lambda: device.read("/a"),
    ):
        with pytest.raises(DeviceError, match="garbled"):
            ask()  # type: ignore[operator]

"""What a board says over the cable: confused, of another version, or made to deceive.

The first byte of an input chooses what was asked, the rest is what the board prints.
"""

import json
from collections.abc import Callable, Iterator
from io import StringIO
from typing import Any

from host_tools.advice import car_keys, fob_status, pairing_guide, press_report, vehicle_status
from host_tools.advice.evidence import Evidence
from host_tools.advice.fob_findings import fob_findings
from host_tools.cable import console, errors
from host_tools.cable.device import Device
from host_tools.cable.errors import BoardRaised
from host_tools.cable.session import _Printed
from host_tools.cli import screen
from host_tools.cli.sections import show_sections
from host_tools.failure import Failure
from host_tools.protocol import vcsec_pb2 as vcsec
from tests.fuzz.one_line import one_line
from tests.fuzz.target import host_target

_CALLS = ("status", "press", "send", "keys", "pair", "scan", "new_key", "whose_key", "car_status")
_ASKED: tuple[Callable[[Device], object], ...] = (
    lambda device: device._ask(),
    lambda device: device.files(),
    lambda device: device.free(),
    lambda device: device.hashes(["/a"]),
    lambda device: device.read("/a"),
)
_STATUS = {
    "version": 3,
    "vin": "5YJ3E1EA0KF000316",
    "public_key": "04" + 64 * "5a",
    "role": 3,
    "form_factor": 7,
    "board": {"name": "own", "buttons": {"lock": 1}, "battery": {"low_mv": 3300}},
    "counter": {"next": 7, "end": 65},
    "paired": True,
    "waits": True,
    "speaks": "signed",
    "rssi": -50,
    "last": "unlock failed (timed-out): no answer",
    "crashes": 1,
    "journal": ["crash: boom", "unlock timed-out: no answer"],
    "battery_mv": 3900,
    "cause": "power-on",
    "configuration": None,
    "flash": {"free": 1, "total": 2},
    "cars": [{"number": 1, "vin": "5YJ3E1EA0KF000316", "wrong": None, "paired": False}] * 2,
    "gestures": {"lock": {"single": "lock", "hold": "auto-secure@2"}},
    "warn_open": True,
    "passive": {"level": 1, "minutes": 5, "form": "auto", "secure_at_end": False},
}
_ENTRY = vcsec.WhitelistEntryInfo(
    keyId=vcsec.KeyIdentifier(publicKeySHA1=bytes(4)),
    publicKey=vcsec.PublicKey(PublicKeyRaw=b"\4" + bytes(64)),
    metadataForKey=vcsec.KeyMetadata(keyFormFactor=vcsec.KEY_FORM_FACTOR_NFC_CARD),
    slot=1,
)
_KEY = {"slot": 1, "entry": _ENTRY.SerializeToString().hex(), "ours": True}
_KEYS = {"info": vcsec.WhitelistInfo(numberOfEntries=1, slotMask=2).SerializeToString().hex()}


def seeds() -> Iterator[bytes]:
    yield _said(0, {"result": _STATUS})
    yield _said(1, {"event": "said", "text": "unlock"}, {"result": {"outcome": "done", "text": ""}})
    yield _said(2, {"error": "rejected", "text": "no", "reason": 3, "needs_laptop": True})
    yield _said(3, {"event": "key", **_KEY}, {"result": _KEYS})
    yield _said(4, {"event": "found", "rssi": -60}, {"result": {"speaks": "signed"}})
    yield _said(5, {"result": {"heard": 2, "car": True, "rssi": -50}})
    yield _said(8, {"result": {"vehicleLockState": 1, "closureStatuses": {"frontTrunk": 1}}})
    yield b'\0[[1, 29, 0], "ESP32 with ESP32", 6, "00", "esp32", true, true]\n["/a", 12]\n[1, 2]'
    yield b"\0Traceback (most recent call last):\n  File\nOSError: [Errno 28] ENOSPC\n"
    yield b"\0rst:0x10 (RTCWDT_RTC_RESET)\r\ninvalid header: 0xffffffff\r\n"


def check(data: bytes) -> str:
    """It can be shown, or is a failure in one line; nothing of it moves a cursor."""
    name = _CALLS[data[0] % len(_CALLS)] if data else _CALLS[0]
    text = data[1:].decode(errors="replace")
    kinds = [_called(name, text.split("\n"))]
    kinds += [_asked(ask, text.split("\n")) for ask in _ASKED]
    raised = BoardRaised(text)
    for failure in (console.failed(raised), errors.failed("P", raised), errors.no_repl("P", text)):
        kinds.append(one_line(failure))
    printed = _Printed("P", None)
    try:
        for at in range(1, len(data)):
            printed.take(data[at : at + 1])
        printed.end()
    except Failure as failure:
        kinds.append(one_line(failure))
    return "; ".join(kinds)


def _called(name: str, lines: list[str]) -> str:
    events: list[dict[str, Any]] = []
    listener = console.Listener(name, events.append)
    for line in lines:
        listener.hear(line)
    try:
        shown = [_event(event) for event in events]
        result = listener.result()
    except console.ConsoleError as failure:
        one_line(press_report.failed(failure.code, failure.text))
        pairing_guide.setback(failure.code, failure.text, failure.reason)
        return one_line(failure)
    except Failure as failure:
        return one_line(failure)
    try:
        shown.append(_result(name, result))
    except Failure as failure:
        return one_line(failure)
    assert all("\x1b" not in each for each in shown), shown
    "".join(shown).encode()
    json.dumps(result)
    return f"{name}, {len(events) > 0} {sorted(result)[:2] if name == 'status' else ''}"


def _event(event: dict[str, Any]) -> str:
    match event["event"]:
        case "said":
            return f"{pairing_guide.said(event['text'])}"
        case "found":
            return pairing_guide.heard(event["rssi"])
        case "key":
            entry = car_keys.entry_of(event)
            assert car_keys.removal(entry) or not entry["public_key"]
            return f"{car_keys.row(entry)}{car_keys.caution([entry], entry)}"
    return str(event)


def _result(name: str, result: dict[str, Any]) -> str:
    match name:
        case "status":
            return _status(result)
        case "car_status":
            return str(vehicle_status.car_rows(vehicle_status.completed(result)))
        case "press":
            return f"{press_report.light(result['outcome'], result['text'])}"
        case "keys":
            return str(car_keys.summary_of(result))
        case "pair":
            return str(pairing_guide.paired(result["speaks"]))
        case "scan":
            return str([*fob_findings(Evidence(scan=result))])
    return str(result)


def _status(status: dict[str, Any]) -> str:
    rows = [
        fob_status.identity_rows(status),
        fob_status.board_rows(status, "esp32", "1.29", "up to date"),
        fob_status.car_rows(status),
        fob_status.cars_rows(status),
        fob_status.buttons_rows(status),
        fob_status.light_rows(status),
        fob_status.passive_rows(status),
        fob_status.journal_rows(status),
        [(each.check, each.text) for each in fob_findings(Evidence(status=status))],
    ]
    file = StringIO()
    terminal = screen._HarmlessConsole(file=file, width=80, highlight=False)
    show_sections(terminal, [("", each) for each in rows])
    return file.getvalue()


def _asked(ask: Callable[[Device], object], lines: list[str]) -> str:
    device = _Confused(lines)
    try:
        ask(device)
    except Failure as failure:
        return one_line(failure)
    return "answered"


class _Confused(Device):
    """A board that prints the same whatever it is to do."""

    def __init__(self, lines: list[str]) -> None:
        super().__init__("P")
        self._told = lines

    def _do(self, program: str, **_: Any) -> list[str]:
        return self._told

    def _connect(self) -> None:
        pass


def _said(call: int, *lines: dict[str, Any]) -> bytes:
    return bytes((call,)) + "\n".join(map(json.dumps, lines)).encode()


TARGET = host_target(
    "answers",
    "whatever a board says can be shown, or is a failure in one line",
    check,
    seeds,
    dictionary=[
        *(b"null", b"true", b"{}", b"[]", b'""', b"NaN", b"-Infinity", b"1e400", b"\\u001b[2J"),
        *(
            b'"\\ud800"',
            b"\x1b]0;",
            b"[" * 2000,
            b'{"result": ',
            b'{"error": ',
            b'{"event": ',
            b"\n",
        ),
        *(
            f'"{name}": '.encode()
            for name in (*_STATUS, *_KEY, "next", "wrong", "low_mv", "reason")
        ),
    ],
    largest=6000,
)

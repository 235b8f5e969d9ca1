"""`fob car` as a person uses it: its complaints, and how it shows what the car does."""

import json
from collections.abc import Callable

import click
import pytest

from host_tools.cli.car_events import event_lines, event_object
from tests.car_bench import CarBench
from tests.command_line import fob
from tests.signed_bench import SignedBench

UNLOCK = b"\x10\x00"


@pytest.mark.parametrize(
    ("arguments", "code", "complaint"),
    [
        ([], 2, "--transport for a controller, or --host-transport for a host"),
        (["--vin", "5YJ3"], 2, "a VIN has 17 characters, not 4"),
        (["--vin", "5YJ3E1EA1KF00000O", "--transport", "x"], 2, "wrong: 'O'"),
        (["--transport", "usb:0", "--host-transport", "pty"], 2, "without --transport"),
        (["--transport", "carrier-pigeon:1"], 2, "'carrier-pigeon:1': there is no such transport"),
        (["--transport", "carrier-pigeon:1"], 2, "Use usb:0 (the first Bluetooth adapter)"),
        (["--transport", "serial:/no/such/port"], 1, "`fob ports` lists the serial ports"),
        (["--host-transport", "tcp-server:_:x"], 2, "Use pty:PATH or tcp-server:_:PORT."),
        (["--host-transport", "pty:/no/such/place"], 1, "No such file or directory"),
        (["--host-transport", "pty:/"], 2, "there is a file of that name. Name another."),
        (["--mtu", "22", "--host-transport", "pty"], 2, "--mtu"),
        (["--vintage", "2020", "--host-transport", "pty"], 2, "'2021', '2023', '2026'"),
    ],
)
def test_what_is_wrong_is_said(arguments: list[str], code: int, complaint: str) -> None:
    result = fob("car", *arguments)
    assert (result.exit_code, result.stdout) == (code, "")
    assert complaint in result.stderr
    assert result.stderr.count("\n") == 1


def busy_bench() -> CarBench:
    """A bench on which most kinds of events have happened."""
    bench = CarBench()
    bench.enrol()
    data = bench.key.signed(UNLOCK)
    bench.ask(data)
    bench.ask(data)
    bench.ask(b"\xff\xff" + bytes(60))
    bench.car.rotate_key()
    bench.link.disconnect()
    return bench


def busy_signed_bench() -> CarBench:
    """The same in the signed-command protocol."""
    bench = SignedBench("2026", success=("status", "vehicle-status", "empty"))
    message = bench.key.command(UNLOCK)
    bench.tell(message)
    bench.tell(message)
    bench.tell(bench.key.command(UNLOCK, flags=0))
    bench.tell(bench.key.authenticated(UNLOCK, expires_at=100))
    bench.car.reboot()
    bench.tell(bench.key.command(UNLOCK))
    bench.link.disconnect()
    return bench


@pytest.mark.parametrize("made", [busy_bench, busy_signed_bench])
def test_events_fit_in_80_columns(made: Callable[[], CarBench]) -> None:
    lines = [line for event in made().car.events for line in event_lines(event, 100.0)]
    assert max(len(click.unstyle(line)) for line in lines) <= 80


def test_a_frame_is_shown_with_its_time_bytes_and_meaning() -> None:
    bench = CarBench()
    bench.now += 1.5
    bench.link.write(bench.key.key_request())
    events = [event for event in bench.car.events if event.kind == "received"]
    assert event_lines(events[0], 100.0)[:4] == [
        "   1.500  -> car",
        f"          000e 120c 0a0a 0803 1206 0a04 {bench.key.key_id.hex(' ', 2)}",
        "          unsignedMessage",
        "            InformationRequest",
    ]


def test_a_repeated_nonce_is_red() -> None:
    (event,) = [event for event in busy_bench().car.events if event.kind == "violation"]
    assert event_lines(event, 0.0)[0].startswith("\x1b[31m\x1b[1m")


def test_an_encrypted_answer_is_shown_with_what_it_says() -> None:
    shown = [
        event_lines(event, 100.0)[0]
        for event in busy_signed_bench().car.events
        if event.kind == "sent" and "encrypted" in event.text
    ]
    assert shown[0] == "   0.000  <- car: commandStatus, encrypted"


@pytest.mark.parametrize("made", [busy_bench, busy_signed_bench])
def test_every_event_is_a_json_object(made: Callable[[], CarBench]) -> None:
    objects = [event_object(event, 100.0) for event in made().car.events]
    assert json.loads(json.dumps(objects)) == objects
    kinds = {each["kind"] for each in objects}
    assert {"connected", "received", "sent", "accepted", "state", "violation"} <= kinds
    frames = [each for each in objects if each["kind"] in ("sent", "received")]
    assert all("message" in each for each in frames)
    assert "vehicleStatus" in json.dumps(frames[0]["message"])

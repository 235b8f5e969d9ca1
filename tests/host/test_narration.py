"""How what happens is told, to people and to machines."""

import json

import pytest

from host_tools.cli.narration import HumanNarrator, JsonNarrator, Narrator, Press
from host_tools.protocol import universal_message_pb2 as universal
from host_tools.simulator.car import CarEvent
from host_tools.simulator.measurement import Measurement
from host_tools.simulator.moments import Bystander, Moment
from tests.asynchronous import in_virtual_time

PRESSES = [
    Press("2021", "unlock", Measurement(93.4, 3, 4, "legacy")),
    Press("2026", "unlock after a night", Measurement(1204.0, 6, 12, "signed")),
]


def signed_frame() -> bytes:
    """A sealed command as long as they come, all of its fields set."""
    message = universal.RoutableMessage(
        protobuf_message_as_bytes=bytes(60), uuid=bytes(16), request_uuid=bytes(16), flags=2
    )
    message.to_destination.domain = universal.DOMAIN_VEHICLE_SECURITY
    message.from_destination.routing_address = bytes(16)
    message.signature_data.signer_identity.public_key = b"\x04" + bytes(64)
    sealed = message.signature_data.AES_GCM_Personalized_data
    sealed.epoch, sealed.nonce, sealed.tag = bytes(16), bytes(12), bytes(16)
    sealed.counter, sealed.expires_at = 2**31, 2**32 - 1
    octets = message.SerializeToString()
    return len(octets).to_bytes(2, "big") + octets


@in_virtual_time
async def test_people_are_told_in_80_columns(capsys: pytest.CaptureFixture[str]) -> None:
    narrator = HumanNarrator()
    narrator.chapter("Unlock: one press", "2026")
    bystander = Bystander(narrator.moment)
    bystander.notice_car(CarEvent(0, "received", "", None, "to-vehicle", signed_frame()))
    bystander.tell("driver", "holds the key card to the reader, " * 5)
    narrator.summary(PRESSES, 0)
    lines = capsys.readouterr().out.splitlines()
    assert max(len(line) for line in lines) <= 80
    assert any("AES_GCM_Personalized_data" in line for line in lines)


def test_the_time_begins_anew_with_each_car(capsys: pytest.CaptureFixture[str]) -> None:
    narrator = HumanNarrator()
    narrator.chapter("Lock", "2023")
    narrator.moment(Moment(9.0, "finger", "lock down"))
    narrator.chapter("Power", "2026")
    narrator.moment(Moment(0.5, "console", "ready"))
    assert capsys.readouterr().out.splitlines()[-1] == "   0.500  console ready"


def test_the_summary_names_each_press_with_its_car_and_protocol(
    capsys: pytest.CaptureFixture[str],
) -> None:
    HumanNarrator().summary(PRESSES, 0)
    rows = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert ["2021", "unlock", "legacy", "93", "ms", "3", "4"] in rows
    assert ["2026", "unlock", "after", "a", "night", "signed", "1204", "ms", "6", "12"] in rows


def test_no_line_of_the_summary_ends_in_spaces(capsys: pytest.CaptureFixture[str]) -> None:
    HumanNarrator().summary(PRESSES, 0)
    lines = capsys.readouterr().out.splitlines()
    assert [line for line in lines if line != line.rstrip()] == []


def test_what_is_recognised_late_is_told_in_its_turn_with_its_beginning(
    capsys: pytest.CaptureFixture[str],
) -> None:
    narrator = HumanNarrator()
    narrator.moment(Moment(6.83, "console", "fob: asleep"))
    narrator.moment(Moment(6.004, "light", "one long flash: done"))
    assert capsys.readouterr().out.splitlines()[1:] == [
        "   6.830  light   one long flash: done (since 6.004)"
    ]


def test_machines_are_told_the_time_as_by_the_car_command(
    capsys: pytest.CaptureFixture[str],
) -> None:
    JsonNarrator().moment(Moment(1.5, "car", "state: locked"))
    told = {"kind": "moment", "time": 1.5, "who": "car", "text": "state: locked"}
    assert json.loads(capsys.readouterr().out) == told


def test_machines_are_told_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    narrator: Narrator = JsonNarrator()
    narrator.chapter("Unlock: one press", "2026")
    narrator.summary(PRESSES[:1], 1)
    narrator.failure("2026: unlock failed")
    assert [json.loads(line) for line in capsys.readouterr().out.splitlines()] == [
        {"kind": "chapter", "vintage": "2026", "title": "Unlock: one press"},
        {
            "kind": "summary",
            "presses": [
                {
                    "vintage": "2021",
                    "press": "unlock",
                    "ms": 93.4,
                    "att_requests": 3,
                    "frames": 4,
                    "protocol": "legacy",
                }
            ],
            "nonces_repeated": 1,
        },
        {"kind": "failure", "text": "2026: unlock failed"},
    ]

"""Frames to readable text."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from host_tools.decode import DecodeError, decode_frame, decode_frames, parse_hex
from host_tools.protocol import vcsec_pb2 as vcsec
from tests.legacy_client import LegacyKey, frame, information

VECTORS = Path(__file__).parents[2] / "proto" / "vectors"
LEGACY = json.loads((VECTORS / "vcsec-legacy.json").read_text())
DOCUMENTED = json.loads((VECTORS / "teslabtapi-examples.json").read_text())
OK = bytes.fromhex("000c220a1a0812060a045f0d64b3")


def frames_of(vectors: Any) -> Iterator[str]:
    """Every "frame" anywhere in the vectors."""
    if isinstance(vectors, dict):
        for name, value in vectors.items():
            if name == "frame":
                yield value
            else:
                yield from frames_of(value)
    elif isinstance(vectors, list):
        for value in vectors:
            yield from frames_of(value)


def test_text_names_fields_enums_and_identifiers() -> None:
    assert decode_frame(OK).text().splitlines() == [
        "commandStatus",
        "  operationStatus: OK (0, not sent)",
        "  whitelistOperationStatus",
        "    signerOfOperation",
        "      publicKeySHA1: 5f0d64b3",
        "    operationStatus: OK (0, not sent)",
    ]


def test_a_signed_payload_is_shown_as_ciphertext_with_its_length() -> None:
    (unlock,) = [m for m in LEGACY["signed_messages"] if m["name"] == "rke_unlock"]
    lines = decode_frame(bytes.fromhex(unlock["frame"])).text().splitlines()
    assert "  protobufMessageAsBytes: ciphertext, 2 bytes: 382e" in lines
    assert "  keyId: 3fb59233" in lines
    assert "  counter: 3" in lines


def test_what_a_card_approves_is_shown_in_full() -> None:
    text = decode_frame(bytes.fromhex(LEGACY["whitelist_request_role"]["frame"])).text()
    assert "keyRole: DRIVER (3)" in text
    assert "keyFormFactor: ANDROID_DEVICE (7)" in text
    assert "key id 3fb59233" in text


@pytest.mark.parametrize("answer", DOCUMENTED["answers"], ids=lambda answer: answer["frame"][:16])
def test_the_seeds_answers_have_the_seeds_fields(answer: dict[str, Any]) -> None:
    decoded = decode_frame(bytes.fromhex(answer["frame"]))
    assert decoded.direction == "from-vehicle"

    def includes(whole: Any, part: Any) -> bool:
        if isinstance(part, dict):
            return all(name in whole and includes(whole[name], part[name]) for name in part)
        return bool(whole == part)

    assert includes(decoded.as_json()["message"], answer["message"])


@pytest.mark.parametrize("data", sorted(set(frames_of(LEGACY))), ids=lambda data: data[:24])
def test_the_direction_of_the_vectors_is_found(data: str) -> None:
    answers = {answer["frame"] for answer in LEGACY["responses"]}
    wanted = "from-vehicle" if data in answers else "to-vehicle"
    assert decode_frame(bytes.fromhex(data)).direction == wanted


@pytest.mark.parametrize("kind", [0, 3, 5, 6, 7])
def test_the_direction_of_requests_is_found(kind: int) -> None:
    request = information(kind, key_id=LegacyKey().key_id)
    assert decode_frame(request).direction == "to-vehicle"
    assert decode_frame(information(kind)).direction == "to-vehicle"


@pytest.mark.parametrize("data", ["12021000", "12021001", "12021014", "12021a00"])
def test_the_direction_of_unsigned_commands_is_found(data: str) -> None:
    assert decode_frame(frame(bytes.fromhex(data))).direction == "to-vehicle"


@pytest.mark.parametrize(
    "status",
    [
        vcsec.VehicleStatus(vehicleLockState=1),
        vcsec.VehicleStatus(closureStatuses=vcsec.ClosureStatuses(rearTrunk=1)),
        vcsec.VehicleStatus(closureStatuses=vcsec.ClosureStatuses(), userPresence=2),
    ],
)
def test_the_direction_of_a_status_is_found(status: vcsec.VehicleStatus) -> None:
    data = frame(vcsec.FromVCSECMessage(vehicleStatus=status))
    assert decode_frame(data).direction == "from-vehicle"


def test_a_direction_can_be_forced() -> None:
    decoded = decode_frame(bytes.fromhex("000412021001"), "from-vehicle")
    assert "counter: 1" in decoded.text()


def test_unknown_fields_are_shown_by_number() -> None:
    known = vcsec.FromVCSECMessage(vehicleStatus=vcsec.VehicleStatus()).SerializeToString()
    decoded = decode_frame(frame(known + b"\xfa\x3e\x02\x01\x02\xf0\x3e\x05"), "from-vehicle")
    assert "field 1007: unknown, 2 bytes: 0102" in decoded.text()
    assert "field 1006: unknown, 5" in decoded.text()
    assert decoded.as_json()["message"]["field 1006"] == [5]


def test_an_unknown_enum_value_keeps_its_number() -> None:
    decoded = decode_frame(frame(b"\x12\x02\x10\x63"))
    assert "RKEAction: unknown value (99)" in decoded.text()
    assert decoded.as_json()["message"]["unsignedMessage"]["RKEAction"] == 99


def test_no_line_is_wider_than_80_columns() -> None:
    message = vcsec.FromVCSECMessage()
    status = message.commandStatus.whitelistOperationStatus
    status.whitelistOperationInformation = 13
    data = [frame(message), *map(bytes.fromhex, frames_of(LEGACY))]
    lines = [line for each in data for line in decode_frame(each).text().splitlines()]
    assert max(map(len, lines)) <= 80


def test_frames_may_follow_each_other() -> None:
    wait = bytes.fromhex("000422020801")
    assert [each.data for each in decode_frames(wait + OK + wait)] == [wait, OK, wait]


@pytest.mark.parametrize(
    ("data", "complaint"),
    [
        ("", "no bytes"),
        ("00", "two bytes of length"),
        ("0000", "length 0 is not within 1 to 1024"),
        ("0401", "length 1025 is not within 1 to 1024"),
        ("000422", "length says 4 bytes, 1 follow"),
        ("0002ffff", "neither a message to nor one from"),
        ("000422020801000c22", "frame at byte 6: truncated"),
        ("0003fa3e00", "neither a message to nor one from"),
    ],
)
def test_what_is_wrong_is_said(data: str, complaint: str) -> None:
    with pytest.raises(DecodeError, match=complaint):
        list(decode_frames(bytes.fromhex(data)))


def test_bytes_after_a_single_frame_are_an_error() -> None:
    with pytest.raises(DecodeError, match="1 bytes follow the frame"):
        decode_frame(OK + b"\x00")


def test_a_forced_direction_that_cannot_be_is_an_error() -> None:
    with pytest.raises(DecodeError, match="no ToVCSECMessage"):
        decode_frame(bytes.fromhex("0002ffff"), "to-vehicle")


@pytest.mark.parametrize(
    "text",
    [
        "000422020801",
        "0004 2202 0801",
        "00:04:22:02:08:01",
        "0x000422020801",
        "0x00 0x4 0x22 0x2 0x8 0x1",
        r"\x00\x04\x22\x02\x08\x01",
        " 00,04,22\n02-08-01\n",
        "000422020801".upper(),
    ],
)
def test_hexadecimal_in_many_forms(text: str) -> None:
    assert parse_hex(text).hex() == "000422020801"


@pytest.mark.parametrize(
    ("text", "complaint"), [("0g", "'g' in '0g'"), ("123", "3 hexadecimal digits")]
)
def test_what_is_no_hexadecimal_is_said(text: str, complaint: str) -> None:
    with pytest.raises(DecodeError, match=complaint):
        parse_hex(text)


@given(st.binary(max_size=100), st.sampled_from([None, "to-vehicle", "from-vehicle"]))
def test_garbage_is_decoded_or_refused_and_nothing_else(data: bytes, direction: Any) -> None:
    try:
        decoded = decode_frame(frame(data), direction)
    except DecodeError as error:
        assert "\n" not in str(error)
    else:
        json.dumps(decoded.as_json())
        assert max(map(len, decoded.text().splitlines()), default=0) <= 80

"""Frames of the signed-command protocol to readable text."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from host_tools.decode import DecodedFrame, decode_frame
from host_tools.protocol import universal_message_pb2 as universal
from host_tools.protocol import vcsec_pb2 as vcsec
from tests.legacy_client import frame

VECTORS = Path(__file__).parents[2] / "proto" / "vectors"
SIGNED = json.loads((VECTORS / "signed-command.json").read_text("utf-8"))
TO_VEHICLE = ("requests", "commands", "hmac_commands")
FROM_VEHICLE = ("session_infos", "encrypted_responses", "plain_responses", "broadcasts")
NARRATION = 45
"""Columns of text beside the bytes in the simulator's narration."""

CLIENT = universal.Destination(routing_address=bytes(range(16)))
VEHICLE = universal.Destination(domain=universal.DOMAIN_VEHICLE_SECURITY)


def decode(message: str | universal.RoutableMessage, direction: Any = None) -> DecodedFrame:
    data = bytes.fromhex(message) if isinstance(message, str) else message.SerializeToString()
    return decode_frame(frame(data), direction)


def vector(kind: str, name: str) -> str:
    (found,) = [each["message"] for each in SIGNED[kind] if each["name"] == name]
    return str(found)


def messages(kinds: tuple[str, ...]) -> list[str]:
    return [each["message"] for kind in kinds for each in SIGNED[kind]]


def answer(**fields: Any) -> universal.RoutableMessage:
    return universal.RoutableMessage(to_destination=CLIENT, from_destination=VEHICLE, **fields)


def test_a_sealed_command_is_shown_with_all_but_its_payload() -> None:
    decoded = decode(vector("commands", "vcsec lock"))
    assert (decoded.direction, decoded.type) == ("to-vehicle", "RoutableMessage")
    assert decoded.text().splitlines() == [
        "to_destination: VEHICLE_SECURITY (2)",
        "from_destination: 2c907bd76c640d360b3027dc7404efde",
        "protobuf_message_as_bytes: ciphertext, 2 bytes: 3a06",
        "signature_data",
        "  signer_identity:",
        "    public key of key id 3fb59233: 04b2b6bc68c2da0665ce656815594996c62394edd8bea",
        "    905fe781a754fe6a845a714330902f225e9269d466e05b349981fda9d85cc23c6fb444aa73b6",
        "    29105dc6e",
        "  AES_GCM_Personalized_data",
        "    epoch: 4c463f9cc0d3d26906e982ed224adde6",
        "    nonce: dbf79447fa156674dae1caed",
        "    counter: 7",
        "    expires_at: 2655",
        "    tag: b3cbea0dda061b8eb6f649d1d11ae9f5",
        "uuid: 58406580528b6a5301391800b4fe9b99",
        "flags: ENCRYPT_RESPONSE (2)",
    ]


def test_a_session_info_request_names_the_key_and_the_domain() -> None:
    text = decode(vector("requests", "session_info_request")).text()
    assert text.startswith("to_destination: VEHICLE_SECURITY (2)\n")
    assert "session_info_request\n  public_key:\n    public key of key id 3fb59233" in text


@pytest.mark.parametrize(
    ("kind", "name", "lines"),
    [
        ("requests", "get_status", ["  InformationRequest"]),
        ("hmac_commands", "vcsec lock, HMAC", ["  RKEAction: LOCK (1)"]),
        (
            "plain_responses",
            "vehicleStatus",
            ["  vehicleStatus", "    vehicleLockState: LOCKED (1)"],
        ),
        ("plain_responses", "commandStatus WAIT", ["    operationStatus: WAIT (1)"]),
        ("plain_responses", "nominalError, doors open", ["    genericError: CLOSURES_OPEN (2)"]),
        ("broadcasts", "vehicleStatus, locked", ["to_destination: BROADCAST (0)"]),
        (
            "broadcasts",
            "authenticationRequest, as seen in January 2026",
            ["    requestedLevel: DRIVE (2)", "    reasonsForAuth: IDENTIFICATION (1)"],
        ),
    ],
)
def test_a_payload_in_clear_is_shown_as_its_message(kind: str, name: str, lines: list[str]) -> None:
    assert set(lines) <= set(decode(vector(kind, name)).text().splitlines())


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("vehicleStatus", "protobuf_message_as_bytes: ciphertext, 10 bytes: "),
        ("empty payload", "protobuf_message_as_bytes: ciphertext, 0 bytes\n"),
    ],
)
def test_an_encrypted_response_is_shown_as_ciphertext(name: str, line: str) -> None:
    assert line in decode(vector("encrypted_responses", name)).text()


def test_an_empty_payload_in_clear_is_shown_as_empty() -> None:
    text = decode(vector("plain_responses", "empty payload")).text()
    assert "protobuf_message_as_bytes: (empty)" in text


def test_session_info_is_decoded_inside() -> None:
    text = decode(vector("session_infos", "answer, key not on the whitelist")).text()
    inside = text[text.index("\nsession_info\n") :]
    assert "\n  publicKey:\n    public key of key id 04b5fead: " in inside
    assert "\n  epoch: 4c463f9cc0d3d26906e982ed224adde6\n  clock_time: 2650\n" in inside
    assert "\n  status: KEY_NOT_ON_WHITELIST (1)\n" in inside


def test_a_status_of_session_info_is_shown_though_it_is_not_sent() -> None:
    assert "\n  status: OK (0, not sent)\n" in decode(vector("session_infos", "answer")).text()


def test_bytes_that_are_no_session_info_are_shown_as_they_are() -> None:
    text = decode(answer(session_info=b"\xff\xff")).text()
    assert "session_info: no protobuf message: 2 bytes: ffff" in text


def test_faults_are_shown_by_name() -> None:
    lines = decode(vector("session_infos", "attached to INCORRECT_EPOCH")).text().splitlines()
    assert "  operation_status: ERROR (2)" in lines
    assert "  signed_message_fault: INCORRECT_EPOCH (15)" in lines


def test_flags_are_shown_by_name() -> None:
    decoded = decode(vector("commands", "vcsec lock, both flags"))
    assert "flags: USER_COMMAND, ENCRYPT_RESPONSE (3)" in decoded.text()
    assert decoded.as_json()["message"]["flags"] == ["FLAG_USER_COMMAND", "FLAG_ENCRYPT_RESPONSE"]


def test_a_flag_without_a_name_keeps_its_value() -> None:
    decoded = decode(answer(flags=130))
    assert "flags: ENCRYPT_RESPONSE, 0x80 (130)" in decoded.text()
    assert decoded.as_json()["message"]["flags"] == ["FLAG_ENCRYPT_RESPONSE", 128]


def test_json_has_the_fields_by_name_with_what_travels_as_bytes_inside() -> None:
    assert decode(vector("plain_responses", "whitelistInfo")).as_json()["message"] == {
        "to_destination": {"routing_address": SIGNED["requests"][2]["routing_address"]},
        "from_destination": {"domain": "DOMAIN_VEHICLE_SECURITY"},
        "protobuf_message_as_bytes": {
            "whitelistInfo": {
                "numberOfEntries": 2,
                "whitelistEntries": [{"publicKeySHA1": "3fb59233"}, {"publicKeySHA1": "5f0d64b3"}],
                "slotMask": 3,
            }
        },
        "request_uuid": SIGNED["requests"][2]["uuid"],
    }


def test_json_has_ciphertext_in_hexadecimal() -> None:
    decoded = decode(vector("commands", "vcsec lock")).as_json()
    assert (decoded["type"], decoded["message"]["protobuf_message_as_bytes"]) == (
        "RoutableMessage",
        "3a06",
    )


def test_the_payload_of_another_domain_is_shown_as_bytes() -> None:
    message = answer(protobuf_message_as_bytes=b"\x10\x01")
    message.from_destination.domain = universal.DOMAIN_INFOTAINMENT
    assert "protobuf_message_as_bytes: 2 bytes: 1001" in decode(message).text()


def test_lengths_that_are_not_the_usual_ones_are_told() -> None:
    message = answer(uuid=bytes(3))
    message.signature_data.session_info_tag.tag = bytes(16)
    lines = decode(message).text().splitlines()
    assert "uuid: 3 bytes: 000000" in lines
    assert f"    tag: 16 bytes: {'00' * 16}" in lines


@pytest.mark.parametrize("message", messages(TO_VEHICLE), ids=lambda message: message[-24:])
def test_the_direction_of_a_request_is_found(message: str) -> None:
    assert decode(message).direction == "to-vehicle"


@pytest.mark.parametrize("message", messages(FROM_VEHICLE), ids=lambda message: message[-24:])
def test_the_direction_of_an_answer_is_found(message: str) -> None:
    assert decode(message).direction == "from-vehicle"


@pytest.mark.parametrize(
    ("message", "direction"),
    [
        (universal.RoutableMessage(to_destination=VEHICLE), "to-vehicle"),
        (universal.RoutableMessage(to_destination=CLIENT), "from-vehicle"),
        (universal.RoutableMessage(from_destination=VEHICLE), "from-vehicle"),
        (universal.RoutableMessage(from_destination=CLIENT), "to-vehicle"),
        (universal.RoutableMessage(protobuf_message_as_bytes=b"\x10\x01"), "to-vehicle"),
        (universal.RoutableMessage(session_info=b""), "from-vehicle"),
        (universal.RoutableMessage(request_uuid=bytes(16)), "from-vehicle"),
        (
            universal.RoutableMessage(signedMessageStatus=universal.MessageStatus()),
            "from-vehicle",
        ),
    ],
    ids=str,
)
def test_the_direction_is_found_without_all_destinations(
    message: universal.RoutableMessage, direction: str
) -> None:
    assert decode(message).direction == direction


def test_a_forced_direction_decides_what_the_payload_is() -> None:
    message = universal.RoutableMessage(protobuf_message_as_bytes=bytes.fromhex("22020801"))
    assert "closureMoveRequest" in decode(message, "to-vehicle").text()
    assert "commandStatus" in decode(message, "from-vehicle").text()


def test_an_unknown_field_does_not_make_a_bare_message_a_routable_one() -> None:
    bare = vcsec.FromVCSECMessage(commandStatus=vcsec.CommandStatus(operationStatus=1))
    decoded = decode_frame(frame(bare.SerializeToString() + bytes.fromhex("9a030101")))
    assert (decoded.direction, decoded.type) == ("from-vehicle", "FromVCSECMessage")


@pytest.mark.parametrize("width", [NARRATION, 80])
def test_no_line_is_wider_than_asked(width: int) -> None:
    texts = [decode(message).text(width) for message in messages(TO_VEHICLE + FROM_VEHICLE)]
    assert max(len(line) for text in texts for line in text.splitlines()) <= width


@pytest.mark.parametrize("message", messages(TO_VEHICLE + FROM_VEHICLE[:1]), ids=str)
def test_the_narration_of_a_long_frame_takes_hardly_more_lines_than_its_bytes(
    message: str,
) -> None:
    decoded = decode(message)
    assert len(decoded.text(NARRATION).splitlines()) <= len(decoded.data) / 8 + 3


@given(st.binary(max_size=200), st.sampled_from([None, "to-vehicle", "from-vehicle"]))
def test_any_payload_is_shown(payload: bytes, direction: Any) -> None:
    for message in (
        answer(protobuf_message_as_bytes=payload),
        answer(session_info=payload),
        universal.RoutableMessage(to_destination=VEHICLE, protobuf_message_as_bytes=payload),
    ):
        decoded = decode(message, direction)
        json.dumps(decoded.as_json())
        assert max(map(len, decoded.text().splitlines())) <= 80

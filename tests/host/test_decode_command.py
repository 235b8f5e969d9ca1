"""`fob decode` as a person types it."""

import json
from pathlib import Path

import pytest

from tests.command_line import fob

WAIT = "000422020801"


def test_a_frame_is_printed_with_its_direction() -> None:
    result = fob("decode", "0004", "2202", "0801")
    assert result.exit_code == 0
    assert result.stdout.splitlines() == [
        "from vehicle, 6 bytes, FromVCSECMessage",
        "commandStatus",
        "  operationStatus: WAIT (1)",
    ]


def test_json_is_one_object_per_frame() -> None:
    result = fob("decode", "--json", WAIT + WAIT)
    first, second = map(json.loads, result.stdout.splitlines())
    assert first == second
    assert first["frame"] == WAIT
    assert (first["direction"], first["type"]) == ("from-vehicle", "FromVCSECMessage")
    assert first["message"]["commandStatus"]["operationStatus"] == "OPERATIONSTATUS_WAIT"


@pytest.mark.parametrize("arguments", [["-"], []], ids=["dash", "nothing"])
def test_standard_input_is_read(arguments: list[str]) -> None:
    result = fob("decode", *arguments, typed=f"0x{WAIT}\n")
    assert result.exit_code == 0
    assert "WAIT" in result.stdout


def test_a_file_is_read(tmp_path: Path) -> None:
    file = tmp_path / "frames.txt"
    file.write_text(f"{WAIT}\n{WAIT}\n")
    assert fob("decode", "--file", str(file)).stdout.count("WAIT") == 2


def test_a_direction_is_taken() -> None:
    assert "counter: 1" in fob("decode", "--from-vehicle", "000412021001").stdout


def test_both_directions_are_refused() -> None:
    result = fob("decode", "--to-vehicle", "--from-vehicle", WAIT)
    assert (result.exit_code, result.stdout) == (2, "")
    assert "not both ways" in result.stderr


@pytest.mark.parametrize("text", ["zz", "0004", "0002ffff", "", "\x00\xff"])
def test_bad_input_is_one_line_on_stderr_and_exit_code_2(text: str) -> None:
    result = fob("decode", "-", typed=text.encode("latin-1"))
    assert result.exit_code == 2
    assert result.stdout == ""
    assert result.stderr.startswith("fob: ")
    assert result.stderr.count("\n") == 1


def test_frames_before_a_bad_one_are_printed() -> None:
    result = fob("decode", WAIT + "0004")
    assert result.exit_code == 2
    assert "WAIT" in result.stdout
    assert "frame at byte 6" in result.stderr


def test_a_binary_file_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "frames.bin"
    file.write_bytes(bytes.fromhex(WAIT))
    result = fob("decode", "--file", str(file))
    assert result.exit_code == 2
    assert "not hexadecimal" in result.stderr


def test_hex_and_file_together_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "frames.txt"
    file.write_text(WAIT)
    assert fob("decode", "--file", str(file), WAIT).exit_code == 2

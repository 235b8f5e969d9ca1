"""Which names of fields are shortened on a board, and which a laptop has to find there."""

import ast
from pathlib import Path

import pytest

from host_tools.installation.field_names import FieldNames, firmware_field_names
from host_tools.installation.layout import among_compiled
from host_tools.protocol import vcsec_pb2

FIRMWARE = Path(__file__).resolve().parents[2] / "firmware"
NAMES = firmware_field_names()
SOURCES = {
    path.relative_to(FIRMWARE).as_posix(): path.read_bytes() for path in FIRMWARE.rglob("*.py")
}


def texts(source: bytes) -> set[str]:
    return {
        node.value
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }


def test_what_the_firmware_alone_reads_is_shortened() -> None:
    for name in ("commandStatus", "protobuf_message_as_bytes", "AES_GCM_Response_data"):
        assert len(NAMES.short_names[name]) <= 2


@pytest.mark.parametrize(
    "message",
    [
        vcsec_pb2.ClosureStatuses,
        vcsec_pb2.VehicleStatus,
        vcsec_pb2.AuthenticationResponse,
        vcsec_pb2.KeyfobInfo,
        vcsec_pb2.UnsignedMessage,
    ],
)
def test_what_a_laptop_writes_and_reads_keeps_its_names(message: type) -> None:
    fields = {field.name for field in message.DESCRIPTOR.fields}
    assert not fields & NAMES.short_names.keys()


@pytest.mark.parametrize("path", ["fob/console.py", "fob/errands.py", "laptop.py", "life.py"])
def test_no_module_next_to_the_laptop_says_a_shortened_name(path: str) -> None:
    assert not texts(SOURCES[path]) & NAMES.short_names.keys()


def test_every_module_says_the_short_names_alone() -> None:
    short = set(NAMES.short_names.values())
    assert len(short) == len(NAMES.short_names)
    for source in SOURCES.values():
        before = texts(source)
        assert not before & short, "a text that a short name would be taken for"
        after = texts(NAMES.apply(source))
        assert after == {NAMES.short_names.get(text, text) for text in before}


def test_a_name_that_is_shared_in_one_message_stays_in_every_other() -> None:
    source = b"""
SHARED = [1, "an_inner_field", 0, None]
UNSIGNED_MESSAGE = [1, "something_else", 2, SHARED]
OWN = [3, "an_inner_field", 0, None, 4, "a_field_of_its_own", 0, None]
"""
    names = FieldNames({"fob/messages.py": source})
    assert names.short_names == {"a_field_of_its_own": "0"}
    assert b"'0'" in names.apply(source)


def test_a_source_beside_the_compiled_firmware_says_the_short_names_too() -> None:
    source = b"def f(answer):\n    return answer['commandStatus'], answer['RKEAction']\n"
    told = texts(among_compiled({"/other.py": source})["/other.py"])
    assert told == {NAMES.short_names["commandStatus"], "RKEAction"}

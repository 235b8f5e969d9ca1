"""The VIN that somebody types."""

from collections.abc import Iterator

from host_tools.failure import InputError
from host_tools.identity.vin import model_year, parse_vin, vin_warnings
from tests.fuzz.one_line import one_line
from tests.fuzz.target import host_target

_ALPHABET = set("0123456789ABCDEFGHJKLMNPRSTUVWXYZ")


def seeds() -> Iterator[bytes]:
    yield from (b"5YJ3E1EA0KF000316", b" lrw3e7fa1mc123456\n", b"5YJSA1E2XMF000001", b"7SAYGDEE")


def check(data: bytes) -> str:
    """17 characters that a VIN may have, or an error of one line; the same again when reread."""
    text = data.decode("utf-8", "surrogateescape")
    try:
        vin = parse_vin(text)
    except InputError as error:
        return one_line(error)
    assert "".join(text.split()).isascii(), "letters of another alphabet"
    assert len(vin) == 17 and set(vin) <= _ALPHABET and parse_vin(vin) == vin, vin
    warnings = vin_warnings(vin)
    assert all("\n" not in each and each.isprintable() for each in warnings), warnings
    return f"{len(warnings)} warnings, year {model_year(vin) is not None}"


TARGET = host_target(
    "vin",
    "any text is a VIN or an error in one line",
    check,
    seeds,
    dictionary=(b"5YJ", b"LRW", "Ｉ".encode(), "ſ".encode(), "ß".encode(), b"\xc2\xa0"),
    largest=64,
)

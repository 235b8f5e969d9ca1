"""The firmware's HMAC against the standard library's, on random keys and texts."""

import hashlib
import hmac

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.interpreter import Interpreter

KEYS = st.binary(max_size=200) | st.sampled_from([bytes(63), bytes(64), bytes(65)])


@settings(max_examples=500)
@given(key=KEYS, parts=st.lists(st.binary(max_size=150), max_size=4))
def test_tags_are_those_of_the_standard_library(
    interpreter: Interpreter, key: bytes, parts: list[bytes]
) -> None:
    expected = hmac.digest(key, b"".join(parts), hashlib.sha256)
    assert interpreter.call("fob.hmac.sha256", key, *parts) == expected


@settings(max_examples=500)
@given(a=st.binary(max_size=40), b=st.binary(max_size=40), same=st.booleans())
def test_equal_is_equality(interpreter: Interpreter, a: bytes, b: bytes, same: bool) -> None:
    if same:
        b = a
    assert interpreter.call("fob.hmac.equal", a, b) == (a == b)

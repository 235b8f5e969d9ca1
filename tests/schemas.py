"""The firmware's schemas for tests on CPython: by field number, and flat as it has them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

Schema = dict[int, tuple[str, int, Any]]
"""Field number to (name, kind, sub-schema or None)."""


def by_number(flat: Sequence[Any]) -> Schema:
    """A schema of fob.protobuf as a Schema, sub-schemas too."""
    numbers = list(flat[::4])
    assert numbers == sorted(set(numbers)), "field numbers have to ascend"
    return {
        number: (name, kind, None if sub is None else by_number(sub))
        for number, name, kind, sub in zip(*(flat[i::4] for i in range(4)), strict=True)
    }


def flattened(schema: Schema) -> tuple[Any, ...]:
    """A Schema as fob.protobuf wants it."""
    return tuple(
        item
        for number, (name, kind, sub) in sorted(schema.items())
        for item in (number, name, kind, None if sub is None else flattened(sub))
    )

"""What the answers of the fob's console have to look like: a broken board may say anything.

Shapes are those of firmware/fob/console.py and errands.py. What a status tells of a fob.json that
the firmware itself has no use for may be anything, too: of it only what can be used is passed on.
"""

from collections.abc import Callable, Mapping
from typing import Any

_Check = Callable[[Any], bool]

_POINT_DIGITS = 130
_LARGEST = 1 << 53
_MISSING = object()


def checked(name: str, result: Any) -> dict[str, Any]:
    """The result of the call `name`, as far as it can be used. Raises ValueError for nonsense."""
    if not isinstance(result, dict):
        raise ValueError
    if not _fits(result, _NEEDED.get(name, {})):
        raise ValueError
    if name == "car_status" and not all(map(_car_state, result.values())):
        raise ValueError
    if name != "status":
        return result
    kept = _usable(result, _TOLD)
    if kept.get("cars") is not None:
        kept["cars"] = [_usable(car, _OF_A_CAR) for car in kept["cars"]]
    if kept.get("configuration") is None and not _fits(kept, _CONFIGURED):
        raise ValueError
    return kept


def checked_event(event: dict[str, Any]) -> bool:
    """Whether an event tells what those of its kind do."""
    kind = event["event"]
    return isinstance(kind, str) and _fits(event, _EVENTS.get(kind, {}))


def _fits(told: Mapping[str, Any], shape: Mapping[str, _Check]) -> bool:
    return all(check(told.get(field, _MISSING)) for field, check in shape.items())


def _usable(told: Mapping[str, Any], shape: Mapping[str, _Check]) -> dict[str, Any]:
    return {
        field: value
        for field, value in told.items()
        if value is None or shape.get(field, _anything)(value)
    }


def _anything(_: Any) -> bool:
    return True


def _text(value: Any) -> bool:
    return isinstance(value, str)


def _flag(value: Any) -> bool:
    return isinstance(value, bool)


def _count(value: Any) -> bool:
    return type(value) is int and 0 <= value < _LARGEST


def _number(value: Any) -> bool:
    return type(value) in (int, float) and abs(value) < _LARGEST


def _or_none(check: _Check) -> _Check:
    return lambda value: value is None or check(value)


def _texts(value: Any) -> bool:
    return isinstance(value, list) and all(map(_text, value))


def _digits(value: Any) -> bool:
    try:
        return isinstance(value, str) and len(value) == len(bytes.fromhex(value)) * 2
    except ValueError:
        return False


def _whole_point(value: Any) -> bool:
    return _digits(value) and len(value) == _POINT_DIGITS


def _space(value: Any) -> bool:
    return isinstance(value, dict) and _fits(value, {"free": _count, "total": _count})


def _counter(value: Any) -> bool:
    if not isinstance(value, dict):
        return False
    return _text(value["wrong"]) if "wrong" in value else _count(value.get("next"))


def _battery(value: Any) -> bool:
    return isinstance(value, dict) and _number(value.get("low_mv"))


def _board(value: Any) -> bool:
    if not isinstance(value, dict) or not _fits(value, {"battery": _or_none(_battery)}):
        return False
    buttons = value.get("buttons")
    return isinstance(buttons, dict) and all(map(_count, buttons.values()))


def _cars(value: Any) -> bool:
    if not isinstance(value, list):
        return False
    return all(isinstance(car, dict) and _fits(car, _CAR) for car in value)


def _gestures(value: Any) -> bool:
    return isinstance(value, dict) and all(
        isinstance(mapped, dict) and all(map(_text, mapped.values())) for mapped in value.values()
    )


def _passive(value: Any) -> bool:
    return isinstance(value, dict) and _fits(
        value, {"level": _count, "minutes": _count, "form": _text, "secure_at_end": _flag}
    )


def _car_state(value: Any) -> bool:
    if isinstance(value, dict):
        return all(map(_number, value.values()))
    return value is None or _number(value)


_NEEDED: dict[str, dict[str, _Check]] = {
    "status": {
        "flash": _space,
        "crashes": _count,
        "journal": _texts,
        "configuration": _or_none(_text),
    },
    "press": {"outcome": _or_none(_text), "text": _or_none(_text)},
    "send": {"ms": _count, "open": _flag},
    "keys": {"info": _digits},
    "pair": {"speaks": _or_none(_text)},
    "scan": {"heard": _count, "car": _flag, "rssi": _or_none(_number)},
    "new_key": {"public_key": _whole_point},
    "whose_key": {"public_key": _or_none(_whole_point)},
}
_CAR: dict[str, _Check] = {"number": _count, "wrong": _or_none(_text)}
_OF_A_CAR: dict[str, _Check] = {
    "vin": _text,
    "public_key": _whole_point,
    "counter": _counter,
    "paired": _flag,
    "unknown": _flag,
    "waits": _flag,
    "speaks": _text,
    "peer": _text,
    "rssi": _number,
}
_TOLD: dict[str, _Check] = {
    **_OF_A_CAR,
    "public_key": _digits,
    "role": _count,
    "form_factor": _count,
    "press_guard_ms": _count,
    "board": _board,
    "configuration": _text,
    "last": _text,
    "battery_mv": _number,
    "cause": _text,
    "cars": _cars,
    "gestures": _gestures,
    "warn_open": _flag,
    "passive": _passive,
}
_CONFIGURED: dict[str, _Check] = {"vin": _text, "public_key": _whole_point, "board": _board}
_EVENTS: dict[str, dict[str, _Check]] = {
    "said": {"text": _text},
    "found": {"rssi": _number},
    "progress": {"done": _count, "of": _count},
    "key": {"slot": _count, "entry": _digits, "ours": _flag},
}

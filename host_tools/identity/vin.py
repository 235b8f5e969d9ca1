"""VINs: what cannot be one is an error; what looks wrong, or like a car without Bluetooth keys, is
a warning that never blocks.

Which cars take keys over Bluetooth: teslabtapi documentation ("Compatibility") and the README of
teslamotors/vehicle-command. Positions of a VIN (counted from 1): 1-3 manufacturer, 4 model, 8 drive
unit, 9 check digit, 10 model year, 11 factory. Tesla's VIN decoders, filed with the NHTSA.
"""

from host_tools.failure import InputError

_LENGTH = 17
_MISTAKEN = {"I": "1", "O": "0", "Q": "0"}
_ALPHABET = "0123456789ABCDEFGHJKLMNPRSTUVWXYZ"
# ISO 3779: letters count as these digits, positions weigh this much; the ninth is the check digit.
_DIGITS = dict(zip(_ALPHABET, "0123456789" + "12345678" + "1234579" + "23456789", strict=False))
_WEIGHTS = (8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2)

_MANUFACTURERS = ("5YJ", "7SA", "7G2", "LRW", "XP7", "SFZ")
"""Tesla's: cars and vans of Fremont and Austin, trucks, Shanghai, Grünheide, the first Roadster."""
_MODELS = {
    "S": "Model S",
    "3": "Model 3",
    "X": "Model X",
    "Y": "Model Y",
    "C": "Cybertruck",
    "R": "Roadster",
    "T": "Semi",
}
# Model years from 2008 on; they come again after 30 years.
_YEARS = dict(zip("89ABCDEFGHJKLMNPRSTVWXY1234567", range(2008, 2038), strict=True))
_EVERY_MODEL_SINCE = 2022
_ALWAYS = ("3", "Y")
_OLD_DRIVE_UNITS = "1234"


def parse_vin(text: str) -> str:
    """A VIN as the car has it: 17 capitals and digits. Raises InputError."""
    # Of other alphabets' letters some would become these, and one of them two.
    vin = "".join(each.upper() if each.isascii() else each for each in "".join(text.split()))
    wrong = sorted(set(vin) - set(_ALPHABET))
    if wrong:
        hints = [
            f"{letter} is probably {_MISTAKEN[letter]}" for letter in wrong if letter in _MISTAKEN
        ]
        raise InputError(
            f"a VIN has no {', '.join(repr(letter) for letter in wrong)}",
            f"Read it again: {', '.join(hints) or 'it has capitals and digits only'}.",
        )
    if len(vin) != _LENGTH:
        raise InputError(
            f"a VIN has {_LENGTH} characters, this one has {len(vin)}",
            "Copy it from the car's screen (Controls, Software) or the registration papers.",
        )
    return vin


def vin_warnings(vin: str) -> list[str]:
    """Why a well-formed VIN may be mistyped, or its car take no key over Bluetooth: sentences."""
    return [
        warning
        for warning in (_check_digit(vin), _manufacturer(vin) or _compatibility(vin))
        if warning
    ]


def model_year(vin: str) -> int | None:
    """The model year that a VIN tells; None where its tenth character is none."""
    return _YEARS.get(vin[9:10])


def _check_digit(vin: str) -> str | None:
    # Only North America prescribes it.
    total = sum(int(_DIGITS[letter]) * weight for letter, weight in zip(vin, _WEIGHTS, strict=True))
    expected = "0123456789X"[total % 11]
    if vin[8] == expected:
        return None
    return (
        f"The check digit of {vin} (its 9th character) would be {expected}: look whether a"
        " character is wrong. Cars outside North America may not keep it."
    )


def _manufacturer(vin: str) -> str | None:
    if vin.startswith(_MANUFACTURERS):
        return None
    return (
        f"{vin} does not begin like a Tesla's ({', '.join(_MANUFACTURERS)}): only a Tesla"
        " understands this fob."
    )


def _compatibility(vin: str) -> str | None:
    model, drive_unit, year = vin[3], vin[7], model_year(vin)
    if year is None:
        return f"The 10th character of {vin} is no model year: {vin[9]!r}. Look again."
    if model not in _MODELS:
        return f"The 4th character of {vin} is no model known here: {model!r}. Look again."
    car = f"a {_MODELS[model]} of {year}"
    if year >= _EVERY_MODEL_SINCE:
        return None
    if year < _EVERY_MODEL_SINCE - 1 and model not in _ALWAYS:
        return (
            f"{vin} is {car} (4th and 10th character): before 2021 only Model 3 and Y take keys"
            " over Bluetooth."
        )
    if year == _EVERY_MODEL_SINCE - 1 and drive_unit in _OLD_DRIVE_UNITS:
        return (
            f"{vin} is {car} with drive unit {drive_unit} (8th character): of 2021, cars with"
            " drive units 1 to 4 take no keys over Bluetooth."
        )
    return None

"""Signal strength of the car's advertisements in the owner's words.

What a fob in the hand hears beside a car is some -60 dBm, through the car's body or at ten metres
some -85; below -90 an ESP32 loses most of what is sent. Pairing wants 1 to 3 m.
"""

_WORDS = ((-65, "near"), (-80, "good"), (-90, "weak: go nearer"))
_WEAKEST = "hardly heard: go nearer"


def strength(rssi: int) -> str:
    """`rssi` (dBm) with its meaning: "-61 dBm, near"."""
    words = next((words for least, words in _WORDS if rssi >= least), _WEAKEST)
    return f"{rssi} dBm, {words}"


def is_weak(rssi: int) -> bool:
    """Whether pairing from here is likely to fail."""
    return rssi < -80

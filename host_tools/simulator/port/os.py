"""Stands in for `os`: the same module, with the board's random generator.

An ESP32 draws true randomness only while its radio is on. Here urandom refuses otherwise, so that
no key, nonce or blinding can be drawn at the wrong moment unnoticed. In virtual time the bench
draws, so that a run can be repeated in all its bytes.
"""

import uos
from uos import *  # noqa: F403


def urandom(n):
    import bluetooth

    if not bluetooth.BLE().active():
        raise OSError(19, "os.urandom while the radio is off")
    return _draw(n)


if uos.getenv("FOB_CLOCK") == "virtual":
    import bridge

    def _draw(n):
        return bridge.call("chance", "draw", n)
else:
    _draw = uos.urandom

"""Whatever advertises itself on the air: only what bears a name or an address is the car."""

import scripted_ble
import virtual_time
from scripted_ble import Ble

from fob import names
from fob.errors import ConnectionLimit, NotFound
from hal.radio import Radio

_SCAN_RESULT = 5
_SCAN_RSP = 4
_NAMES = names.of("5YJ3E1EA1KF000000")
_PEER = (1, b"\x01\x02\x03\x04\x05\x46")


async def answer(data):
    """Return (the number of the address that was found, or what the search raised)."""
    ble = scripted_ble.ble = Ble()
    radio = Radio()
    radio.start()
    at = 0
    ms = 0
    while at + 3 < len(data):
        # Which address, kind of advertisement, strength, length, and so many bytes.
        who, kind, rssi, size = data[at : at + 4]
        payload = data[at + 4 : at + 4 + size]
        at += 4 + size
        ms += 10
        told = who & 1, memoryview(_address(who)), kind % 5, -rssi, memoryview(payload)
        ble.later(ms, _SCAN_RESULT, told)
    try:
        index, peer = await radio.strongest([(_NAMES, _PEER)], 0, ms + 1000)
        assert index == 0
        found = peer[1][0]
        assert peer == (found & 1, _address(found)) or peer == _PEER
    except ConnectionLimit:
        found = "full"
    except NotFound:
        found = "nothing"
    assert ble.called("gap_scan")[-1] == [None], "it goes on listening"
    virtual_time.advance(ms + 2000)
    return found


def _address(who):
    return _PEER[1] if who == 1 else bytes([who]) + b"\x02\x03\x04\x05\x46"

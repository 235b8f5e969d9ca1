"""The MicroPython half of the benchmark: runs inside the interpreter that is measured."""

import gc
import sys
import time

import utinyec.ec
import utinyec.registry

from fob import gcm, p256  # noqa: F401 - found by their names below

_curve = utinyec.registry.get_curve("secp256r1")


def agree_with_utinyec(private, peer):
    """The same agreement as fob.p256.shared_secret, from and to the same bytes."""
    x, y = int.from_bytes(peer[1:33], "big"), int.from_bytes(peer[33:], "big")
    point = int.from_bytes(private, "big") * utinyec.ec.Point(_curve, x, y)
    return point.x.to_bytes(32, "big")


def _find(name):
    module, _, function = name.rpartition(".")
    return getattr(sys.modules[module], function)


def run(names, cases):
    """Microseconds of each named function on each case: a list per function, in order.

    The functions take turns, so that whatever else the machine does meets all of them.
    """
    functions = [_find(name) for name in names]
    times = [[] for _ in functions]
    for case in cases:
        for i, function in enumerate(functions):
            gc.collect()
            start = time.ticks_us()
            function(*case)
            times[i].append(time.ticks_diff(time.ticks_us(), start))
    return times


def allocated(name, case):
    """Bytes of heap that one call asks for in all, most of them garbage at once."""
    function = _find(name)
    function(*case)
    gc.collect()
    gc.disable()
    before = gc.mem_alloc()
    function(*case)
    after = gc.mem_alloc()
    gc.enable()
    return after - before

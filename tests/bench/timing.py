"""The MicroPython half of section crypto: runs inside the interpreter that is measured."""

import builtins
import gc
import sys
import time


class _Count:
    products = squares = reductions = inversions = 0
    paused = False


def _product(a, b):
    if isinstance(a, int) and isinstance(b, int) and _long(a) and _long(b) and not _Count.paused:
        _Count.products += 1
        _Count.squares += a == b
    return a * b


def _power(a, b):
    for _ in range(b - 1):
        _product(a, a)
    return a**b


def _remainder(a, b):
    if isinstance(a, int) and (a < 0 or a > b) and _long(b) and not _Count.paused:
        _Count.reductions += 1
    return a % b


def _long(number):
    return number >> 200 not in (0, -1)


class _Inversion:
    def __init__(self, nothing_else):
        self._pauses = nothing_else

    def __enter__(self):
        _Count.inversions += not _Count.paused
        self._before, _Count.paused = _Count.paused, self._pauses

    def __exit__(self, *_):
        _Count.paused = self._before


# Before anything is imported that calls them.
builtins.counted_product = _product
builtins.counted_power = _power
builtins.counted_remainder = _remainder
builtins.counted_inversion = _Inversion

import utinyec.ec  # noqa: E402
import utinyec.registry  # noqa: E402

try:
    from calls import MEASURED
except ImportError:
    # Where products are counted: modules are sources there, and functions go by their own names.
    from fob import p256

    MEASURED = {"fob.p256.shared_secret": p256.shared_secret}

_curve = utinyec.registry.get_curve("secp256r1")


def agree_with_utinyec(private, peer):
    """The same agreement as fob.p256.shared_secret, from and to the same bytes."""
    x, y = int.from_bytes(peer[1:33], "big"), int.from_bytes(peer[33:], "big")
    point = int.from_bytes(private, "big") * utinyec.ec.Point(_curve, x, y)
    return point.x.to_bytes(32, "big")


def public_key_with_utinyec(private):
    """The same as fob.p256.public_key, from and to the same bytes."""
    point = int.from_bytes(private, "big") * _curve.g
    return b"\x04" + point.x.to_bytes(32, "big") + point.y.to_bytes(32, "big")


def _find(name):
    module, _, function = name.rpartition(".")
    return MEASURED.get(name) or getattr(sys.modules[module], function)


def once(name, case):
    """What a named function gives for a case."""
    return _find(name)(*case)


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


def work(name, *case):
    """(products, squares, reductions, inversions) of one call, in modules that count."""
    _Count.products = _Count.squares = _Count.reductions = _Count.inversions = 0
    _find(name)(*case)
    return _Count.products, _Count.squares, _Count.reductions, _Count.inversions


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

"""The chip's `sys` and `os.uname`: the interpreter's own, but for what they say it runs on.

What is compiled for the chip loads here only as long as it has no machine code in it.
"""

import os
import sys
from collections import namedtuple

import bridge

_MPY_VERSION = 0x3FF

_Implementation = namedtuple("implementation", ("name", "version", "_machine", "_mpy"))
_Uname = namedtuple("uname", ("sysname", "nodename", "release", "version", "machine"))


class Sys:
    """No attribute of the interpreter's own can be changed."""


def uname():
    return _uname


_machine, _architecture, _version = bridge.call("board", "identity")
_own = sys.implementation
_version = tuple(_version or _own.version[:3]) + ("",)
for _name in dir(sys):
    if not _name.startswith("__"):
        setattr(Sys, _name, getattr(sys, _name))
_mpy = _own._mpy & _MPY_VERSION | _architecture
Sys.implementation = _Implementation(_own.name, _version, _machine, _mpy)
Sys.platform = "esp32"
_release = ".".join(str(_part) for _part in _version[:3])
_uname = _Uname("esp32", "esp32", _release, sys.version, _machine)
sys.modules["sys"] = Sys
os.uname = uname

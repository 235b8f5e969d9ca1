"""The ESP32's `esp32`, as far as the firmware uses it: the flash partition, and what may wake.

The flash is the file that FOB_FLASH names: a littlefs image that the bench can read and write.
FOB_POWER_CUT="N:clean" or "N:torn:SEED" cuts the power at its N-th program or erase (power_cut.py).
FOB_INTERRUPT is a shell's command that interrupts its parent, not before the next jump.
"""

import os

import bridge

WAKEUP_ALL_LOW = False
WAKEUP_ANY_HIGH = True

_BLOCK = 4096
_ERASED = b"\xff" * 128
_INTERRUPT = os.getenv("FOB_INTERRUPT")


class _Flash:
    # The only two ways to change a byte of the flash.
    def __init__(self, path, cut):
        self.blocks = os.stat(path)[6] // _BLOCK
        self._file = open(path, "r+b")  # noqa: SIM115 - for as long as there is power
        self._cut = cut and __import__("power_cut").PowerCut(cut)

    def read(self, address, buf):
        self._file.seek(address)
        self._file.readinto(buf)

    def program(self, address, data):
        # NOR flash: a program can clear bits, only an erase sets them.
        old = bytearray(len(data))
        self.read(address, old)
        bits = int.from_bytes(old, "big") & int.from_bytes(data, "big")
        self._change(address, bits.to_bytes(len(data), "big"))

    def erase(self, block):
        if self._cut:
            self._change(block * _BLOCK, b"\xff" * _BLOCK, True)
            return
        # In pieces: a chip's erase takes nothing of the firmware's memory.
        bridge.post("board", "flash_operation")
        self._file.seek(block * _BLOCK)
        for _ in range(_BLOCK // len(_ERASED)):
            self._file.write(_ERASED)

    def _change(self, address, new, erase=False):
        bridge.post("board", "flash_operation")
        cut = self._cut and self._cut.strikes()
        if cut:
            old = bytearray(len(new))
            self.read(address, old)
            new = self._cut.left_over(old, new, erase)
        self._file.seek(address)
        self._file.write(new)
        if cut:
            bridge.call("board", "power_cut")


def _whole(function, *args):
    # In an operation of the file system a chip is in C from beginning to end. What comes meanwhile
    # waits for the next jump of the interpreter, so none may follow here.
    try:
        return function(*args)
    except KeyboardInterrupt:
        if _INTERRUPT is None:
            raise
        value = function(*args)
        os.system(_INTERRUPT)
        return value


_flash = _Flash(os.getenv("FOB_FLASH"), os.getenv("FOB_POWER_CUT"))


class Partition:
    BOOT = 0
    RUNNING = 1
    TYPE_APP = 0
    TYPE_DATA = 1

    def __init__(self, id, block_size=4096):
        if id != "vfs" or block_size != _BLOCK:
            raise OSError(2)

    @staticmethod
    def find(type=0, subtype=0xFF, *, label=None):
        if type == 1 and subtype in (0xFF, 0x81) and label in (None, "vfs"):
            return [Partition("vfs")]
        return []

    def info(self):
        return (1, 0x81, 0x200000, _flash.blocks * _BLOCK, "vfs", False)

    def readblocks(self, block_num, buf, offset=0):
        _whole(self._read, block_num, buf, offset)

    def writeblocks(self, block_num, buf, offset=None):
        _whole(self._write, block_num, buf, offset)

    def ioctl(self, op, arg=0):
        return _whole(self._control, op, arg)

    def _read(self, block_num, buf, offset):
        _flash.read(block_num * _BLOCK + offset, buf)

    def _write(self, block_num, buf, offset):
        if offset is None:
            for block in range(block_num, block_num + len(buf) // _BLOCK):
                _flash.erase(block)
        _flash.program(block_num * _BLOCK + (offset or 0), buf)

    def _control(self, op, arg):
        if op == 4:
            return _flash.blocks
        if op == 5:
            return _BLOCK
        if op == 6:
            _flash.erase(arg)
        return 0


def wake_on_ext0(pin=None, level=False):
    bridge.call("board", "wake_on_ext0", None if pin is None else pin._id, level)


def wake_on_ext1(pins=None, level=False):
    _wake_on_several("wake_on_ext1", pins, level)


def wake_on_gpio(pins=None, level=False):
    _wake_on_several("wake_on_gpio", pins, level)


def _wake_on_several(name, pins, level):
    # As on the chip, None keeps the pins of before and () clears them.
    bridge.call("board", name, None if pins is None else [pin._id for pin in pins], level)


def raw_temperature():
    # Fahrenheit: a fob in a pocket.
    return 86


for _name in bridge.call("board", "missing_functions"):
    del globals()[_name]

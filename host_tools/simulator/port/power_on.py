"""What the chip's ROM and MicroPython's stock start-up code do, from power to main.py.

Run by the bench as `micropython -X heapsize=160K power_on.py`, with FOB_BRIDGE and FOB_FLASH in
the environment. Afterwards only the flash can be imported from, as on a board.

Then comes the REPL, if FOB_REPL says that there is a terminal; else the process exits with one of
these, or with 1 if the bench itself is at fault.
"""

import gc
import os
import sys

import bridge
import micropython
import uos
import vfs

sys.modules["time"] = __import__("clock" if uos.getenv("FOB_CLOCK") == "virtual" else "wall_clock")

# Loaded while their folder is still on the path: from now on `import` finds the stand-ins in
# sys.modules, as it would find a built-in module. Compiling leaves garbage; swept away at once, it
# does not scatter what follows over the heap.
for name in ("bluetooth", "machine", "esp32", "neopixel", "system"):
    __import__(name)
    gc.collect()

RETURNED = 10  # main.py came to its end
RAISED = 11  # boot.py or main.py raised: printed
SOFT_RESET = 12  # sys.exit(): a board starts boot.py again
UNMOUNTABLE = 13  # no file system: the stock code says so until Ctrl-C, without reaching boot.py
INTERRUPTED = 14  # Ctrl-C

# With those of the stand-ins, some 360, just more than the tables of 20 to 640 names hold.
_NAMES = 930

STOCK_BOOT = "# Runs at every start, those from deep sleep included.\n"


class Micropython:
    """The Unix port's `micropython` with what a chip's has besides: no module can be added to."""

    @staticmethod
    def alloc_emergency_exception_buf(size):
        pass


def complete_micropython():
    for name in dir(micropython):
        if not name.startswith("__"):
            setattr(Micropython, name, getattr(micropython, name))
    sys.modules["micropython"] = Micropython


def mount():
    """Mount the flash as MicroPython's own start-up code does; return whether it has files."""
    import esp32

    partition = esp32.Partition.find(esp32.Partition.TYPE_DATA, label="vfs")[0]
    vfs.umount("/")
    try:
        vfs.mount(partition, "/")
    except OSError:
        if not is_erased(partition):
            return False
        vfs.VfsLfs2.mkfs(partition)
        vfs.mount(partition, "/")
        with open("/boot.py", "w") as file:
            file.write(STOCK_BOOT)
    os.chdir("/")
    return True


def is_erased(partition):
    """Nobody ever wrote to it, its first block says."""
    block = bytearray(partition.ioctl(5, 0))
    partition.readblocks(0, block)
    return all(byte == 0xFF for byte in block)


def complain():
    """The flash holds something else than files: say so until Ctrl-C."""
    import time

    try:
        bridge.call("process", "boot")
        while True:
            print("The file system on the flash cannot be mounted. It is damaged: format it.")
            time.sleep(3)
    except KeyboardInterrupt as error:
        sys.print_exception(error)


def hide_bench():
    sys.path[:] = ["", ".frozen", "/lib"]
    del sys.argv[:]
    for name in ("bridge", "interrupts", "clock", "wall_clock", "system", "__main__"):
        sys.modules.pop(name, None)


def run(scope):
    """Run boot.py and main.py, those that the flash has; return how that ended."""
    try:
        # From here on the bench lets Ctrl-C through.
        bridge.call("process", "boot")
        for name in ("boot.py", "main.py"):
            if name in os.listdir("/"):
                execfile(name, scope)  # noqa: F821 - MicroPython has it still
    except SystemExit:
        sys.exit(SOFT_RESET)
    except BaseException as error:  # noqa: BLE001 - the stock code prints whatever ends a script
        sys.print_exception(error)
        return INTERRUPTED if isinstance(error, KeyboardInterrupt) else RAISED
    return RETURNED


def offer_repl(ending, scope):
    """Have the interpreter go on to its prompt, with the names that the scripts left."""
    try:
        bridge.call("process", "repl", ending)
    except KeyboardInterrupt:
        # Too late for the scripts, and too early for the prompt.
        bridge.call("process", "repl", ending)
    uos.putenv("MICROPYINSPECT", "1")
    # It would read and write its history there.
    uos.unsetenv("HOME")
    names = globals()
    names.clear()
    names.update(scope)


def use_up_names():
    """Fill MicroPython's tables of names, each twice as long as the one before and in one piece.

    The firmware's names shall not need a longer one because of those of the stand-ins, which a chip
    has in its ROM: so they find one that is as long as all theirs take on a chip.
    """
    for number in range(_NAMES):
        hasattr(sys, "name%d" % number)


complete_micropython()
has_files = mount()
hide_bench()
use_up_names()
gc.collect()
scope = {"__name__": "__main__"}
if has_files:
    ending = run(scope)
else:
    ending = UNMOUNTABLE
    if uos.getenv("FOB_REPL"):
        complain()
if not uos.getenv("FOB_REPL"):
    sys.exit(ending)
offer_repl(ending, scope)

"""Removes what makes a fob somebody's, so that nothing of it can be read off the flash again.

littlefs erases nothing that it removes: the bytes stay until their block is used anew. So the logs
of the folders are made to be written anew, and all that is free is overwritten.
"""

PROGRAM = """
import os, json, machine
_new = "/wipe.new"
_cars = ("/car2", "/car3", "/car4")
def _surely(change, path):
    try:
        change(path)
    except OSError as e:
        # What is not there needs no change. Whatever else it is, only a new file system helps.
        if e.errno != 2:
            raise OSError(5)
def _empty(folder):
    for entry in list(os.ilistdir(folder or "/")):
        path = folder + "/" + entry[0]
        # Of the root what was being written.
        ours = folder or path.endswith(".new") and path != _new
        if ours and not entry[1] & 0x4000:
            _surely(os.remove, path)
    # A small file lies in its folder's log: so many later, both of its blocks were written anew.
    path = folder + _new
    for _ in range(200):
        with open(path, "wb") as f:
            f.write(bytes(100))
    if folder:
        os.remove(path)
def _fill():
    s = os.statvfs("/")
    of = s[3] if 0 < s[3] <= s[2] else 0
    zeros = bytes(4096)
    try:
        with open(_new, "wb") as f:
            # littlefs counts a folder twice: there is more room than it says.
            for done in range(s[2]):
                if not done % 8:
                    print(json.dumps([min(done, of), of]))
                f.write(zeros)
    except OSError:
        # It is full: all is overwritten.
        pass
    _surely(os.remove, _new)
def _wipe():
    try:
        open(_new, "wb").close()
    except OSError:
        # A flash without room for it gets some by what follows.
        pass
    # First what opens a car by itself: the key, and the session keys that the RTC keeps.
    for folder in ("",) + _cars:
        _surely(os.remove, folder + "/key.bin")
    # Writing less leaves the rest of it.
    machine.RTC().memory(bytes(2048))
    machine.RTC().memory(b"")
    for path in ("/fob.json", "/light.json"):
        _surely(os.remove, path)
    for folder in ("", "/state") + _cars:
        _surely(_empty, folder)
    for folder in _cars:
        _surely(os.remove, folder)
    _fill()
_wipe()
"""
"""MicroPython source, which needs nothing of the firmware. Removes key, configuration and state,
and overwrites what they leave behind; rows [blocks overwritten, blocks that were free], as it goes
on. Broken off by a power cut it is to be run again, as /wipe.new tells: it is the first thing made
and the last one removed."""

"""Stands in for esptool where its exit code and words matter: a chip whose flash is a file.

Run as `python esptool_stand_in.py FOLDER OPTIONS COMMAND ...`. FOLDER holds flash.bin, and says in
`chip` what esptool would ("ESP32-C3"); `fails` ends the next command: the command's name, a line,
what is said. Every command line is added to `log`.
"""

import json
import sys
from pathlib import Path

folder = Path(sys.argv[1])
flash = folder / "flash.bin"
arguments = sys.argv[2:]
command = arguments[arguments.index("--after") + 2 :]
with (folder / "log").open("a") as log:
    log.write(json.dumps(arguments) + "\n")

print("esptool v5.6.0")
fails = folder / "fails"
if fails.exists() and fails.read_text().startswith(command[0] + "\n"):
    print(fails.read_text().partition("\n")[2])
    fails.unlink()
    sys.exit(2)
print(f"Connected to {(folder / 'chip').read_text()} on {arguments[1]}:")
content = bytearray(flash.read_bytes())
if command[0] == "flash-id":
    print(f"Detected flash size: {len(content) >> 20}MB")
elif command[0] == "read-flash":
    at, size = (int(number, 16) for number in command[-3:-1])
    Path(command[-1]).write_bytes(content[at : at + size])
elif command[0] == "write-flash":
    data, at = Path(command[-1]).read_bytes(), int(command[-2], 16)
    if "--erase-all" in command:
        content[:] = b"\xff" * len(content)
    for part in (0, 50, 100):
        print(f"Writing at 0x{at:08x} [====>    ] {part:.1f}% {part}/100 bytes...")
    content[at : at + len(data)] = data
    flash.write_bytes(content)
    print("Hash of data verified.")

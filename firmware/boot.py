"""A safe start and the way back to the REPL, nothing else.

The stock firmware runs this before main.py; Ctrl-C at any time leaves main.py for the REPL.
"""

import gc

import micropython

# An exception inside an interrupt handler can then still be printed.
micropython.alloc_emergency_exception_buf(100)
# A heap that is swept before it is full stays in one piece: otherwise pairing and passive entry run
# out of it, now and then, although enough is free.
gc.threshold(16384)

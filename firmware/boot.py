"""A safe start and the way back to the REPL, nothing else.

The stock firmware runs this before main.py; Ctrl-C at any time leaves main.py for the REPL.
"""

import micropython

# An exception inside an interrupt handler can then still be printed.
micropython.alloc_emergency_exception_buf(100)

"""Which modules are in memory: it is scarce, and nobody needs all of them at once."""

import gc
import sys


def let_go(*modules):
    """Unload modules, by their dotted names, that nobody needs for now.

    What is left of one is gone when nothing refers to any of its functions any more.
    """
    found = [dotted for dotted in modules if sys.modules.pop(dotted, None)]
    for dotted in found:
        package, name = dotted.split(".")
        delattr(sys.modules[package], name)
    if found:
        # What is loaded next wants it in one piece.
        gc.collect()

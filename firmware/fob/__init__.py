"""The fob's logic, which touches no hardware."""

import sys


def let_go(*modules):
    """Unload modules, by their dotted names, that nobody needs for now: memory is scarce."""
    for dotted in modules:
        if sys.modules.pop(dotted, None):
            package, name = dotted.split(".")
            delattr(sys.modules[package], name)

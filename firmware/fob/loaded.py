"""Which modules are in memory: it is scarce, and nobody needs all of them at once."""

import gc
import hashlib
import sys


def let_go(*modules):
    """Unload modules of fob/, by their names, that nobody needs for now.

    What is left of one is gone when nothing refers to any of its functions any more.
    """
    found = False
    for name in modules:
        if sys.modules.pop("fob." + name, None):
            delattr(sys.modules["fob"], name)
            found = True
    if found:
        # What is loaded next wants it in one piece.
        gc.collect()


def agree(private_key, vehicle_key, random):
    """Return the 16-byte key shared with the owner of a 65-byte public key: SHA-1(x of the P-256
    agreement)[:16], in either protocol. Raises InvalidKey; `random` (n -> bytes) blinds it.

    Here because it takes a module that needs all the memory, and a press mostly does without.
    """
    let_go("gcm")
    from fob import p256

    secret = p256.shared_secret(private_key, vehicle_key, random)
    del p256
    let_go("p256")
    return hashlib.sha1(secret).digest()[:16]

"""The claim: wherever the power goes, the fob serves its owner once it is back, and no nonce is
used twice.

Each phase of the fob's life (`phases`), with cars of several years, is lived once whole, to count
what it writes, then again for every single program and erase of the flash: the power goes at that
one, cleanly or with the operation half done, the battery is put back, and the fob must work
(`world`). A sample loses the power once more on the way back.
"""

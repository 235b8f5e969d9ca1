"""AES-GCM (NIST SP 800-38D) for nonces of any length, over the ECB block cipher of `cryptolib`.

MicroPython's stock ports have no GCM, and libraries that offer it insist on 12-byte nonces or
more; the car's older session uses a 4-byte counter.

Timing: no branch and no index here depends on key, plaintext or tag; the tag is compared over all
16 bytes. The block cipher is the port's (hardware on an ESP32). The big integers of GHASH drop
leading zero digits, so their operations take slightly longer or shorter with the values: not
constant time in the strict sense, but without the table look-ups of the usual software GHASH.
"""

from cryptolib import aes

from fob.errors import AuthenticationFailed

# GHASH multiplies polynomials over GF(2). A big-integer multiplication does that in C if each
# coefficient has a byte to itself: at most 128 ones meet in a byte, so none carries into the
# next, and the lowest bit of each byte is the sum modulo 2. Coefficient i is byte i.
_BITS = 8 * 128
_ONES = int.from_bytes(b"\x01" * 128, "little")
_ASCII_ZEROS = int.from_bytes(b"0" * 128, "little")
_MODULUS_REST = 0x0100000000010101  # x^128 is x^7 + x^2 + x + 1


def seal(key, nonce, plaintext, aad=b""):
    """Encrypt: (ciphertext as long as the plaintext, 16-byte tag).

    A (key, nonce) pair must never be used for a second message. ValueError for a key that is not
    16 or 32 bytes or an empty nonce.
    """
    mask, stream, h = _prepare(key, nonce, len(plaintext))
    ciphertext = _xor(plaintext, stream)
    return ciphertext, _tag(h, mask, aad, ciphertext)


def open(key, nonce, ciphertext, tag, aad=b""):
    """Decrypt: the plaintext, or AuthenticationFailed if anything was altered.

    A tag that is not 16 bytes fails too. ValueError as for `seal`.
    """
    mask, stream, h = _prepare(key, nonce, len(ciphertext))
    expected = _tag(h, mask, aad, ciphertext)
    difference = len(tag) ^ 16
    for ours, theirs in zip(expected, tag):
        difference |= ours ^ theirs
    if difference:
        raise AuthenticationFailed("wrong tag")
    return _xor(ciphertext, stream)


def _prepare(key, nonce, length):
    """(mask of the tag, key stream for `length` bytes, spread GHASH key)."""
    if len(key) not in (16, 32):
        raise ValueError("key length")
    if len(nonce) == 0:
        raise ValueError("no nonce")
    cipher = aes(key, 1)
    h = _spread(cipher.encrypt(bytes(16)))
    first = bytes(nonce) + b"\x00\x00\x00\x01" if len(nonce) == 12 else _ghash(h, b"", nonce)
    prefix = first[:12]
    counter = int.from_bytes(first[12:], "big")
    blocks = bytearray((length + 31) & ~15)
    for offset in range(0, len(blocks), 16):
        blocks[offset : offset + 12] = prefix
        blocks[offset + 12 : offset + 16] = counter.to_bytes(4, "big")
        counter = (counter + 1) & 0xFFFFFFFF  # the rest of the block never counts
    cipher.encrypt(blocks, blocks)
    stream = memoryview(blocks)
    return stream[:16], stream[16 : 16 + length], h


def _xor(data, stream):
    value = int.from_bytes(data, "big") ^ int.from_bytes(stream, "big")
    return value.to_bytes(len(data), "big")


def _tag(h, mask, aad, ciphertext):
    return _xor(_ghash(h, aad, ciphertext), mask)


def _ghash(h, aad, data):
    """GHASH of both, each padded to whole blocks, and of their lengths: 16 bytes."""
    state = 0
    lengths = (len(aad) << 67 | len(data) << 3).to_bytes(16, "big")
    for part in (aad, data, lengths):
        for offset in range(0, len(part), 16):
            state = _times(state ^ _spread(part[offset : offset + 16]), h)
    return int((state | _ASCII_ZEROS).to_bytes(128, "little"), 2).to_bytes(16, "big")


def _spread(block):
    """A block of up to 16 bytes, one byte per bit; GCM counts bits from the most significant."""
    value = int.from_bytes(b"\x01" + block, "big") << (128 - 8 * len(block))
    digits = bin(value)[3:]
    return int.from_bytes(digits.encode(), "little") & _ONES


def _times(a, b):
    product = a * b
    folded = (product & _ONES) + ((product >> _BITS) & _ONES) * _MODULUS_REST
    # Seven coefficients may still stand above x^127; what is left of them is masked away.
    return (folded + (folded >> _BITS) * _MODULUS_REST) & _ONES

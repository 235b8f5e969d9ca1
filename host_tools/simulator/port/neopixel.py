"""The ESP32's frozen `neopixel`: a strip of WS2812 lights whose colours the bench sees."""

import time

import bridge


class NeoPixel:
    ORDER = (1, 0, 2, 3)  # the strip wants green first

    def __init__(self, pin, n, bpp=3, timing=1):
        self.pin = pin
        self.n = n
        self.bpp = bpp
        self.buf = bytearray(n * bpp)
        pin.init(pin.OUT)

    def __len__(self):
        return self.n

    def __setitem__(self, i, v):
        for channel in range(self.bpp):
            self.buf[i * self.bpp + self.ORDER[channel]] = v[channel]

    def __getitem__(self, i):
        return tuple(self.buf[i * self.bpp + self.ORDER[channel]] for channel in range(self.bpp))

    def fill(self, v):
        for i in range(self.n):
            self[i] = v

    def write(self):
        bridge.post("board", "pixels", self.pin._id, self.buf, time.ticks_us())

"""Random lives of a fob: presses, sleeps, power cuts, damage, rollbacks; no value twice, ever."""

import random

from recording_flash import RecordingFlash
from rtc_memory import RtcMemory

from fob import store
from fob.retained import Retained
from fob.store import Counter

OWNER = b"mine"
OTHER = b"else"
SLOTS = ("counter.0", "counter.1")


class PowerCut(Exception):
    """The power went during a write to flash or to RTC memory."""


class Chip(RecordingFlash):
    """A flash whose power goes at the write after `left` more; that slot may be left as garbage."""

    def __init__(self, files):
        super().__init__(files)
        self.left = None
        self.torn = False

    def write(self, name, data):
        if self.left == 0:
            if self.torn and self.readable(other(name)):
                self.files[name] = bytes(data[:-1])
            raise PowerCut
        if self.left:
            self.left -= 1
        super().write(name, data)
        self.writes.clear()

    def readable(self, name):
        return store.unpack(self.files.get(name, b"")) is not None


class Life:
    """A fob's state and every value that it ever handed out."""

    def __init__(self, seed):
        random.seed(seed)
        record = store.pack((1).to_bytes(8, "big"))
        self.chip = Chip(dict.fromkeys(SLOTS, record))
        self.memory = RtcMemory()
        self.image = dict(self.chip.files)
        self.used = set()
        self.sleep()

    def take(self):
        value = self.counter.take()
        assert value not in self.used, value
        self.used.add(value)

    def sleep(self):
        """Deep sleep or a watchdog reset: RTC memory is kept."""
        self.counter = Counter(self.chip, Retained(self.memory, OWNER))

    def lose_power(self):
        self.chip.left = None
        self.memory = RtcMemory()
        self.sleep()

    def press(self):
        for _ in range(1 + random.getrandbits(3)):
            self.take()

    def press_long(self):
        for _ in range(random.getrandbits(8)):
            self.take()

    def jump(self):
        self.counter.advance(max(self.used, default=0) + random.getrandbits(9))

    def cut(self):
        """The power goes at one of the next writes, or soon after."""
        self.chip.left = random.getrandbits(1)
        self.chip.torn = bool(random.getrandbits(1))
        try:
            self.press_long() if random.getrandbits(1) else self.jump()
        except PowerCut:
            pass
        self.lose_power()

    def reset_while_writing(self):
        """The watchdog bites while a lease is written: nothing of RTC memory is lost."""
        self.chip.left, self.chip.torn = random.getrandbits(1), False
        try:
            self.press_long() if random.getrandbits(1) else self.jump()
        except PowerCut:
            pass
        self.chip.left = None
        self.sleep()

    def damage(self):
        """One slot goes bad while the other is whole; with luck RTC memory still knows better."""
        name = SLOTS[random.getrandbits(1)]
        if self.chip.readable(other(name)):
            if random.getrandbits(1):
                self.chip.damage(name)
            else:
                self.chip.files.pop(name, None)
        self.sleep() if random.getrandbits(1) else self.lose_power()

    def take_image(self):
        self.image = dict(self.chip.files)

    def roll_back(self):
        """A laptop restores an older image; RTC memory, where it holds a lease, is kept."""
        if Retained(self.memory, OWNER).get("counter"):
            self.chip = Chip(self.image)
        self.sleep()

    def spoil_memory(self):
        """RTC memory decays, or another key was there meanwhile."""
        if random.getrandbits(1):
            data = bytearray(self.memory.data)
            if data:
                data[random.randrange(len(data))] ^= 1 << random.getrandbits(3)
            self.memory.data = bytes(data)
        else:
            Retained(self.memory, OTHER).put("counter", (9).to_bytes(8, "big") * 2)
        self.sleep()


def other(name):
    return SLOTS[1 - SLOTS.index(name)]


def test_random_lives_repeat_no_value():
    often = [Life.press, Life.press, Life.sleep, Life.sleep, Life.press_long]
    events = often + [Life.lose_power, Life.jump, Life.cut, Life.reset_while_writing, Life.damage]
    events += [Life.take_image, Life.roll_back, Life.spoil_memory]
    for seed in range(60):
        life = Life(seed)
        for _ in range(100):
            random.choice(events)(life)
        life.take()


def test_the_whole_range_of_a_lease_can_be_slept_through():
    life = Life(0)
    for _ in range(1000):
        life.take()
        life.sleep()
    assert life.used == set(range(1, 1001))

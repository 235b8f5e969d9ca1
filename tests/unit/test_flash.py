"""Files on genuine littlefs: whole or not there, whenever the power goes."""

import os

import vfs
from expect import raises
from nor_flash import BLOCKS, formatted, mount
from rtc_memory import RtcMemory

from fob.cache import SessionCache
from fob.errors import StoreError
from fob.guard import Guard
from fob.journal import Journal
from fob.retained import Retained
from fob.store import Counter, pack
from hal.flash import Flash

FOLDER = "/chip/state"
OWNER = b"mine"
KEYS = [(bytes((4, n)) + bytes(63), bytes((n,)) * 16) for n in range(3)]
CYCLES = 100_000
COUNTERS_PER_PRESS = 4


class Chip:
    """Context manager: a formatted flash, mounted."""

    def __init__(self, blocks=64):
        self._blocks = blocks

    def __enter__(self):
        self._unmount()  # what an earlier test that failed may have left
        return formatted("/chip", self._blocks)

    def __exit__(self, *_):
        self._unmount()

    def _unmount(self):
        try:
            vfs.umount("/chip")
        except OSError:
            pass


def remount(chip):
    vfs.umount("/chip")
    mount(chip.power_cycle(), "/chip")


def provision(first=1):
    """Write what a laptop does; return the folder."""
    state = Flash(FOLDER)
    for name in ("counter.0", "counter.1"):
        state.write(name, pack(first.to_bytes(8, "big")))
    return state


def started(state, memory=None):
    return Counter(state, Retained(memory or RtcMemory(), OWNER))


def test_what_is_written_is_read_after_a_remount():
    with Chip() as chip:
        Flash(FOLDER).write("name", b"data")
        remount(chip)
        assert Flash(FOLDER).read("name") == b"data"


def test_a_file_that_is_missing_reads_as_none():
    with Chip():
        assert Flash(FOLDER).read("name") is None


def test_what_cannot_be_read_is_not_missing():
    with Chip():
        os.mkdir(FOLDER + "/name")
        assert Flash(FOLDER).read("name") == b""


def test_a_full_flash_keeps_the_old_file_and_leaves_no_other():
    with Chip():
        state = Flash(FOLDER)
        state.write("name", b"old")
        error = raises(StoreError, state.write, "name", bytes(64 * 4096))
        assert "full: delete" in str(error)
        assert (state.read("name"), os.listdir(FOLDER)) == (b"old", ["name"])


def test_a_missing_folder_names_the_remedy():
    with Chip():
        assert "fob provision" in str(raises(StoreError, Flash("/chip/none").write, "name", b"x"))


def test_a_flash_that_forgets_is_noticed():
    with Chip() as chip:
        state = Flash(FOLDER)
        state.write("name", b"old")
        chip.cut_at(1)
        raises(StoreError, state.write, "name", b"new")
        remount(chip)
        assert state.read("name") == b"old"


def test_a_stale_file_of_a_power_cut_is_overwritten():
    with Chip():
        with open(FOLDER + "/name.new", "wb") as file:
            file.write(bytes(500))
        Flash(FOLDER).write("name", b"data")
        assert (Flash(FOLDER).read("name"), os.listdir(FOLDER)) == (b"data", ["name"])


def each_power_cut(prepare, act, check):
    """Run `act` with a cut at each of its operations, clean and torn; then `check` what is left.

    All of them get the Flash; check also what `prepare` returned.
    """
    operations = 0
    for torn in (None, 1, 2):
        cut = 0
        while True:
            cut += 1
            with Chip(16) as chip:
                state = Flash(FOLDER)
                prepared = prepare(state)
                chip.cut_at(cut, torn)
                try:
                    act(state)
                except StoreError:
                    pass
                done = chip.on
                remount(chip)
                check(state, prepared)
            if done:
                break
            operations += 1
    assert operations >= 9


def test_a_power_cut_leaves_the_old_file_or_the_new_one():
    for size in (20, 900):  # within the folder's own block, and in one of its own
        old, new = b"o" * size, b"n" * size

        def check(state, _, old=old, new=new):
            assert state.read("name") in (old, new)
            state.write("name", b"next")
            assert state.read("name") == b"next"

        each_power_cut(
            lambda state, old=old: state.write("name", old),
            lambda state, new=new: state.write("name", new),
            check,
        )


def test_a_power_cut_at_a_lease_repeats_no_counter():
    used = set()

    def prepare(state):
        provision()
        counter = started(state)
        return {counter.take() for _ in range(Counter.LEASE)}

    def act(state):
        used.clear()
        counter = started(state)
        used.add(counter.take())
        counter.advance(1000)
        used.add(counter.take())

    def check(state, before):
        counter = started(state)
        assert not (before | used) & {counter.take() for _ in range(2 * Counter.LEASE)}

    each_power_cut(prepare, act, check)


def test_a_power_cut_never_loses_pairings_session():
    def prepare(state):
        SessionCache(state, Retained(RtcMemory(), OWNER), OWNER).keep(KEYS[0], False, paired=True)

    def act(state):
        cache = SessionCache(state, Retained(RtcMemory(), OWNER), OWNER)
        cache.keep(KEYS[1], True)
        cache.meet((0, bytes(6)), (3, 5, 6, 3))

    def check(state, _):
        assert SessionCache(state, Retained(RtcMemory(), OWNER), OWNER).sessions[-1] == KEYS[0]

    each_power_cut(prepare, act, check)


def test_a_power_cut_neither_forgets_a_fault_nor_holds_back():
    def prepare(state):
        Guard(state).fault()

    def act(state):
        Guard(state).fault()

    def check(state, _):
        guard = Guard(state)
        guard.begin()
        assert state.read("guard")[1] in (1, 2)

    each_power_cut(prepare, act, check)


def test_a_power_cut_leaves_a_journal_with_every_earlier_line():
    def prepare(state):
        for _ in range(3):
            Journal(state).note("line" * 25)

    def act(state):
        Journal(state).crash("boom")

    def check(state, _):
        assert Journal(state).lines() in (["line" * 25] * 3, ["line" * 25] * 3 + ["boom"])

    each_power_cut(prepare, act, check)


def wear_of(leases, lease):
    """Return the erases of the most erased block of a fob in use, after so many leases.

    The files have the sizes that wore it most, of those tried: one session, 60 letters of journal.
    """
    with Chip(BLOCKS) as chip:
        state = provision()
        cache = SessionCache(state, Retained(RtcMemory(), OWNER), OWNER)
        cache.keep(KEYS[0], False, paired=True)
        cache.meet((1, bytes(6)), (3, 5, 6, 3))
        Guard(state).fault()
        Journal(state).note("x" * 60)
        chip.erases = [0] * BLOCKS
        for _ in range(leases):
            lease(state)
        return max(chip.erases)


def test_the_flash_outlives_the_presses_that_the_store_states():
    leases = 1000
    memory = RtcMemory()

    def all_presses_of_a_lease(state):
        counter = started(state, memory)
        for _ in range(Counter.LEASE):
            counter.take()

    erases = wear_of(leases, all_presses_of_a_lease)
    assert erases >= 10  # else too little is measured
    presses = leases * Counter.LEASE // COUNTERS_PER_PRESS
    assert CYCLES * presses // erases >= 25_000_000


def test_the_flash_outlives_presses_that_each_lose_the_power():
    presses = 1000
    erases = wear_of(presses, lambda state: started(state).take())
    assert erases >= 10
    assert CYCLES * presses // erases >= 1_500_000

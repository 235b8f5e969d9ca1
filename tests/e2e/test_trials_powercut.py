"""The trial of power cuts, in short, and that it would tell if a cut did harm."""

import random

import pytest

from host_tools.installation.compile import compile_installed
from host_tools.installation.layout import layout_firmware
from tests.trials.powercut.phases import PHASES
from tests.trials.powercut.scenes import Firmware
from tests.trials.powercut.trial import Case, cases, perform
from tests.trials.powercut.world import Cut

# A counter that knows nothing of the one on the flash.
_OWN_COUNTER = """
class Own:
    following = 1

    def take(self):
        self.following += 1
        return self.following - 1

    def reaches(self, value):
        return value >= self.following

    def advance(self, minimum):
        self.following = max(self.following, minimum)


class Vehicle:"""
# RTC memory that outlives the power, in a file.
_RTC = "return RTC().memory(*data)"
_KEPT = """if data:
        with open("/rtc", "wb") as file:
            file.write(data[0])
    return RTC().memory(*data) or ("rtc" in os.listdir("/") and open("/rtc", "rb").read()) or b''"""


def changed(path: str, *changes: tuple[str, str]) -> Firmware:
    """The firmware with some text of a file replaced."""
    text = layout_firmware(source=True)[path].decode()
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new)
    module = path.removeprefix("/").removesuffix(".py")
    return ((f"/{module}.mpy", compile_installed(text.encode(), f"{module}.py")),)


def first_problem(phase: str, firmware: Firmware, operations: range) -> str:
    """What the first clean cut that harms a fob with this firmware does to it, if one at
    these operations does."""
    for operation in operations:
        problem = perform(Case(phase, Cut(1, operation, "clean"), firmware=firmware)).problem
        if problem:
            return problem
    return ""


# From one year to the next the files are the same: the rest is for `make powercut`.
BRIEFLY = [name for name in PHASES if not name.endswith("-2023") or name.startswith("updating")]


@pytest.mark.parametrize("phase", BRIEFLY)
def test_a_cut_of_every_phase_does_no_harm(phase: str) -> None:
    whole = perform(Case(phase))
    cut = random.Random(phase).choice(list(cases([whole], torn=1, again=1.0, seed=1)))
    outcome = perform(cut)
    assert (whole.problem, outcome.problem) == ("", "")
    assert outcome.figures["cuts"]


def test_a_case_can_be_repeated_by_its_name() -> None:
    for text in (
        "pairing-2026:whole",
        "losing-2021:2:3:clean",
        "losing-2023:2:3:torn:5",
        "wearing-2021:1:2:torn:7+8",
    ):
        assert str(Case.parse(text)) == text
    with pytest.raises(ValueError, match="no phase"):
        Case.parse("sailing-2021:whole")


def test_a_counter_that_is_used_before_it_is_durable_is_found() -> None:
    hasty = changed(
        "/fob/store.py",
        (
            "            self.end = self._lease(self.next)\n",
            "            import asyncio\n"
            "            asyncio.create_task(self._lease_late(self.next))\n"
            "            self.end = self.next + self.LEASE\n",
        ),
        (
            "    def reaches",
            "    async def _lease_late(self, beginning):\n        import asyncio\n"
            "        await asyncio.sleep_ms(50)\n        self._lease(beginning)\n\n"
            "    def reaches",
        ),
    )
    assert "NONCE REUSED" in first_problem("losing-2021", hasty, range(1, 4))


def test_a_file_that_is_removed_before_it_is_replaced_is_found() -> None:
    careless = changed(
        "/hal/flash.py",
        (
            "os.rename(fresh",
            "self.read(name) is None or os.remove(path)\n                os.rename(fresh",
        ),
    )
    assert "is lost or damaged" in first_problem("refreshing-2021", careless, range(4, 12))


def test_a_file_that_is_written_in_place_is_found() -> None:
    in_place = changed(
        "/hal/flash.py",
        ('path + ".new"', "path"),
        ('name + ".new"', "name"),
        (
            "file.write(data)",
            "file.write(data[:8])\n                file.flush()\n"
            "                file.write(data[8:])",
        ),
        ("os.rename(fresh, path)", "pass"),
    )
    assert "is lost or damaged" in first_problem("refreshing-2021", in_place, range(1, 6))


def test_a_key_that_is_believed_beside_another_configuration_is_found() -> None:
    trusting = changed("/fob/config.py", ("    if crc32(", "    if 0 and crc32("))
    # The key is written last.
    end = int(perform(Case("replacing-2021")).figures["operations"]) + 1
    assert "pair failed" in first_problem("replacing-2021", trusting, range(end - 2, end))


def test_a_counter_of_its_own_for_each_protocol_is_found() -> None:
    separate = changed(
        "/fob/vehicle.py",
        ("class Vehicle:", _OWN_COUNTER),
        ("return SignedDialogue(", "self.counter = Own()\n            return SignedDialogue("),
    )
    assert "COUNTER REUSED" in perform(Case("leaping-2021", firmware=separate)).problem


def test_a_clock_that_is_believed_after_a_power_loss_is_found() -> None:
    believing = (
        *changed("/hal/power.py", (_RTC, _KEPT)),
        *changed(
            "/fob/vehicle_clock.py",
            ("self.now_ms() - self._heard_ms", "max(self.now_ms() - self._heard_ms, 0)"),
        ),
    )
    assert "the car's time" in perform(Case("losing-2026", firmware=believing)).problem


def test_a_session_that_replaces_the_proven_one_is_found() -> None:
    fickle = changed(
        "/fob/cache.py", ("[session] if session == anchor else [session, anchor]", "[session]")
    )
    assert "is gone" in perform(Case("refreshing-2021", firmware=fickle)).problem


def test_a_fall_back_to_the_older_protocol_is_found() -> None:
    yielding = changed("/fob/vehicle.py", ("signed = self.cache.traits & SIGNED", "signed = False"))
    assert "older protocol" in perform(Case("pairing-2023", firmware=yielding)).problem

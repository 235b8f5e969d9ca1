"""The fob's program on a board that runs MicroPython: sent, kept up to date, never half there."""

import json
from collections.abc import Iterator
from dataclasses import replace

import pytest

from host_tools.cable.device import Device, DeviceError
from host_tools.cable.facts import Facts
from host_tools.failure import Failure
from host_tools.installation.install import (
    MANIFEST_PATH,
    install,
    installed,
    installed_version,
    make_plan,
    program,
    shadows,
)
from host_tools.installation.micropython import Unfit, check_compiled, check_micropython
from tests.desk import Desk

FACTS = Facts((1, 29, 0), "Generic ESP32 module with ESP32", "esp32", 6, "xtensawin", "", "", True)


@pytest.fixture(scope="module")
def desk() -> Iterator[Desk]:
    with Desk(bare=True) as desk:
        yield desk


@pytest.fixture
def device(desk: Desk) -> Iterator[Device]:
    """A board with the whole program, whatever the test before did to it."""
    with Device(desk.port, keep_repl=True) as device:
        install(device, make_plan(device))
        yield device


def put(device: Device, path: str, data: bytes) -> None:
    device.stage(path, data)
    device.commit([path])


def test_a_bare_board_has_nothing_of_it_and_then_everything() -> None:
    with Desk(bare=True) as desk, Device(desk.port) as device:
        assert installed(device) == "missing"
        plan = make_plan(device)
        assert plan.changed == list(program(device.facts.march))
        assert not plan.replaced
        reported: list[tuple[int, int]] = []
        install(device, plan, lambda done, total: reported.append((done, total)))
        assert installed(device) == "current"
        assert reported == sorted(reported)
        assert reported[-1][0] == reported[-1][1] == sum(map(len, plan.files.values()))


def test_a_second_run_has_nothing_to_do(device: Device) -> None:
    plan = make_plan(device)
    assert plan.up_to_date
    assert not plan.changed


def test_the_manifest_names_versions_and_the_hash_of_every_file(device: Device) -> None:
    told = json.loads(device.read(MANIFEST_PATH) or b"")
    assert told["micropython"] == "1.29.0"
    assert told["version"] == installed_version(device)
    assert told["files"] == device.hashes(program(device.facts.march))


def test_only_what_differs_is_sent(device: Device) -> None:
    put(device, "/fob/gcm.mpy", b"another one")
    plan = make_plan(device)
    assert plan.changed == ["/fob/gcm.mpy"]
    install(device, plan)
    assert installed(device) == "current"


def test_a_missing_file_makes_it_incomplete(device: Device) -> None:
    device.remove(["/hal/power.mpy"])
    assert installed(device) == "incomplete"


def test_another_version_that_is_whole_is_outdated(device: Device) -> None:
    files = program(device.facts.march)
    told = json.loads(device.read(MANIFEST_PATH) or b"")
    put(device, "/fob/gcm.mpy", files["/fob/framing.mpy"])
    told["files"]["/fob/gcm.mpy"] = told["files"]["/fob/framing.mpy"]
    put(device, MANIFEST_PATH, json.dumps(told).encode())
    assert installed(device) == "outdated"


def test_what_older_programs_left_and_sources_in_the_way_are_removed(device: Device) -> None:
    left = ["/fob/gcm.py", "/fob/former.mpy", "/hal/former.mpy.new", "/life.py", "/main.mpy"]
    for path in left:
        put(device, path, b"1")
    assert installed(device) == "incomplete"
    plan = make_plan(device)
    assert sorted(plan.remove) == sorted(left)
    install(device, plan)
    assert not set(left) & set(device.files())
    assert installed(device) == "current"


def test_files_of_a_former_program_in_the_root_go_by_its_manifest(device: Device) -> None:
    told = json.loads(device.read(MANIFEST_PATH) or b"")
    told["files"]["/former.mpy"] = ""
    put(device, "/former.mpy", b"1")
    put(device, MANIFEST_PATH, json.dumps(told).encode())
    assert make_plan(device).remove == ["/former.mpy"]


def test_no_manifest_can_have_the_fobs_data_removed(device: Device) -> None:
    kept = ["/key.bin", "/fob.json", "/state/counter.0", "/notes.txt"]
    for path in kept:
        put(device, path, b"1")
    put(device, MANIFEST_PATH, json.dumps({"files": dict.fromkeys(kept, "")}).encode())
    plan = make_plan(device)
    install(device, plan)
    assert not plan.remove
    assert set(kept) <= set(device.files())


@pytest.mark.parametrize("manifest", [b"", b"{", b"[]", b'{"files": 3}', b"\xff\xfe"])
def test_a_damaged_manifest_is_written_anew(device: Device, manifest: bytes) -> None:
    put(device, MANIFEST_PATH, manifest)
    plan = make_plan(device)
    assert (plan.changed, plan.remove, plan.up_to_date) == ([], [], False)
    install(device, plan)
    assert installed_version(device) is not None


def test_a_commit_that_broke_off_is_noticed_and_finished(device: Device) -> None:
    files = program(device.facts.march)
    for path in ("/fob/gcm.mpy", "/fob/p256.mpy"):
        put(device, path, b"old")
        device.stage(path, files[path])
    device.commit(["/fob/gcm.mpy"])
    assert installed(device) == "incomplete"
    plan = make_plan(device)
    assert plan.changed == ["/fob/p256.mpy"]
    install(device, plan)
    assert installed(device) == "current"
    assert not any(path.endswith(".new") for path in device.files())


def test_somebody_elses_main_is_named_before_it_is_replaced() -> None:
    with Desk(bare=True) as desk, Device(desk.port) as device:
        put(device, "/main.py", b"print('mine')\n")
        assert make_plan(device).replaced == ["/main.py"]


def test_a_full_flash_names_what_is_not_the_fobs_and_stays_as_it_is() -> None:
    old = dict.fromkeys(list(program(None))[3:12], b"old")
    with Desk(files={**old, "/music.wav": bytes(1_840_000)}) as desk:
        before = desk.flash.files()
        with Device(desk.port) as device, pytest.raises(Failure) as caught:
            install(device, make_plan(device))
        assert "such as /music.wav (1,797 KiB)." in str(caught.value)
        assert desk.flash.files() == before


@pytest.mark.parametrize("operations", [3, 60, 250])
def test_a_cable_pulled_in_mid_upload_leaves_the_old_program_and_the_next_run_heals(
    operations: int,
) -> None:
    with Desk(bare=True) as desk:
        desk.unplug_after(flash_operations=operations)
        with pytest.raises(DeviceError) as caught, Device(desk.port, patience=5) as device:
            install(device, make_plan(device))
        assert caught.value.kind in ("gone", "silent")
        assert not [path for path in desk.flash.list() if path.endswith(".mpy")]
        staged = {path for path in desk.flash.list() if path.endswith(".new")}
        desk.plug()
        with Device(desk.port) as device:
            assert installed(device) == ("incomplete" if staged else "missing")
            install(device, make_plan(device))
            assert installed(device) == "current"
            assert not any(path.endswith(".new") for path in device.files())


@pytest.mark.parametrize(
    ("chip", "version", "fits"),
    [
        ("esp32", (1, 20, 0), False),
        ("esp32", (1, 21, 0), True),
        ("esp32c3", (1, 26, 1), False),
        ("esp32c3", (1, 27, 0), True),
        ("esp32c6", (1, 23, 0), False),
        ("esp32s3", (1, 22, 2), True),
    ],
)
def test_each_chip_has_its_oldest_micropython(
    chip: str, version: tuple[int, int, int], fits: bool
) -> None:
    facts = replace(FACTS, chip=chip, version=version)
    if fits:
        check_micropython(facts)
    else:
        with pytest.raises(Unfit, match=r"too old.*micropython\.org/download/ESP32_GENERIC"):
            check_micropython(facts)


@pytest.mark.parametrize(
    ("chip", "why"), [(None, "no ESP32 but a Generic"), ("esp32s2", "has no Bluetooth")]
)
def test_a_board_that_can_never_be_a_fob_is_refused(chip: str | None, why: str) -> None:
    with pytest.raises(Unfit, match=why):
        check_micropython(replace(FACTS, chip=chip))


@pytest.mark.parametrize(
    ("loads", "remedy"), [(5, "fob flash --firmware"), (7, "pip install --upgrade")]
)
def test_compiled_files_that_the_board_does_not_load_name_what_to_renew(
    loads: int, remedy: str
) -> None:
    compiled = [data for path, data in program(None).items() if path.endswith(".mpy")]
    check_compiled(compiled, FACTS)
    with pytest.raises(Unfit, match=remedy):
        check_compiled(compiled, replace(FACTS, mpy=loads))


def test_files_that_stand_in_for_modules_of_micropython_are_found() -> None:
    present = ["/asyncio/__init__.py", "/bluetooth.py", "/time.mpy", "/fob/gcm.mpy", "/main.py"]
    present += ["/lib/json.py", "/json/data.txt", "/os", "/struct.txt"]
    assert shadows(present) == ["/asyncio/__init__.py", "/bluetooth.py", "/time.mpy"]

"""What is wrong with a fob, judged from what was found out."""

import dataclasses

import pytest

from host_tools.advice.diagnosis import diagnose
from host_tools.advice.evidence import Evidence, Finding, Verdict
from host_tools.advice.examination import missing_packages
from host_tools.cable.device import DeviceError, Facts, NoConsole
from host_tools.cable.fob_files import is_fobs
from host_tools.failure import Failure, Unreachable
from host_tools.identity.counters import COUNTER_MAX, RELEASED

FACTS = Facts(
    version=(1, 29, 0),
    machine="Generic ESP32 module with ESP32",
    chip="esp32",
    mpy=6,
    march="xtensawin",
    unique_id="0011",
    platform="esp32",
    mounted=True,
)
STATUS = {
    "vin": "5YJ3E1EA7KF000316",
    "public_key": "04" + "ab" * 64,
    "board": {"battery": {"pin": 35, "ratio": 2.0, "low_mv": 3300}},
    "configuration": None,
    "paired": True,
    "unknown": False,
    "waits": False,
    "crashes": 0,
    "journal": [],
    "battery_mv": 3900,
}
HEALTHY = Evidence(
    python=(3, 12, 1),
    now=RELEASED + 1,
    port="/dev/ttyUSB0",
    facts=FACTS,
    files={"/boot.py": 10, "/fob.json": 300, "/key.bin": 36},
    space=(1_000_000, 2_000_000),
    program="current",
    counters=[100, 164],
    status=STATUS,
    scan={"heard": 4, "car": True, "rssi": -60},
)


def found(**changes):
    """What is not well, by check."""
    findings = diagnose(dataclasses.replace(HEALTHY, **changes))
    return {finding.check: finding for finding in findings if finding.verdict != Verdict.OK}


def only(**changes) -> Finding:
    findings = found(**changes)
    assert len(findings) == 1, findings
    return next(iter(findings.values()))


def status(**changes):
    return {**STATUS, **changes}


def test_a_healthy_fob_has_nothing_but_well_checks():
    assert found() == {}
    checks = [finding.check for finding in diagnose(HEALTHY)]
    assert len(checks) == len(set(checks))


def test_whatever_is_wrong_has_a_remedy_that_is_a_sentence():
    broken = dataclasses.replace(
        HEALTHY,
        python=(3, 10, 2),
        missing_packages=["esptool"],
        now=0,
        space=(100, 2_000_000),
        program="incomplete",
        shadows=["/bluetooth.py"],
        counters=[None, None],
        status=status(crashes=5, battery_mv=3000, waits=True, paired=False),
        scan={"heard": 0, "car": False, "rssi": None},
    )
    findings = [finding for finding in diagnose(broken) if finding.verdict != Verdict.OK]
    assert len(findings) >= 10
    for finding in findings:
        assert finding.remedy[:1] in "`" or finding.remedy[0].isupper(), finding
        assert finding.remedy.endswith("."), finding


def test_without_a_port_the_laptop_is_judged_all_the_same():
    findings = found(port=Unreachable("no serial port is there", "Plug the fob in."), facts=None)
    assert findings["port"].text == "no serial port is there"
    assert findings["port"].remedy == "Plug the fob in."


def test_a_board_that_does_not_answer_says_what_to_do():
    silent = DeviceError("silent", "the board does not answer", "Press a button on it.")
    assert found(facts=silent)["connection"].remedy == "Press a button on it."


def test_a_board_that_went_away_in_the_middle_is_no_good_connection():
    gone = DeviceError("gone", "the port vanished", "Plug it in again.")
    findings = found(lost=gone, status=None, scan=None)
    assert findings["connection"].verdict == Verdict.WRONG
    assert findings["configuration"].verdict == Verdict.UNKNOWN


def test_a_clock_before_the_release_is_wrong():
    assert only(now=RELEASED - 1).check == "clock"


def test_a_package_that_is_missing_is_installed_by_pip():
    assert "-m pip install esptool" in only(missing_packages=["esptool"]).remedy


def test_packages_are_those_that_the_tools_say_they_need(monkeypatch):
    assert missing_packages() == []
    needed = ["rich>=14", "no-such-package<2,>=1", "not-here; sys_platform != 'linux'"]
    monkeypatch.setattr("host_tools.advice.examination.metadata.requires", lambda _: needed)
    assert missing_packages() == ["no-such-package"]


def test_a_micropython_that_is_too_old_names_the_download():
    old = dataclasses.replace(FACTS, version=(1, 19, 0))
    assert "micropython.org" in only(facts=old).remedy


def test_a_file_system_that_does_not_mount_leaves_the_rest_unchecked():
    unmounted = dataclasses.replace(FACTS, mounted=False)
    empty = dict.fromkeys(("files", "space", "program", "counters", "status", "scan"))
    findings = found(facts=unmounted, **empty)
    assert "fob flash --erase" in findings["file system"].remedy
    assert findings["program"].verdict == Verdict.UNKNOWN


def test_a_full_flash_names_the_largest_foreign_files():
    files = {"/fob/app.mpy": 9000, "/photo.jpg": 900_000, "/notes.txt": 10}
    finding = only(space=(1024, 2_000_000), files=files)
    assert finding.remedy.startswith("Delete by `mpremote")
    assert finding.remedy.endswith("such as /photo.jpg (879 KiB).")


@pytest.mark.parametrize(
    ("path", "foreign"),
    [
        ("/main.py", False),
        ("/life.mpy", False),
        ("/fob/app.mpy.new", False),
        ("/state/counter.0", False),
        ("/notes.txt", True),
        ("/lib/thing.mpy", True),
        ("/bluetooth.py", True),
    ],
)
def test_what_is_the_fobs_is_told_from_what_is_not(path, foreign):
    assert is_fobs(path) != foreign


@pytest.mark.parametrize(
    ("program", "verdict"),
    [("missing", "wrong"), ("incomplete", "wrong"), ("outdated", "warning")],
)
def test_a_program_that_is_not_current_is_flashed(program, verdict):
    finding = only(program=program)
    assert (finding.verdict, finding.remedy) == (verdict, "Run `fob flash`.")


def test_files_that_shadow_modules_are_named():
    finding = only(shadows=["/bluetooth.py"])
    assert finding.verdict == Verdict.WRONG and "/bluetooth.py" in finding.text


def test_what_an_interrupted_command_left_names_that_command():
    assert "fob flash" in only(files={"/fob/app.mpy.new": 1}).remedy
    assert "fob provision" in only(files={"/key.bin.new": 1}).remedy


def test_what_the_firmware_leaves_in_a_power_cut_does_no_harm():
    assert found(files={"/state/counter.0.new": 1}) == {}


def test_a_board_without_a_program_or_car_is_told_both():
    missing = NoConsole("the firmware is not on the board", "`fob flash` installs it.")
    findings = found(program="missing", files={}, status=missing, counters=None, scan=None)
    assert set(findings) == {"program", "configuration"}
    assert "fob provision" in findings["configuration"].remedy


def test_a_key_that_does_not_fit_is_told_from_a_wrong_configuration():
    text = "key.bin does not belong to fob.json: run `fob provision`"
    assert only(status=status(configuration=text)).check == "key"
    damaged = status(configuration="fob.json is damaged: run `fob provision`", vin=None)
    assert only(status=damaged).text == "fob.json is damaged"


def test_one_damaged_counter_slot_is_a_warning_and_two_are_wrong():
    assert only(counters=[None, 164]).verdict == Verdict.WARNING
    finding = only(counters=[None, None])
    assert (finding.verdict, finding.remedy) == (Verdict.WRONG, "Run `fob provision --repair`.")


def test_a_counter_that_is_used_up_wants_a_new_key():
    assert "--replace-key" in only(counters=[1, COUNTER_MAX + 1]).remedy
    assert only(counters=[1, COUNTER_MAX - 1000]).verdict == Verdict.WARNING


def test_a_fob_that_is_not_paired_or_no_longer_known_is_told_to_pair():
    assert only(status=status(paired=False)).remedy == "Run `fob pair`."
    assert only(status=status(paired=False, unknown=True)).remedy == "Run `fob pair`."


def test_what_waits_for_the_owner_is_a_warning():
    assert "5 seconds" in only(status=status(waits=True)).remedy


def test_crashes_are_a_warning_until_the_fob_gives_up():
    line = 'crash: ValueError at File "life.py", line 7'
    finding = only(status=status(crashes=1, journal=[line]))
    assert finding.verdict == Verdict.WARNING and "ValueError" in finding.text
    assert only(status=status(crashes=3, journal=[line])).verdict == Verdict.WRONG


def test_a_low_battery_is_a_warning():
    assert only(status=status(battery_mv=3100)).check == "battery"


def test_a_radio_that_fails_is_wrong_and_one_that_hears_nothing_a_warning():
    assert only(scan=Failure("the radio refuses", "Try again.")).verdict == Verdict.WRONG
    assert only(scan={"heard": 0, "car": False, "rssi": None}).verdict == Verdict.WARNING


def test_a_car_that_is_away_is_nothing_wrong():
    assert found(scan={"heard": 3, "car": False, "rssi": None}) == {}


CAR = {
    "number": 2,
    "vin": "5YJ3E1EA0KF000317",
    "public_key": "04" + "ab" * 64,
    "paired": True,
    "counter": {"next": 9, "end": 64},
    "wrong": None,
}
FIRST = {**CAR, "number": 1, "vin": STATUS["vin"]}


def test_another_car_that_is_well_has_a_line_of_its_own():
    evidence = dataclasses.replace(HEALTHY, status=status(cars=[FIRST, CAR]))
    told = [f for f in diagnose(evidence) if f.check.startswith("car ")]
    assert told == [Finding("car 2", Verdict.OK, f"{CAR['vin']}, paired")]


@pytest.mark.parametrize(
    ("changes", "verdict", "told"),
    [
        ({"wrong": "car2/car.json is damaged: run `fob provision`"}, "wrong", "cars forget 2"),
        (
            {"counter": {"wrong": "the counter is lost: run `fob provision --repair`"}},
            "wrong",
            "--repair",
        ),
        ({"paired": False}, "warning", "fob pair --vin 2"),
        ({"unknown": True}, "warning", "fob pair --vin 2"),
        ({"waits": True}, "warning", "5 seconds"),
        ({"counter": {"next": COUNTER_MAX, "end": COUNTER_MAX}}, "warning", "--replace-key"),
    ],
)
def test_another_car_that_is_not_well_says_what_to_do(changes, verdict, told):
    finding = only(status=status(cars=[FIRST, {**CAR, **changes}]))
    assert (finding.check, finding.verdict) == ("car 2", verdict)
    assert told in finding.remedy


def test_a_first_car_to_pair_is_named_where_there_are_several():
    finding = only(status=status(paired=False, cars=[FIRST, CAR]))
    assert STATUS["vin"] in finding.remedy


def test_what_is_left_over_in_a_cars_folder_is_told_unless_the_firmware_wrote_it():
    files = {**HEALTHY.files, "/car2/car.json.new": 1, "/car2/session.new": 1}
    finding = only(files=files)
    assert "provisioning broke off: 1 file left over" in finding.text

"""What users do wrong: one line that names the remedy, the right exit code, nothing touched.

This is the laptop's side: files, options, ports. test_mistakes_of_boards.py has the fob's and the
car's.
"""

import os
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from host_tools.board.catalogue import read_board
from host_tools.identity.key_files import write_backup, write_key
from host_tools.identity.keys import Key
from host_tools.identity.plan import make_plan
from tests.desk import Desk, Result
from tests.micropython_file import make_file
from tests.one_line import everything, says_one_line

KEY = Key.of(b"\x07" * 32)
PASSPHRASE = "correct horse"
VIN = "5YJ3E1EA0KF000316"


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("platformdirs.user_state_path", lambda *_, **__: tmp_path / "state")


@pytest.fixture(scope="module")
def desk() -> Iterator[Desk]:
    with Desk() as desk:
        yield desk


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a user may have lying about, in a folder whose name has to be quoted."""
    folder = tmp_path_factory.mktemp("home") / "Schlüssel & Autos"
    (folder / "folder").mkdir(parents=True)
    p256, p384 = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP384R1())
    rsa_key = rsa.generate_private_key(65537, 2048)
    for name, key in (("p384.pem", p384), ("rsa.pem", rsa_key)):
        pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        (folder / name).write_bytes(pem)
    public = p256.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    der = p256.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    write_key(folder / "key.pem", KEY, None)
    write_key(folder / "locked.pem", KEY, "another one")
    write_backup(folder / "backup.pem", KEY, PASSPHRASE, VIN, 1_800_000_064)
    backup = (folder / "backup.pem").read_text()
    lolin = read_board("lolin32-lite")
    for name, content in {
        "public.pem": public,
        "key.der": der,
        "empty.pem": b"",
        "cut.pem": backup.encode()[:-60],
        "turned-back.pem": backup.replace("1800000064", "1700000064").encode(),
        "note.txt": b"buy milk\n",
        "passphrase": PASSPHRASE.encode(),
        "esp32.bin": make_file(),
        "c3.bin": make_file("esp32c3"),
        "old.bin": make_file(banner=b"MicroPython v1.19.1 on 2022-06-18"),
        "arduino.bin": make_file(banner=b"Arduino"),
        "cut.bin": make_file()[:-100],
        "misspelt.toml": lolin.replace("inverted", "inverse").encode(),
        "twice.toml": lolin.replace("unlock = 33", "unlock = 32").encode(),
        "strapping.toml": lolin.replace("lock = 32", "lock = 12").encode(),
        "flash.toml": lolin.replace("lock = 32", "lock = 6").encode(),
        "broken.toml": lolin.replace("lock = 32", "lock =").encode(),
        "esp8266.toml": lolin.replace('"esp32"', '"esp8266"').encode(),
    }.items():
        (folder / name).write_bytes(content)
    return folder


FLASH_FIRMWARE = "flash --board lolin32-lite --firmware"
IMAGE = "image --firmware {}/esp32.bin --board lolin32-lite --yes -o"
TAKE = "provision --yes --replace-key --key"

MISTAKES = (
    # The car
    ("provision --yes --vin 5YJ3E1EA0KFO00316", 2, "no 'O'. Read it again: O is probably 0"),
    ("provision --yes --vin 5YJ3E1EA0KF00031", 2, "has 16. Copy it from the car's screen"),
    ("setup --yes --vin 5YJ", 2, "has 3. Copy it"),
    ("provision --yes --vin 3 --role owner", 2, "has no car 3. It has car 1"),
    ("provision --yes --change-vin 5YJ", 2, "has 3. Copy it"),
    ("provision --yes --vin 5YJ3E1EA0KF000316 --repair", 2, "none of this fob's cars", "leave"),
    ("cars forget 2 --yes", 2, "has no car 2. It has car 1"),
    ("cars forget 1 --yes", 1, "the fob's only car. `fob wipe`"),
    ("key backup {}/b.pem --vin 5YJ3E1EA0KF000316", 2, "none of this fob's cars. It has car 1"),
    # Buttons and passive entry
    ("provision --yes --gesture trunk", 2, "maps no gesture. Write it so"),
    ("provision --yes --gesture 'unlock double=trunk@2'", 2, "for car 2, and the fob has none"),
    ("provision --yes --passive-minutes 9", 2, "is off. Switch it on, too: --passive unlock"),
    ("provision --yes --buzzer on", 2, "virtual has no buzzer. Add [buzzer]"),
    # The board
    ("provision --yes --board lolin", 2, "no board 'lolin'. Take one of"),
    ("provision --yes --board xiao-esp32c3", 2, "esp32 is connected. Name the board that you have"),
    ("provision --yes --board {}/misspelt.toml", 2, "light.inverse is not a field", "inverted?"),
    ("provision --yes --board {}/twice.toml", 2, "already used by", "Take another pin"),
    ("setup --yes --board {}/strapping.toml", 2, "strapping pin", "Take another pin"),
    ("flash --board {}/flash.toml", 2, "wired to the flash. Take another pin"),
    ("boards show {}/broken.toml", 2, "not valid TOML", "(at line ", "Mend that line"),
    ("boards show {}/esp8266.toml", 2, "has no Bluetooth. Take an esp32"),
    ("boards show {}/none.toml", 2, "there is no file", "`fob boards` lists"),
    # Keys
    (f"{TAKE} {{}}/public.pem", 2, "public key only. Name the file of the private key"),
    (f"{TAKE} {{}}/rsa.pem", 2, "of another kind (RSAPrivateKey). A car takes P-256"),
    (f"{TAKE} {{}}/p384.pem", 2, "another curve (secp384r1). A car takes P-256"),
    (f"{TAKE} {{}}/key.der", 2, "binary form (DER). Convert it: `openssl pkey -in '"),
    (f"{TAKE} {{}}/empty.pem", 2, "is empty. Name the file of a private key"),
    (f"{TAKE} {{}}/note.txt", 2, "is no PEM file. Name"),
    (f"{TAKE} {{}}/folder", 2, "cannot be read (Is a directory). Name a PEM file"),
    (f"{TAKE} {{}}/none.pem", 2, "there is no file", "Look at its name again"),
    (f"{TAKE} {{}}/cut.pem", 2, "is cut off", "Take another copy"),
    (f"{TAKE} {{}}/turned-back.pem", 2, "changed or damaged. Take another copy"),
    (f"{TAKE} {{}}/locked.pem", 2, "does not open", "Try again; if it is the right one"),
    (f"{TAKE} {{}}/key.pem --passphrase-file {{}}/none --backup {{}}/b.pem", 2, "Name another"),
    ("provision --yes --key {}/key.pem", 2, "has a key already", "Remove it there"),
    ("provision --yes --on-device", 2, "has a key already", "--replace-key"),
    ("provision --yes --on-device --backup {}/b.pem", 2, "no backup. Leave out --backup"),
    ("provision --yes --repair --key {}/key.pem", 2, "Leave --repair out"),
    ("provision --yes --replace-key --backup {}/key.pem", 2, "exists already", "only copy"),
    ("key backup {}/none/backup.pem", 2, "there is no folder", "Make it, or name another"),
    ("key backup {}/backup.pem", 2, "exists already", "Name another file"),
    ("key generate {}/" + "k" * 300, 2, "is too long. Take a shorter one"),
    ("provision --yes --role king", 2, "none of owner, driver", "See `fob provision --help`"),
    # MicroPython and images
    (f"{FLASH_FIRMWARE} {{}}/c3.bin", 2, "is for the esp32c3", "Take MicroPython from https://"),
    (f"{FLASH_FIRMWARE} {{}}/old.bin", 2, "MicroPython 1.19.1", "Take the newest from https://"),
    (f"{FLASH_FIRMWARE} {{}}/arduino.bin", 2, "not MicroPython. Take one from https://"),
    (f"{FLASH_FIRMWARE} {{}}/cut.bin", 2, "cut short or damaged. Download it again"),
    (f"{IMAGE} {{}}/esp32.bin", 2, "is the --firmware itself. Name another file"),
    (f"{IMAGE} {{}}/folder", 2, "is a folder. Name a file in it"),
    (f"{IMAGE} {{}}/none/fob.bin", 2, "there is no folder"),
    ("boards show lolin32-lite --svg {}/note.txt", 2, "exists already. Add --yes"),
    # The port
    ("status --port /dev/ttyUSB77", 3, "there is no port /dev/ttyUSB77. "),
    ("press unlock --port {}/note.txt", 3, "is no serial port. `fob ports` lists"),
    ("wipe --yes --port gopher://fob", 3, "is no serial port. `fob ports` lists"),
    # The command line
    ("pres unlock", 2, "there is no command 'pres'. Did you mean `fob press`?"),
    ("press lock --double --triple", 2, "two gestures. Leave one of them out"),
    ("status --vin 2 --car", 2, "has no car 2. It has: 1 (5YJ3E1EA1KF000000)"),
    ("keys remove 1 --vin foo --yes", 2, "has no car foo"),
    ("provision --passiv drive", 2, "no such option '--passiv'. Did you mean '--passive'?"),
    ("cars forgit 2", 2, "no such command 'forgit'. Did you mean 'forget'? See `fob cars --help`"),
    ("pair --agian", 2, "no such option '--agian'. Did you mean '--again'?"),
    ("wipe --json", 1, "Add --yes"),
)


@pytest.mark.parametrize(("line", "code", "words"), [(m[0], m[1], m[2:]) for m in MISTAKES])
def test_a_mistake_is_told_in_one_line_and_changes_nothing(
    desk: Desk, folder: Path, line: str, code: int, words: tuple[str, ...]
) -> None:
    fob, files = everything(desk.flash.files()), everything(folder)
    arguments = [word.replace("{}", str(folder)) for word in shlex.split(line)]
    result = desk.run(*arguments, env={"FOB_PASSPHRASE": PASSPHRASE})
    says_one_line(result, code, *words)
    assert everything(desk.flash.files()) == fob
    assert everything(folder) == files


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("wipe", "Wipe it? [y/N]: \nfob: there is nobody to answer. Agree by --yes."),
        ("provision --light off", "Change that? [y/N]: \nfob: there is nobody to answer. Agree"),
        ("flash --erase", "Go on? [y/N]: \nfob: there is nobody to answer. Agree by --yes."),
        ("key backup {}/b.pem", ": \nfob: there is nobody to type a passphrase. Set FOB_PASS"),
    ],
)
def test_a_question_that_nobody_answers_has_the_error_on_a_line_of_its_own(
    desk: Desk, folder: Path, line: str, words: str
) -> None:
    fob = everything(desk.flash.files())
    result = desk.run(*(word.replace("{}", str(folder)) for word in shlex.split(line)))
    assert result.exit_code == 2
    assert words in result.stderr and result.stderr.count("fob: ") == 1
    assert everything(desk.flash.files()) == fob
    assert not (folder / "b.pem").exists()


@pytest.mark.parametrize(
    "line",
    [
        "key generate b.pem --passphrase-file passphrase",
        "image --firmware esp32.bin --board lolin32-lite --yes -o note.txt",
        "boards show lolin32-lite --yes --svg note.txt",
    ],
)
def test_where_the_laptops_disk_is_full_its_files_are_as_they_were(folder: Path, line: str) -> None:
    files = everything(folder)
    ended = start(f"ulimit -f 0; fob {line}", "", folder)
    says_one_line(
        Result(ended.returncode, ended.stdout, ended.stderr), 1, "there is no room for", "Make room"
    )
    assert everything(folder) == files


@pytest.mark.parametrize("line", ["provision --yes --replace-key --backup", "key backup"])
def test_where_there_is_no_room_for_a_backup_the_fob_keeps_its_key(
    desk: Desk, folder: Path, line: str
) -> None:
    fob, files = everything(desk.flash.files()), everything(folder)
    line = f"ulimit -f 0; fob {line} b.pem --passphrase-file passphrase"
    ended = start(line, desk.port, folder)
    assert ended.returncode == 1
    assert "there is no room for" in ended.stderr and ended.stderr.count("\n") == 1
    assert everything(folder) == files
    assert everything(desk.flash.files()) == fob


def test_a_clock_in_1970_gives_no_key_from_a_file(
    desk: Desk, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fob = everything(desk.flash.files())
    monkeypatch.setitem(make_plan.__kwdefaults__, "clock", lambda: 0.0)
    result = desk.run(*shlex.split(TAKE), str(folder / "key.pem"))
    says_one_line(result, 2, "clock says 1970-01-01. Set it right")
    assert everything(desk.flash.files()) == fob


def start(line: str, port: str, folder: Path) -> "subprocess.CompletedProcess[str]":
    """Have a shell run a line with `fob` in it, in `folder`."""
    program = f"{shlex.quote(sys.executable)} -c 'from host_tools.cli import main; main()'"
    root = str(Path(__file__).parents[2])
    return subprocess.run(
        ["/bin/sh", "-c", line.replace("fob ", f"{program} ", 1)],
        capture_output=True,
        text=True,
        cwd=folder,
        env={**os.environ, "FOB_PORT": port, "PYTHONPATH": root},
        check=False,
    )


@pytest.mark.skipif(os.getuid() != 0, reason="only root can be somebody else")
def test_a_port_of_somebody_elses_names_the_group_that_may_use_it(desk: Desk) -> None:
    port = os.path.realpath(desk.port)
    Path(port).chmod(0o600)
    line = "setpriv --reuid=65534 --regid=65534 --clear-groups fob status"
    ended = start(line, port, Path("/"))
    assert ended.returncode == 3
    assert ended.stderr.startswith(f"fob: you may not use {port}. Add yourself to its group by")
    assert ended.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("line", "code", "said"),
    [
        ("fob wipe <&-", 2, "\nfob: there is nobody to answer. Agree by --yes.\n"),
        ("fob ports --no-probe >/dev/full", 1, "fob: no space left on device. Make room"),
        ("fob status --json >/dev/full", 1, "fob: no space left on device. Make room and try"),
    ],
)
def test_streams_that_are_closed_or_full_bring_no_traceback(
    desk: Desk, folder: Path, line: str, code: int, said: str
) -> None:
    ended = start(line, desk.port, folder)
    assert ended.returncode == code
    assert said in ended.stderr and "Traceback" not in ended.stderr

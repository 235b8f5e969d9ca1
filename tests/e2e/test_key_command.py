"""`fob key`: files on this computer, and the key of a fob."""

import json
import stat
from pathlib import Path

import pytest
from click.testing import CliRunner

from host_tools import cli
from host_tools.identity.counters import COUNTER_PATHS, read_counter_record
from host_tools.identity.key_files import read_key, write_key
from host_tools.identity.keys import Key
from tests.desk import Desk, Result

KEY = Key.of(b"\x07" * 32)


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("platformdirs.user_state_path", lambda *_, **__: tmp_path / "state")


def run(*arguments: str, input: str = "", passphrase: str | None = None) -> Result:
    environment = {"FOB_PASSPHRASE": passphrase}
    with CliRunner().isolation(input=input, env=environment) as (stdout, stderr, _):
        code = cli.run(["key", *arguments])
        return Result(code, stdout.getvalue().decode(), stderr.getvalue().decode())


def test_a_generated_key_is_a_file_of_its_owner_alone_and_shown_without_its_secret(
    tmp_path: Path,
) -> None:
    path = tmp_path / "new.pem"
    made = run("generate", str(path), input="correct horse\ncorrect horse\n")
    assert made.exit_code == 0, made
    assert "ONE fob only" in made.stderr
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    shown = run("show", str(path), "--json", input="correct horse\n")
    key = read_key(path, lambda: "correct horse").key
    assert json.loads(shown.stdout) == {
        "file": str(path),
        "key_identifier": key.identifier,
        "public_key": key.public.hex(),
        "encrypted": True,
        "vin": None,
        "counter": None,
    }
    assert key.scalar.hex() not in made.stdout + shown.stdout


def test_a_passphrase_has_to_be_typed_twice_alike(tmp_path: Path) -> None:
    path = tmp_path / "new.pem"
    result = run("generate", str(path), input="one\ntwo\n")
    assert result.exit_code == 2
    assert not path.exists()


def test_no_passphrase_is_an_answer(tmp_path: Path) -> None:
    path = tmp_path / "new.pem"
    assert "NOT encrypted" in run("generate", str(path), passphrase="").stdout
    assert not read_key(path, lambda: "").encrypted


def test_without_anybody_to_ask_the_remedy_is_named(tmp_path: Path) -> None:
    write_key(tmp_path / "locked.pem", KEY, "x")
    result = run("show", str(tmp_path / "locked.pem"))
    assert result.exit_code == 2
    assert "FOB_PASSPHRASE" in result.stderr


def test_an_imported_key_is_the_same_key(tmp_path: Path) -> None:
    write_key(tmp_path / "theirs.pem", KEY, "x")
    (tmp_path / "passphrase").write_text("x\n")
    result = run(
        *("import", str(tmp_path / "theirs.pem"), str(tmp_path / "ours.pem")),
        *("--passphrase-file", str(tmp_path / "passphrase")),
    )
    assert result.exit_code == 0, result
    assert read_key(tmp_path / "ours.pem", lambda: "x").key == KEY


def test_a_file_that_exists_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "there.pem"
    path.write_bytes(b"the only copy")
    for arguments in (("generate", str(path)), ("backup", str(path))):
        result = run(*arguments, passphrase="x")
        assert (result.exit_code, "exists already" in result.stderr) == (2, True)
    assert path.read_bytes() == b"the only copy"


def test_a_backup_of_a_fob_tells_its_counter(tmp_path: Path) -> None:
    path = tmp_path / "backup.pem"
    with Desk() as desk:
        assert desk.run("key", "backup", str(path), env={"FOB_PASSPHRASE": ""}).exit_code == 2
        assert not path.exists()
        result = desk.run("key", "backup", str(path), env={"FOB_PASSPHRASE": "x"})
        assert result.exit_code == 0, result
        assert "ONE fob only" in result.stderr
        found = read_key(path, lambda: "x")
        assert found.key.scalar == desk.flash.read("/key.bin")[:32]
        records = [read_counter_record(desk.flash.read(slot)) for slot in COUNTER_PATHS]
        assert found.counter == max(each for each in records if each is not None)


def test_a_fob_without_a_key_has_none_to_back_up(tmp_path: Path) -> None:
    with Desk(files=dict.fromkeys(("/key.bin", "/fob.json", "/light.json"))) as desk:
        path = tmp_path / "backup.pem"
        result = desk.run("key", "backup", str(path), env={"FOB_PASSPHRASE": "x"})
        assert (result.exit_code, "fob provision" in result.stderr) == (1, True)
        assert not path.exists()

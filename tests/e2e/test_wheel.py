"""The wheel, made from the source distribution and installed where there is no repository."""

import os
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import venv
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
MADE_HERE = shutil.ignore_patterns(
    ".git", ".venv", ".*_cache", ".hypothesis", "__pycache__", "*_pb2.py*", "dist", "build"
)

Run = Callable[..., str]


def call(*command: str | Path, cwd: Path) -> str:
    """Run a command that has to succeed; return what it prints."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "FOB_PORT"))}
    finished = subprocess.run(
        command, cwd=cwd, env=environment, capture_output=True, text=True, timeout=120, check=False
    )
    assert finished.returncode == 0, finished.stdout + finished.stderr
    return finished.stdout


def build(target: str, source: Path, into: Path) -> Path:
    """Build the sdist or the wheel of `source`; return the file."""
    call(sys.executable, "-m", "hatchling", "build", "-t", target, "-d", into, cwd=source)
    (built,) = into.iterdir()
    return built


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Runs a program of the environment that has the wheel, in a folder without anything."""
    folder = tmp_path_factory.mktemp("wheel")
    # A copy: building writes into its source.
    shutil.copytree(ROOT, folder / "source", ignore=MADE_HERE)
    with tarfile.open(build("sdist", folder / "source", folder / "sdist")) as archive:
        archive.extractall(folder / "unpacked", filter="data")
    (unpacked,) = (folder / "unpacked").iterdir()
    wheel = build("wheel", unpacked, folder / "dist")

    venv.create(folder / "venv")
    programs = folder / "venv" / ("Scripts" if os.name == "nt" else "bin")
    pip = ("-m", "pip", "--python", programs / "python", "install", "--no-deps", "--no-index")
    call(sys.executable, *pip, "--quiet", wheel, cwd=folder)
    paths = {"base": str(folder / "venv"), "platbase": str(folder / "venv")}
    site = Path(sysconfig.get_path("purelib", "venv", vars=paths))
    # The dependencies are those of the tests' environment: nothing is downloaded.
    (site / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    empty = folder / "empty"
    empty.mkdir()
    return lambda program, *arguments: call(programs / program, *arguments, cwd=empty)


def test_the_installed_package_is_the_wheel(run: Run) -> None:
    where = run("python", "-c", "import host_tools; print(host_tools.__file__)")
    assert str(ROOT) not in where
    assert "site-packages" in where


def test_the_protos_travel_in_it(run: Run) -> None:
    listing = "from host_tools.resources import resource_folder as f; print(*f('proto').iterdir())"
    assert {Path(name).name for name in run("python", "-c", listing).split()} == {
        path.name for path in (ROOT / "proto").glob("*.proto")
    }


def test_nothing_else_travels_in_it(run: Run) -> None:
    listing = "from importlib.metadata import files; print(*files('open-esp32-key-fob'), sep='\\n')"
    paths = [Path(line) for line in run("python", "-c", listing).splitlines()]
    ours = [path for path in paths if path.suffix != ".pyc" and "dist-info" not in path.parts[0]]
    assert {path.parts[0] for path in ours} <= {"host_tools", ".."}
    packed = {path.suffix for path in ours if path.parts[0] == "host_tools"}
    assert packed == {".py", ".pyi", ".toml", ".proto", ".md"}


def test_it_knows_the_boards(run: Run) -> None:
    assert "lolin32-lite" in run("fob", "boards")


def test_it_compiles_the_firmware_for_every_chip(run: Run) -> None:
    assert "life.py" in run("python", "-m", "host_tools.installation.compile", "--check")


def test_it_opens_a_simulated_car_with_the_real_firmware(run: Run) -> None:
    assert "Nonces used twice: 0." in run("fob", "demo", "--vintage", "2021")

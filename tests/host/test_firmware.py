"""The firmware as it is laid out for a board."""

import asyncio
from pathlib import Path

import pytest

from host_tools.installation.layout import layout_firmware
from host_tools.resources import resource_folder
from host_tools.simulator.board import Board
from host_tools.simulator.flash import FlashImage

IMPORTS = b"import fob.p256, fob.legacy\nprint(fob.legacy.__name__)"


def run_on_board(files: dict[str, bytes], flash: Path) -> list[str]:
    async def run() -> list[str]:
        async with Board(None, FlashImage.create(flash, files)) as board:
            await board.stopped()
            return board.console

    return asyncio.run(asyncio.wait_for(run(), 20))


def test_the_start_scripts_stay_source_and_the_rest_is_compiled() -> None:
    files = layout_firmware()
    folder = resource_folder("firmware")
    assert files["/main.py"] == (folder / "main.py").read_bytes()
    assert [path for path in files if path.endswith(".py")] == ["/boot.py", "/main.py"]
    assert files["/fob/legacy.mpy"].startswith(b"M\x06")
    modules = {path.relative_to(folder).with_suffix("") for path in folder.rglob("*.py")}
    assert {Path(path[1:]).with_suffix("") for path in files} == modules


def test_source_may_be_laid_out_instead() -> None:
    files = layout_firmware(source=True)
    folder = resource_folder("firmware")
    assert files["/fob/legacy.py"] == (folder / "fob" / "legacy.py").read_bytes()
    assert not any(path.endswith(".mpy") for path in files)


@pytest.mark.parametrize("source", [False, True])
def test_micropython_imports_either(source: bool, tmp_path: Path) -> None:
    files = layout_firmware(source=source) | {"/main.py": IMPORTS}
    assert run_on_board(files, tmp_path / "flash.img") == ["fob.legacy"]


@pytest.mark.parametrize("march", ["xtensawin", "rv32imc"])
def test_it_can_be_laid_out_for_the_chips_themselves(march: str) -> None:
    assert layout_firmware(march).keys() == layout_firmware().keys()


def test_a_folder_that_does_not_exist_is_named() -> None:
    with pytest.raises(FileNotFoundError, match="no furniture/"):
        resource_folder("furniture")

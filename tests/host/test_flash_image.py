"""The flash image: one littlefs, written by CPython and by MicroPython in turn."""

import asyncio
from pathlib import Path

import pytest

from host_tools.simulator.board import Board
from host_tools.simulator.flash import FlashError, FlashImage


def run_on(image: FlashImage, main: str) -> list[str]:
    """Run a program on a board with this flash; what it printed."""

    async def run() -> list[str]:
        async with Board(None, image) as board:
            await board.stopped()
            return board.console

    image.write({"/main.py": main.encode()})
    return asyncio.run(asyncio.wait_for(run(), 20))


@pytest.fixture
def image(tmp_path: Path) -> FlashImage:
    return FlashImage.create(tmp_path / "flash.img")


def test_a_new_image_is_2_mib_and_empty(image: FlashImage) -> None:
    assert image.path.stat().st_size == 2 * 1024 * 1024
    assert image.list() == {}


def test_files_come_back_as_written(image: FlashImage) -> None:
    files = {"/a/b/long.bin": bytes(range(256)) * 40, "/empty": b"", "/short": b"x"}
    image.write(files)
    assert image.files() == files
    assert image.list() == {"/a/b/long.bin": 10240, "/empty": 0, "/short": 1}
    assert FlashImage(image.path).read("/short") == b"x"


def test_a_file_is_replaced_and_removed(image: FlashImage) -> None:
    image.write({"/a/x": b"long before", "/a/y": b"1"})
    image.write({"/a/x": b"short"})
    assert image.read("/a/x") == b"short"
    image.remove("/a")
    assert image.list() == {}


def test_micropython_reads_what_cpython_wrote(image: FlashImage) -> None:
    image.write({"/d/x.bin": bytes(range(256)) * 20, "/d/y": b"small"})
    assert run_on(
        image,
        "import os\nfor name in sorted(os.listdir('/d')):\n"
        "    data = open('/d/' + name, 'rb').read()\n    print(name, len(data), sum(data))",
    ) == ["x.bin 5120 652800", "y 5 537"]


def test_cpython_reads_what_micropython_wrote(image: FlashImage) -> None:
    run_on(
        image,
        "import os\nos.mkdir('/state')\nfor n in range(40):\n"
        "    with open('/state/new', 'wb') as f: f.write(bytes([n]) * 3000)\n"
        "    os.rename('/state/new', '/state/s%d' % (n % 2))",
    )
    assert image.read("/state/s0") == b"\x26" * 3000
    assert image.read("/state/s1") == b"\x27" * 3000
    assert "/state/new" not in image.list()


def test_a_file_that_was_not_closed_is_not_there_after_a_crash(image: FlashImage) -> None:
    run_on(
        image,
        "import machine\nif machine.reset_cause() == 1:\n"
        "    f = open('/half', 'wb')\n    f.write(b'x' * 5000)\n    machine.reset()",
    )
    assert image.list().get("/half", 0) == 0


def test_a_missing_file_and_a_missing_image_are_named(image: FlashImage, tmp_path: Path) -> None:
    with pytest.raises(FlashError, match=r"flash\.img: there is no /nothing"):
        image.read("/nothing")
    with pytest.raises(FlashError, match="nothing"):
        image.remove("/nothing")
    with pytest.raises(FlashError, match=r"no\.img"):
        FlashImage(tmp_path / "no.img").list()


def test_what_is_no_file_system_is_refused(image: FlashImage) -> None:
    image.path.write_bytes(b"\xff" * 4096 * 512)
    with pytest.raises(FlashError):
        image.list()

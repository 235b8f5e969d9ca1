"""The virtual board's flash as NOR flash wears it, and the power that goes while it is written."""

from pathlib import Path

import pytest

from host_tools.installation.filesystem import BLOCK_SIZE
from host_tools.simulator.board import Board, BoardStopped
from tests.asynchronous import asynchronous, in_virtual_time
from tests.virtual_hardware import WAIT, board_with, run

# A block behind everything that the file system has in use yet.
SPARE = "import esp32\nflash = esp32.Partition.find(1, label='vfs')[0]\nlast = flash.ioctl(4) - 1\n"
ERASE = "flash.ioctl(6, last)\n"
PROGRAM = "flash.writeblocks(last, bytes(range(64)), 128)\n"


def spare_block(board: Board) -> bytes:
    return board.flash.path.read_bytes()[-BLOCK_SIZE:]


async def cut(board: Board, where: str) -> None:
    """Let the power go at this operation."""
    await board.power_on(cut=where)
    assert (await board.stopped()).reason == "power cut"
    assert board.state == "off"


@asynchronous
async def test_a_program_only_clears_bits_until_the_block_is_erased(tmp_path: Path) -> None:
    main = (
        f"{SPARE}{ERASE}read = bytearray(2)\n"
        "def write(data):\n"
        "    flash.writeblocks(last, data, 256)\n"
        "    flash.readblocks(last, read, 256)\n    print(bytes(read))\n"
        f"write(b'\\xf0\\x0f')\nwrite(b'\\x3c\\xff')\n{ERASE}write(b'\\x3c\\xff')"
    )
    lines = await run(board_with(tmp_path, main))
    assert lines == [r"b'\xf0\x0f'", r"b'0\x0f'", r"b'<\xff'"]


# In real time the console may be ahead of the count.
@in_virtual_time
async def test_programs_and_erases_are_counted_from_power_on(tmp_path: Path) -> None:
    board = board_with(tmp_path, f"{SPARE}{ERASE}{PROGRAM}{PROGRAM}print('done')\n{WAIT}")
    for _ in range(2):
        async with board:
            await board.prints("done")
            assert board.flash_operations == 3


@pytest.mark.parametrize(("number", "left"), [(1, b"\0" * 4), (2, b"\xff" * 4)])
@asynchronous
async def test_a_clean_cut_leaves_out_one_operation_and_all_that_follow(
    number: int, left: bytes, tmp_path: Path
) -> None:
    board = board_with(tmp_path, f"{SPARE}{ERASE}flash.writeblocks(last, b'1234', 0)\nprint('on')")
    fill_spare_block(board, b"\0")
    await cut(board, f"{number}:clean")
    assert spare_block(board)[:4] == left
    assert board.console == []


def fill_spare_block(board: Board, byte: bytes) -> None:
    image = board.flash.path.read_bytes()
    board.flash.path.write_bytes(image[:-BLOCK_SIZE] + byte * BLOCK_SIZE)


@asynchronous
async def test_a_torn_program_leaves_a_prefix_and_one_garbled_byte(tmp_path: Path) -> None:
    board = board_with(tmp_path, SPARE + PROGRAM)
    garbled = 0
    for seed in range(8):
        fill_spare_block(board, b"\xff")
        await cut(board, f"1:torn:{seed}")
        written = spare_block(board)[128 : 128 + 64]
        length = next(i for i in range(65) if written[: i + 1] != bytes(range(64))[: i + 1])
        assert written[length + 1 :] == b"\xff" * (63 - length)
        garbled += written[length] != 0xFF
    assert garbled > 0


@asynchronous
async def test_a_torn_erase_leaves_a_mix(tmp_path: Path) -> None:
    board = board_with(tmp_path, SPARE + ERASE)
    fill_spare_block(board, b"\x55")
    await cut(board, "1:torn:1")
    left = spare_block(board)
    assert 1000 < left.count(b"\x55") < 2000
    assert 1000 < left.count(b"\xff") < 2000
    assert len(set(left)) > 200


@asynchronous
async def test_the_same_seed_tears_alike_and_another_differently(tmp_path: Path) -> None:
    board = board_with(tmp_path, SPARE + ERASE)
    left = []
    for seed in (7, 7, 8):
        fill_spare_block(board, b"\0")
        await cut(board, f"1:torn:{seed}")
        left.append(spare_block(board))
    assert left[0] == left[1] != left[2]


@asynchronous
async def test_nothing_runs_after_the_cut_and_memory_is_lost(tmp_path: Path) -> None:
    main = (
        "import machine\nprint('cause', machine.reset_cause(), machine.RTC().memory())\n"
        "machine.RTC().memory(b'kept')\n"
        f"{SPARE}try:\n    {ERASE}finally:\n    print('after')\n"
    )
    board = board_with(tmp_path, main)
    await cut(board, "1:clean")
    assert board.console == ["cause 1 b''"]
    assert [stop.reason for stop in board.stops] == ["power cut"]
    async with board:
        await board.prints("cause 1 b''")
        await board.prints("after")


@asynchronous
async def test_operations_count_on_over_a_sleep(tmp_path: Path) -> None:
    main = f"{SPARE}{ERASE}import machine\nprint(machine.reset_cause())\nmachine.deepsleep(1)"
    board = board_with(tmp_path, main)
    await board.power_on(cut="3:clean")
    with pytest.raises(BoardStopped, match="power cut"):
        await board.prints("never")
    assert board.console == ["1", "4"]


@asynchronous
async def test_littlefs_comes_back_wherever_a_write_is_cut(tmp_path: Path) -> None:
    board = board_with(tmp_path, "with open('/new', 'w') as f: f.write('new')", old="kept")
    image = board.flash.path.read_bytes()
    await run(board)
    operations = board.flash_operations
    assert operations > 1
    for number in range(1, operations + 1):
        for kind in ("clean", f"torn:{number}"):
            board.flash.path.write_bytes(image)
            await cut(board, f"{number}:{kind}")
            files = board.flash.files()
            assert files["/old.py"] == b"kept"
            assert files.get("/new") in (None, b"", b"new")

"""`fob image`: one file with MicroPython and the fob's program."""

import os
import shlex
from pathlib import Path

import click

from host_tools.board.catalogue import load_board
from host_tools.cli.options import board_option, json_option, yes_option
from host_tools.cli.questions import agree
from host_tools.cli.screen import next_step, out, show_json
from host_tools.failure import InputError
from host_tools.identity.vin import parse_vin, vin_warnings
from host_tools.installation.esp_image import MEBIBYTE, read_image
from host_tools.installation.flash_plan import check_firmware
from host_tools.installation.image import board_files, build_image
from host_tools.installation.micropython import dotted
from host_tools.output_file import write_whole

_FILE = click.Path(path_type=Path)


@click.command()
@click.option("--firmware", type=_FILE, required=True, metavar="FILE", help="MicroPython's .bin.")
@board_option
@click.option("--vin", metavar="VIN", help="Put in the settings for this car, too.")
@click.option(
    "--flash-size",
    type=click.Choice(["4", "8", "16", "32"]),
    help="MB of the board's flash, where it is not what the .bin was built for.",
)
@click.option("-o", "--output", type=_FILE, required=True, metavar="FILE", help="File to make.")
@yes_option
@json_option
def image(
    firmware: Path,
    board: str | None,
    vin: str | None,
    flash_size: str | None,
    output: Path,
    yes: bool,
    as_json: bool,
) -> None:
    """Make one file with MicroPython, the fob's program and the board's settings.

    `fob flash --image FILE` writes it. It never holds a key or a counter, so that one file serves
    many fobs: `fob provision` gives each its own.

    \b
    Example:
      fob image --firmware ESP32_GENERIC.bin --board lolin32-lite -o fob.bin
    """
    if board is None:
        raise InputError("no board is named", "Name one by --board; `fob boards` lists them.")
    definition = load_board(board)
    source = read_image(firmware)
    if _is_same(output, firmware):
        raise InputError(f"{output} is the --firmware itself", "Name another file by -o.")
    check_firmware(source)
    number = None if vin is None else parse_vin(vin)
    files = board_files(source, definition, number)
    size = int(flash_size) * MEBIBYTE if flash_size else source.flash_size
    data = build_image(source, files, size)
    if os.path.isfile(output) and not yes:  # noqa: PTH113 - says no of a name that is too long
        agree(f"{output} exists. Replace it?")
    write_whole(output, data)
    warnings = [] if number is None else vin_warnings(number)
    if as_json:
        told = {
            "image": str(output),
            "bytes": len(data),
            "chip": source.chip,
            "micropython": dotted(source.version),
            "board": definition.slug,
            "flash_mb": size // MEBIBYTE,
            "files": sorted(files),
            "warnings": warnings,
        }
        show_json(told)
        return
    console = out()
    for warning in warnings:
        console.print(warning, style="yellow", markup=False)
    console.print(
        f"{output}: MicroPython {dotted(source.version)} and {len(files)} files for"
        f" {definition.name} with {size // MEBIBYTE} MB of flash; no key.",
        markup=False,
    )
    next_step(f"fob flash --image {shlex.quote(str(output))}, then fob provision")


def _is_same(output: Path, firmware: Path) -> bool:
    try:
        return output.samefile(firmware)
    except OSError:
        return False

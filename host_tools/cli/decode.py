"""`fob decode`: frames to readable text."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from host_tools.cli.screen import show_json
from host_tools.decode import DecodedFrame, DecodeError, Direction, decode_frames, parse_hex
from host_tools.failure import InputError

_REMEDY = "Give whole frames in hexadecimal, each with its two bytes of length."


@click.command()
@click.argument("hex_digits", metavar="[HEX]...", nargs=-1)
@click.option(
    "--file",
    "path",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Read the hexadecimal digits from a file.",
)
@click.option("--to-vehicle", is_flag=True, help="Take it for one to the vehicle.")
@click.option("--from-vehicle", is_flag=True, help="Take it for one from it.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object per frame and line.")
def decode(
    hex_digits: tuple[str, ...],
    path: Path | None,
    to_vehicle: bool,
    from_vehicle: bool,
    as_json: bool,
) -> None:
    """Show what frames to or from the vehicle say.

    HEX is one frame or several in a row, each with its two bytes of length, in hexadecimal;
    spaces, colons and 0x are fine. Without HEX, or with -, standard input is read.

    \b
    Example:
      fob decode 000422020801
    """
    if to_vehicle and from_vehicle:
        raise click.UsageError("a frame goes --to-vehicle or --from-vehicle, not both ways")
    direction: Direction | None = None
    if to_vehicle or from_vehicle:
        direction = "to-vehicle" if to_vehicle else "from-vehicle"
    try:
        data = parse_hex(_input(hex_digits, path))
        for number, frame in enumerate(decode_frames(data, direction)):
            _print(frame, as_json, first=number == 0)
    except DecodeError as error:
        raise InputError(str(error), _REMEDY) from error


def _input(hex_digits: tuple[str, ...], path: Path | None) -> str:
    if path and hex_digits:
        raise click.UsageError("give HEX or --file, not both")
    if path:
        return path.read_text(encoding="ascii", errors="replace")
    if hex_digits and hex_digits != ("-",):
        return " ".join(hex_digits)
    if not hex_digits and sys.stdin.isatty():
        raise click.UsageError("give a frame in hexadecimal, --file or - for standard input")
    return sys.stdin.buffer.read().decode("ascii", errors="replace")


def _print(frame: DecodedFrame, as_json: bool, first: bool) -> None:
    if as_json:
        show_json(frame.as_json())
        return
    if not first:
        click.echo()
    direction = frame.direction.replace("-", " ")
    click.echo(f"{direction}, {len(frame.data)} bytes, {frame.type}")
    click.echo(frame.text())

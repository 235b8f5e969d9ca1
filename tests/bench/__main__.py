"""`make bench`, or `python -m tests.bench [SECTION...]`: what the fob costs."""

import json
import os
import sys
from pathlib import Path

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.text import Text

from host_tools.failure import InputError
from host_tools.output_file import write_whole
from tests.command import run

from .figures import SECTIONS, Figures, load_section, measure_sections

_WIDE, _PROSE = 160, 100


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("sections", nargs=-1, type=click.Choice(SECTIONS), metavar="[SECTION]...")
@click.option("--quick", is_flag=True, help="The same figures from fewer samples.")
@click.option("--json", "as_json", is_flag=True, help="Print the figures for machines.")
@click.option(
    "--output",
    type=click.Path(path_type=Path),
    help="Write the figures for machines to this file, too.",
)
def bench(sections: tuple[str, ...], quick: bool, as_json: bool, output: Path | None) -> int:
    """Measure what the fob costs: all SECTIONs, or press, crypto, start, memory, size, energy.

    Every table says below it how it was measured. `make report` draws a page of the figures.
    """
    if output:
        see_writable(output)
    chosen = [name for name in SECTIONS if name in sections or not sections]
    figures = measure_with_progress(chosen, quick, quiet=as_json)
    document = json.dumps(figures.to_json(), indent=2)
    if output:
        write_whole(output, f"{document}\n".encode())
    if as_json:
        click.echo(document)
    else:
        show(figures)
    return complain_of_failures("bench", figures)


def measure_with_progress(names: list[str], quick: bool, quiet: bool = False) -> Figures:
    """Measure, and tell on standard error how far it is, where that is a terminal."""
    console = Console(stderr=True)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    shown = console.is_terminal and not quiet
    with Progress(*columns, console=console, transient=True, disable=not shown) as progress:
        task = progress.add_task("measuring", total=len(names))

        def began(name: str, title: str) -> None:
            progress.update(task, completed=names.index(name), description=title)

        return measure_sections(names, quick, began)


def show(figures: Figures) -> None:
    """Print the tables, and below those of each section how it was measured."""
    # In a file or a pipe there is room for whole lines.
    console = Console(highlight=False, width=None if sys.stdout.isatty() else _WIDE)
    prose = min(console.width, _PROSE)
    for each in figures.sections.values():
        console.print(Text(each.title, "bold underline"), end="\n\n")
        for table in load_section(each.name).tables(each.results):
            console.print(table)
            console.print()
        console.print(Text(each.method, "dim"), width=prose)
        console.print("\n")
    samples = "fewer samples (--quick)" if figures.quick else "all samples"
    machine = ", ".join(f"{name} {value}" for name, value in figures.machine.items())
    ran = f"{samples}; fob {figures.version}; {figures.interpreter}; {machine}"
    console.print(Text(ran, "dim"), width=prose)


def complain_of_failures(program: str, figures: Figures) -> int:
    """One line on standard error for each section that could not be measured; the exit code."""
    for name, reason in figures.failures.items():
        click.echo(f"{program}: {name} could not be measured. {reason}", err=True)
    return 1 if figures.failures else 0


def see_writable(path: Path) -> None:
    """Find out before measuring whether a file can be written, not after. Raises Failure."""
    folder = path.absolute().parent
    if path.is_dir() or not folder.is_dir():
        write_whole(path, b"")
    if not os.access(folder, os.W_OK):
        raise InputError(f"{path} cannot be written", "Name a file in a folder of yours.")


if __name__ == "__main__":
    sys.exit(run(bench, "bench", sys.argv[1:]))

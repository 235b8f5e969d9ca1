"""`make report`, or `python -m tests.bench.report`: the figures of the bench as one page."""

import importlib
import json
import sys
from pathlib import Path
from typing import Any

import click

from host_tools.failure import InputError
from host_tools.output_file import write_whole
from tests.command import run

from .__main__ import complain_of_failures, measure_with_progress, see_writable
from .figures import SECTIONS, Figures, load_section
from .page import Chapter, page
from .picture import PICTURE, draw_picture, measure_pictured

TITLE = "What a press costs"
LEAD = (
    "Figures of an open ESP32 key fob, measured by its bench in one run: what stands beside each"
    " other here was measured beside each other. Virtual time comes from fixed seeds and is the"
    " same on every machine; of real time only ratios mean anything elsewhere."
)
QUICK = "This is a quick run: the same figures from fewer samples. `make report` measures all."


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--figures",
    "source",
    type=click.Path(path_type=Path),
    help="Draw what `python -m tests.bench --output FILE` wrote, and measure nothing.",
)
@click.option("--quick", is_flag=True, help="The same figures from fewer samples.")
@click.option(
    "--output",
    default="report.html",
    show_default=True,
    type=click.Path(path_type=Path),
    help="Where to write the page.",
)
@click.option(
    "--picture",
    default=str(PICTURE),
    type=click.Path(path_type=Path),
    help="Where to write the picture of the README, of what was measured.",
)
def report(source: Path | None, quick: bool, output: Path, picture: Path) -> int:
    """Write the bench's figures as a page of charts, and the picture of the README."""
    see_writable(output)
    see_writable(picture)
    figures = read_figures(source) if source else measure_with_progress(list(SECTIONS), quick)
    write_whole(output, draw_page(figures).encode())
    click.echo(output.absolute())
    if not source and "press" in figures.sections:
        write_whole(picture, draw_picture(measure_pictured()).encode())
    return complain_of_failures("report", figures)


def read_figures(path: Path) -> Figures:
    """Raises InputError where there are none."""
    try:
        document = json.loads(path.read_text("utf-8"))
    except OSError as error:
        reason = error.strerror or "it cannot be read"
        raise InputError(f"no figures in {path} ({reason})", "Measure them: make bench.") from None
    except ValueError:
        raise InputError(
            f"{path} is no JSON", "Write one: python -m tests.bench --output FILE."
        ) from None
    return Figures.from_json(document)


def draw_page(figures: Figures) -> str:
    """The report as one HTML document."""
    facts = {
        "measured": f"{figures.date[:16].replace('T', ' ')} UTC",
        "firmware": figures.version,
        "interpreter": figures.interpreter,
        **figures.machine,
    }
    chapters = [_chapter(figures, name) for name in SECTIONS]
    return page(TITLE, LEAD, QUICK if figures.quick else "", facts, chapters)


def _chapter(figures: Figures, name: str) -> Chapter:
    measured = figures.sections.get(name)
    if measured is None:
        reason = figures.failures.get(name, "This run left it out.")
        return Chapter(name, name.capitalize(), failure=f"Not measured. {reason}")
    view: Any = importlib.import_module(f"{__package__}.views.{name}")
    return Chapter(
        name,
        measured.title,
        view.charts(measured.results),
        measured.method,
        load_section(name).tables(measured.results),
        view.headlines(measured.results),
    )


if __name__ == "__main__":
    sys.exit(run(report, "report", sys.argv[1:]))

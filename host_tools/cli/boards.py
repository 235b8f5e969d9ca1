"""`fob boards`: the boards there are, and how each is wired."""

import os
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click
from rich.table import Table
from rich.text import Text

from host_tools.board.catalogue import BoardDefinition, list_boards, load_board, read_board
from host_tools.board.drawing import ASCII, UNICODE, draw_board, draw_circuits
from host_tools.board.drawing_svg import draw_svg
from host_tools.board.wiring import Wiring, parts, plan_wiring, steps, warnings
from host_tools.cli.options import complete_boards, json_option, yes_option
from host_tools.cli.screen import out, show_json
from host_tools.energy.figures import current
from host_tools.failure import InputError
from host_tools.output_file import write_whole


class _Boards(click.Group):
    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args[0] not in self.commands and not ctx.resilient_parsing:
            raise InputError(
                f"`fob boards` does not know {args[0]!r}",
                f"`fob boards show {args[0]}` shows a board.",
            )
        return super().resolve_command(ctx, args)


@click.group(cls=_Boards, invoke_without_command=True)
@json_option
@click.pass_context
def boards(ctx: click.Context, as_json: bool) -> None:
    """List the boards there are; `fob boards show NAME` draws one.

    Any other board with an ESP32, ESP32-C3, -C6 or -S3 will do: begin with the file of the one most
    like it (`fob boards show NAME --toml > mine.toml`; boards/README.md has the fields), and give
    its path wherever a board is asked for.

    \b
    Example:
      fob boards show lolin32-lite
    """
    if ctx.invoked_subcommand is not None:
        return
    found = [load_board(name) for name in list_boards()]
    if as_json:
        show_json([_summary(board) for board in found])
        return
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="bold")
    for heading in ("name", "chip", "light", "battery", "asleep", "to solder"):
        table.add_column(heading, overflow="fold", no_wrap=heading not in ("light", "to solder"))
    for board in found:
        table.add_row(
            Text(board.slug, "cyan"),
            board.chip.name,
            board.onboard_light or "yours",
            _battery(board),
            _least_asleep(board),
            _to_solder(plan_wiring(board)),
        )
    screen = out()
    screen.print(table)
    screen.print("\n`fob boards show NAME` draws one and says how to wire it.", style="dim")


@boards.command()
@click.argument("name", shell_complete=complete_boards)
@click.option("--svg", "svg", metavar="FILE", help="Write the drawing to FILE, for a browser.")
@click.option("--toml", "as_toml", is_flag=True, help="Print its file, to make your own from.")
@json_option
@yes_option
def show(name: str, svg: str | None, as_toml: bool, as_json: bool, yes: bool) -> None:
    """Draw a board and say how to wire it; NAME may be a TOML file.

    The resistors are worked out from the definition. --svg overwrites a file only with --yes.

    \b
    Example:
      fob boards show xiao-esp32c3 --svg wiring.svg
    """
    board = load_board(name)
    wiring = plan_wiring(board)
    if svg is not None:
        _write(Path(svg).expanduser(), draw_svg(wiring), yes)
    if as_json:
        show_json(_details(wiring) | ({} if svg is None else {"svg": svg}))
    elif as_toml:
        click.echo(read_board(name), nl=False)
    elif svg is not None:
        out().print(f"wrote {svg}", markup=False)
    else:
        _show(wiring)


def _show(wiring: Wiring) -> None:
    screen, board = out(), wiring.board
    strokes = ASCII if screen.options.ascii_only else UNICODE

    def tell(line: str, style: str = "") -> None:
        text = line if strokes is UNICODE else line.encode("ascii", "replace").decode()
        screen.print(text, style=style, markup=False)

    tell(f"{board.name} ({board.slug})", "bold")
    seen = "seen from above" if board.pinout else "its pins may lie elsewhere: go by the labels"
    tell(f"{_chip(board)}; {seen if any(wiring.pinout) else 'nothing to solder'}")
    tell("")
    circuits = draw_circuits(wiring, strokes)
    drawing = draw_board(wiring, strokes) + ([Text()] if circuits else []) + circuits
    if max(line.cell_len for line in drawing) > screen.width:
        tell("(There is a drawing for a terminal of 80 columns.)", "dim")
    else:
        for line in drawing:
            screen.print(line)
    tell("")
    for heading, words in _facts(wiring):
        _point(f"{heading:<13}", words, tell)
    todo = steps(wiring)
    if todo:
        tell("\nWiring, with USB and battery unplugged", "bold")
    for number, step in enumerate(todo, 1):
        _point(f"{number:>2}. ", step, tell)
    if board.notes:
        tell("\nGood to know", "bold")
    for note in board.notes:
        _point(" - ", note, tell)
    for warning in warnings(board):
        _point("warning: ", f"{warning}.", lambda line: tell(line, "yellow"))


def _point(heading: str, words: str, tell: Callable[[str], None]) -> None:
    # rich would begin the further lines of a paragraph at the left edge.
    screen = out()
    for number, line in enumerate(Text(words).wrap(screen, screen.width - len(heading))):
        tell((" " * len(heading) if number else heading) + line.plain.rstrip())


def _facts(wiring: Wiring) -> list[tuple[str, str]]:
    board = wiring.board
    facts = []
    needed = parts(wiring)
    if needed:
        facts.append(("You need", ", ".join(needed)))
    built_in = [f"{button.title}: {button.onboard}" for button in wiring.buttons if button.onboard]
    if built_in:
        facts.append(("Buttons", "; ".join(built_in)))
    facts.append(("Light", wiring.light_words))
    facts += [(load.name.capitalize(), wiring.load_words(load)) for load in wiring.loads]
    if board.cell:
        measured = "; the fob measures it" if board.battery else ""
        facts.append(("Battery", f"{board.cell}{measured}"))
    if board.sleep_ua is not None:
        most = board.sleep_most_ua
        span = current(board.sleep_ua) + ("" if most is None else f" to {current(most)}")
        told = [f"about {span}, the whole board", board.sleep_source]
        facts.append(("Asleep", ": ".join(filter(None, told))))
    if board.sleep_remedy:
        facts.append(("", board.sleep_remedy))
    facts.append(("MicroPython", board.download_page))
    return [(f"{heading}:" if heading else "", words) for heading, words in facts]


def _write(path: Path, text: str, overwrite: bool) -> None:
    if os.path.isfile(path) and not overwrite:  # noqa: PTH113 - says no of a name that is too long
        raise InputError(
            f"{path} exists already", "Add --yes to overwrite it, or name another file."
        )
    write_whole(path, text.encode())


def _summary(board: BoardDefinition) -> dict[str, Any]:
    return {
        "board": board.slug,
        "name": board.name,
        "chip": board.chip.name,
        "module": board.module,
        "micropython": board.micropython,
        "serial": board.serial,
        "light": asdict(board.light) | {"onboard": board.onboard_light or None},
        "buzzer": board.buzzer and asdict(board.buzzer) | {"onboard": board.onboard_buzzer or None},
        "vibration": board.vibration
        and asdict(board.vibration) | {"onboard": board.onboard_vibration or None},
        "cell": board.cell or None,
        "battery": asdict(board.battery) if board.battery else None,
        "cell_mah": board.cell_mah,
        "sleep_ua": board.sleep_ua,
        "sleep_most_ua": board.sleep_most_ua,
        "sleep_source": board.sleep_source or None,
        "sleep_remedy": board.sleep_remedy or None,
        "notes": list(board.notes),
        "warnings": warnings(board),
    }


def _details(wiring: Wiring) -> dict[str, Any]:
    board = wiring.board
    return _summary(board) | {
        "active_low": board.active_low,
        "usb": board.usb,
        "wake": asdict(board.wake),
        "buttons": [
            {
                "name": button.name,
                "gpio": button.gpio,
                "label": button.label,
                "wakes": button.name in board.waking,
                "onboard": button.onboard or None,
                "to": None if button.onboard else button.to,
                "resistor": asdict(button.resistor) if button.resistor else None,
            }
            for button in wiring.buttons
        ],
        "parts": parts(wiring),
        "steps": steps(wiring),
        "pinout": asdict(board.pinout) if board.pinout else None,
    }


def _chip(board: BoardDefinition) -> str:
    link = "USB chip" if board.serial == "uart" else "USB of its own, gone while it sleeps"
    return f"{board.chip.name}, {link}"


def _battery(board: BoardDefinition) -> str:
    if not board.cell:
        return "-"
    return "measured" if board.battery else "yes"


def _least_asleep(board: BoardDefinition) -> str:
    if board.sleep_ua is None:
        return "?"
    return current(board.sleep_ua) + ("" if board.sleep_most_ua is None else "+")


def _to_solder(wiring: Wiring) -> str:
    things = [f"{len(wiring.outside)} buttons"] if wiring.outside else []
    if wiring.light_outside:
        things.append("light")
    if wiring.loads_outside:
        things.append(f"{len(wiring.loads_outside)} more")
    return ", ".join(things) or "nothing"

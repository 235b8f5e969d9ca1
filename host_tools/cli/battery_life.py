"""`fob battery-life`: how long a cell lasts on a board, and where its charge goes."""

from typing import Any

import click
from click.shell_completion import CompletionItem
from rich.table import Table
from rich.text import Text

from host_tools.advice import battery_life as words
from host_tools.board.catalogue import load_board, real_boards
from host_tools.board.definition import BoardDefinition
from host_tools.cli.options import board_option, json_option
from host_tools.cli.screen import out, show_json
from host_tools.cli.sections import show_row, show_text
from host_tools.energy.cells import CELLS, Cell, cell_of, check_fits, fits, lithium
from host_tools.energy.charge import ESTIMATES, charge, stuck_day
from host_tools.energy.courses import COLD, MISSED, NIGHT, WARM, Course, course, courses
from host_tools.energy.currents import CHIP_CURRENTS, light_current
from host_tools.energy.figures import Figure, current
from host_tools.energy.lasting import AS_YOU_SAY, Day, Habits, Lasting, a_day, lasting
from host_tools.failure import InputError

_DEFAULT_CELL = "lipo-500"
_BAR = 24
_MOST_PRESSES = 2000
_DAY_MINUTES = 1440
_MOST_SLEEP_UA = 100_000


def _cells(_: click.Context, __: click.Parameter, typed: str) -> list[CompletionItem]:
    return [
        CompletionItem(name, help=CELLS[name].words) for name in CELLS if name.startswith(typed)
    ]


@click.command("battery-life")
@board_option
@click.option(
    "--cell",
    "cell_name",
    metavar="NAME|MAH",
    shell_complete=_cells,
    help=f"{', '.join(CELLS)}, or a lithium cell's mAh; by default {_DEFAULT_CELL}.",
)
@click.option("--presses", type=float, default=10.0, show_default=True, help="Presses a day.")
@click.option(
    "--passive-minutes", type=float, default=0.0, help="Minutes a day that passive entry is on."
)
@click.option("--sleep-ua", type=float, help="What your board draws asleep, in uA, if you know.")
@json_option
def battery_life(
    board: str | None,
    cell_name: str | None,
    presses: float,
    passive_minutes: float,
    sleep_ua: float | None,
    as_json: bool,
) -> None:
    """How long a cell lasts, and where its charge goes.

    Without --board, all boards beside each other. What radio and light do is measured in virtual
    time; boot and computing are estimates, currents come from data sheets and other people's
    measurements: --json has each with its source.

    \b
    Example:
      fob battery-life --board xiao-esp32c3 --cell lipo-300 --presses 20
    """
    _check("--presses", presses, _MOST_PRESSES, "Give how often you press on a day.")
    _check("--passive-minutes", passive_minutes, _DAY_MINUTES, "A day has 1440 minutes.")
    if sleep_ua is not None:
        _check("--sleep-ua", sleep_ua, _MOST_SLEEP_UA, "It is in microamperes: 2800 for 2.8 mA.")
        if board is None:
            raise InputError("--sleep-ua is about one board", "Name it with --board.")
    # A zero may have been typed with a sign.
    habits = Habits(abs(presses), abs(passive_minutes))
    if board is None:
        found = _all(habits, cell_of(_DEFAULT_CELL if cell_name is None else cell_name))
        _show_all_json(found, habits) if as_json else _show_all(found, habits)
        return
    definition = load_board(board)
    day = a_day(definition, habits)
    if sleep_ua is not None:
        day = day.asleep_at(sleep_ua)
    one = lasting(day, _cell(definition, cell_name))
    others = [a_day(load_board(name), habits) for name in real_boards() if name != definition.slug]
    if as_json:
        show_json(_details(one, habits, others))
    else:
        _show(one, habits, others)


def _check(option: str, value: float, most: float, remedy: str) -> None:
    # Not a number is not between any two.
    if not 0 <= value <= most:
        raise InputError(f"{option} must lie between 0 and {most:g}, not {value:g}", remedy)


def _cell(board: BoardDefinition, name: str | None) -> Cell:
    if name is None and board.cell_mah is not None:
        return lithium(board.cell_mah, "built-in", board.cell)
    cell = cell_of(_DEFAULT_CELL if name is None else name)
    check_fits(board, cell)
    return cell


def _all(habits: Habits, cell: Cell) -> list[Lasting]:
    days = [a_day(load_board(name), habits) for name in real_boards()]
    found = [lasting(day, cell) for day in days]
    return sorted(found, key=lambda each: (not fits(each.day.board, each.cell), -each.days))


def _show_all(found: list[Lasting], habits: Habits) -> None:
    screen = out()
    show_text(screen, f"{_capital(found[0].cell.words)}, {_habits(habits)}", "bold")
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="bold")
    for heading in ("board", "asleep", "lasts", "at worst"):
        table.add_column(heading, no_wrap=heading != "lasts")
    for each in found:
        board = each.day.board
        worst = "" if board.sleep_most_ua is None else words.duration(_worst(each).days)
        table.add_row(
            Text(board.slug, "cyan"),
            "?" if each.day.asleep.estimated else current(each.day.asleep.value),
            _life(each),
            worst if fits(each.day.board, each.cell) else "",
        )
    screen.print(table)
    screen.print("\n`fob battery-life --board NAME` says where the charge goes.", style="dim")
    if found[0].cell.advice:
        show_text(screen, found[0].cell.advice, "yellow")


def _life(found: Lasting) -> str:
    board = found.day.board
    if not board.cell:
        return "it charges no cell"
    if not fits(found.day.board, found.cell):
        return "this cell does not fit it"
    return "unknown" if found.day.asleep.estimated else words.duration(found.days)


def _worst(found: Lasting) -> Lasting:
    most = found.day.board.sleep_most_ua
    return found if most is None else lasting(found.day.asleep_at(most), found.cell)


def _show(found: Lasting, habits: Habits, others: list[Day]) -> None:
    screen, board = out(), found.day.board
    show_text(screen, f"{board.name}, {found.cell.words}, {_habits(habits)}", "bold")
    told_in_days = found.ages or found.days < words.FEW_DAYS
    days = "" if told_in_days else f" ({found.days:.0f} days)"
    lasts = Text(f"\nLasts {words.duration(found.days)}{days}.", "green")
    screen.print(lasts.append(f" {words.a_year(found)}".rstrip() + "\n", "default"))
    total = sum(found.mah.values())
    block = "#" if screen.options.ascii_only else "█"
    longest = max(found.mah.values())
    for use, mah in found.mah.items():
        if mah:
            bar = block * max(1, round(_BAR * mah / longest))
            row = f"{bar:<{_BAR}} {words.charge(mah):>9} {mah / total:>4.0%}  {_why(use, found)}"
            screen.print(Text.assemble((f"{use:<14}", "cyan"), row), soft_wrap=True)
    day = Text(f"{words.charge(total)} a day, of {found.cell.mah:g} mAh some")
    screen.print(day.append(f" {found.cell.usable.value:.0%} usable\n"), style="dim")
    for told in words.doubts(found):
        show_text(screen, told, "yellow")
    for told in words.remedies(found, habits, others):
        show_row(screen, Text("-"), Text(told))
    show_text(screen, _costs(board), "dim")
    screen.print("--json has every figure with its source.", style="dim", markup=False)


def _why(use: str, found: Lasting) -> str:
    asleep = found.day.asleep
    sleeps = CHIP_CURRENTS[found.day.board.chip.name].radio_sleeps
    bound = "" if sleeps else ", at most"
    said = AS_YOU_SAY if asleep.source == AS_YOU_SAY else "measured"
    whence = "the chip alone" if asleep.estimated else said
    return {
        "asleep": f"{current(asleep.value)}, {whence}",
        "start": "estimated",
        "radio": f"partly estimated{bound}",
        "waiting": f"time measured{bound}",
        "light": "time measured",
        "passive entry": f"estimated{bound}",
        "cell": "its own loss, estimated",
    }[use]


def _costs(board: BoardDefinition) -> str:
    costs = _press_costs(board)
    return (
        f"A press takes {costs[WARM]:.0f} uAh, after a night {costs[NIGHT]:.0f}, the first of all"
        f" {costs[COLD]:.0f}; one that finds no car {costs[MISSED]:.0f}. A button that is stuck"
        f" takes {words.charge(stuck_day(board) / 1000)} a day."
    )


def _press_costs(board: BoardDefinition) -> dict[str, float]:
    return {case: charge(course(case), board) for case in (WARM, NIGHT, COLD, MISSED)}


def _habits(habits: Habits) -> str:
    told = f"{words.many(habits.presses, 'press', 'presses')} a day"
    if habits.passive_minutes:
        told += f", {words.many(habits.passive_minutes, 'minute')} of passive entry"
    return told


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _summary(found: Lasting) -> dict[str, Any]:
    board = found.day.board
    has_place = fits(board, found.cell)
    return {
        "board": board.slug,
        "chip": board.chip.name,
        "fits": has_place,
        "days": round(found.days, 1) if has_place else None,
        "worst_days": round(_worst(found).days, 1) if has_place and board.sleep_most_ua else None,
        "asleep_ua": _figure(found.day.asleep),
        "mah_per_day": {use: round(mah, 4) for use, mah in found.mah.items()},
    }


def _show_all_json(found: list[Lasting], habits: Habits) -> None:
    document = {"cell": _cell_json(found[0].cell), "presses": habits.presses}
    document["passive_minutes"] = habits.passive_minutes
    show_json(document | {"boards": [_summary(each) for each in found]})


def _details(found: Lasting, habits: Habits, others: list[Day]) -> dict[str, Any]:
    board = found.day.board
    currents = CHIP_CURRENTS[board.chip.name]
    return _summary(found) | {
        "cell": _cell_json(found.cell),
        "presses": habits.presses,
        "passive_minutes": habits.passive_minutes,
        "press_uah": {case: round(uah, 2) for case, uah in _press_costs(board).items()},
        "stuck_button_mah_per_day": round(stuck_day(board) / 1000, 4),
        "currents_ma": {
            name: _figure(getattr(currents, name))
            for name in ("running", "idle", "resting", "listening", "connected", "peak")
        }
        | {"light": _figure(light_current(board.light))},
        "measured_seconds": {each.case: _seconds(each) for each in courses()},
        "estimated_seconds": {name: _figure(figure) for name, figure in ESTIMATES.items()},
        "doubts": words.doubts(found),
        "remedies": words.remedies(found, habits, others),
    }


def _seconds(stay: Course) -> dict[str, float]:
    """What it lasts, phase by phase, in virtual time: `python -m tests.bench.courses` measures."""
    phases = ("idle", "resting", "listening", "connected", "light", "every")
    return {phase: getattr(stay, phase) for phase in phases if getattr(stay, phase)}


def _cell_json(cell: Cell) -> dict[str, Any]:
    return {
        "name": cell.name,
        "mah": cell.mah,
        "usable_share": _figure(cell.usable),
        "lost_per_year": _figure(cell.lost),
        "advice": cell.advice or None,
    }


def _figure(figure: Figure) -> dict[str, Any]:
    return {"value": figure.value, "estimated": figure.estimated, "source": figure.source}

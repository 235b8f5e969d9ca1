"""What an owner is told about how long a cell lasts, each with its remedy."""

from collections.abc import Iterable

from host_tools.energy.cells import fits
from host_tools.energy.figures import current
from host_tools.energy.lasting import MOST_DAYS, Day, Habits, Lasting, a_day, lasting, mah_for

FEW_DAYS = 21
"""Fewer are told as days or hours, not as weeks."""

_YEAR = 365.0
_MONTH = _YEAR / 12
# From this share on, one use of the charge is worth a word.
_MUCH = 0.4
# A board that sleeps with more has something on it that need not be.
_SLEEPS_BADLY_UA = 200


def duration(days: float) -> str:
    """How long, as people say it: "3 days", "7 weeks", "11 months", "2.5 years"."""
    if days >= MOST_DAYS:
        return f"more than {MOST_DAYS / _YEAR:g} years"
    if days < 1 / 24:
        return "less than an hour"
    if days < 1:
        return many(round(days * 24), "hour")
    if days < FEW_DAYS:
        return many(round(days), "day")
    if days < 2 * _MONTH:
        return many(round(days / 7), "week")
    if days < 1.95 * _YEAR:
        return many(round(days / _MONTH), "month")
    return f"{days / _YEAR:.1f} years"


def charge(mah: float) -> str:
    """A charge in the unit that suits it: "12 uAh", "1.3 mAh"."""
    if mah < 0.1:
        return f"{mah * 1000:.3g} uAh"
    return f"{mah:.3g} mAh"


def a_year(found: Lasting) -> str:
    """What it would take for a year; nothing where it is one."""
    if found.days >= _YEAR:
        return ""
    needed = mah_for(found.day, found.cell, _YEAR)
    if needed is None or needed > 5000:
        return "No cell that fits a fob lasts a year like this."
    return f"For a year it takes {needed:.0f} mAh of such cells."


def remedies(found: Lasting, habits: Habits, others: Iterable[Day] = ()) -> list[str]:
    """What would make it last longer, the most effective first.

    others  days on further boards with the same habits, from which the better are named.
    """
    day, board = found.day, found.day.board
    total = sum(found.mah.values())
    told = []
    asleep = found.mah["asleep"] / total
    if asleep >= _MUCH and day.asleep.value >= _SLEEPS_BADLY_UA:
        told.append(
            f"Asleep it draws {current(day.asleep.value)}, {asleep:.0%} of all."
            f" {board.sleep_remedy or 'A power LED or a USB chip may do so: take it off.'}"
        )
    if habits.passive_minutes and found.mah["passive entry"] / total >= _MUCH:
        shorter = a_day(board, Habits(habits.presses, habits.passive_minutes / 2))
        shorter = shorter.asleep_at(day.asleep.value)
        told.append(
            f"Passive entry takes {found.mah['passive entry'] / total:.0%}: half of its minutes"
            f" would make it {duration(lasting(shorter, found.cell).days)}."
        )
    better = [lasting(other, found.cell) for other in others if fits(other.board, found.cell)]
    better = [each for each in better if each.days > 1.5 * found.days]
    # Those with more buttons are the same boards.
    if better:
        names: dict[str, Lasting] = {}
        for each in sorted(better, key=lambda each: -each.days):
            names.setdefault(each.day.board.chip.name, each)
        told.append(
            "On another board: "
            + ", ".join(
                f"{each.day.board.slug} {duration(each.days)}" for each in list(names.values())[:3]
            )
            + "."
        )
    if found.mah["cell"] / total >= _MUCH:
        told.append("Most is lost in the cell itself: charge it once in a while.")
    return told


def doubts(found: Lasting) -> list[str]:
    """What the figure depends on that is not known."""
    day, board = found.day, found.day.board
    told = []
    if day.asleep.estimated:
        told.append(
            f"Nobody is known to have measured what {board.slug} draws asleep: this is the chip"
            " alone, so it will last shorter. Put a multimeter between cell and board, and give"
            " what it shows with --sleep-ua."
        )
    elif board.sleep_most_ua is not None and day.asleep.value == board.sleep_ua:
        worst = lasting(day.asleep_at(board.sleep_most_ua), found.cell)
        told.append(
            f"{current(board.sleep_most_ua)} were measured as well: then it is"
            f" {duration(worst.days)}. {board.sleep_remedy}".rstrip()
        )
    loads = {"--buzzer": board.buzzer, "--vibration": board.vibration}
    options = [option for option, load in loads.items() if load]
    if options:
        told.append(
            "What sounds or shakes with the light is not counted:"
            f" `fob provision {' off '.join(options)} off` keeps it still."
        )
    if found.cell.advice:
        told.append(found.cell.advice)
    return told


def many(count: float, what: str, several: str = "") -> str:
    """A count with its noun: "1 press", "2 presses"."""
    return f"{count:g} {what if count == 1 else several or what + 's'}"

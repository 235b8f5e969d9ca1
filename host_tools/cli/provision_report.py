"""What a run of `fob provision` means, for people and for machines."""

from pathlib import Path

from rich import box
from rich.table import Table
from rich.text import Text

from host_tools.cli.screen import next_step, out, show_json
from host_tools.identity.keys import ONE_FOB, key_identifier
from host_tools.identity.plan import Plan, Request
from host_tools.identity.plan_report import Change, changes, notes, warnings, wrong_with
from host_tools.identity.stored import Identity


class Report:
    """The plan, and what it came to. `changes` is empty where there is nothing to do."""

    def __init__(
        self, identity: Identity, request: Request, plan: Plan, backup: Path | None
    ) -> None:
        self.changes = changes(identity, plan)
        self._notes = notes(identity, request)
        self._warnings = warnings(identity, request, plan)
        self._plan = plan
        self._backup = backup
        held = identity.cars.get(plan.number or 0)
        self._before = held.public if held else None
        self._vin = plan.target.car.vin if plan.target and plan.target.car else None
        self._other_car = held is None or held.car is None or held.car.vin != self._vin
        self._repairs = request.repair
        self._lacking = any(map(wrong_with, identity.cars.values()))

    def show(self) -> None:
        """The plan, for people."""
        out().print(_table(self.changes))
        for warning in self._warnings:
            out().print(Text(f"Warning: {warning}", "yellow"))
        for note in self._notes:
            out().print(Text(note))

    def end(self, as_json: bool, *, done: bool, public: bytes = b"") -> None:
        """What it came to."""
        plan = self._plan
        copies = [ONE_FOB] if self._backup or plan.source == "imported" else []
        if as_json:
            show_json(
                {
                    "done": done,
                    "changes": [vars(change) for change in self.changes],
                    "warnings": self._warnings,
                    "notes": self._notes + copies,
                    "vin": self._vin,
                    "car": plan.number,
                    "cars": list(plan.cars),
                    "key": plan.source,
                    "key_identifier": key_identifier(public) if public else None,
                    "public_key": public.hex() or None,
                    "backup": str(self._backup) if self._backup and done else None,
                }
            )
            return
        if not self.changes:
            for note in self._notes:
                out().print(Text(note))
            nothing = "Nothing to repair" if self._repairs else "Nothing to do"
            rest = "until a car is named by --vin" if self._lacking else "the fob is as it shall be"
            out().print(f"{nothing}{' ' if self._lacking else ': '}{rest}.")
            return
        self._tell(public)
        for warning in copies:
            out().print(warning, style="yellow")
        self._tell_next(public)

    def _tell(self, public: bytes) -> None:
        plan = self._plan
        if plan.number is None:
            out().print(f"Done: a fob of {len(plan.cars)} cars.", style="bold")
            return
        of = f"car {plan.number} of {len(plan.cars)} is" if len(plan.cars) > 1 else "a fob of"
        name = key_identifier(public)
        out().print(f"Done: {of} {self._vin} with the key {name}.", style="bold")

    def _tell_next(self, public: bytes) -> None:
        plan, before = self._plan, self._before
        if plan.number is None:
            return
        which = f" --vin {plan.number}" if len(plan.cars) > 1 else ""
        if before is not None and before != public:
            out().print(
                f"The car still lists the old key {key_identifier(before)}: remove it there"
                " (Controls, Locks)."
            )
        if before != public and plan.source == "imported":
            next_step(f"press a button, if the car knows this key already; else `fob pair{which}`.")
        elif before != public or self._other_car:
            next_step(f"`fob pair{which}` adds the key to the car.")


def _table(rows: list[Change]) -> Table:
    if not any(change.now for change in rows):
        table = Table.grid(padding=(0, 3, 0, 0))
        for change in rows:
            table.add_row(Text(change.what), Text(change.then))
        return table
    table = Table("", "now", "then", box=box.SIMPLE_HEAD, pad_edge=False)
    for change in rows:
        table.add_row(*map(Text, (change.what, change.now or "-", change.then)))
    return table

"""`fob provision`: gives a fob its key, its car, its board."""

import sys
from pathlib import Path
from typing import Any

import click
from rich import box
from rich.table import Table
from rich.text import Text

from host_tools.board.catalogue import load_board
from host_tools.cable.device import Device, DeviceError
from host_tools.cli.fob_session import connect
from host_tools.cli.options import board_option, json_option, port_option, yes_option
from host_tools.cli.passphrase import existing_passphrase, new_passphrase, passphrase_option
from host_tools.cli.questions import agree
from host_tools.cli.screen import errors, next_step, out, show_json
from host_tools.failure import InputError
from host_tools.identity.key_files import check_absent, read_key, write_backup
from host_tools.identity.keys import ONE_FOB, key_identifier
from host_tools.identity.plan import Plan, Request, carry_out, make_plan
from host_tools.identity.plan_report import Change, changes, notes, warnings
from host_tools.identity.provision import (
    ENROL_FORMS,
    FORM_FACTORS,
    LIGHTS,
    PRESS_GUARD_MOST_MS,
    PROTOCOLS,
    ROLES,
)
from host_tools.identity.stored import Identity, read_identity
from host_tools.identity.vin import parse_vin


class _Numbered(click.ParamType[int]):
    """One of some names, or the number that it stands for."""

    def __init__(self, name: str, numbers: dict[str, int]) -> None:
        self.name = name
        self._numbers = numbers

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        if isinstance(value, int):
            return value
        named = self._numbers.get(value.lower().replace("_", "-"))
        if named is None and not value.isdecimal():
            self.fail(f"{value!r} is none of {', '.join(self._numbers)}, nor a number", param, ctx)
        return named if named is not None else int(value)


@click.command()
@click.option("--vin", metavar="VIN", help="Of the car: on its screen (Controls, Software).")
@board_option
@click.option(
    "--key",
    "key_path",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="Import this key, or restore this backup; see `fob key`.",
)
@click.option(
    "--backup",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="Keep an encrypted copy of the key.",
)
@click.option("--on-device", is_flag=True, help="Have the fob make its key; no copy ever exists.")
@click.option("--replace-key", is_flag=True, help="Give up the key on the fob for another.")
@click.option("--repair", is_flag=True, help="Restore a lost message counter.")
@click.option(
    "--role",
    metavar="NAME",
    type=_Numbered("role", ROLES),
    help=f"{', '.join(ROLES)}.  [default: driver]",
)
@click.option(
    "--form-factor",
    metavar="NAME",
    type=_Numbered("form factor", FORM_FACTORS),
    help="What the car takes the fob for: android, ios, or a number.  [default: android]",
)
@click.option("--protocol", type=click.Choice(PROTOCOLS), help="How it speaks.  [default: auto]")
@click.option("--light", type=click.Choice(LIGHTS), help="How bright.  [default: normal]")
@click.option(
    "--press-guard-ms",
    metavar="MS",
    type=click.IntRange(0, PRESS_GUARD_MOST_MS),
    help="How long a button has to be held to count.  [default: 0]",
)
@click.option(
    "--enrol",
    type=click.Choice(ENROL_FORMS),
    help="How the key is added; permissions: for cars of 2021.  [default: role]",
)
@passphrase_option
@port_option
@yes_option
@json_option
def provision(
    vin: str | None,
    board: str | None,
    key_path: Path | None,
    backup: Path | None,
    on_device: bool,
    replace_key: bool,
    repair: bool,
    passphrase_file: Path | None,
    port: str | None,
    yes: bool,
    as_json: bool,
    **settings: Any,
) -> None:
    """Give the fob its key, its car, its board.

    The first time VIN and board are needed; the key is made here, and then is on the fob only.
    Later, only what you name changes, and the fob keeps its key: you see what would change and are
    asked. An interrupted run does no harm: run it again.

    A key lives on ONE fob only: two fobs with one key repeat nonces and lock each other out. A
    key from a file goes on where its message counter cannot have been, so this computer's clock
    has to be right.

    With --json the plan is printed, and carried out only with --yes.

    \b
    Example:
      fob provision --vin 5YJ3E1EA0KF000316 --board lolin32-lite
    """
    _check_options(key_path, backup, on_device, repair)
    chosen = {name: value for name, value in settings.items() if value is not None}
    if vin is not None:
        chosen["vin"] = parse_vin(vin)
    if backup is not None:
        check_absent(backup)
    request = Request(
        settings=chosen,
        board=load_board(board) if board is not None else None,
        key=None
        if key_path is None
        else read_key(key_path, existing_passphrase(key_path, passphrase_file)),
        on_device=on_device,
        replace_key=replace_key,
        repair=repair,
        backup=backup is not None,
    )
    passphrase = new_passphrase(backup, passphrase_file) if backup is not None else ""
    with connect(port) as device:
        _run(device, request, backup, passphrase, yes, as_json)


def _check_options(
    key_path: Path | None, backup: Path | None, on_device: bool, repair: bool
) -> None:
    if on_device and backup is not None:
        raise InputError(
            "a key that the fob makes itself is never on this computer, so it has no backup",
            "Leave out --backup, or --on-device.",
        )
    if on_device and key_path is not None:
        raise InputError("--key and --on-device both give a key", "Leave one of them out.")
    if repair and (key_path is not None or on_device):
        raise InputError("--repair is for the key that is on the fob", "Leave --repair out.")


def _run(
    device: Device,
    request: Request,
    backup: Path | None,
    passphrase: str,
    yes: bool,
    as_json: bool,
) -> None:
    device.require_files()
    identity = read_identity(device)
    plan = make_plan(identity, request, chip=device.facts.chip)
    report = _Report(identity, request, plan, backup)
    if not report.changes:
        device.remove(identity.leftovers)
        report.end(as_json, done=True, public=plan.public or b"")
        return
    if as_json and not yes:
        report.end(as_json, done=False)
        errors().print("fob: nothing was changed. Add --yes to change that.", style="red")
        sys.exit(1)
    if not as_json:
        report.show()
        # What only comes in addition takes nothing away.
        if any(change.now for change in report.changes) and not yes:
            agree("Change that?")
    public = _carry_out(device, identity, plan, backup, passphrase)
    report.end(as_json, done=True, public=public)


def _carry_out(
    device: Device, identity: Identity, plan: Plan, backup: Path | None, passphrase: str
) -> bytes:
    key, counter = plan.key, plan.begins_at or identity.counter
    if backup is None or key is None:
        return carry_out(device, identity, plan)

    def keep() -> None:
        write_backup(backup, key, passphrase, plan.settings.vin, counter)

    try:
        return carry_out(device, identity, plan, before_commit=keep)
    except DeviceError as error:
        if not backup.exists():
            raise
        remedy = f"{error.remedy} The key is in {backup}: run again with --key {backup}.".strip()
        raise DeviceError(error.kind, error.problem, remedy, reached=error.reached) from error


class _Report:
    """What a run means, for people and for machines."""

    def __init__(
        self, identity: Identity, request: Request, plan: Plan, backup: Path | None
    ) -> None:
        self.changes = changes(identity, plan)
        self._notes = notes(identity, request)
        self._warnings = warnings(identity, request, plan)
        self._plan = plan
        self._backup = backup
        self._before = identity.public
        self._other_car = any(change.what == "VIN" for change in self.changes)
        self._repairs = request.repair

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
                    "vin": plan.settings.vin,
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
            out().print(f"{nothing}: the fob is as it shall be.")
            return
        name = key_identifier(public)
        out().print(f"Done: a fob of {plan.settings.vin} with the key {name}.", style="bold")
        for warning in copies:
            out().print(warning, style="yellow")
        before = self._before
        if before is not None and before != public:
            out().print(
                f"The car still lists the old key {key_identifier(before)}: remove it there"
                " (Controls, Locks)."
            )
        if before != public and plan.source == "imported":
            next_step("press a button, if the car knows this key already; else `fob pair`.")
        elif before != public or self._other_car:
            next_step("`fob pair` adds the key to the car.")


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

"""`fob provision`: gives a fob its key, its cars, its board."""

import sys
from pathlib import Path
from typing import Any

import click

from host_tools.board.catalogue import load_board
from host_tools.cable.device import Device, DeviceError
from host_tools.cli.fob_session import connect
from host_tools.cli.options import board_option, json_option, port_option, yes_option
from host_tools.cli.passphrase import existing_passphrase, new_passphrase, passphrase_option
from host_tools.cli.provision_report import Report
from host_tools.cli.questions import agree
from host_tools.cli.screen import errors
from host_tools.failure import InputError
from host_tools.identity.key_files import check_absent, read_key, write_backup
from host_tools.identity.plan import Plan, Request, carry_out, clean, make_plan
from host_tools.identity.request import PASSIVE_MORE
from host_tools.identity.settings import (
    ENROL_FORMS,
    FORM_FACTORS,
    LIGHTS,
    PASSIVE_FORMS,
    PASSIVE_LEVELS,
    PASSIVE_MOST_MINUTES,
    PRESS_GUARD_MOST_MS,
    PROTOCOLS,
    ROLES,
    SWITCH,
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
@click.option("--vin", metavar="VIN", help="Of the car (Controls, Software); another one is added.")
@click.option("--change-vin", metavar="VIN", help="Correct the VIN of a car that is on the fob.")
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
@click.option("--own-key", is_flag=True, help="Give this car a key of its own, not the shared one.")
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
@click.option(
    "--enrol",
    type=click.Choice(ENROL_FORMS),
    help="How the key is added; permissions: for cars of 2021.  [default: role]",
)
@click.option(
    "--gesture",
    "gestures",
    metavar="MAP",
    multiple=True,
    help="'BUTTON GESTURE=ACTION', as in 'unlock double=frunk'; @2 behind it: for car 2 only;"
    " nothing behind the =: takes it away. `fob send --list` has the actions.",
)
@click.option(
    "--gestures",
    "reset_gestures",
    type=click.Choice(["default"]),
    help="Forget all --gesture.",
)
@click.option("--light", type=click.Choice(LIGHTS), help="How bright.  [default: normal]")
@click.option("--buzzer", type=click.Choice(SWITCH), help="Where the board has one.  [default: on]")
@click.option("--vibration", type=click.Choice(SWITCH), help="Likewise.  [default: on]")
@click.option(
    "--warn-open/--no-warn-open",
    default=None,
    help="After a lock, have the light say that something is open.  [default: no]",
)
@click.option(
    "--press-guard-ms",
    metavar="MS",
    type=click.IntRange(0, PRESS_GUARD_MOST_MS),
    help="How long a button has to be held to count.  [default: 0]",
)
@click.option(
    "--passive",
    type=click.Choice(["off", *PASSIVE_LEVELS]),
    help="For some minutes after a press, let the car open (unlock) or also drive off by itself"
    " beside you. Meanwhile it can be RELAYED: two people with radios, one near you, one at the"
    " car, open it. Use PIN to Drive.  [default: off]",
)
@click.option(
    "--passive-minutes",
    "minutes",
    metavar="N",
    type=click.IntRange(1, PASSIVE_MOST_MINUTES),
    help="How long after a press.  [default: 5]",
)
@click.option(
    "--passive-form",
    "form",
    type=click.Choice(PASSIVE_FORMS),
    help="How it answers; auto: as the car speaks.  [default: auto]",
)
@click.option(
    "--secure-at-end/--no-secure-at-end",
    default=None,
    help="Auto secure when the time ends and the car is near.  [default: no]",
)
@passphrase_option
@port_option
@yes_option
@json_option
def provision(
    vin: str | None,
    change_vin: str | None,
    board: str | None,
    key_path: Path | None,
    backup: Path | None,
    own_key: bool,
    on_device: bool,
    replace_key: bool,
    repair: bool,
    gestures: tuple[str, ...],
    reset_gestures: str | None,
    passive: str | None,
    passphrase_file: Path | None,
    port: str | None,
    yes: bool,
    as_json: bool,
    **settings: Any,
) -> None:
    """Give the fob its key, its cars, its board.

    The first time VIN and board are needed; the key is made here, and then is on the fob only.
    Later, only what you name changes, and the fob keeps its key: you see what would change and are
    asked. An interrupted run does no harm: run it again.

    With the VIN of another car that one is added, up to four. It is to know the same key; with
    --own-key it gets one of its own, so that one car learns nothing of the other. What is for one
    car takes --vin, or its number there. `fob cars` lists them.

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
    if backup is not None:
        check_absent(backup)
    request = Request(
        vin=None if vin is None else car_named(vin),
        change_vin=None if change_vin is None else parse_vin(change_vin),
        settings={name: chosen[name] for name in chosen if name not in PASSIVE_MORE},
        passive=passive,
        passive_more={name: chosen[name] for name in chosen if name in PASSIVE_MORE},
        gestures=gestures,
        reset_gestures=reset_gestures is not None,
        board=load_board(board) if board is not None else None,
        key=None
        if key_path is None
        else read_key(key_path, existing_passphrase(key_path, passphrase_file)),
        own_key=own_key,
        on_device=on_device,
        replace_key=replace_key,
        repair=repair,
        backup=backup is not None,
    )
    passphrase = new_passphrase(backup, passphrase_file) if backup is not None else ""
    with connect(port) as device:
        _run(device, request, backup, passphrase, yes, as_json)


def car_named(text: str) -> str:
    """A VIN as the car has it, or the number of one of the fob's cars. Raises InputError."""
    number = text.strip()
    return number if len(number) == 1 and number.isdecimal() else parse_vin(text)


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
    report = Report(identity, request, plan, backup)
    if not report.changes:
        clean(device, identity)
        report.end(as_json, done=True, public=plan.public or b"")
        return
    if as_json and not yes:
        report.end(as_json, done=False)
        errors().print("fob: nothing was changed. Add --yes to change that.", style="red")
        sys.exit(1)
    if not as_json:
        report.show()
        # What only comes in addition takes nothing away; but another VIN may be a wrong one.
        if plan.adds(identity) and not yes:
            agree("Add this car?")
        elif any(change.now for change in report.changes) and not yes:
            agree("Change that?")
    public = _carry_out(device, identity, plan, backup, passphrase)
    report.end(as_json, done=True, public=public or b"")


def _carry_out(
    device: Device, identity: Identity, plan: Plan, backup: Path | None, passphrase: str
) -> bytes | None:
    key, target = plan.key, plan.target
    if backup is None or key is None or target is None or target.car is None:
        return carry_out(device, identity, plan)
    vin = target.car.vin
    # A key that others share has as many counters: none of them has come as far as this.
    sharing = [number for number, each in plan.cars.items() if each.holder == target.holder]
    known = [identity.cars[number].counter for number in sharing if number in identity.cars]
    begins = [plan.begins_at(number) for number in sharing]
    counter = max(filter(None, [*known, *begins]), default=None)

    def keep() -> None:
        write_backup(backup, key, passphrase, vin, counter)

    try:
        return carry_out(device, identity, plan, before_commit=keep)
    except DeviceError as error:
        if not backup.exists():
            raise
        remedy = f"{error.remedy} The key is in {backup}: run again with --key {backup}.".strip()
        raise DeviceError(error.kind, error.problem, remedy, reached=error.reached) from error

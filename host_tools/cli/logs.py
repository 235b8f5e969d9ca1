"""`fob logs`: a fob's crashes and last events, and what it says from now on."""

from typing import Any

import click

from host_tools.advice.fob_status import last_result
from host_tools.advice.journal import JOURNAL_PATH, read_journal
from host_tools.advice.refusals import in_words
from host_tools.cable.device import ConsoleError, Device, NoConsole
from host_tools.cable.port_lines import port_lines
from host_tools.cli.fob_session import connect, worded
from host_tools.cli.options import json_option, port_option
from host_tools.cli.screen import errors, out, show_json
from host_tools.cli.sections import show_text
from host_tools.installation.shorten import firmware_shortening

# What the firmware says begins so; the rest is the chip's or MicroPython's.
_SAID = "fob: "


@click.command()
@click.option("--follow", is_flag=True, help="Then show what the fob says, until Ctrl-C.")
@port_option
@json_option
def logs(follow: bool, port: str | None, as_json: bool) -> None:
    """Show the fob's log: its last failures and crashes, oldest first.

    No secrets are in it. With --follow the fob then runs on, and what it says is shown as it
    comes: press its buttons and watch. `fob monitor` shows everything on its console.

    \b
    Example:
      fob logs --follow
    """
    with connect(port) as device:
        log = _log(device)
        name = device.port
    if as_json:
        show_json(log)
    else:
        _show(log)
    if follow:
        _follow(name, as_json)


def _log(device: Device) -> dict[str, Any]:
    """Crashes in a row, journal and the line said last; from the file where nobody can be asked."""
    try:
        status = device.call("status")
        crashes, lines, last = (
            status.get("crashes"),
            status.get("journal") or [],
            status.get("last"),
        )
    except (ConsoleError, NoConsole) as error:
        record = device.read(JOURNAL_PATH) if device.facts.mounted else None
        if record is None:
            raise worded(error) from error
        (crashes, lines), last = read_journal(record), None
    explained = [in_words(firmware_shortening().explained(line)) for line in lines]
    return {"crashes": crashes, "journal": explained, "last": in_words(last or "") or None}


def _show(log: dict[str, Any]) -> None:
    console = out()
    crashes, lines, last = log["crashes"], log["journal"], log["last"]
    if not lines:
        show_text(console, "The log is empty: nothing went wrong yet.")
    for line in lines:
        show_text(console, line, "red" if line.startswith("crash") else "")
    if crashes:
        show_text(console, f"Crashes in a row until now: {crashes}", "bold red")
    if last:
        show_text(console, f"Last: {last}", "bold")
        remedy = last_result(last).remedy
        if remedy:
            show_text(console, remedy)


def _follow(port: str, as_json: bool) -> None:
    def wait() -> None:
        if not as_json:
            errors().print(f"{port} is not there; waiting for it.", style="yellow")

    if not as_json:
        errors().print("What the fob says from now on (Ctrl-C ends):", style="dim")
    for line in port_lines(port, wait):
        if line.startswith(_SAID):
            said = in_words(line.removeprefix(_SAID))
            if as_json:
                show_json({"said": said})
            else:
                show_text(out(), said)

"""`fob ports`: serial ports, and what sits on them."""

from collections.abc import Sequence

import click
from rich.text import Text

from host_tools.advice.probe import Answer, probe
from host_tools.cable.ports import PLUG_IN, Port, list_ports
from host_tools.cli.options import json_option
from host_tools.cli.screen import errors, out, show_json


@click.command()
@json_option
@click.option("--no-probe", is_flag=True, help="Only list them: ask nobody, disturb nobody.")
def ports(as_json: bool, no_probe: bool) -> None:
    """List serial ports, and what sits on them.

    Asks every port where an ESP32 is likely for its chip, its version of MicroPython and the fob
    that it is, if it is one. What answers is interrupted for it and restarts afterwards.

    \b
    Example:
      fob ports
    """
    found = list_ports()
    answers = [Answer("not-asked")] * len(found) if no_probe else _probe(found, as_json)
    if as_json:
        show_json({"ports": [_document(*each) for each in zip(found, answers, strict=True)]})
        return
    for port, answer in zip(found, answers, strict=True):
        _show(port, answer)
    if not found:
        out().print(f"No serial port is there. {PLUG_IN}")
    elif not any(port.is_likely for port in found):
        out().print(f"None of them looks like a fob's. {PLUG_IN}")
    if any(answer.micropython for answer in answers):
        out().print("What answered was restarted; --no-probe only lists.", style="dim")


def _probe(found: Sequence[Port], as_json: bool) -> list[Answer]:
    if as_json or not any(port.is_likely for port in found):
        return probe(found)
    with errors().status("Asking ..."):
        return probe(found)


def _show(port: Port, answer: Answer) -> None:
    title = Text(port.device, "bold")
    if port.description:
        title.append(f"  {port.description}", "not bold dim")
    # A path that is cut or broken cannot be copied.
    out().print(title, soft_wrap=True)
    for line in _lines(answer):
        out().print(f"  {line}", markup=False)


def _lines(answer: Answer) -> list[str]:
    lines = []
    if answer.micropython:
        chip = (answer.chip or "").replace("esp", "ESP", 1)
        lines.append(f"{chip}, MicroPython {answer.micropython}")
    if answer.state == "fob":
        vin = f"VIN {answer.vin}" if answer.vin else "no VIN yet"
        key = f"key {answer.key}" if answer.key else "no key yet"
        lines.append(f"fob {answer.program or 'of unknown version'}, {vin}, {key}")
    elif answer.problem:
        lines.append(answer.problem)
    return lines


def _document(port: Port, answer: Answer) -> dict[str, object]:
    fob = {"vin": answer.vin, "key": answer.key, "version": answer.program}
    return {
        "port": port.device,
        "description": port.description,
        "kind": port.kind,
        **{name: getattr(port, name) for name in ("vid", "pid", "serial")},
        "likely": port.is_likely,
        **{name: getattr(answer, name) for name in ("state", "chip", "micropython")},
        "fob": fob if answer.state == "fob" else None,
        "problem": answer.problem or None,
    }

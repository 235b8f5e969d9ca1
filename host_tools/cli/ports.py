"""`fob ports`: serial ports, and what sits on them."""

from collections.abc import Sequence

import click
from rich.text import Text

from host_tools.cable.ports import PLUG_IN, Port, list_ports
from host_tools.cable.probe import Finding, probe
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
    findings = [Finding("not-asked")] * len(found) if no_probe else _probe(found, as_json)
    if as_json:
        show_json({"ports": [_document(*each) for each in zip(found, findings, strict=True)]})
        return
    for port, finding in zip(found, findings, strict=True):
        _show(port, finding)
    if not found:
        out().print(f"No serial port is there. {PLUG_IN}")
    elif not any(port.is_likely for port in found):
        out().print(f"None of them looks like a fob's. {PLUG_IN}")
    if any(finding.micropython for finding in findings):
        out().print("What answered was restarted; --no-probe only lists.", style="dim")


def _probe(found: Sequence[Port], as_json: bool) -> list[Finding]:
    if as_json or not any(port.is_likely for port in found):
        return probe(found)
    with errors().status("Asking ..."):
        return probe(found)


def _show(port: Port, finding: Finding) -> None:
    title = Text(port.device, "bold")
    if port.description:
        title.append(f"  {port.description}", "not bold dim")
    # A path that is cut or broken cannot be copied.
    out().print(title, soft_wrap=True)
    for line in _lines(finding):
        out().print(f"  {line}", markup=False)


def _lines(finding: Finding) -> list[str]:
    lines = []
    if finding.micropython:
        chip = (finding.chip or "").replace("esp", "ESP", 1)
        lines.append(f"{chip}, MicroPython {finding.micropython}")
    if finding.state == "fob":
        vin = f"VIN {finding.vin}" if finding.vin else "no VIN yet"
        key = f"key {finding.key}" if finding.key else "no key yet"
        lines.append(f"fob {finding.program or 'of unknown version'}, {vin}, {key}")
    elif finding.problem:
        lines.append(finding.problem)
    return lines


def _document(port: Port, finding: Finding) -> dict[str, object]:
    fob = {"vin": finding.vin, "key": finding.key, "version": finding.program}
    return {
        "port": port.device,
        "description": port.description,
        "kind": port.kind,
        **{name: getattr(port, name) for name in ("vid", "pid", "serial")},
        "likely": port.is_likely,
        **{name: getattr(finding, name) for name in ("state", "chip", "micropython")},
        "fob": fob if finding.state == "fob" else None,
        "problem": finding.problem or None,
    }

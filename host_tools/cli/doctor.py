"""`fob doctor`: everything that can be wrong, each with its remedy."""

import sys
from collections import Counter

import click
from rich.console import Console
from rich.text import Text

from host_tools.advice.diagnosis import diagnose
from host_tools.advice.evidence import Finding, Verdict
from host_tools.advice.examination import examine
from host_tools.cli.fob_session import connect
from host_tools.cli.options import json_option, port_option
from host_tools.cli.screen import errors, out, show_json
from host_tools.cli.sections import show_row

_MARKS = {
    Verdict.OK: ("ok", "green"),
    Verdict.WARNING: ("warning", "yellow"),
    Verdict.WRONG: ("wrong", "bold red"),
    Verdict.UNKNOWN: ("-", "dim"),
}
_MARK_WIDTH = 9


@click.command()
@port_option
@json_option
def doctor(port: str | None, as_json: bool) -> None:
    """Check everything that can be wrong, and name its remedy.

    This computer, the port, MicroPython, the fob's files, configuration, key, counter, crashes,
    battery and radio. It restarts the fob, and changes nothing. The exit code is 1 when something
    is wrong, and 0 with warnings only.

    \b
    Example:
      fob doctor
    """
    progress = errors()
    with progress.status("looking at this computer ...") as status:
        evidence = examine(
            lambda: connect(port, progress), lambda step: status.update(f"{step} ...")
        )
    findings = diagnose(evidence)
    if as_json:
        show_json(
            {
                "wrong": count(findings, Verdict.WRONG),
                "warnings": count(findings, Verdict.WARNING),
                "checks": [finding._asdict() for finding in findings],
            }
        )
    else:
        show(out(), findings)
    if count(findings, Verdict.WRONG):
        sys.exit(1)


def count(findings: list[Finding], verdict: Verdict) -> int:
    return Counter(finding.verdict for finding in findings)[verdict]


def show(console: Console, findings: list[Finding]) -> None:
    """The list, and what it comes to."""
    checks = max(len(finding.check) for finding in findings)
    for finding in findings:
        mark, style = _MARKS[finding.verdict]
        name = Text.assemble((f"{mark:<{_MARK_WIDTH}}", style), f"{finding.check:<{checks}}")
        remedy = [Text(finding.remedy, style)] if finding.remedy else []
        show_row(console, name, Text(finding.text), *remedy)
    console.print()
    console.print(Text(summary(findings), "bold"))


def summary(findings: list[Finding]) -> str:
    """One line for the whole."""
    wrong, warnings = count(findings, Verdict.WRONG), count(findings, Verdict.WARNING)
    if wrong:
        begin = "One thing is wrong" if wrong == 1 else f"{wrong} things are wrong"
        return f"{begin}: mend the first one, then run `fob doctor` again."
    if warnings:
        return f"Nothing is wrong; {warnings} warning{'s' * (warnings > 1)}."
    return "Nothing is wrong."

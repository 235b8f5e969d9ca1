"""The `fob` command: exit code 0 done, 1 failed, 2 wrong usage or input."""

import importlib
import logging
import signal
import sys

import click

_COMMANDS = {
    "car": "the simulated car alone, for a real fob or another Bluetooth stack",
    "decode": "show a frame of either direction as readable text",
    "demo": "pair, unlock and lock a simulated car with the real firmware",
    "sim": "the same bench, with your fingers on the buttons",
}


class _Commands(click.Group):
    # Each command is a module of its name, imported when it is asked for: the Bluetooth stack
    # takes a second to load, and decoding a frame should not wait for it.
    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(_COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        if name not in _COMMANDS:
            return None
        command: click.Command = getattr(importlib.import_module(f"{__name__}.{name}"), name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(sorted(_COMMANDS.items()))


def _debugging() -> bool:
    return "--debug" in sys.argv


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--debug", is_flag=True, help="Show tracebacks of errors.")
@click.version_option(package_name="open-esp32-key-fob")
def fob(debug: bool) -> None:
    """An open key fob: MicroPython on an ESP32 that locks and unlocks a Tesla."""


def main() -> None:
    """Run the command line; an error is one line on stderr unless --debug asks for more."""
    # A closed terminal and a polite kill end as Ctrl-C does: nothing is left behind.
    for name in ("SIGTERM", "SIGHUP"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), lambda *_: signal.raise_signal(signal.SIGINT))
    # What the Bluetooth stack remarks about packets that cross a disconnection is not the user's.
    logging.basicConfig(level=logging.INFO if _debugging() else logging.CRITICAL)
    try:
        fob.main()
    except Exception as error:
        if _debugging():
            raise
        click.secho(f"fob: {error}", fg="red", err=True)
        sys.exit(1)

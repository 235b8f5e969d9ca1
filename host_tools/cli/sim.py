"""`fob sim`: the bench by hand."""

import asyncio
import contextlib
import sys

import click

from host_tools.cli.keyboard import Keyboard
from host_tools.cli.narration import HumanNarrator, JsonNarrator, Narrator
from host_tools.cli.vin import vin_option
from host_tools.cli.vintage import vintage_option
from host_tools.simulator.bench import PAIRING_HOLD, Bench
from host_tools.simulator.board import BoardStopped
from host_tools.simulator.car import Vintage
from host_tools.simulator.light import UnexpectedLight

_KEYS = """\
  l  press lock            u  press unlock       b  hold both for 3 s (pairs)
  d  press unlock twice    h  hold lock for 2 s  t  hold the card to the reader
  w  walk away, come back  s  status             q  quit
  1-9  press the button of that place in the board's file   ?  these keys"""

_END_OF_INPUT = "\x04"
_LAST_VERDICT = 20.0

_PRESSES = "ludhb"
_DOUBLE_PRESS_PAUSE = 0.12
_HOLD = 2.0


@click.command()
@vin_option
@vintage_option("2026")
@click.option(
    "--frames/--no-frames", default=False, show_default=True, help="Show each frame decoded."
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object per line.")
def sim(vin: str, vintage: Vintage, frames: bool, as_json: bool) -> None:
    """Try the fob by hand: your keys are its buttons, the card and your feet.

    Reads single keys at a terminal, else the first letter of each line, at once: between b and t
    belongs a pause. The end of the input waits for the light to say how the last press went; exit
    code 1 unless it says done.
    """
    narrator: Narrator = JsonNarrator() if as_json else HumanNarrator(frames)
    try:
        asyncio.run(_sim(narrator, vin, vintage, quiet=as_json))
    except (BoardStopped, UnexpectedLight) as error:
        narrator.failure(str(error))
        sys.exit(1)


async def _sim(narrator: Narrator, vin: str, vintage: Vintage, quiet: bool) -> None:
    async with Bench(vin=vin, vintage=vintage, paced=True, on_moment=narrator.moment) as bench:
        if not quiet:
            click.echo(_KEYS)
        with Keyboard(at_end=_END_OF_INPUT) as keyboard:
            commands = asyncio.create_task(_obey(bench, keyboard))
            ended = asyncio.create_task(bench.ended())
            done, pending = await asyncio.wait(
                {commands, ended}, return_when=asyncio.FIRST_COMPLETED
            )
            for task in pending:
                task.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await task
            if commands in done:
                commands.result()
            else:
                ended.result()


async def _obey(bench: Bench, keyboard: Keyboard) -> None:
    board = bench.board
    buttons = list(board.hardware.definition.buttons)
    pressed = False
    while True:
        key = await keyboard.key()
        match key:
            case "l":
                await board.press("lock")
            case "u":
                await board.press("unlock")
            case "d":
                await board.press("unlock")
                await asyncio.sleep(_DOUBLE_PRESS_PAUSE)
                await board.press("unlock")
            case "h":
                await board.press("lock", seconds=_HOLD)
            case "b":
                await board.press("lock", "unlock", seconds=PAIRING_HOLD)
            case "t":
                bench.tap_card()
            case "w":
                bench.walk()
            case "s":
                bench.car.report()
            case "q":
                return
            case "?":
                click.echo(_KEYS, err=True)
            case _ if key == _END_OF_INPUT:
                if pressed:
                    await board.light.shows("done", timeout=_LAST_VERDICT)
                return
            case _ if key.isdigit() and 0 < int(key) <= len(buttons):
                await board.press(buttons[int(key) - 1])
            case _:
                click.echo(f"no such key: {key!r}; ? lists them", err=True)
        pressed = pressed or key in _PRESSES or key.isdigit()

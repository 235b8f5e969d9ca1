"""`fob car`: the simulated car alone, on a real controller or for another Bluetooth host."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import sys
import time
from dataclasses import dataclass
from typing import Any, Literal

import click
from bumble.transport.common import TransportSink, TransportSource

from host_tools.cli.car_events import event_lines, event_object
from host_tools.cli.keyboard import Keyboard
from host_tools.cli.options import tap_after_option
from host_tools.cli.screen import show_json
from host_tools.cli.transports import controller, entered, silent
from host_tools.cli.vin import vin_option
from host_tools.cli.vintage import vintage_option
from host_tools.failure import Failure
from host_tools.simulator.car import Behaviour, Car, CarEvent, Vintage
from host_tools.simulator.car import vintage as behaviour_of
from host_tools.simulator.deeds import DEEDS, deeds_help
from host_tools.simulator.radio.air import Air
from host_tools.simulator.radio.car_radio import REAL_CAR_MTU, AddressKind, CarRadio, car_address
from host_tools.simulator.radio.lent_controller import lend

HOST_ADDRESS = "02:00:00:00:00:{:02X}"

# Seconds in which the answer to a repeated nonce still gets out before the car gives up.
_LAST_WORDS = 1.0

_KEYS = f"""\
  t  tap the card          r  new vehicle key       b  reboot
  w  walk away, come back  s  status                q  quit
{deeds_help()}"""


@dataclass(frozen=True)
class Options:
    """What was asked for on the command line."""

    vin: str
    transport: str | None
    host_transports: tuple[str, ...]
    name: Literal["hash", "vin", "alternate"]
    behaviour: Behaviour
    mtu: int
    notify: bool
    address: AddressKind
    tap_after: float | None
    keep_going: bool
    as_json: bool


@click.command()
@click.option("--transport", metavar="SPEC", help="Put the car on a controller, e.g. usb:0.")
@click.option(
    "--host-transport",
    "host_transports",
    metavar="SPEC",
    multiple=True,
    help="Lend a virtual controller to another Bluetooth host, e.g. pty:PATH; may be repeated.",
)
@vin_option
@vintage_option(
    text="2021: the older protocol; 2023: both; 2026: signed commands only, and strict. Without it"
    " both, and keys without a role are enrolled too."
)
@click.option(
    "--name",
    type=click.Choice(["hash", "vin", "alternate"]),
    default="hash",
    show_default=True,
    help="Advertise the older name (S...C), the newer (Tesla and six characters), or in turns.",
)
@click.option(
    "--address",
    type=click.Choice(["public", "random", "rotating"]),
    default="public",
    show_default=True,
    help="Bluetooth address: lasting, random but lasting, or a new one every 15 minutes.",
)
@click.option(
    "--mtu",
    type=click.IntRange(23, 517),
    default=REAL_CAR_MTU,
    show_default=True,
    help="Bytes in the longest ATT packet that the car agrees to.",
)
@click.option("--notify", is_flag=True, help="Offer notifications instead of indications.")
@click.option("--plaintext-b", is_flag=True, help="Also accept the older form of plaintexts.")
@click.option(
    "--require-none",
    type=click.Choice(["refuse", "ignore"]),
    is_flag=False,
    flag_value="refuse",
    help="Refuse (or ignore) commands before an authenticationResponse.",
)
@click.option(
    "--require-role",
    type=click.Choice(["refuse", "ignore"]),
    is_flag=False,
    flag_value="refuse",
    help="Refuse (or ignore) requests to add a key without a role, as later cars do.",
)
@click.option(
    "--acknowledge",
    type=click.Choice(["status", "counter", "vehicle-status"]),
    help="How the success of a command shows in the older protocol.",
)
@tap_after_option
@click.option("--keep-going", is_flag=True, help="Do not stop at a repeated nonce.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object per event and line.")
def car(
    vintage: Vintage | None,
    plaintext_b: bool,
    require_none: Literal["refuse", "ignore"] | None,
    require_role: Literal["refuse", "ignore"] | None,
    acknowledge: Literal["status", "counter", "vehicle-status"] | None,
    **rest: Any,
) -> None:
    """Run a simulated car and show all that it hears and says.

    Keys on standard input tap the card, pull a handle, open a door, walk away and more: it lists
    them when it begins. A repeated nonce ends the car with exit code 1.

    \b
    Example:
      fob car --transport usb:0 --vin 5YJ3E1EA1KF000000
    """
    changes = {
        "plaintext": "AB" if plaintext_b else None,
        "require_none": require_none,
        "require_role": require_role,
        "acknowledge": acknowledge,
    }
    changes = {name: value for name, value in changes.items() if value}
    lenient = {} if vintage else {"require_role": False}
    behaviour = behaviour_of(vintage or "2023", **{**lenient, **changes})
    options = Options(behaviour=behaviour, **rest)
    if not options.transport and not options.host_transports:
        raise click.UsageError("give --transport for a controller, or --host-transport for a host")
    if options.transport and options.host_transports:
        raise click.UsageError("--host-transport is for the virtual radio, without --transport")
    sys.exit(asyncio.run(_Runner(options).run()))


class _Runner:
    """One run of the command."""

    def __init__(self, options: Options) -> None:
        self._options = options
        self._start = time.monotonic()
        self._stop = asyncio.Event()
        self._violated = asyncio.Event()
        self._air = Air()
        self.car = Car(
            options.vin, name=options.name, behaviour=options.behaviour, on_event=self._event
        )

    async def run(self) -> int:
        """Run until told to stop; return the exit code."""
        loop = asyncio.get_running_loop()
        for each in (signal.SIGINT, signal.SIGTERM):
            # Windows has no such handlers; there Ctrl-C raises KeyboardInterrupt.
            with contextlib.suppress(NotImplementedError):
                loop.add_signal_handler(each, self._stop.set)
        async with contextlib.AsyncExitStack() as stack:
            source, sink = await self._controller(stack)
            radio = CarRadio(
                self.car,
                source,
                sink,
                mtu=self._options.mtu,
                notify=self._options.notify,
                address=self._options.address,
            )
            try:
                await radio.start()
            except TimeoutError:
                raise silent(self._options.transport or "") from None
            stack.push_async_callback(radio.stop)
            for number, spec in enumerate(self._options.host_transports, 1):
                await self._lend(stack, number, spec)
            self._announce(radio)
            await self._until_the_end(stack.enter_context(Keyboard()), radio)
        return 1 if self.car.violations else 0

    async def _controller(
        self, stack: contextlib.AsyncExitStack
    ) -> tuple[TransportSource, TransportSink]:
        """The controller the car is on: a real one, or one of the virtual radio."""
        if self._options.transport:
            spec = self._options.transport
            transport = await entered(stack, controller(spec), spec, to_host=False)
            return transport.source, transport.sink
        return self._air.hci("car", car_address(1))

    async def _lend(self, stack: contextlib.AsyncExitStack, number: int, spec: str) -> None:
        lent = self._air.controller(f"host {number}", HOST_ADDRESS.format(number))
        await entered(stack, lend(lent, spec), spec, to_host=True)

    def _announce(self, radio: CarRadio) -> None:
        where = self._options.transport or ", ".join(self._options.host_transports)
        if self._options.as_json:
            ready = {
                "time": round(time.monotonic() - self._start, 6),
                "kind": "ready",
                "vin": self.car.vin,
                "name": self.car.advertised_name,
                "address": radio.address,
                "transport": where,
            }
            show_json(ready)
        else:
            click.echo(f"{self.car.advertised_name} ({self.car.vin}) at {radio.address}, {where}")
            click.echo(_KEYS)

    async def _until_the_end(self, keyboard: Keyboard, radio: CarRadio) -> None:
        """Obey the keyboard until something ends the run."""
        keys = asyncio.create_task(self._obey(keyboard, radio))
        violated = asyncio.create_task(self._violated.wait())
        stop = asyncio.create_task(self._stop.wait())
        lost = asyncio.create_task(radio.lost())
        tasks = {keys, violated, stop, lost}
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
            if lost in done:
                raise Failure("the controller is gone", "Plug it in again and start anew.")
            if violated in done and stop not in done:
                await asyncio.wait({stop}, timeout=_LAST_WORDS)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _obey(self, keyboard: Keyboard, radio: CarRadio) -> None:
        while True:
            match await keyboard.key():
                case "t":
                    self.car.tap_card()
                case "w" if radio.hidden:
                    self._tell("comes back")
                    radio.show()
                case "w":
                    self._tell("walks away")
                    await radio.hide()
                case "r":
                    self.car.rotate_key()
                case "b":
                    self.car.reboot()
                case "s":
                    self.car.report()
                case "q":
                    self._stop.set()
                case key if key in DEEDS:
                    DEEDS[key][1](self.car, self._tell)

    def _tell(self, what: str) -> None:
        """Tell what the person at the car does."""
        seconds = time.monotonic() - self._start
        if self._options.as_json:
            show_json({"time": round(seconds, 6), "kind": "driver", "text": what})
        else:
            click.echo(click.style(f"{seconds:8.3f}  driver: {what}", bold=True))

    def _event(self, event: CarEvent) -> None:
        if self._options.as_json:
            show_json(event_object(event, self._start))
        else:
            for line in event_lines(event, self._start):
                click.echo(line)
        if event.kind == "violation" and not self._options.keep_going:
            self._violated.set()
        if event.kind == "enrolment" and self.car.waits_for_card:
            self._tap_later()

    def _tap_later(self) -> None:
        if self._options.tap_after is not None:
            loop = asyncio.get_running_loop()
            loop.call_later(self._options.tap_after, self._tap_if_awaited)

    def _tap_if_awaited(self) -> None:
        if self.car.waits_for_card:
            self.car.tap_card()

"""`fob flash`: MicroPython, and the fob's program on it."""

import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import click

from host_tools import __version__
from host_tools.board.catalogue import BoardDefinition, load_board
from host_tools.cable.device import Device
from host_tools.cable.errors import DeviceError
from host_tools.cable.ports import choose_port
from host_tools.cli.fob_session import open_port
from host_tools.cli.options import board_option, json_option, port_option, yes_option
from host_tools.cli.progress import progress_bar
from host_tools.cli.questions import agree
from host_tools.cli.screen import complain, errors, next_step, out, show_json
from host_tools.failure import Failure, InputError
from host_tools.identity.holdings import UNKNOWN, holdings
from host_tools.identity.provision import CONFIGURATION_PATH, KEY_PATH
from host_tools.identity.settings import is_outdated
from host_tools.identity.stored import note_seen, read_identity
from host_tools.installation.esp_image import EspImage, read_image
from host_tools.installation.flash_plan import (
    check_firmware,
    check_packed,
    plan_firmware,
    plan_image,
)
from host_tools.installation.flasher import ESPTOOL, Flasher, is_pseudo_terminal
from host_tools.installation.image import check_chip
from host_tools.installation.install import install, make_plan, shadows
from host_tools.installation.micropython import check_micropython, dotted

_FILE = click.Path(path_type=Path)
_GLANCE = 4.0


@click.command()
@port_option
@click.option("--firmware", type=_FILE, metavar="FILE", help="MicroPython's .bin, written first.")
@click.option("--image", type=_FILE, metavar="FILE", help="What `fob image` made, and no more.")
@click.option("--erase", is_flag=True, help="Lose the fob's key, settings and counter; asks.")
@board_option
@yes_option
@json_option
def flash(
    port: str | None,
    firmware: Path | None,
    image: Path | None,
    erase: bool,
    board: str | None,
    yes: bool,
    as_json: bool,
) -> None:
    """Write the fob's program to a board, and with --firmware MicroPython below it.

    Key, settings and counter stay. Only files that differ are sent, and they take effect all at
    once: after a pulled cable run the same command again. A board without MicroPython needs
    --firmware once; `fob boards show NAME` tells where to download it.

    \b
    Example:
      fob flash --firmware ESP32_GENERIC-20260829-v1.29.0.bin
    """
    file = _checked(firmware, image)
    definition = load_board(board) if board else None
    if file and definition:
        check_chip(file, definition)
    port = choose_port(port)
    result: dict[str, Any] = {"port": port}
    formatted = False
    if file:
        result["micropython"] = dotted(file.version)
        packed = image is not None
        formatted = write(file, port, erase=erase, packed=packed, yes=yes, quiet=as_json)
    if image is None:
        with open_port(port) as device:
            if definition:
                _check_board(device, definition)
            if erase and not file:
                _erase(device, yes, quiet=as_json)
            elif formatted and not device.facts.mounted:
                device.format()
            result |= install_program(device, yes=yes, quiet=as_json)
    if as_json:
        show_json(result)


def install_program(device: Device, *, yes: bool, quiet: bool) -> dict[str, Any]:
    """Bring the program on a board up to date, and tell of it unless `quiet`.

    Returns "micropython" and "version", the versions of both, "files", "changed" and "removed",
    numbers of files, and "has_key".
    """
    plan = make_plan(device)
    if plan.replaced and not yes:
        named = " and ".join(plan.replaced)
        agree(f"{named} on this board is no fob's. Replace it?")
    with progress_bar("Sending the program", quiet=quiet or not plan.changed) as advance:
        install(device, plan, advance)
    present = device.files()
    for path in shadows(present):
        errors().print(
            f"{path} stands in for a module of MicroPython's own: if the fob fails, remove it.",
            style="yellow",
            markup=False,
        )
    result = {
        "micropython": dotted(device.facts.version),
        "version": __version__,
        "files": len(plan.files) - 1,
        "changed": len(plan.changed),
        "removed": len(plan.remove),
        "has_key": KEY_PATH in present,
    }
    if not quiet:
        removed = f", {result['removed']} removed" if plan.remove else ""
        out().print(f"{result['files']} files, {result['changed'] or 'none'} changed{removed}.")
        if not result["has_key"]:
            next_step("fob provision --vin VIN --board NAME")
        elif is_outdated(device.read(CONFIGURATION_PATH) or b""):
            next_step("fob provision, for settings of another version")
    return result


def write(
    file: EspImage,
    port: str,
    *,
    erase: bool = False,
    packed: bool = False,
    yes: bool = False,
    quiet: bool = False,
    program: Sequence[str] = ESPTOOL,
) -> bool:
    """Write MicroPython, or what `fob image` made if `packed`; whether all was erased before."""
    if is_pseudo_terminal(port):
        raise InputError(
            f"esptool cannot write to {port}, a virtual board",
            "Leave out the file: a virtual board has its MicroPython.",
        )
    if not yes and (erase or packed):
        yes = _agree_to_lose(_glance(port))
    with Flasher(port, program) as flasher:
        plan = plan_image(flasher, file) if packed else plan_firmware(flasher, file, erase=erase)
        if not yes and (plan.replaces_other or plan.loses_files):
            _agree_to_lose(UNKNOWN)
        with progress_bar(f"Writing MicroPython {dotted(file.version)}", quiet=quiet) as advance:
            flasher.write(
                file.path,
                file.offset,
                erase=plan.erase,
                on_progress=lambda part: advance(part, 1.0),
            )
    if not quiet:
        out().print(f"MicroPython {dotted(file.version)} is written.")
        if packed:
            next_step("fob provision")
    return plan.erase


def _checked(firmware: Path | None, image: Path | None) -> EspImage | None:
    if firmware and image:
        raise InputError("--firmware and --image exclude each other", "Leave out --firmware.")
    if firmware:
        file = read_image(firmware)
        check_firmware(file)
        return file
    if image:
        file = read_image(image)
        check_packed(file)
        return file
    return None


def _check_board(device: Device, board: BoardDefinition) -> None:
    check_micropython(device.facts)
    board.check_chip(device.facts.chip)


def _erase(device: Device, yes: bool, quiet: bool) -> None:
    check_micropython(device.facts)
    if not yes:
        _agree_to_lose(holdings(device))
    # A file system too damaged to be read is erased all the same.
    with suppress(Failure):
        # Should a backup of the key come back, its counter has to go on past this.
        note_seen(read_identity(device))
    with progress_bar("Erasing the file system", quiet=quiet) as advance:
        device.format(advance)


def _agree_to_lose(holdings: str | None) -> bool:
    """Ask, unless there is nothing; True. Raises click.Abort."""
    if holdings:
        complain(f"This erases {holdings}.", style="")
        agree("Go on?")
    return holdings is not None


def _glance(port: str) -> str | None:
    """What is on a board that may not answer at all."""
    try:
        with Device(port, patience=_GLANCE) as device:
            held = holdings(device)
    except DeviceError:
        return UNKNOWN
    # Leaving restarts the board, and one with native USB takes its port along.
    deadline = time.monotonic() + _GLANCE
    while port.startswith("/") and not Path(port).exists() and time.monotonic() < deadline:
        time.sleep(0.1)
    return held

"""The steps of `fob setup`: each looks at the board, then has a command do what is missing."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click
from rich.text import Text

from host_tools.advice.setup_state import Sight, look
from host_tools.board.catalogue import list_boards, load_board, real_boards
from host_tools.cable.device import ConsoleError, DeviceError
from host_tools.cable.ports import Port, choose_port, list_ports
from host_tools.cli.fob_session import check_provisioned, open_port, worded
from host_tools.cli.questions import ask, ask_which, may
from host_tools.cli.screen import out
from host_tools.failure import Failure, InputError, Unreachable, sentence
from host_tools.identity.keys import key_identifier
from host_tools.identity.vin import parse_vin
from host_tools.installation.micropython import dotted

_STEPS = 7
_NO_MICROPYTHON = ("silent", "board")
_UNWIRED = Failure("the board is not wired yet", "Unplug it and wire it as it is drawn.")


class Walk:
    """One way through the steps. `port` is known after the first."""

    def __init__(
        self,
        ctx: click.Context,
        board: str | None,
        vin: str | None,
        firmware: Path | None,
        yes: bool,
    ) -> None:
        # What is wrong with an answer is said before anything is done to a board.
        self._given_board = board and _board(board)
        self._vin = vin and parse_vin(vin)
        self._firmware = firmware
        self._yes = yes
        self._ctx = ctx
        self._number = 0
        self._room = False
        self._unreached: DeviceError | None = None
        self.port: str | None = None

    def go(self, port: str | None) -> None:
        self.port = self._port_step(port)
        sight = self._look()
        board = self._board_step(sight)
        fit = self._micropython_step(sight, board)
        fit = self._program_step(fit)
        fit = self._identity_step(fit, board)
        fit = self._pairing_step(fit)
        self._press_step(fit)
        out().print("\nIt is a key fob now. Pull the cable and press a button.", style="bold green")
        out().print("`fob status` says how it is; SECURITY.md what to do when you lose it.")

    def _port_step(self, given: str | None) -> str:
        likely = {port.device: port.description for port in list_ports() if port.is_likely}
        if given is None and len(likely) > 1:
            self._begin("Port", "Which of these is the fob?")
            try:
                return ask_which("Port", likely, "the port", "--port")
            except InputError:
                return choose_port(None)
        while True:
            try:
                port = choose_port(given)
                break
            except Unreachable as error:
                if given is not None:
                    raise
                self._wait_for_a_port(error)
        self._tell("Port", _described(port))
        return port

    def _wait_for_a_port(self, error: Unreachable) -> None:
        out().print(Text(error.sentences))
        try:
            click.prompt("Press Enter when it is there", default="", show_default=False)
        except click.Abort as end:
            raise (error if isinstance(end.__context__, EOFError) else end) from None

    def _look(self) -> Sight | None:
        """What is on the board; None when no MicroPython answers there."""
        assert self.port
        try:
            with open_port(self.port, out(), any_chip=True) as device:
                return look(device, self._vin)
        except DeviceError as error:
            if error.kind not in _NO_MICROPYTHON:
                raise
            self._unreached = error
            return None
        except ConsoleError as error:
            raise worded(error) from error

    def _board_step(self, sight: Sight | None) -> str:
        board = self._given_board
        if board is None and sight and sight.board in list_boards():
            board = sight.board
            self._tell("Board", load_board(board).name)
            return board
        board = board or self._virtual_board()
        self._begin("Board", load_board(board).name if board else "Which is it?")
        if board is None:
            board = ask_which("Board", self._boards(sight), "the board", "--board", _board)
        if sight:
            load_board(board).check_chip(sight.facts.chip)
        if sight is None or not sight.vin:
            self._do("boards", "show", {"name": board})
            may("Is it wired like this?", self._yes, _UNWIRED)
        return board

    def _virtual_board(self) -> str | None:
        """The board that a virtual one plays."""
        played = {port.device: port.board for port in list_ports()}.get(self.port or "")
        return played if played in list_boards() else None

    def _boards(self, sight: Sight | None) -> dict[str, str]:
        """The boards there are, those of the chip alone where that is known."""
        found = {name: load_board(name) for name in real_boards()}
        chip = sight and sight.facts.chip
        return {
            name: definition.name
            for name, definition in found.items()
            if chip in (None, definition.chip.name)
        }

    def _micropython_step(self, sight: Sight | None, board: str) -> Sight:
        if sight and not sight.unfit:
            unused = "; --firmware is not needed" if self._firmware else ""
            version = dotted(sight.facts.version)
            self._tell("MicroPython", f"{version} on an {sight.facts.chip}{unused}")
            return sight
        why = sight.unfit if sight else self._unreached
        assert why
        self._begin("MicroPython", sentence(why.problem))
        firmware = self._firmware or self._downloaded(board, why)
        self._do("flash", "", {"firmware": firmware, "board": board, "yes": self._yes})
        return self._look_again()

    def _downloaded(self, board: str, why: Failure) -> Path:
        """The file with MicroPython that somebody names. Raises `why` when there is nobody."""
        if isinstance(why, DeviceError):
            out().print(
                "If it is a fob that sleeps, press a button on it and run `fob setup` again."
            )
        page = load_board(board).download_page
        out().print(f"Download the newest .bin (not .app-bin) from\n{page}", soft_wrap=True)
        try:
            return Path(ask("File", "the file", "--firmware", _file)).expanduser()
        except InputError:
            raise why from None

    def _program_step(self, sight: Sight) -> Sight:
        if sight.program == "current":
            self._tell("Program", "up to date")
            return sight
        why = {"outdated": "It is of another version.", "incomplete": "It is incomplete."}
        self._begin("Program", why.get(sight.program, "There is none on it yet."))
        self._do("flash", "", {"yes": self._yes})
        return self._look_again()

    def _identity_step(self, sight: Sight, board: str) -> Sight:
        damaged = bool(sight.status.get("configuration"))
        if sight.vin and not damaged:
            check_provisioned(sight.status)
        vin = self._vin or sight.vin
        same = vin == sight.vin and board == (sight.board or board)
        if sight.vin and same and not damaged:
            identifier = key_identifier(bytes.fromhex(sight.status["public_key"]))
            self._tell("Key and VIN", f"key {identifier} for {sight.vin}")
            return sight
        self._begin("Key and VIN", "The fob gets its key, and learns whose it is.")
        if vin is None:
            out().print("The VIN is on the car's screen (Controls, Software).")
            vin = ask("VIN", "the VIN", "--vin", parse_vin)
        self._vin = vin
        self._do("provision", "", {"vin": vin, "board": board, "yes": self._yes})
        return self._look_again()

    def _pairing_step(self, sight: Sight) -> Sight:
        if sight.is_paired:
            self._tell("Pairing", "the car knows the key")
            return sight
        self._begin("Pairing", "Take the laptop, the fob and a key card to the car.")
        may("Are you there?", self._yes)
        car = {"wanted": sight.vin} if len(sight.cars) > 1 else {}
        self._do("pair", "", {"again": True, **car})
        return self._look_again()

    def _press_step(self, sight: Sight) -> None:
        if sight.has_worked:
            self._tell("First press", sight.status["last"])
            return
        self._begin("First press", "It unlocks the car, from here.")
        may("Unlock it?", self._yes)
        self._do("press", "", {"names": ("unlock",)})

    def _look_again(self) -> Sight:
        """Look at a board that now has MicroPython."""
        sight = self._look()
        if sight is None or sight.unfit:
            raise Failure("the board does not run MicroPython", "Write it anew.")
        return sight

    def _do(self, name: str, inner: str, options: Mapping[str, Any]) -> None:
        """Run `fob NAME INNER` with its defaults but these, at this walk's port."""
        command = self._ctx.find_root().command
        for each in filter(None, (name, inner)):
            assert isinstance(command, click.Group)
            found = command.get_command(self._ctx, each)
            assert found is not None
            command = found
        takes_port = any(parameter.name == "port" for parameter in command.params)
        port = {"port": self.port} if takes_port else {}
        self._ctx.invoke(command, **options, **port)

    def _begin(self, title: str, text: str) -> None:
        """Say in which step there is work, with room around it."""
        self._room = True
        self._tell(title, text)
        self._room = True

    def _tell(self, title: str, text: str) -> None:
        if self._room:
            out().print()
        self._room = False
        self._number += 1
        line = Text(f"{self._number}/{_STEPS} {title}", "bold")
        out().print(line.append(f"  {text}".rstrip(), "not bold"))


def _described(device: str) -> str:
    known: dict[str, Port] = {port.device: port for port in list_ports()}
    description = known[device].description if device in known else ""
    return f"{device} ({description})" if description else device


def _board(text: str) -> str:
    load_board(text)
    return text


def _file(text: str) -> str:
    if not Path(text).expanduser().is_file():
        raise InputError(f"there is no file {text}", "Give the path of the downloaded file.")
    return text

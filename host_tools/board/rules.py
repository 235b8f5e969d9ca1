"""Which pins a board may use for what; the first that it may not is named with a remedy."""

from host_tools.board.definition import BoardDefinition
from host_tools.board.toml_table import FieldError


def check_pins(board: BoardDefinition) -> None:
    """Raise FieldError at the first pin that cannot do what it is meant for."""
    chip = board.chip
    users = [(f"buttons.pins.{name}", pin) for name, pin in board.buttons.items()]
    users.append(("light.pin", board.light.pin))
    users += [(f"{name}.pin", pin) for name, pin, _ in _moving_parts(board)]
    if board.battery is not None:
        users.append(("battery.pin", board.battery.pin))
    if board.usb is not None:
        users.append(("usb", board.usb))
    taken: dict[int, str] = {}
    for user, pin in users:
        where = f"{user}: GPIO{pin} of the {chip.name}"
        if pin not in chip.gpio:
            raise FieldError(f"{where} does not exist", "Write the GPIO's number.")
        if pin in board.flash:
            others = [kind for kind, pins in chip.flash.items() if pin not in pins]
            known = f', or write module = "{others[0]}" if it is one' if others else ""
            raise FieldError(f"{where} is wired to the flash", f"Take another pin{known}.")
        if pin in chip.console:
            raise FieldError(f"{where} carries the link to the laptop", "Take another pin.")
        if pin in taken:
            raise FieldError(f"{where} is already used by {taken[pin]}", "Take another pin.")
        taken[pin] = user
    for name, pin in board.buttons.items():
        where = f"buttons.pins.{name}: GPIO{pin} of the {chip.name}"
        if pin in chip.strapping:
            raise FieldError(
                f"{where} is a strapping pin: pressed at reset, the chip would not start",
                "Take another pin.",
            )
        if pin in chip.input_only and board.pull == "internal":
            raise FieldError(
                f"{where} has no internal pull resistor",
                'Wire one and write pull = "external", or take another pin.',
            )
        if name not in board.onboard:
            _check_printed(board, f"buttons.pins.{name}", pin)
    _check_outputs(board)
    _check_battery_and_rows(board)


def _moving_parts(board: BoardDefinition) -> list[tuple[str, int, str]]:
    # Table, GPIO and words of the board's own.
    found = []
    if board.buzzer is not None:
        found.append(("buzzer", board.buzzer.pin, board.onboard_buzzer))
    if board.vibration is not None:
        found.append(("vibration", board.vibration.pin, board.onboard_vibration))
    return found


def _check_outputs(board: BoardDefinition) -> None:
    chip = board.chip
    moving = _moving_parts(board)
    for name, pin, onboard in [("light", board.light.pin, board.onboard_light), *moving]:
        where = f"{name}.pin: GPIO{pin} of the {chip.name}"
        if pin in chip.input_only:
            raise FieldError(f"{where} can only be read", "Take another pin.")
        if not onboard:
            _check_printed(board, f"{name}.pin", pin)
    for name, pin, onboard in moving:
        if pin in chip.strapping and not onboard:
            raise FieldError(
                f"{name}.pin: GPIO{pin} of the {chip.name} is a strapping pin: what hangs on it may"
                " keep the chip from starting",
                "Take another pin; what the board has built in wants a word in onboard.",
            )


def _check_battery_and_rows(board: BoardDefinition) -> None:
    chip = board.chip
    if board.battery is not None and board.battery.pin not in chip.adc:
        raise FieldError(
            f"battery.pin: GPIO{board.battery.pin} of the {chip.name} cannot measure while the"
            " radio is on",
            f"Take one of {', '.join(str(pin) for pin in sorted(chip.adc))}.",
        )
    for pin in board.pinout or ():
        if pin.gpio is not None and pin.gpio not in chip.gpio:
            raise FieldError(
                f"pinout: {pin.label} is GPIO{pin.gpio}, which the {chip.name} does not have",
                "Write LABEL=GPIO, or LABEL alone for a pin that is no GPIO.",
            )


def _check_printed(board: BoardDefinition, user: str, gpio: int) -> None:
    if board.pinout is not None and board.pinout.label(gpio) is None:
        raise FieldError(
            f"{user}: no pin of the board has GPIO{gpio}",
            "Take one of [pinout]; what the board has built in wants a word in onboard.",
        )

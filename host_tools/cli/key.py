"""`fob key`: keys in files on this computer, and a backup of a fob's."""

from pathlib import Path

import click
from rich.text import Text

from host_tools.cli.fob_session import connect
from host_tools.cli.options import json_option, port_option
from host_tools.cli.passphrase import existing_passphrase, new_passphrase, passphrase_option
from host_tools.cli.provision import car_named
from host_tools.cli.screen import errors, out, show_json
from host_tools.failure import Failure, InputError
from host_tools.identity.counter_floor import note_counter
from host_tools.identity.key_files import check_absent, read_key, write_backup, write_key
from host_tools.identity.keys import ONE_FOB, Key, new_key
from host_tools.identity.request import find_car, listed
from host_tools.identity.stored import Held, Identity, read_identity, require_key

_file = click.Path(path_type=Path)


@click.group()
def key() -> None:
    """Make, show, import or back up a key.

    Usually nobody needs this: `fob provision` makes a key that is on the fob only. Keys are P-256,
    their files PEM, readable by you alone, and never overwritten.

    \b
    Example:
      fob key backup fob.pem
    """


@key.command()
@click.argument("file", type=_file)
@passphrase_option
@json_option
def generate(file: Path, passphrase_file: Path | None, as_json: bool) -> None:
    """Make a key and write it to FILE.

    Without a passphrase whoever reads FILE has the key. `fob provision --key FILE` puts it on a
    fob; a key lives on one fob only.

    \b
    Example:
      fob key generate fob.pem
    """
    check_absent(file)
    passphrase = new_passphrase(file, passphrase_file, optional=True)
    made = Key.of(new_key())
    write_key(file, made, passphrase)
    _report(file, made, encrypted=bool(passphrase), as_json=as_json)
    _warn_of_copies()


@key.command()
@click.argument("file", type=_file)
@passphrase_option
@json_option
def show(file: Path, passphrase_file: Path | None, as_json: bool) -> None:
    """Show the public key in FILE and its identifier; never the private one.

    \b
    Example:
      fob key show fob.pem
    """
    found = read_key(file, existing_passphrase(file, passphrase_file))
    _report(file, found.key, found.encrypted, as_json=as_json, vin=found.vin, counter=found.counter)


@key.command("import")
@click.argument("file", type=_file)
@click.argument("new", type=_file)
@passphrase_option
@json_option
def import_(file: Path, new: Path, passphrase_file: Path | None, as_json: bool) -> None:
    """Write the key in FILE, from any tool, to NEW as this one keeps keys.

    FILE is PEM: PKCS#8 or the traditional EC form, with a passphrase or without. NEW is PKCS#8,
    with a passphrase if you give one; --passphrase-file and FOB_PASSPHRASE stand for both. What a
    backup tells of VIN and counter stays in it.

    \b
    Example:
      fob key import tesla.pem fob.pem
    """
    check_absent(new)
    found = read_key(file, existing_passphrase(file, passphrase_file))
    passphrase = new_passphrase(new, passphrase_file, optional=found.counter is None)
    if found.counter is None:
        write_key(new, found.key, passphrase)
    else:
        write_backup(new, found.key, passphrase, found.vin, found.counter)
    _report(
        new,
        found.key,
        encrypted=bool(passphrase),
        as_json=as_json,
        vin=found.vin,
        counter=found.counter,
    )
    _warn_of_copies()


@key.command()
@click.argument("file", type=_file)
@click.option("--vin", metavar="VIN", help="Of the car, where they have keys of their own.")
@passphrase_option
@port_option
@json_option
def backup(
    file: Path, vin: str | None, passphrase_file: Path | None, port: str | None, as_json: bool
) -> None:
    """Copy the fob's key to FILE, encrypted, with its VIN and message counter.

    For the day the fob breaks: `fob provision --key FILE` makes another fob of it. Never have two
    fobs with one key at a time. A newer backup is a better one, for its counter. A key that several
    cars know is one file, with the VIN of the first and the counter that has come farthest.

    \b
    Example:
      fob key backup fob.pem
    """
    named = None if vin is None else car_named(vin)
    check_absent(file)
    passphrase = new_passphrase(file, passphrase_file)
    with connect(port) as device:
        identity = read_identity(device, with_key=True)
    held = _whose(identity, named)
    found, car = require_key(held)
    sharing = [each.counter for each in identity.cars.values() if each.holder == held.holder]
    known = [each for each in sharing if each is not None]
    if len(known) < len(sharing):
        raise Failure(
            "the fob's message counter is lost, and a backup would not know it",
            "Run `fob provision --repair` first.",
        )
    counter = max(known)
    note_counter(found.public, counter)
    write_backup(file, found, passphrase, car.vin, counter)
    _report(file, found, True, as_json=as_json, vin=car.vin, counter=counter)
    _warn_of_copies()


def _whose(identity: Identity, named: str | None) -> Held:
    """The car whose key is meant. Raises InputError."""
    if named is not None:
        held = find_car(identity, named)
        if held is None:
            raise InputError(f"{named} is none of this fob's cars", listed(identity))
        return held
    first, *others = identity.cars.values()
    if any(each.holder != first.holder for each in others):
        raise InputError(
            "this fob has several keys", f"Name the car of one by --vin. {listed(identity)}"
        )
    return first


def _report(
    path: Path,
    found: Key,
    encrypted: bool,
    *,
    as_json: bool,
    vin: str | None = None,
    counter: int | None = None,
) -> None:
    if as_json:
        show_json(
            {
                "file": str(path),
                "key_identifier": found.identifier,
                "public_key": found.public.hex(),
                "encrypted": encrypted,
                "vin": vin,
                "counter": counter,
            }
        )
        return
    rows = [
        ("file", f"{path}, {'encrypted' if encrypted else 'NOT encrypted'}"),
        ("identifier", found.identifier),
        ("public key", found.public.hex()),
    ]
    if vin:
        rows.append(("VIN", vin))
    if counter is not None:
        rows.append(("counter", f"not used from {counter} on"))
    for name, value in rows:
        out().print(Text(f"{name:<12}{value}"), soft_wrap=name in ("public key", "file"))


def _warn_of_copies() -> None:
    errors().print(ONE_FOB, style="yellow")

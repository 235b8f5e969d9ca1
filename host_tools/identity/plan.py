"""What a run of `fob provision` changes on a fob, and the change itself.

What must hold, wherever the power goes: no nonce comes twice, no key is lost that exists nowhere
else without its owner's word, and the firmware never uses half an identity. Hence the order: all
is staged beside what is there, then renamed in one go: fob.json, light.json, the counter, key.bin.
From the first rename to the last a new key's fob.json does not fit to key.bin, and the firmware
leaves both alone.

The counter's rules: with a new key it may stay where it is, for it only grows; a key that comes
from outside, or whose fob.json was lost or replaced by half a run, goes on at `restart_counter()`.
A lost counter is restored only when asked (`repair`), because the fob's own records then are no
bound any more.
"""

import contextlib
import hashlib
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from host_tools.board.catalogue import BoardDefinition
from host_tools.cable.device import Device, DeviceError
from host_tools.cable.fob_files import STAGED
from host_tools.failure import Failure, InputError
from host_tools.identity.counter_floor import counter_floor, note_counter
from host_tools.identity.counters import (
    COUNTER_MAX,
    COUNTER_PATHS,
    counter_files,
    counter_record,
    read_counter_record,
    restart_counter,
)
from host_tools.identity.key_files import KeyFile
from host_tools.identity.keys import Key, key_identifier, new_key
from host_tools.identity.provision import (
    CONFIGURATION_PATH,
    KEY_PATH,
    LIGHT_PATH,
    Settings,
    board_fields,
    key_file,
)
from host_tools.identity.stored import Identity

Source = Literal["kept", "generated", "imported", "on-device"]

_ENOUGH_LEFT = 1 << 20
"""A new key whose counter has no more values than this starts over."""
_MAKING_A_KEY = 60.0
"""Seconds: a multiplication on the curve, on the slowest chip."""
_REMOVE_IN_CAR = "Remove it there (Controls, Locks), then run again with --replace-key and pair."


@dataclass(frozen=True)
class Request:
    """What somebody asks for. settings: those of `Settings` that shall change, without `board`.

    key         an imported key, in place of one that is drawn.
    backup      whether the key is to be kept in a file, too.
    """

    settings: Mapping[str, Any] = field(default_factory=dict)
    board: BoardDefinition | None = None
    key: KeyFile | None = None
    on_device: bool = False
    replace_key: bool = False
    repair: bool = False
    backup: bool = False


@dataclass(frozen=True)
class Plan:
    """What a run would do; plan_report.py puts it in words.

    public      the key's point; None while the fob has yet to make it.
    key         None where it stays on the fob, or is yet to be made there.
    counter     the slots to write, path to contents.
    starts_over the counter goes back, which only a new key may: the old one has to go first.
    """

    settings: Settings
    source: Source
    public: bytes | None
    key: Key | None
    counter: Mapping[str, bytes] = field(repr=False)
    starts_over: bool = False

    @property
    def begins_at(self) -> int | None:
        """The first value of the counter, where this run sets it."""
        return max((read_counter_record(each) or 0 for each in self.counter.values()), default=None)


def make_plan(
    identity: Identity,
    request: Request,
    *,
    chip: str | None,
    clock: Callable[[], float] = time.time,
    floor: Callable[[bytes], int] = counter_floor,
) -> Plan:
    """What `request` means for the fob `identity`, on a board with `chip` (None: unknown).

    clock, floor    Unix time, and what this computer knows of the counter of a public key.

    Raises InputError, or Failure, for what cannot be or has to be asked for by another option.
    """
    settings = _settings(identity, request, chip)
    source, key = _key(identity, request)
    public = key.public if key else identity.public if source == "kept" else None

    def restart(public: bytes, backed_up: int | None = None) -> dict[str, bytes]:
        # A lease that was on its way into its slot counts; what cannot be read there does not.
        staged = [each for each in identity.staged if read_counter_record(each) is not None]
        known = max(backed_up or 0, floor(public))
        first = restart_counter(*identity.records, *staged, backed_up=known, clock=clock)
        return counter_files(first)

    counter, starts_over = _counter(identity, request, source, public, restart)
    return Plan(settings, source, public, key, counter, starts_over)


def files_to_write(identity: Identity, plan: Plan, public: bytes) -> dict[str, bytes]:
    """What the laptop writes, path to contents, in the order in which it is to be put in place.

    public      the key's point; the key itself is left out where the fob has it already.
    """
    files = {
        CONFIGURATION_PATH: plan.settings.configuration(public),
        LIGHT_PATH: plan.settings.light_file(),
        **plan.counter,
    }
    if plan.key is not None and plan.public != identity.resident:
        files[KEY_PATH] = key_file(plan.key)
    return {path: data for path, data in files.items() if data != identity.files.get(path)}


def carry_out(
    device: Device,
    identity: Identity,
    plan: Plan,
    *,
    before_commit: Callable[[], None] = lambda: None,
) -> bytes:
    """Make the fob what `plan` says, in the session in which `identity` was read; its public key.

    before_commit   is called when all lies staged on the fob and nothing is changed yet; what it
                    raises ends the run there.
    """
    staged: list[str] = []
    try:
        if plan.public is None:
            public = bytes.fromhex(device.call("new_key", timeout=_MAKING_A_KEY)["public_key"])
            staged.append(KEY_PATH)
        else:
            public = plan.public
        for path, data in files_to_write(identity, plan, public).items():
            staged.insert(len(staged) - (plan.public is None), path)
            device.stage(path, data)
        _check_unchanged(device, identity, staged)
        before_commit()
    except BaseException as error:
        # What was staged would do no harm, but a key does not belong where nobody looks for it.
        if not isinstance(error, DeviceError) or error.kind == "full":
            with contextlib.suppress(Failure):
                device.remove([path + STAGED for path in staged])
        raise
    if plan.begins_at is not None:
        note_counter(public, plan.begins_at)
    if plan.starts_over:
        device.remove([KEY_PATH])
    gone = [path for path in identity.leftovers if path.removesuffix(STAGED) not in staged]
    device.commit(staged, gone)
    return public


def _check_unchanged(device: Device, identity: Identity, staged: Sequence[str]) -> None:
    """A fob that ran since it was read, while its owner was thinking, may have used its counter;
    and a file that is not there must not stop the renaming half-way."""
    readable = [path for path in COUNTER_PATHS if identity.files.get(path) != b""]
    found = device.hashes([*readable, *(path + STAGED for path in staged)])
    for path in readable:
        record = identity.files.get(path)
        if found[path] != (record and hashlib.sha256(record).hexdigest()):
            raise Failure("the fob was used meanwhile; nothing was changed", "Run it again.")
    if None in [found[path + STAGED] for path in staged]:
        raise Failure("what was written is not on the fob; nothing was changed", "Run it again.")


def _settings(identity: Identity, request: Request, chip: str | None) -> Settings:
    wanted = dict(request.settings)
    if request.board is not None:
        request.board.check_chip(chip)
        wanted["board"] = board_fields(request.board)
    before = identity.settings
    if before is not None:
        return replace(before, **wanted)
    if "vin" not in wanted and request.key is not None and request.key.vin:
        wanted["vin"] = request.key.vin
    options = {"vin": "--vin VIN", "board": "--board NAME"}
    missing = [option for name, option in options.items() if name not in wanted]
    if missing:
        there = CONFIGURATION_PATH in identity.files
        raise InputError(
            "the fob's fob.json is damaged" if there else "this fob was never provisioned",
            f"Name its {' and '.join(missing)}; `fob boards` lists the boards.",
        )
    return Settings(**wanted)


def _key(identity: Identity, request: Request) -> tuple[Source, Key | None]:
    state = identity.key_state
    if request.repair and state == "missing" and request.key is None:
        raise InputError(
            "this fob has no key, and so no counter to repair", "Leave --repair out to give it one."
        )
    if request.key is not None:
        given = request.key.key
        # Over a damaged key.bin, the key that fob.json names is no other one.
        known = identity.public or identity.named
        if state != "missing" and given.public != known:
            _require_replacement(identity, request)
        return "imported", given
    if request.on_device or request.replace_key:
        if state != "missing":
            _require_replacement(identity, request)
        return ("on-device", None) if request.on_device else ("generated", Key.of(new_key()))
    if state == "damaged":
        raise Failure(
            "the fob's key.bin is damaged",
            "Restore the key by --key BACKUP, or take a new one by --replace-key and pair it.",
        )
    if state == "missing":
        return "generated", Key.of(new_key())
    if request.backup:
        raise InputError("the fob keeps its key", "`fob key backup FILE` copies that.")
    return "kept", identity.key


def _require_replacement(identity: Identity, request: Request) -> None:
    if request.replace_key:
        return
    public = identity.public or identity.named
    name = f" ({key_identifier(public)})" if public else ""
    raise InputError(f"the fob has a key already{name}, and the car lists it", _REMOVE_IN_CAR)


def _counter(
    identity: Identity,
    request: Request,
    source: Source,
    public: bytes | None,
    restart: Callable[..., dict[str, bytes]],
) -> tuple[dict[str, bytes], bool]:
    lost = [
        path
        for path, record in zip(COUNTER_PATHS, identity.records, strict=True)
        if read_counter_record(record) is None
    ]
    if public is not None and request.key is not None:
        return restart(public, request.key.counter), False
    if public is not None and source == "kept":
        if identity.key_state == "other" or (request.repair and lost):
            return restart(public), False
        if identity.counter is None:
            raise Failure(
                "the fob's message counter is lost",
                "`fob provision --repair` has it go on where it cannot have been yet.",
            )
        return {}, False
    reached = identity.counter or 1
    if reached > COUNTER_MAX - _ENOUGH_LEFT:
        return counter_files(1), True
    # What is readable stays, and what is not goes past it as if the old key lived on: cut off in
    # between, it does.
    return {path: counter_record(reached) for path in lost}, False

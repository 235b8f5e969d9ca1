"""Section start: what a press from deep sleep costs before the fob is on the air."""

from dataclasses import dataclass

from rich.table import Table

from host_tools.installation.layout import layout_firmware
from host_tools.simulator.car import Vintage
from tests.bench.waking import Use, Wakes, watch_use, watch_wakes

TITLE = "Start"

_VINTAGES: tuple[Vintage, ...] = ("2021", "2026")
# Bytes of heap from which a module is listed by itself.
_HEAVY_BYTES = 1500


@dataclass(frozen=True)
class Module:
    """A module without what it imports itself, compiled and as source.

    loaded   "before the radio" or "on the air".
    used     when a function of it ran first; "never", or "no functions" where it has none.
    reads, read_bytes: calls of the flash, and what they read, to find and load it compiled.
    """

    name: str
    loaded: str
    used: str
    file_bytes: int
    us: float
    heap_bytes: int
    reads: int
    read_bytes: int
    source_bytes: int
    source_us: float
    source_heap_bytes: int


@dataclass(frozen=True)
class FileRead:
    """A file that is no module, read before the first radio call."""

    path: str
    opens: int
    us: float
    reads: int
    read_bytes: int


@dataclass(frozen=True)
class Step:
    """A share of the time from the wake to the first radio call."""

    name: str
    us: float


@dataclass(frozen=True)
class Start:
    """A press from deep sleep with a session that is remembered.

    radio_us   from the first line of boot.py to the first radio call, without waiting: what the
               steps add up to; source_radio_us with all modules as source.
    waited_us  until then, in virtual time.
    reads, read_bytes: of the flash in that time. heap_bytes: in use then, the stand-ins included.
    needless   modules of whose functions none had run by the end of the press.
    """

    vintage: Vintage
    wakes: int
    radio_us: float
    source_radio_us: float
    waited_us: float
    steps: list[Step]
    reads: int
    read_bytes: int
    heap_bytes: int
    modules: list[Module]
    files: list[FileRead]
    needless: list[str]


@dataclass(frozen=True)
class Results:
    starts: list[Start]


def METHOD(results: Results) -> str:
    """How it was measured."""
    wakes = results.starts[0].wakes
    times = f"the fastest of {wakes} wakes" if wakes > 1 else "of one wake"
    return (
        "A press from deep sleep, with a session that is remembered, on the virtual board; from the"
        " first line of boot.py to the call that switches the radio on: in the interpreter's time,"
        f" {times}, for whatever else a machine does only adds; and what was waited, in virtual"
        " time, for the finger above all. What MicroPython does before boot.py is not in it, and"
        " the time of the stand-ins for a chip's flash, pins and radio is taken off. A module"
        " counts without those that it imports itself. Reads are those of littlefs, genuine and"
        " set up as on a chip: its calls of the flash and their bytes, the search for the file"
        " included. Heap: grown after a collection, words of 64 bits. Used: when the first function"
        " of a module ran, told by a firmware in which each function tells it. Times mean nothing"
        " for a chip but as ratios."
    )


def measure(quick: bool) -> Results:
    """Measure; quick: one wake of each kind."""
    wakes = 1 if quick else 5
    vintages = _VINTAGES[-1:] if quick else _VINTAGES
    return Results([_start(vintage, wakes) for vintage in vintages])


def _start(vintage: Vintage, wakes: int) -> Start:
    compiled = watch_wakes(vintage, wakes, source=False)
    source = watch_wakes(vintage, wakes, source=True)
    use = watch_use(vintage)
    modules = _modules(compiled, source, use)
    *_, (_, _, reads, read_bytes, heap_bytes) = compiled.radio
    files = [
        FileRead(
            path,
            compiled.opens[path] // wakes,
            min(taken.us) * compiled.opens[path] / wakes,
            taken.reads,
            taken.read_bytes,
        )
        for path, taken in compiled.files.items()
    ]
    return Start(
        vintage=vintage,
        wakes=wakes,
        radio_us=min(wake[0] for wake in compiled.radio),
        source_radio_us=min(wake[0] for wake in source.radio),
        waited_us=min(wake[1] for wake in compiled.radio),
        steps=_steps(compiled, modules, files),
        reads=reads,
        read_bytes=read_bytes,
        heap_bytes=heap_bytes,
        modules=modules,
        files=files,
        needless=[module.name for module in modules if module.used == "never"],
    )


def _modules(compiled: Wakes, source: Wakes, use: Use) -> list[Module]:
    sizes = {path: len(data) for path, data in layout_firmware().items()}
    source_sizes = {path: len(data) for path, data in layout_firmware(source=True).items()}
    modules = []
    for name, taken in compiled.modules.items():
        path = f"/{name.replace('.', '/')}"
        as_source = source.modules.get(name)
        if f"{path}.py" not in source_sizes or as_source is None:
            continue
        modules.append(
            Module(
                name=name,
                loaded=taken.phase,
                used=use.ran.get(name, "never" if name in use.with_functions else "no functions"),
                file_bytes=sizes[f"{path}.mpy"],
                us=min(taken.us),
                heap_bytes=taken.heap_bytes,
                reads=taken.reads,
                read_bytes=taken.read_bytes,
                source_bytes=source_sizes[f"{path}.py"],
                source_us=min(as_source.us),
                source_heap_bytes=as_source.heap_bytes,
            )
        )
    return modules


def _steps(told: Wakes, modules: list[Module], files: list[FileRead]) -> list[Step]:
    own = {module.name for module in modules}
    others = [
        min(taken.us)
        for name, taken in told.modules.items()
        if name not in own and taken.phase == "before the radio"
    ]
    steps = [
        Step("imports", sum(m.us for m in modules if m.loaded == "before the radio") + sum(others)),
        Step("reading files", sum(file.us for file in files)),
    ]
    whole = min(wake[0] for wake in told.radio)
    return [*steps, Step("everything else", whole - sum(step.us for step in steps))]


def tables(results: Results) -> list[Table]:
    """For each car: where the time goes, and the modules."""
    return [
        table for start in results.starts for table in (_step_table(start), _module_table(start))
    ]


def _step_table(start: Start) -> Table:
    table = Table(box=None, pad_edge=False)
    table.add_column(f"from the wake to the radio, car of {start.vintage}")
    table.add_column("time", justify="right")
    table.add_column("reads of the flash", justify="right")
    for step in start.steps:
        table.add_row(step.name, _ms(step.us))
    read = f"{start.reads:,}, {start.read_bytes / 1000:,.0f} kB"
    table.add_row("all of it", _ms(start.radio_us), read)
    table.add_row("waited besides", _ms(start.waited_us))
    ratio = start.source_radio_us / start.radio_us
    table.add_row("the same with .py files", f"{_ms(start.source_radio_us)}, {ratio:.1f} x")
    for file in start.files:
        read = f"{file.reads:,}, {file.read_bytes / 1000:,.1f} kB"
        table.add_row(f"  {file.path}, read {file.opens} x", _ms(file.us), read)
    return table


def _module_table(start: Start) -> Table:
    """The heaviest imports, the rest by when they are loaded, and what was not needed."""
    table = Table(box=None, pad_edge=False)
    table.add_column(f"imports of a press, car of {start.vintage}")
    table.add_column("used")
    for heading in ("file", "time", "heap", "reads", ".py: time", "heap"):
        table.add_column(heading, justify="right")
    for when in ("before the radio", "on the air"):
        loaded = [module for module in start.modules if module.loaded == when]
        heavy = [module for module in loaded if module.heap_bytes >= _HEAVY_BYTES]
        table.add_row(f"[bold]loaded {when}[/]")
        for module in sorted(heavy, key=lambda module: -module.heap_bytes):
            table.add_row(f"  {module.name}", module.used, *_cells([module]))
        table.add_row(f"  all, with {len(loaded) - len(heavy)} lighter ones", "", *_cells(loaded))
    table.add_row(f"loaded and never used: {', '.join(start.needless) or 'none'}")
    return table


def _cells(modules: list[Module]) -> list[str]:
    return [
        f"{sum(module.file_bytes for module in modules):,} B",
        _ms(sum(module.us for module in modules)),
        f"{sum(module.heap_bytes for module in modules):,} B",
        f"{sum(module.reads for module in modules):,}",
        _ms(sum(module.source_us for module in modules)),
        f"{sum(module.source_heap_bytes for module in modules):,} B",
    ]


def _ms(us: float) -> str:
    return f"{us / 1000:.1f} ms"

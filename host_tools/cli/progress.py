"""How far a long task is."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn

from host_tools.cli.screen import errors


@contextmanager
def progress_bar(what: str, *, quiet: bool) -> Iterator[Callable[[float, float], None]]:
    """A bar that goes away when the task is done, and is there on a terminal only; hands out what
    sets it: so much is done, of so much."""
    console = errors()
    columns = TextColumn("{task.description}"), BarColumn(), TaskProgressColumn()
    hidden = quiet or not console.is_terminal
    with Progress(*columns, console=console, transient=True, disable=hidden) as bar:
        task = bar.add_task(what, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)

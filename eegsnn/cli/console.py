"""What is shown on the terminal: progress and warnings to stderr, results to stdout."""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Iterator
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn
from rich.progress import TimeElapsedColumn as Elapsed

from eegsnn.errors import EegsnnWarning
from eegsnn.evaluation import Progress as Step


@contextlib.contextmanager
def plain_warnings(console: Console) -> Iterator[None]:
    """Show this package's warnings as one line each, once; leave others as they are."""
    seen: set[str] = set()
    with warnings.catch_warnings():
        usual = warnings.showwarning
        warnings.simplefilter("always", EegsnnWarning)

        def show(message: Any, category: Any, *where: Any, **options: Any) -> None:
            if not issubclass(category, EegsnnWarning):
                usual(message, category, *where, **options)
            elif str(message) not in seen:
                seen.add(str(message))
                console.print(f"[yellow]warning:[/] {escape(str(message))}", soft_wrap=True)

        warnings.showwarning = show
        yield


class RunProgress:
    """A progress bar over all runs, and a line for each run that is finished.

    Parameters
    ----------
    console : Console
        Of the standard error stream.
    quiet : bool
        Show nothing.
    """

    def __init__(self, console: Console, quiet: bool = False) -> None:
        self.console = console
        self.quiet = quiet
        self._bar = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            Elapsed(),
            console=console,
            transient=True,
            disable=quiet or not console.is_terminal,  # in a log file a bar is noise
        )
        self._task = self._bar.add_task("preparing", total=None)

    def __enter__(self) -> RunProgress:
        self._bar.start()
        return self

    def __exit__(self, *error: Any) -> None:
        self._bar.stop()

    def say(self, text: str) -> None:
        """Show what is being done."""
        self._bar.update(self._task, description=escape(text))

    def __call__(self, step: Step) -> None:
        """Show that a run has begun or ended."""
        seed = "" if step.seed is None else f" · seed {step.seed}"
        what = f"{step.model} · {step.fold}{seed}"
        self._bar.update(
            self._task, total=step.total, completed=step.done, description=escape(what)
        )
        if step.record is None or self.quiet:
            return
        score = step.record.test["accuracy"]
        how = "kept from before" if step.state == "kept" else f"{step.record.fit_seconds:.1f} s"
        self.console.print(
            f"[dim]{step.done:>3}/{step.total}[/] {escape(what)}: accuracy [bold]{score:.3f}[/]"
            f" [dim]({how})[/]",
            highlight=False,
        )

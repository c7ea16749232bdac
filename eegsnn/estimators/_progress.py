"""Progress of training on standard error."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator

from eegsnn.training import EpochRecord


@contextlib.contextmanager
def epoch_progress(shown: bool, total: int) -> Iterator[Callable[[int, EpochRecord], None] | None]:
    """Yield a callback for the end of each epoch that moves a progress bar, or None."""
    if not shown:
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task("training", total=total)

        def on_epoch(member: int, record: EpochRecord) -> None:
            text = f"network {member + 1}, epoch {record.epoch}: loss {record.loss:.4f}"
            if record.validation_accuracy is not None:
                text += f", held-out accuracy {record.validation_accuracy:.3f}"
            bar.update(task, advance=1, description=text)

        yield on_epoch

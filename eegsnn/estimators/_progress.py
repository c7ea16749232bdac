"""Progress of training on standard error."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

from eegsnn.training import EpochRecord
from eegsnn.training.callbacks import bar_on_stderr, describe_record


@contextlib.contextmanager
def epoch_progress(shown: bool, total: int) -> Iterator[Callable[[int, EpochRecord], None] | None]:
    """Yield a callback for the end of each epoch that moves a progress bar, or None."""
    if not shown:
        yield None
        return
    with bar_on_stderr(total) as move:

        def on_epoch(member: int, record: EpochRecord) -> None:
            text = f"network {member + 1}, epoch {record.epoch}: {describe_record(record)}"
            move(text, 1)

        yield on_epoch


@contextlib.contextmanager
def view_progress(shown: bool, total: int) -> Iterator[Callable[[Any], None] | None]:
    """Yield a callback for each view that was tried (with name and score), or None."""
    if not shown:
        yield None
        return
    with bar_on_stderr(total) as move:

        def on_view(tried: Any) -> None:
            score = "" if tried.score is None else f": {tried.score:.1%} held out"
            move(f"{tried.name}{score}", 1)

        yield on_view

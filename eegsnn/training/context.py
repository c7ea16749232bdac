"""What callbacks are told, and when."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import mlx.nn as nn
from mlx.optimizers import Optimizer

from eegsnn.training.history import EpochRecord, History


@dataclass
class TrainingContext:
    """Where training stands; the same object for every callback, from start to end.

    Attributes
    ----------
    model : mlx.nn.Module
    optimizer : mlx.optimizers.Optimizer
        A callback may change its ``learning_rate``.
    n_epochs : int
        Epochs to do.
    epochs_done : int
        Whole epochs done.
    steps_done : int
        Steps done in the epoch after those.
    updates_done : int
        Steps done in all.
    losses : list of float
        Of the steps of the epoch under way.
    history : History
    interrupting : bool
        Whether Ctrl-C was pressed: this is the last call before training ends.
    """

    model: nn.Module
    optimizer: Optimizer
    n_epochs: int
    epochs_done: int = 0
    steps_done: int = 0
    updates_done: int = 0
    losses: list[float] = field(default_factory=list)
    history: History = field(default_factory=History)
    interrupting: bool = False

    @property
    def record(self) -> EpochRecord:
        """Record of the newest epoch."""
        return self.history.records[-1]

    @property
    def finished(self) -> bool:
        """Whether all epochs are done or a callback stopped training."""
        return self.epochs_done >= self.n_epochs or self.history.stop_reason is not None

    @property
    def learning_rate(self) -> float | None:
        """Step size of the newest update; None for an optimiser that has none."""
        try:
            return float(self.optimizer.learning_rate.item())
        except (AttributeError, KeyError):
            return None

    def stop(self, reason: str) -> None:
        """End training after this call; `reason` goes into the history."""
        self.history.stop_reason = reason


class Callback:
    """Base of callbacks: does nothing; override what you need.

    For exact resumption a callback that remembers something must give it as :meth:`state`.

    Examples
    --------
    >>> class Patience(Callback):
    ...     def on_step(self, context):
    ...         if context.updates_done >= 1000:
    ...             context.stop("a thousand updates")
    """

    def on_train_start(self, context: TrainingContext) -> None:
        """Before the first step, also of a resumed training."""

    def on_step(self, context: TrainingContext) -> None:
        """After every update; ``context.losses[-1]`` is its loss."""

    def on_epoch(self, context: TrainingContext) -> None:
        """After every epoch and its validation; ``context.record`` tells of it."""

    def on_train_end(self, context: TrainingContext) -> None:
        """At the end, also after Ctrl-C; not after an error."""

    def state(self) -> dict[str, Any]:
        """Everything remembered, by name: MLX arrays, and values that JSON can hold."""
        return {}

    def restore(self, state: dict[str, Any]) -> None:
        """Take up what :meth:`state` gave."""


class OnEpoch(Callback):
    """Call a function at the end of every epoch."""

    def __init__(self, function: Callable[[TrainingContext], None]) -> None:
        self._function = function

    def on_epoch(self, context: TrainingContext) -> None:
        """Call it."""
        self._function(context)


def as_callbacks(given: Sequence[Callback | Callable]) -> list[Callback]:
    """Wrap plain functions: they are called at the end of every epoch."""
    return [item if isinstance(item, Callback) else OnEpoch(item) for item in given]

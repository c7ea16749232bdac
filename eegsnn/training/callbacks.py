"""Callbacks that come with the package: early stopping, and a bar on standard error."""

from __future__ import annotations

import contextlib
import math
import time
from collections.abc import Iterator
from typing import Any

import mlx.core as mx
from mlx.utils import tree_flatten, tree_unflatten

from eegsnn._validation import check_choice, check_integer, check_number
from eegsnn.errors import ConfigurationError
from eegsnn.training.context import Callback, TrainingContext
from eegsnn.training.history import EpochRecord

RESTORES = ("always", "interrupted", "never")
MODES = ("min", "max")


class EarlyStopping(Callback):
    """Stop when a value has not improved for some epochs, and take the weights that were best.

    Parameters
    ----------
    monitor : str, default "validation_loss"
        Entry of :class:`~eegsnn.training.EpochRecord`, or a metric that the validation returns.
    patience : int, optional
        Epochs without improvement after which training ends; None never ends it.
    tol : float, default 1e-4
        Smallest improvement that counts against the patience. The best weights are those of the
        best value, however small its lead.
    mode : {"min", "max"}, default "min"
        Whether smaller or larger is better.
    restore : {"always", "interrupted", "never"}, default "always"
        When the best weights are put back at the end.

    Raises
    ------
    ConfigurationError
        If a parameter is impossible; or, after an epoch, if nothing of that name was recorded.
    """

    def __init__(
        self,
        monitor: str = "validation_loss",
        *,
        patience: int | None = 15,
        tol: float = 1e-4,
        mode: str = "min",
        restore: str = "always",
    ) -> None:
        self.monitor = monitor
        self.patience = None if patience is None else check_integer("patience", patience, low=1)
        self.tol = check_number("tol", tol, low=0)
        self.mode = check_choice("mode", mode, MODES)
        self.restore_when = check_choice("restore", restore, RESTORES)
        self.best = math.inf
        self.stale = 0
        self._weights: dict[str, mx.array] = {}

    def on_epoch(self, context: TrainingContext) -> None:
        """Compare with the best epoch so far."""
        value = context.record.value(self.monitor)
        if value is None:
            raise ConfigurationError(
                f"monitor: expected something recorded in every epoch, but there is no "
                f"{self.monitor!r}. Give fit a `validate` that returns it."
            )
        value = value if self.mode == "min" else -value
        self.stale = 0 if value < self.best - self.tol else self.stale + 1
        if value < self.best:
            self.best = value
            flat = tree_flatten(context.model.parameters())
            self._weights = {name: mx.array(array) for name, array in flat}
            mx.eval(self._weights)
        if self.patience is not None and self.stale >= self.patience:
            context.stop(f"{self.monitor} has not improved for {self.stale} epochs")

    def on_train_end(self, context: TrainingContext) -> None:
        """Put the best weights back."""
        interrupted = context.history.interrupted and self.restore_when == "interrupted"
        if self._weights and (interrupted or self.restore_when == "always"):
            context.model.update(tree_unflatten(list(self._weights.items())))
            mx.eval(context.model.parameters())

    def state(self) -> dict[str, Any]:
        """Best value, epochs since, and the best weights."""
        return {"best": self.best, "stale": self.stale, **self._weights}

    def restore(self, state: dict[str, Any]) -> None:
        """Take up what :meth:`state` gave."""
        self.best, self.stale = state["best"], state["stale"]
        self._weights = {k: v for k, v in state.items() if isinstance(v, mx.array)}


class WeightAveraging(Callback):
    """Put in the mean of the weights at the end of the last epochs.

    Averages of weights lie in wider minima than any of them, and depend less on the last batches.

    Parameters
    ----------
    fraction : float in (0, 1], default 0.25
        Part of the epochs, at the end, whose weights are averaged.

    References
    ----------
    Izmailov et al. (2018), Averaging weights leads to wider optima and better generalization, UAI.
    """

    def __init__(self, fraction: float = 0.25) -> None:
        self.fraction = check_number("weight_averaging", fraction, low=0, low_open=True, high=1)
        self.count = 0
        self._sums: dict[str, mx.array] = {}

    def on_epoch(self, context: TrainingContext) -> None:
        """Add the present weights, if this epoch is one of the last."""
        if context.epochs_done <= (1 - self.fraction) * context.n_epochs:
            return
        flat = dict(tree_flatten(context.model.parameters()))
        self._sums = {name: self._sums.get(name, 0.0) + array for name, array in flat.items()}
        mx.eval(self._sums)
        self.count += 1

    def on_train_end(self, context: TrainingContext) -> None:
        """Put the mean in."""
        if self.count:
            mean = [(name, total / self.count) for name, total in self._sums.items()]
            context.model.update(tree_unflatten(mean))
            mx.eval(context.model.parameters())

    def state(self) -> dict[str, Any]:
        """Give the sums so far, and of how many epochs."""
        return {"count": self.count, **self._sums}

    def restore(self, state: dict[str, Any]) -> None:
        """Take up what :meth:`state` gave."""
        self.count = state["count"]
        self._sums = {k: v for k, v in state.items() if isinstance(v, mx.array)}


def describe_record(record: EpochRecord) -> str:
    """One epoch in a few words."""
    text = f"loss {record.loss:.4f}"
    if record.validation_loss is not None and record.validation_accuracy is None:
        text += f", held-out loss {record.validation_loss:.4f}"
    if record.validation_accuracy is not None:
        text += f", held-out accuracy {record.validation_accuracy:.3f}"
    return text


@contextlib.contextmanager
def bar_on_stderr(total: int) -> Iterator[Any]:
    """Yield ``move(description, advance)`` of a bar of `total` epochs with the time left."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task("training", total=total)
        yield lambda text, advance=0: bar.update(task, advance=advance, description=text)


class ProgressBar(Callback):
    """Epochs, loss and time left, as a bar on standard error; see ``progress`` of `fit`."""

    _SECONDS_BETWEEN = 0.2

    def __init__(self, move: Any) -> None:
        self._move, self._last = move, 0.0

    @classmethod
    @contextlib.contextmanager
    def shown(cls, context: TrainingContext) -> Iterator[ProgressBar]:
        """Show a bar for what is left to do, as long as the block lasts."""
        with bar_on_stderr(context.n_epochs) as move:
            move("training", context.epochs_done)
            yield cls(move)

    def on_step(self, context: TrainingContext) -> None:
        """Tell of the step, a few times per second at most."""
        if time.monotonic() - self._last >= self._SECONDS_BETWEEN:
            self._last = time.monotonic()
            self._move(
                f"epoch {context.epochs_done + 1}, step {context.steps_done}: "
                f"loss {context.losses[-1]:.4f}"
            )

    def on_epoch(self, context: TrainingContext) -> None:
        """Move on by one epoch."""
        record = context.record
        self._move(f"epoch {record.epoch}: {describe_record(record)}", 1)

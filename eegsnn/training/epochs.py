"""The loop over epochs and steps that every kind of training here goes through."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np

from eegsnn._warnings import warn_user
from eegsnn.errors import DataError, InterruptedTrainingWarning
from eegsnn.training.context import Callback, TrainingContext
from eegsnn.training.history import EpochRecord, History
from eegsnn.training.interrupts import InterruptFlag, deferred_interrupts

Steps = Callable[[int, int], Iterator[float]]
"""``steps(epoch, first)`` → makes the steps of an epoch from number `first` on, giving losses."""

Validation = Callable[[], Mapping[str, float]]


def run_epochs(
    context: TrainingContext,
    steps: Steps,
    *,
    validate: Validation | None = None,
    callbacks: Sequence[Callback] = (),
    advice: str = "Set epochs lower to stop there on purpose.",
) -> History:
    """Train from where `context` stands until its last epoch, a stop, or Ctrl-C.

    Parameters
    ----------
    context : TrainingContext
    steps : callable
        See :data:`Steps`; epochs count from 1, steps from 0.
    validate : callable, optional
        Metrics of the present weights, by name; "loss" and "accuracy" have their own entries in
        the history.
    callbacks : sequence of Callback
        Called in this order.
    advice : str
        What a warning of interruption tells the user to do.

    Returns
    -------
    History
        ``context.history``, with `interrupted` set after Ctrl-C: a warning says so. Ctrl-C before
        any epoch has ended is passed on.
    """
    with deferred_interrupts() as interrupt:
        for callback in callbacks:
            callback.on_train_start(context)
        try:
            while not context.finished:
                _run_epoch(context, steps, validate, callbacks, interrupt)
        except KeyboardInterrupt:
            if not context.history.records:
                raise
            context.history.interrupted = True
        if interrupt.requested:  # after the last step
            interrupt.requested, context.history.interrupted = False, True
        for callback in callbacks:
            callback.on_train_end(context)
    if context.history.interrupted:
        warn_user(
            f"Training was interrupted after {context.epochs_done} of {context.n_epochs} epochs; "
            f"the model keeps the best weights so far. {advice}",
            InterruptedTrainingWarning,
        )
    return context.history


def _run_epoch(
    context: TrainingContext,
    steps: Steps,
    validate: Validation | None,
    callbacks: Sequence[Callback],
    interrupt: InterruptFlag,
) -> None:
    number = context.epochs_done + 1
    for loss in steps(number, context.steps_done):
        context.losses.append(loss)
        context.steps_done += 1
        context.updates_done += 1
        _tell([callback.on_step for callback in callbacks], context, interrupt)
        if context.history.stop_reason is not None:
            return
    if not context.losses:
        raise DataError(f"batches: expected at least one batch, but epoch {number} gave none.")
    metrics = dict(validate()) if validate is not None else {}
    record = EpochRecord(
        epoch=number,
        loss=float(np.mean(context.losses)),
        validation_loss=metrics.pop("loss", None),
        validation_accuracy=metrics.pop("accuracy", None),
        learning_rate=context.learning_rate,
        metrics=metrics or None,
    )
    context.history.records.append(record)
    context.epochs_done, context.steps_done, context.losses = number, 0, []
    _tell([callback.on_epoch for callback in callbacks], context, interrupt)


def _tell(
    methods: Sequence[Callable[[TrainingContext], None]],
    context: TrainingContext,
    interrupt: InterruptFlag,
) -> None:
    """Call them all; then raise ``KeyboardInterrupt`` if the last one was told of Ctrl-C.

    The last one writes checkpoints. A Ctrl-C that came later waits for the next step.
    """
    context.interrupting = interrupt.requested
    for method in methods:
        context.interrupting = interrupt.requested
        method(context)
    if context.interrupting:
        interrupt.check()

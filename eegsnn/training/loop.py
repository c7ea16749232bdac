"""`fit`: train any ``mlx.nn`` model on any loss; callbacks, checkpoints, exact resumption."""

from __future__ import annotations

import contextlib
import itertools
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import mlx.core as mx
import mlx.nn as nn
from mlx.optimizers import Adam, Optimizer

from eegsnn._validation import check_boolean, check_integer
from eegsnn.errors import ConfigurationError, DataError
from eegsnn.training.batches import Batches, step_key
from eegsnn.training.callbacks import ProgressBar
from eegsnn.training.checkpoints import Checkpoints, check_same_training, load_checkpoint
from eegsnn.training.context import Callback, TrainingContext, as_callbacks
from eegsnn.training.epochs import run_epochs
from eegsnn.training.fingerprint import describe_model, describe_optimizer, plain
from eegsnn.training.finiteness import check_batch
from eegsnn.training.history import History
from eegsnn.training.update import Decays, Gradients, GradientStep, is_weight, whole_gradient

Loss = Callable[[Any, Any, mx.array], mx.array]
"""``loss(model, batch, key)`` → scalar. Pure: what is random in it comes from `key`."""


def fit(
    model: nn.Module,
    loss: Loss | Any,
    batches: Batches,
    optimizer: Optimizer | None = None,
    *,
    epochs: int = 10,
    seed: int = 0,
    clip_norm: float | None = None,
    weight_decay: float = 0.0,
    decays: Decays = is_weight,
    validate: Callable[[Any], Mapping[str, float]] | None = None,
    callbacks: Sequence[Callback | Callable[[TrainingContext], None]] = (),
    checkpoint: str | os.PathLike[str] | Checkpoints | None = None,
    resume: bool = False,
    settings: Mapping[str, Any] | None = None,
    check_batches: bool = True,
    progress: bool = False,
) -> History:
    """Train a model in place.

    Parameters
    ----------
    model : mlx.nn.Module
        Its trainable parameters are trained; what is frozen stays.
    loss : callable
        ``loss(model, batch, key)`` → scalar; or an object with the method ``gradients``, such as
        :class:`~eegsnn.training.WindowedLoss`.
    batches : callable or sequence
        ``batches(epoch, seed)`` → iterable of batches, epochs counted from 1, the same whenever it
        is asked; such as :class:`~eegsnn.training.ArrayBatches`. Or a list of batches, which come
        in the same order in every epoch. A batch is whatever `loss` takes.
    optimizer : mlx.optimizers.Optimizer, default Adam(1e-3) with bias correction
        With a constant learning rate, or any schedule of updates (``mlx.optimizers.cosine_decay``,
        ``join_schedules``, …).
    epochs : int, default 10
    seed : int, default 0
        Source of the order of batches and of the key of every step.
    clip_norm : float, optional
        Largest norm of the gradient over all parameters together.
    weight_decay : float, default 0
        Decoupled: every step takes ``learning_rate · weight_decay`` of a weight off it.
    decays : callable, default: arrays of two axes and more
        ``decays(name, array)``: which parameters decay.
    validate : callable, optional
        ``validate(model)`` → metrics by name, after every epoch, with the model in evaluation mode.
    callbacks : sequence
        :class:`~eegsnn.training.Callback` objects, and plain functions of the
        :class:`~eegsnn.training.TrainingContext` that are called after every epoch.
    checkpoint : path or Checkpoints, optional
        File ``….safetensors`` that holds the newest state after every epoch, or as a
        :class:`~eegsnn.training.Checkpoints` says.
    resume : bool, default False
        Go on from the checkpoint where there is one; the result is that of a training that was
        never stopped, bit for bit. `epochs` may be larger than before, all else must be the same:
        the model's settings and fixed arrays, the optimiser, and the parameters here. MLX's global
        generator is put where it was, for layers that draw from it.
    settings : mapping, optional
        What else distinguishes this training, as plain values: kept in the checkpoint and compared
        when it is resumed.
    check_batches : bool, default True
        Look for NaN and infinity in every batch (one pass over it). Without it they are found when
        they reach the loss or the gradient, and not where neurons swallow them.
    progress : bool, default False
        Show a bar on standard error.

    Returns
    -------
    History
        A record per epoch. After Ctrl-C `interrupted` is set, and a warning says so; before the end
        of the first epoch ``KeyboardInterrupt`` is passed on. The step under way is always finished
        first, and the checkpoint written.

    Raises
    ------
    ConfigurationError
        If a parameter is impossible, a checkpoint exists but `resume` is not set, or it belongs to
        another model, optimiser or setting: the message names what differs.
    DataError
        If a batch holds NaN or infinity, or an epoch no batch.
    TrainingError
        If the loss or a gradient is not finite. The model then has the weights before that step.
    ModelFileError
        If the checkpoint is damaged.

    Examples
    --------
    >>> import numpy as np
    >>> from eegsnn.training import ArrayBatches
    >>> rng = np.random.default_rng(0)
    >>> x = rng.normal(size=(64, 3)).astype(np.float32)
    >>> batches = ArrayBatches(x, x @ np.float32([[1], [2], [3]]), batch_size=16, time_first=False)
    >>> def loss(model, batch, key):
    ...     return mx.square(model(batch[0]) - batch[1]).mean()
    >>> model = nn.Linear(3, 1)
    >>> history = fit(model, loss, batches, Adam(0.1), epochs=20)
    >>> len(history.records), history.loss_curve[-1] < 0.1
    (20, True)
    """
    check_integer("epochs", epochs, low=1)
    check_integer("seed", seed, low=0)
    optimizer = Adam(1e-3, bias_correction=True) if optimizer is None else optimizer
    context = TrainingContext(model, optimizer, epochs)
    update = GradientStep(
        model,
        _gradients(model, loss),
        optimizer,
        clip_norm=clip_norm,
        weight_decay=weight_decay,
        decays=decays,
    )
    every = as_callbacks(callbacks)
    writer = _writer(checkpoint)
    if writer is not None:
        described = {
            "model": describe_model(model),
            "optimizer": describe_optimizer(optimizer),
            "batches": _describe_batches(batches),
            "seed": seed,
            "clip_norm": clip_norm,
            "weight_decay": weight_decay,
            "settings": plain(dict(settings or {})),
        }
        writer.belongs_to(described, every)
        _continue(writer, described, context, every, resume)
    elif check_boolean("resume", resume):
        raise ConfigurationError("resume: expected a checkpoint to go on from, but got none.")

    def steps(epoch: int, first: int) -> Iterator[float]:
        of_epoch = batches(epoch, seed) if callable(batches) else batches
        for number, batch in enumerate(itertools.islice(of_epoch, first, None), start=first):
            where = f"epoch {epoch}, batch {number + 1}"
            if check_batches:
                check_batch(where, batch)
            yield update(batch, step_key(seed, epoch, number), where=where)

    with contextlib.ExitStack() as stack:
        stack.enter_context(_training_mode(model))
        if progress and not context.finished:
            every = [*every, stack.enter_context(ProgressBar.shown(context))]
        return run_epochs(
            context,
            steps,
            validate=None if validate is None else lambda: _validated(model, validate),
            callbacks=every if writer is None else [*every, writer],
            advice=(
                "Set epochs lower to stop there on purpose."
                if writer is None
                else "Call fit with resume=True to go on from there."
            ),
        )


def _gradients(model: nn.Module, loss: Any) -> Gradients:
    if hasattr(loss, "gradients"):
        return lambda batch, key: loss.gradients(model, batch, key)
    return whole_gradient(model, lambda batch, key: loss(model, batch, key))


def _writer(checkpoint: Any) -> Checkpoints | None:
    if checkpoint is None or isinstance(checkpoint, Checkpoints):
        return checkpoint
    return Checkpoints(checkpoint)


def _continue(
    writer: Checkpoints,
    described: dict[str, Any],
    context: TrainingContext,
    callbacks: Sequence[Callback],
    resume: bool,
) -> None:
    """Go on from a checkpoint; refuse to overwrite one that nobody asked to go on from."""
    there = writer.path.exists()
    if there and not check_boolean("resume", resume):
        raise ConfigurationError(
            f"checkpoint: {writer.path} exists. Set resume=True to go on from it, or remove it, or "
            f"choose another name."
        )
    writer.remove_remains()
    if there:
        found = load_checkpoint(writer.path)
        check_same_training(writer.path, found, described, context.model)
        writer.belongs_to(found.description["settings"], callbacks)
        found.restore(context, callbacks)


def _describe_batches(batches: Batches) -> Any:
    describe = getattr(batches, "describe", None)
    if describe is not None:
        return describe()
    return None if callable(batches) else {"batches": len(batches)}


def _validated(model: nn.Module, validate: Callable[[Any], Mapping[str, float]]) -> dict:
    model.eval()
    try:
        metrics = validate(model)
    finally:
        model.train()
    if not isinstance(metrics, Mapping):
        raise DataError(
            f"validate: expected metrics by name, as in {{'loss': 0.3}}, but it returned "
            f"{type(metrics).__name__}."
        )
    return {name: float(value) for name, value in metrics.items()}


@contextlib.contextmanager
def _training_mode(model: nn.Module) -> Iterator[None]:
    """Let layers that differ between the two know that this is training."""
    before = model.training
    model.train()
    try:
        yield
    finally:
        model.train(before)

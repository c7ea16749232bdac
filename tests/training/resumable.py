"""A training that can be killed; run by the tests of checkpoints, in this process and in others.

    python resumable.py CHECKPOINT (step | half-written | not-renamed) NUMBER

kills itself after that number of updates, or in the middle of writing that checkpoint.
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from typing import Any

import mlx.core as mx
import mlx.nn as nn
import numpy as np
from mlx.optimizers import Adam, cosine_decay

from eegsnn.layers import Dropout, Linear, Sequential
from eegsnn.neurons import Leaky, LeakyIntegrator
from eegsnn.training import ArrayBatches, Callback, Checkpoints, EarlyStopping, History, fit

N_STEPS, N_TRIALS = 6, 20


def make_model() -> Sequential:
    first, second = mx.random.split(mx.random.key(0))
    return Sequential(
        Linear(3, 5, key=first),
        Leaky(0.8, learn_beta=True),
        Dropout(0.3),
        nn.Dropout(0.2),  # draws from MLX's global generator
        Linear(5, 2, key=second),
        LeakyIntegrator(0.9),
    )


def make_batches() -> ArrayBatches:
    rng = np.random.default_rng(0)
    labels = np.arange(N_TRIALS) % 2
    x = rng.normal(size=(N_STEPS, N_TRIALS, 3)).astype(np.float32) + labels[:, None]
    return ArrayBatches(x, labels.astype(np.int32), batch_size=5)


def loss(model: Sequential, batch: tuple[mx.array, mx.array], key: mx.array) -> mx.array:
    x, labels = batch
    outputs, _ = model.run(x, key=key)
    return nn.losses.cross_entropy(outputs.mean(axis=0), labels, reduction="mean")


def validate(model: Sequential) -> dict[str, float]:
    x, labels = next(iter(make_batches()(1, 99)))
    outputs, _ = model.run(x)
    scores = outputs.mean(axis=0)
    return {
        "loss": nn.losses.cross_entropy(scores, labels, reduction="mean").item(),
        "spread": scores.max().item(),
    }


def train(
    checkpoint: Path | None, *, epochs: int = 4, callbacks: tuple[Any, ...] = (), **changes: Any
) -> tuple[Sequential, History]:
    mx.random.seed(7)
    model = changes.pop("model", None) or make_model()
    settings: dict[str, Any] = {
        "clip_norm": 1.0,
        "weight_decay": 0.1,
        "optimizer": Adam(cosine_decay(0.05, 16)),
        "batches": make_batches(),
        "seed": 3,
    } | changes
    history = fit(
        model,
        loss,
        epochs=epochs,
        validate=validate,
        callbacks=[EarlyStopping(patience=10), *callbacks],
        checkpoint=None if checkpoint is None else Checkpoints(checkpoint, every_steps=1),
        resume=checkpoint is not None,
        **settings,
    )
    return model, history


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


class DieAfter(Callback):
    def __init__(self, updates: int) -> None:
        self.updates = updates

    def on_step(self, context: Any) -> None:
        if context.updates_done == self.updates:
            die()


def die_while_writing(kind: str, number: int) -> None:
    """Arrange for death in the middle of a checkpoint of this process, counted from 1."""
    written, save, replace = [0], mx.save_safetensors, Path.replace

    def half(path: str, *arguments: Any, **keywords: Any) -> None:
        save(path, *arguments, **keywords)
        written[0] += 1
        if written[0] == number and kind == "half-written":
            content = Path(path).read_bytes()
            Path(path).write_bytes(content[: len(content) // 2])
            die()

    def never(path: Path, target: Path) -> Path:
        if written[0] == number and kind == "not-renamed":
            die()
        return replace(path, target)

    mx.save_safetensors, Path.replace = half, never  # type: ignore[method-assign]


if __name__ == "__main__":
    path, kind, number = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
    if kind == "step":
        train(path, callbacks=(DieAfter(number),))
    else:
        die_while_writing(kind, number)
        train(path)

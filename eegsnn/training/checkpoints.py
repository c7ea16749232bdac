"""Checkpoints: everything that training needs to go on as if it had never stopped, in one file.

A checkpoint is a safetensors file: the model's weights (fixed ones too), the optimiser's memory and
what callbacks remember, as arrays; and position, losses, history, the state of MLX's global
generator and a description of model and settings, as JSON in the file's metadata. It appears under
its name only when it is whole, so that a process killed at any moment leaves the one before. Random
keys need no place in it: every step has its own, made of seed, epoch and step.
"""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import mlx.core as mx
import mlx.nn as nn
from mlx.optimizers import Optimizer
from mlx.utils import tree_flatten, tree_map_with_path, tree_unflatten

from eegsnn._files import atomic_path
from eegsnn._validation import check_integer
from eegsnn._version import __version__
from eegsnn.errors import ConfigurationError, ModelFileError
from eegsnn.training._random import random_state
from eegsnn.training.context import Callback, TrainingContext
from eegsnn.training.fingerprint import differences
from eegsnn.training.history import History

FORMAT, VERSION = "eegsnn-checkpoint", 1
SUFFIX = ".safetensors"
_KEY = "eegsnn"
_DIFFERENCES_TOLD = 4


@dataclass
class Checkpoint:
    """Content of a checkpoint file.

    Attributes
    ----------
    description : dict
        Position (`epochs_done`, `steps_done`, `updates_done`, `losses`), `history`, `settings`,
        `callbacks` and `random_state`.
    arrays : dict of str to array
        Named ``model.…``, ``optimizer.…`` and ``callbacks.…``.
    """

    description: dict[str, Any]
    arrays: dict[str, mx.array]

    @property
    def history(self) -> History:
        """The history up to the checkpoint."""
        return History.from_dict(self.description["history"])

    def part(self, name: str) -> dict[str, mx.array]:
        """Arrays whose name begins with ``name.``, without that."""
        prefix = f"{name}."
        return {k.removeprefix(prefix): v for k, v in self.arrays.items() if k.startswith(prefix)}

    def restore(self, context: TrainingContext, callbacks: Sequence[Callback] = ()) -> None:
        """Put model, optimiser, position and callbacks where they were.

        Raises
        ------
        ConfigurationError
            If the arrays or callbacks are not those of the training here: the first are named.
        """
        load_weights(context.model, self.part("model"))
        _load_optimizer(context.optimizer, context.model, self.part("optimizer"))
        self._restore_callbacks(callbacks)
        found = self.description
        context.epochs_done, context.steps_done = found["epochs_done"], found["steps_done"]
        context.updates_done, context.losses = found["updates_done"], found["losses"]
        context.history = self.history
        context.history.interrupted = False
        mx.random.seed(found["random_state"])

    def _restore_callbacks(self, callbacks: Sequence[Callback]) -> None:
        recorded = self.description["callbacks"]
        remembering = {str(i): c for i, c in enumerate(callbacks) if c.state()}
        present = {i: type(c).__name__ for i, c in remembering.items()}
        before = {i: entry["class"] for i, entry in recorded.items()}
        if present != before:
            raise ConfigurationError(
                f"callbacks: expected those of the checkpoint that remember something, by position "
                f"{before}, but got {present}."
            )
        for i, callback in remembering.items():
            callback.restore({**recorded[i]["values"], **self.part(f"callbacks.{i}")})


def save_checkpoint(
    path: str | os.PathLike[str],
    context: TrainingContext,
    *,
    callbacks: Sequence[Callback] = (),
    settings: dict[str, Any] | None = None,
) -> Path:
    """Write where training stands, whole or not at all.

    Parameters
    ----------
    path : path
        Ends in ``.safetensors``; a checkpoint already there is replaced at the very end.
    context : TrainingContext
    callbacks : sequence of Callback
        Those whose memory is kept.
    settings : dict, optional
        JSON-able description of the training; compared by :func:`check_same_training`.

    Raises
    ------
    ConfigurationError
        If `path` has another ending, or a callback remembers what no file can hold.
    OSError
        If it cannot be written; a checkpoint already there is intact.
    """
    path = check_checkpoint_path(path)
    arrays = {f"model.{k}": v for k, v in tree_flatten(context.model.parameters())}
    arrays |= {f"optimizer.{k}": v for k, v in tree_flatten(context.optimizer.state)}
    remembered: dict[str, Any] = {}
    for i, callback in enumerate(callbacks):
        state = callback.state()
        if state:
            mine = {k: v for k, v in state.items() if isinstance(v, mx.array)}
            arrays |= {f"callbacks.{i}.{k}": v for k, v in mine.items()}
            values = {k: v for k, v in state.items() if k not in mine}
            remembered[str(i)] = {"class": type(callback).__name__, "values": values}
    description = {
        "format": FORMAT,
        "version": VERSION,
        "eegsnn": __version__,
        "epochs_done": context.epochs_done,
        "steps_done": context.steps_done,
        "updates_done": context.updates_done,
        "losses": context.losses,
        "history": context.history.to_dict(),
        "callbacks": remembered,
        "settings": settings or {},
        "random_state": random_state(),
    }
    try:
        text = json.dumps(description)
    except TypeError as error:
        raise ConfigurationError(
            f"callbacks, settings: expected MLX arrays and values that JSON can hold, but: {error}."
        ) from error
    mx.eval(arrays)
    with atomic_path(path) as temporary:
        try:
            mx.save_safetensors(str(temporary), arrays, metadata={_KEY: text})
        except RuntimeError as error:  # how MLX tells of a full disk
            text = f"the checkpoint cannot be written: {error}"
            raise OSError(errno.EIO, text, str(path)) from error
        _reach_the_disk(temporary)
    return path


def load_checkpoint(path: str | os.PathLike[str]) -> Checkpoint:
    """Read what :func:`save_checkpoint` wrote.

    Raises
    ------
    ModelFileError
        If the file is missing, truncated, no checkpoint, or of an unknown version.
    """
    path = check_checkpoint_path(path)
    if not path.is_file():
        raise ModelFileError(f"{path}: there is no checkpoint of this name.")
    try:
        loaded: Any = mx.load(str(path), return_metadata=True)
        arrays, metadata = loaded
        mx.eval(arrays)
        description = json.loads(metadata[_KEY])
        version = description["version"] if description["format"] == FORMAT else None
    except (RuntimeError, ValueError, KeyError, TypeError) as error:
        raise ModelFileError(f"{path}: no checkpoint, or a damaged one: {error}") from error
    if version != VERSION:
        raise ModelFileError(
            f"{path}: expected a checkpoint of version {VERSION}, but it has {version!r}. Read it "
            f"with eegsnn {description.get('eegsnn', 'of its time')}."
        )
    return Checkpoint(description, arrays)


def check_same_training(
    path: str | os.PathLike[str],
    checkpoint: Checkpoint,
    settings: dict[str, Any],
    model: nn.Module,
) -> None:
    """Refuse to go on with another model, optimiser or setting than the checkpoint's.

    A fixed array may be as it was when that training started, or as it is in the checkpoint: the
    latter where the model is still the one that was trained.

    Raises
    ------
    ConfigurationError
        Naming what differs, and both values.
    """
    recorded = checkpoint.description["settings"]
    reached = checkpoint.part("model")
    present = dict(tree_flatten(model.parameters()))
    arrays = {
        name: recorded["model"]["arrays"].get(name)
        if name in reached and _same(reached[name], present[name])
        else described
        for name, described in settings["model"]["arrays"].items()
    }
    found = differences(recorded, settings | {"model": settings["model"] | {"arrays": arrays}})
    if found:
        more = len(found) - _DIFFERENCES_TOLD
        text = "; ".join(found[:_DIFFERENCES_TOLD]) + (f"; and {more} more" if more > 0 else "")
        raise ConfigurationError(
            f"resume: {Path(path)} belongs to another training: {text}. Restore these settings, or "
            f"train anew under another name."
        )


class Checkpoints(Callback):
    """Write a checkpoint now and then, at Ctrl-C, and at the end; see ``checkpoint`` of `fit`.

    Parameters
    ----------
    path : path
        One file, ``….safetensors``, replaced by each checkpoint.
    every_epochs : int, default 1
    every_steps : int, optional
        Also after every so many updates, for long epochs.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        every_epochs: int = 1,
        every_steps: int | None = None,
    ) -> None:
        self.path = check_checkpoint_path(path)
        self.every_epochs = check_integer("every_epochs", every_epochs, low=1)
        if every_steps is not None:
            check_integer("every_steps", every_steps, low=1)
        self.every_steps = every_steps
        self._settings: dict[str, Any] = {}
        self._callbacks: Sequence[Callback] = ()

    def belongs_to(self, settings: dict[str, Any], callbacks: Sequence[Callback]) -> None:
        """Take the description of the training, and the callbacks whose memory is to be kept."""
        self._settings, self._callbacks = settings, callbacks

    def on_step(self, context: TrainingContext) -> None:
        """Write where a number of updates says so, and where training ends within an epoch."""
        due = self.every_steps is not None and context.updates_done % self.every_steps == 0
        if due or context.interrupting or context.history.stop_reason is not None:
            self.write(context)

    def on_epoch(self, context: TrainingContext) -> None:
        """Write where a number of epochs says so, and after the last."""
        due = context.epochs_done % self.every_epochs == 0
        if due or context.interrupting or context.finished:
            self.write(context)

    def write(self, context: TrainingContext) -> None:
        """Write now."""
        save_checkpoint(self.path, context, callbacks=self._callbacks, settings=self._settings)

    def remove_remains(self) -> None:
        """Remove what a process left that was killed while it wrote this checkpoint."""
        for remains in self.path.parent.glob(f".{self.path.stem}-*{SUFFIX}"):
            remains.unlink(missing_ok=True)


def load_weights(model: nn.Module, weights: dict[str, mx.array]) -> None:
    """Give a model these weights, by name.

    Raises
    ------
    ConfigurationError
        If names, shapes or types are others than the model's: the first are named.
    """
    _check_same_arrays("model", dict(tree_flatten(model.parameters())), weights)
    model.update(tree_unflatten(list(weights.items())))
    mx.eval(model.parameters())


def check_checkpoint_path(path: str | os.PathLike[str]) -> Path:
    """Refuse a name that does not end as checkpoints do."""
    path = Path(path)
    if path.suffix != SUFFIX:
        raise ConfigurationError(
            f"checkpoint: expected a file name that ends in {SUFFIX}, but got {str(path)!r}."
        )
    return path


def _load_optimizer(optimizer: Optimizer, model: nn.Module, arrays: dict[str, mx.array]) -> None:
    optimizer.init(model.trainable_parameters())
    _check_same_arrays("optimizer", dict(tree_flatten(optimizer.state)), arrays)
    optimizer.state = tree_map_with_path(lambda name, _: arrays[name], optimizer.state)
    mx.eval(optimizer.state)


def _check_same_arrays(
    what: str, present: dict[str, mx.array], recorded: dict[str, mx.array]
) -> None:
    def described(arrays: dict[str, mx.array]) -> dict[str, Any]:
        return {name: f"{a.dtype} {tuple(a.shape)}" for name, a in arrays.items()}

    found = differences(described(recorded), described(present))
    if found:
        raise ConfigurationError(
            f"{what}: expected the arrays of the checkpoint: " + "; ".join(found[:3]) + "."
        )


def _same(first: mx.array, second: mx.array) -> bool:
    return first.dtype == second.dtype and bool(mx.array_equal(first, second).item())


def _reach_the_disk(path: Path) -> None:
    """Let a file survive a loss of power too, and not only that of the process."""
    with path.open("rb") as stream:
        os.fsync(stream.fileno())

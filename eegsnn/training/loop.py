"""The training loop: minibatches, Adam, schedule, clipping, early stopping, interruption.

Everything random comes from one integer seed, through explicit keys and generators: the same seed
and data give the same weights, bit for bit.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

import mlx.core as mx
import mlx.nn as nn
import mlx.optimizers as optimizers
import numpy as np
from mlx.utils import tree_map

from eegsnn._validation import check_boolean, check_integer, check_number
from eegsnn.errors import InterruptedTrainingWarning
from eegsnn.models import SpikingNetwork
from eegsnn.training.losses import weighted_cross_entropy

Inputs = Callable[[np.ndarray, np.random.Generator], mx.array]
"""Gives the network's input [T, batch, features] for the trials with these indices."""


@dataclass(frozen=True)
class TrainingConfig:
    """How a network is trained; JSON-able.

    Attributes
    ----------
    max_epochs : int, default 60
        Passes over the training trials.
    batch_size : int, default 32
        Trials per step; batches have equal sizes near this one.
    learning_rate : float, default 5e-3
        Peak step size of Adam (decoupled weight decay); it falls to zero along half a cosine.
    weight_decay : float, default 1.0
        Pull of the weights (not of biases, decays or gains) towards zero.
    clip_norm : float, default 1.0
        Largest norm of the gradient of a step.
    label_smoothing : float, default 0
    input_noise : float, default 0
        Standard deviation of Gaussian noise added to the standardised input in training.
    early_stopping : bool, default False
        Stop when the loss on held-out trials has not improved for `n_iter_no_change` epochs, and
        take the weights that were best on them.
    n_iter_no_change : int, default 15
    tol : float, default 1e-4
        Smallest improvement that counts.
    """

    max_epochs: int = 60
    batch_size: int = 32
    learning_rate: float = 5e-3
    weight_decay: float = 1.0
    clip_norm: float = 1.0
    label_smoothing: float = 0.0
    input_noise: float = 0.0
    early_stopping: bool = False
    n_iter_no_change: int = 15
    tol: float = 1e-4

    def __post_init__(self) -> None:
        """Validate every field; see :class:`~eegsnn.errors.ConfigurationError`."""
        check_integer("max_epochs", self.max_epochs, low=1)
        check_integer("batch_size", self.batch_size, low=1)
        check_number("learning_rate", self.learning_rate, low=0, low_open=True)
        check_number("weight_decay", self.weight_decay, low=0)
        check_number("clip_norm", self.clip_norm, low=0, low_open=True)
        check_number("label_smoothing", self.label_smoothing, low=0, high=1, high_open=True)
        check_number("input_noise", self.input_noise, low=0)
        check_boolean("early_stopping", self.early_stopping)
        check_integer("n_iter_no_change", self.n_iter_no_change, low=1)
        check_number("tol", self.tol, low=0)


class TrainingData(NamedTuple):
    """Trials to train on: how to get their inputs, and labels and weights of each."""

    inputs: Inputs
    labels: np.ndarray
    weights: np.ndarray
    n_steps: int


class EpochRecord(NamedTuple):
    """What one epoch gave; the validation entries are None where nothing is held out."""

    epoch: int
    loss: float
    validation_loss: float | None
    validation_accuracy: float | None


@dataclass
class History:
    """The course of training, as data."""

    records: list[EpochRecord] = field(default_factory=list)
    interrupted: bool = False

    @property
    def loss_curve(self) -> list[float]:
        """Mean training loss of each epoch."""
        return [record.loss for record in self.records]

    @property
    def validation_scores(self) -> list[float]:
        """Accuracy on held-out trials after each epoch; empty where there are none."""
        return [r.validation_accuracy for r in self.records if r.validation_accuracy is not None]


class Trainer:
    """A network and its optimiser; :meth:`fit` runs epochs, :meth:`step` one batch.

    Parameters
    ----------
    network : SpikingNetwork
    config : TrainingConfig
    seed : int
        Source of the order of trials, of dropout and of noise.
    n_updates : int, optional
        Steps over which the learning rate falls to zero; None keeps it constant.
    """

    def __init__(
        self,
        network: SpikingNetwork,
        config: TrainingConfig,
        *,
        seed: int,
        n_updates: int | None = None,
    ) -> None:
        self.network = network
        self.config = config
        rate = config.learning_rate
        self._rate = optimizers.cosine_decay(rate, n_updates) if n_updates else rate
        self._optimizer = optimizers.Adam(self._rate, bias_correction=True)
        self._generator = np.random.default_rng(seed)
        self._key = mx.random.key(seed)
        self._loss_and_grad = nn.value_and_grad(network, self._loss)

    def _loss(
        self, x: mx.array, labels: mx.array, weights: mx.array, n_steps: int, key: mx.array
    ) -> mx.array:
        dropout_key, noise_key = mx.random.split(key)
        if self.config.input_noise > 0:
            x = x + self.config.input_noise * mx.random.normal(x.shape, key=noise_key)
        output = self.network(x, n_steps=n_steps, dropout_key=dropout_key)
        return weighted_cross_entropy(
            output.logits, labels, weights, label_smoothing=self.config.label_smoothing
        )

    def step(self, data: TrainingData, indices: np.ndarray) -> float:
        """One update on the trials with these indices; returns their loss before it."""
        self._key, key = mx.random.split(self._key)
        loss, grads = self._loss_and_grad(
            data.inputs(indices, self._generator),
            mx.array(data.labels[indices]),
            mx.array(data.weights[indices]),
            data.n_steps,
            key,
        )
        grads, _ = optimizers.clip_grad_norm(grads, self.config.clip_norm)
        self._decay_weights()
        self._optimizer.update(self.network, grads)
        mx.eval(self.network.parameters(), self._optimizer.state, loss)
        return float(loss.item())

    def _decay_weights(self) -> None:
        if self.config.weight_decay == 0:
            return
        # At most all of a weight is taken: beyond that it would change its sign and grow.
        keep = mx.maximum(1.0 - self._optimizer.learning_rate * self.config.weight_decay, 0.0)
        self.network.update(
            tree_map(lambda p: p * keep if p.ndim == 2 else p, self.network.trainable_parameters())
        )

    def epoch(self, data: TrainingData) -> float:
        """One pass over all trials in a new order; returns the mean loss."""
        n_trials = len(data.labels)
        n_batches = batches_per_epoch(n_trials, self.config.batch_size)
        # Equal batches: MLX keeps what it has planned for a shape, and the loss of a small last
        # batch would weigh more. The few trials left over come up in other epochs.
        size = n_trials // n_batches
        order = self._generator.permutation(n_trials)
        losses = [self.step(data, order[i * size : (i + 1) * size]) for i in range(n_batches)]
        return float(np.mean(losses))

    def fit(
        self,
        data: TrainingData,
        *,
        validation: Callable[[], tuple[float, float]] | None = None,
        on_epoch: Callable[[EpochRecord], None] | None = None,
    ) -> History:
        """Train for up to ``max_epochs``.

        Parameters
        ----------
        data : TrainingData
        validation : callable, optional
            Returns loss and accuracy on held-out trials with the present weights.
        on_epoch : callable, optional
            Called with the record of each epoch (progress).

        Returns
        -------
        History
            With ``interrupted`` set when Ctrl-C ended it: the network then has the best weights
            so far, and a warning says so. Ctrl-C before the end of the first epoch is passed on.
        """
        history = History()
        best_loss, best_weights, stale = np.inf, None, 0
        try:
            for number in range(1, self.config.max_epochs + 1):
                loss = self.epoch(data)
                held_out = validation() if validation is not None else (None, None)
                history.records.append(EpochRecord(number, loss, *held_out))
                if held_out[0] is not None:
                    stale = 0 if held_out[0] < best_loss - self.config.tol else stale + 1
                    if held_out[0] < best_loss:
                        best_loss, best_weights = held_out[0], copy_weights(self.network)
                if on_epoch is not None:
                    on_epoch(history.records[-1])
                if self.config.early_stopping and stale >= self.config.n_iter_no_change:
                    break
        except KeyboardInterrupt:
            if not history.records:
                raise
            history.interrupted = True
            warnings.warn(
                f"Training was interrupted after {len(history.records)} of "
                f"{self.config.max_epochs} epochs; the model keeps the best weights so far. "
                "Set max_epochs lower to stop there on purpose.",
                InterruptedTrainingWarning,
                stacklevel=2,
            )
        if best_weights is not None and (self.config.early_stopping or history.interrupted):
            self.network.update(best_weights)
            mx.eval(self.network.parameters())
        return history


def batches_per_epoch(n_trials: int, batch_size: int) -> int:
    """Return the number of equal batches whose size is nearest to `batch_size`."""
    return max(1, round(n_trials / batch_size))


def copy_weights(network: SpikingNetwork) -> dict:
    """Copy a network's parameters, as a tree."""
    return tree_map(lambda p: mx.array(p), network.parameters())

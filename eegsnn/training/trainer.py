"""Training of a network of :mod:`eegsnn.models` on labelled trials, as the estimators do it.

Everything random comes from one integer seed, through explicit keys and generators: the same seed
and data give the same weights, bit for bit.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

import mlx.core as mx
import mlx.optimizers as optimizers
import numpy as np

from eegsnn._validation import check_boolean, check_integer, check_number
from eegsnn.errors import ConfigurationError
from eegsnn.layers.sparse import SparseSpikes
from eegsnn.training.augmentation import augmented, check_augmentation
from eegsnn.training.batches import equal_batches
from eegsnn.training.callbacks import EarlyStopping, WeightAveraging
from eegsnn.training.context import Callback, OnEpoch, TrainingContext
from eegsnn.training.epochs import run_epochs
from eegsnn.training.history import EpochRecord, History
from eegsnn.training.interrupts import deferred_interrupts
from eegsnn.training.losses import weighted_cross_entropy
from eegsnn.training.update import GradientStep, whole_gradient

Inputs = Callable[[np.ndarray, np.random.Generator], mx.array | SparseSpikes]
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
    augmentation : mapping, optional
        Name → strength, of :data:`~eegsnn.training.AUGMENTATIONS`: changes of every training trial
        that do not change its meaning, drawn anew each time, such as ``{"time_shift": 0.05,
        "noise": 0.2}``. A strength of 0 turns one off.
    weight_averaging : bool or float in (0, 1], default False
        Take the mean of the weights after the last epochs, that part of them (True: a quarter).
        Not with early stopping, which takes those of one epoch.
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
    augmentation: Mapping[str, float] | None = None
    weight_averaging: bool | float = False

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
        check_augmentation(self.augmentation)
        if self.averaged_fraction and self.early_stopping:
            raise ConfigurationError(
                f"weight_averaging: expected False beside early_stopping, which takes the weights "
                f"of the best epoch, but got {self.weight_averaging!r}. Choose one of the two."
            )

    @property
    def averaged_fraction(self) -> float:
        """Part of the epochs whose weights are averaged; 0 for none."""
        if isinstance(self.weight_averaging, bool):
            return 0.25 if self.weight_averaging else 0.0
        return check_number("weight_averaging", self.weight_averaging, low=0, high=1)


class TrainingData(NamedTuple):
    """Trials to train on: how to get their inputs, and labels and weights of each."""

    inputs: Inputs
    labels: np.ndarray
    weights: np.ndarray
    n_steps: int


class Trainer:
    """A network and its optimiser; :meth:`fit` runs epochs, :meth:`step` one batch.

    Parameters
    ----------
    network : module
        Of any configuration of :data:`~eegsnn.models.ARCHITECTURES`.
    config : TrainingConfig
    seed : int
        Source of the order of trials, of dropout and of noise.
    n_updates : int, optional
        Steps over which the learning rate falls to zero; None keeps it constant.
    """

    def __init__(
        self,
        network: Any,
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
        self._strengths = check_augmentation(config.augmentation)
        self._steps_done = 0
        self._update = GradientStep(
            network,
            whole_gradient(network, self._loss),
            self._optimizer,
            clip_norm=config.clip_norm,
            weight_decay=config.weight_decay,
            decays=lambda name, parameter: parameter.ndim == 2,  # not the weights of the readout
        )

    def _loss(
        self,
        x: mx.array | SparseSpikes,
        labels: mx.array,
        weights: mx.array,
        n_steps: int,
        key: mx.array,
        partner: mx.array | None = None,
        share: mx.array | None = None,
    ) -> mx.array:
        dropout_key, noise_key = mx.random.split(key)
        if self.config.input_noise > 0:
            x = x.dense() if isinstance(x, SparseSpikes) else x
            x = x + self.config.input_noise * mx.random.normal(x.shape, key=noise_key)
        output = self.network(x, n_steps=n_steps, dropout_key=dropout_key)
        smoothing = self.config.label_smoothing
        if partner is None or share is None:
            return weighted_cross_entropy(output.logits, labels, weights, label_smoothing=smoothing)
        loss = partial(weighted_cross_entropy, output.logits, label_smoothing=smoothing)
        return loss(labels, weights * share) + loss(labels[partner], weights * (1 - share))

    def step(self, data: TrainingData, indices: np.ndarray, *, where: str | None = None) -> float:
        """One update on the trials with these indices; returns their loss before it.

        `where` is what errors call this step.

        Raises
        ------
        DataError, TrainingError
            If inputs, the loss or a gradient are NaN or infinite.
        """
        self._key, key = mx.random.split(self._key)
        self._steps_done += 1
        x = data.inputs(indices, self._generator)
        mixture: tuple[mx.array, ...] = ()
        if self._strengths:
            x = x.dense() if isinstance(x, SparseSpikes) else x
            x, mixed = augmented(x, self._strengths, self._generator)
            if mixed is not None:
                mixture = (mx.array(mixed.partner), mx.array(mixed.share))
        return self._update(
            x,
            mx.array(data.labels[indices]),
            mx.array(data.weights[indices]),
            data.n_steps,
            key,
            *mixture,
            where=where or f"step {self._steps_done}",
        )

    def epoch(self, data: TrainingData) -> float:
        """One pass over all trials in a new order; returns the mean loss."""
        losses = []
        with deferred_interrupts() as interrupt:
            for loss in self._losses(data, "this epoch"):
                losses.append(loss)
                interrupt.check()
        return float(np.mean(losses))

    def _losses(self, data: TrainingData, epoch: str) -> Iterator[float]:
        order = self._generator.permutation(len(data.labels))
        for number, indices in enumerate(equal_batches(order, self.config.batch_size), start=1):
            yield self.step(data, indices, where=f"{epoch}, batch {number}")

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
        callbacks: list[Callback] = []
        if validation is not None:
            callbacks.append(self._early_stopping())
        if self.config.averaged_fraction:
            callbacks.append(WeightAveraging(self.config.averaged_fraction))
        if on_epoch is not None:
            callbacks.append(OnEpoch(lambda context: on_epoch(context.record)))

        return run_epochs(
            TrainingContext(self.network, self._optimizer, self.config.max_epochs),
            lambda epoch, _: self._losses(data, f"epoch {epoch}"),
            validate=None if validation is None else partial(_by_name, validation),
            callbacks=callbacks,
            advice="Set max_epochs lower to stop there on purpose.",
        )

    def _early_stopping(self) -> EarlyStopping:
        """Without it in the configuration, the best weights are taken after Ctrl-C alone."""
        stopping = self.config.early_stopping
        return EarlyStopping(
            patience=self.config.n_iter_no_change if stopping else None,
            tol=self.config.tol,
            restore="always" if stopping else "interrupted",
        )


def _by_name(validation: Callable[[], tuple[float, float]]) -> dict[str, float]:
    loss, accuracy = validation()
    return {"loss": loss, "accuracy": accuracy}

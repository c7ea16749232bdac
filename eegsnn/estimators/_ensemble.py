"""One or several trained networks whose probabilities are averaged; plain data, picklable."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import mlx.core as mx
import numpy as np
from mlx.utils import tree_flatten, tree_unflatten

from eegsnn._warnings import warn_user
from eegsnn.backend import threads_for
from eegsnn.errors import DataError, InterruptedTrainingWarning
from eegsnn.estimators._inputs import hold_out
from eegsnn.estimators._trials import Currents, PoissonSpikes, Scaler
from eegsnn.layers.sparse import SparseSpikes
from eegsnn.models import Architecture, Connection
from eegsnn.training import (
    EpochRecord,
    History,
    Trainer,
    TrainingConfig,
    TrainingData,
    batches_per_epoch,
)
from eegsnn.training.interrupts import deferred_interrupts

# Trials are predicted in batches of this size, the last one filled up: a product's rounding
# depends on its shape, and a trial's prediction must not depend on the trials beside it.
_PREDICTION_BATCH = 64
# Trials looked at to set the initial gain of the layers.
_CALIBRATION_TRIALS = 256

Weights = dict[str, np.ndarray]


@dataclass
class Ensemble:
    """Networks of one shape; the weights are NumPy arrays, the MLX networks are made on demand.

    Attributes
    ----------
    config : Architecture
        Any configuration of :data:`~eegsnn.models.ARCHITECTURES`.
    n_inputs, n_classes, n_steps : int
    static : bool
        Whether trials are rows of features, presented for `n_steps`, and not series.
    scaler : Scaler
        Learned on training trials.
    coding : {"direct", "poisson"}
    seed : int
        Source of every random number, in training and (for "poisson") in prediction.
    weights : list of dict of str to ndarray
        Of each network, by parameter name.
    """

    config: Architecture
    n_inputs: int
    n_classes: int
    n_steps: int
    static: bool
    scaler: Scaler
    coding: str
    seed: int
    weights: list[Weights] = field(default_factory=list)
    _networks: list[Any] | None = field(default=None, repr=False)

    def __getstate__(self) -> dict[str, Any]:
        """Leave the MLX networks out: they are rebuilt from the weights."""
        return {**self.__dict__, "_networks": None}

    def check_length(self, series: np.ndarray) -> None:
        """Refuse series (T, trials, features) of another kind, width, or length if that matters."""
        expected = "rows (trials, features)" if self.static else "series (trials, channels, times)"
        if self.static != (len(series) == 1) and (self.static or self.n_steps > 1):
            raise DataError(f"X: the model was fitted on {expected}, but got the other kind.")
        if series.shape[2] != self.n_inputs:
            raise DataError(
                f"X: the model was fitted on {self.n_inputs} inputs, but got {series.shape[2]}."
            )
        if not self.static and self.config.fixed_length and len(series) != self.n_steps:
            raise DataError(
                f"X: expected {self.n_steps} time steps, as in training (readout_weights learns a "
                f"weight for each), but got {len(series)}."
            )

    def source(self, series: np.ndarray) -> Currents | PoissonSpikes:
        """Make the inputs of the networks from series (T, trials, features) in the user's units."""
        scaled = self.scaler(series)
        if self.coding == "poisson":
            return PoissonSpikes(scaled, self.n_steps)
        return Currents(scaled)

    def new_network(self, member: int) -> Any:
        """Network number `member` with the weights it starts from."""
        key = mx.random.key(self.seed + member)
        return self.config.build(self.n_inputs, self.n_classes, self.n_steps, key=key)

    def trained_network(self, member: int) -> Any:
        """Network number `member` with its trained weights: a new one, which may be changed.

        Raises
        ------
        ValueError
            If the weights are not those of such a network.
        """
        network = self.new_network(member)
        weights = self.weights[member]
        expected = {name: tuple(value.shape) for name, value in tree_flatten(network.parameters())}
        found = {name: value.shape for name, value in weights.items()}
        if found != expected:
            raise ValueError(f"network {member}: expected arrays {expected}, but got {found}")
        network.update(tree_unflatten([(k, mx.array(v)) for k, v in weights.items()]))
        # Evaluated here, because lazy arrays cannot be evaluated in another thread.
        mx.eval(network.parameters())
        return network

    def networks(self) -> list[Any]:
        """All trained networks, made once and only to be read."""
        if self._networks is None:
            self._networks = [self.trained_network(member) for member in range(len(self.weights))]
        return self._networks

    def copy(self) -> Ensemble:
        """Return a copy whose training leaves this one as it is."""
        return replace(self, weights=list(self.weights), _networks=None)

    def keep(self, network: Any, member: int) -> None:
        """Store the weights of a trained network as number `member`."""
        weights = {k: np.array(v) for k, v in tree_flatten(network.parameters())}
        self.weights[member : member + 1] = [weights]
        self._networks = None

    def probabilities(self, series: np.ndarray) -> np.ndarray:
        """Mean over the networks of the class probabilities, float64 (trials, classes)."""
        total = np.zeros((series.shape[1], self.n_classes))
        for batch, inputs in self._prediction_batches(series):
            for network in self.networks():
                logits = network(inputs, n_steps=self.n_steps).logits
                total[batch] += _softmax(np.array(logits)[: len(batch)].astype(np.float64))
        return total / len(self.weights)

    def spikes(self, series: np.ndarray, member: int = 0, layer: int = 0) -> np.ndarray:
        """Spikes of a hidden layer, bool (T, trials, neurons)."""
        parts = []
        for batch, inputs in self._prediction_batches(series):
            spikes = self.networks()[member](inputs, n_steps=self.n_steps).spikes[layer]
            parts.append(np.array(spikes)[:, : len(batch)] > 0)
        return np.concatenate(parts, axis=1)

    def firing_rates(self, series: np.ndarray) -> dict[str, float]:
        """Mean spikes per neuron and step of every spiking layer, over networks and trials."""
        totals = dict.fromkeys(self.config.layer_names, 0.0)
        n_trials = series.shape[1]
        for batch, inputs in self._prediction_batches(series):
            for network in self.networks():
                output = network(inputs, n_steps=self.n_steps)
                for name, spikes in zip(totals, output.spikes, strict=True):
                    rate = spikes[:, : len(batch)].mean().item()
                    totals[name] += rate * len(batch) / (n_trials * len(self.weights))
        return totals

    def connections(
        self, series: np.ndarray
    ) -> Iterator[tuple[int, list[tuple[Connection, mx.array]]]]:
        """Run every network on batches of trials, and give what arrives at its connections.

        Yields
        ------
        weight, connections
            Number of trials, and pairs of a connection and what arrives at it from these trials.
            Whole numbers (spikes of an encoder) are given as they were before scaling, which
            merges into the first weights.
        """
        may_spike = self.coding == "direct" and not self.static and not self.config.raw
        events = may_spike and _are_counts(series)
        for batch, inputs in self._prediction_batches(series):
            given = mx.array(series[:, batch].astype(np.float32)) if events else None
            for network in self.networks():
                first, *rest = network.connections(inputs, n_steps=self.n_steps)
                arriving = first.arriving[:, : len(batch)] if given is None else given
                pairs = [(first, arriving)]
                pairs += [(part, part.arriving[:, : len(batch)]) for part in rest]
                if self.static:  # a network without spikes needs one pass
                    pairs = [(part._replace(passes=1), values) for part, values in pairs]
                yield len(batch), pairs

    def product_size(self, source: Currents | PoissonSpikes, batch: int) -> float:
        """Multiply-adds of the largest dense product in a forward pass of so many trials."""
        return self.config.product_size(
            self.n_inputs,
            self.n_classes,
            self.n_steps,
            batch,
            events=source.gives_events(batch),
        )

    def _prediction_batches(
        self, series: np.ndarray
    ) -> Iterator[tuple[np.ndarray, mx.array | SparseSpikes]]:
        for start in range(0, series.shape[1], _PREDICTION_BATCH):
            batch = np.arange(start, min(start + _PREDICTION_BATCH, series.shape[1]))
            filled = np.resize(batch, _PREDICTION_BATCH)
            source = self.source(series[:, filled])
            with threads_for(self.product_size(source, _PREDICTION_BATCH)):
                yield batch, source.predicting(np.arange(_PREDICTION_BATCH), self.seed)


@dataclass(frozen=True)
class Trials:
    """Trials to train on, of an ensemble.

    Attributes
    ----------
    series : ndarray (T, trials, features)
        In the user's units.
    codes, weights : ndarray (trials,)
        Class number and importance.
    groups : ndarray (trials,), optional
        Held-out trials for early stopping are taken by whole groups.
    """

    series: np.ndarray
    codes: np.ndarray
    weights: np.ndarray
    groups: np.ndarray | None = None


def fit_ensemble(
    ensemble: Ensemble,
    trials: Trials,
    config: TrainingConfig,
    *,
    n_networks: int,
    validation_fraction: float,
    on_epoch: Callable[[int, EpochRecord], None] | None = None,
) -> list[History]:
    """Train `n_networks` networks, each from its own seed; continues those that exist already.

    Parameters
    ----------
    ensemble : Ensemble
        Holds the result.
    trials : Trials
    config : TrainingConfig
    n_networks : int
    validation_fraction : float
        Share of trials held out where ``config.early_stopping`` is set.
    on_epoch : callable, optional
        Called with the number of the network and the record of each epoch.

    Returns
    -------
    list of History
        One per network; fewer where Ctrl-C ended it. Ctrl-C before any network has finished an
        epoch is passed on.
    """
    source = ensemble.source(trials.series)
    histories: list[History] = []
    with deferred_interrupts():
        for member in range(n_networks):
            told = None if on_epoch is None else partial(on_epoch, member)
            try:
                history = _fit_member(
                    ensemble, member, source, trials, config, validation_fraction, told
                )
            except KeyboardInterrupt:
                if not histories:
                    raise
                warn_user(
                    f"Training was interrupted in the first epoch of network {member + 1} of "
                    f"{n_networks}; the model holds the {len(histories)} trained before. Set "
                    f"n_networks lower to stop there on purpose.",
                    InterruptedTrainingWarning,
                )
                break
            histories.append(history)
            if history.interrupted:
                break
    return histories


def _fit_member(
    ensemble: Ensemble,
    member: int,
    source: Currents | PoissonSpikes,
    trials: Trials,
    config: TrainingConfig,
    validation_fraction: float,
    on_epoch: Callable[[EpochRecord], None] | None,
) -> History:
    seed = ensemble.seed + member
    train, held = np.arange(len(trials.codes)), None
    if config.early_stopping:
        train, held = hold_out(trials.codes, trials.groups, validation_fraction, seed)
    data = _training_data(source, trials, train, ensemble.n_steps)
    if member < len(ensemble.weights):
        network = ensemble.trained_network(member)
    else:
        network = ensemble.new_network(member)
        some = np.arange(min(len(train), _CALIBRATION_TRIALS))
        network.calibrate(data.inputs(some, np.random.default_rng(seed)), n_steps=ensemble.n_steps)
    n_updates = config.max_epochs * batches_per_epoch(len(train), config.batch_size)
    trainer = Trainer(network, config, seed=seed, n_updates=n_updates)
    validation = None
    if held is not None:
        validation = partial(_evaluate, network, source, trials, held, ensemble)
    with threads_for(ensemble.product_size(source, config.batch_size)):
        history = trainer.fit(data, validation=validation, on_epoch=on_epoch)
    ensemble.keep(network, member)
    return history


def _training_data(
    source: Currents | PoissonSpikes, trials: Trials, train: np.ndarray, n_steps: int
) -> TrainingData:
    weights = trials.weights[train]
    return TrainingData(
        inputs=lambda indices, generator: source(train[indices], generator),
        labels=trials.codes[train].astype(np.int32),
        weights=(weights / weights.mean()).astype(np.float32),
        n_steps=n_steps,
    )


def _evaluate(
    network: Any,
    source: Currents | PoissonSpikes,
    trials: Trials,
    held: np.ndarray,
    ensemble: Ensemble,
) -> tuple[float, float]:
    """Weighted loss and accuracy on held-out trials."""
    logits = [
        np.array(network(source.predicting(part, ensemble.seed), n_steps=ensemble.n_steps).logits)
        for part in np.array_split(held, -(-len(held) // 256))
    ]
    probabilities = _softmax(np.concatenate(logits).astype(np.float64))
    codes, weights = trials.codes[held], trials.weights[held]
    share = weights / weights.sum()
    right = probabilities[np.arange(len(held)), codes]
    loss = -share @ np.log(np.maximum(right, 1e-12))
    return float(loss), float(share @ (probabilities.argmax(axis=1) == codes))


def _are_counts(series: np.ndarray) -> bool:
    return bool((series >= 0).all() and np.array_equal(series, np.round(series)))


def _softmax(logits: np.ndarray) -> np.ndarray:
    shifted = np.exp(logits - logits.max(axis=1, keepdims=True))
    return shifted / shifted.sum(axis=1, keepdims=True)

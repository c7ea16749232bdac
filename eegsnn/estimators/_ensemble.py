"""One or several trained networks whose probabilities are averaged; plain data, picklable."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import mlx.core as mx
import numpy as np
from mlx.utils import tree_flatten, tree_unflatten

from eegsnn.backend import threads_for
from eegsnn.errors import DataError
from eegsnn.estimators._inputs import hold_out
from eegsnn.estimators._trials import Currents, PoissonSpikes, Scaler
from eegsnn.models import NetworkConfig, SpikingNetwork
from eegsnn.training import (
    EpochRecord,
    History,
    Trainer,
    TrainingConfig,
    TrainingData,
    batches_per_epoch,
)

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
    config : NetworkConfig
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

    config: NetworkConfig
    n_inputs: int
    n_classes: int
    n_steps: int
    static: bool
    scaler: Scaler
    coding: str
    seed: int
    weights: list[Weights] = field(default_factory=list)
    _networks: list[SpikingNetwork] | None = field(default=None, repr=False)

    def __getstate__(self) -> dict[str, Any]:
        """Leave the MLX networks out: they are rebuilt from the weights."""
        return {**self.__dict__, "_networks": None}

    def check_length(self, series: np.ndarray) -> None:
        """Refuse series (T, trials, features) of another kind, or length where that matters."""
        expected = "rows (trials, features)" if self.static else "series (trials, channels, times)"
        if self.static != (len(series) == 1) and (self.static or self.n_steps > 1):
            raise DataError(f"X: the model was fitted on {expected}, but got the other kind.")
        if not self.static and self.config.readout_weights and len(series) != self.n_steps:
            raise DataError(
                f"X: expected {self.n_steps} time steps, as in training (readout_weights learns a "
                f"weight for each), but got {len(series)}."
            )

    def source(self, series: np.ndarray) -> Currents | PoissonSpikes:
        """Inputs of the networks for series (T, trials, features) in the user's units."""
        scaled = self.scaler(series)
        if self.coding == "poisson":
            return PoissonSpikes(scaled, self.n_steps)
        return Currents(scaled)

    def new_network(self, member: int) -> SpikingNetwork:
        """Network number `member` with the weights it starts from."""
        return SpikingNetwork(
            self.config,
            self.n_inputs,
            self.n_classes,
            self.n_steps,
            key=mx.random.key(self.seed + member),
        )

    def network(self, member: int) -> SpikingNetwork:
        """Network number `member` with its trained weights."""
        if self._networks is None:
            self._networks = []
            for number, weights in enumerate(self.weights):
                network = self.new_network(number)
                network.update(tree_unflatten([(k, mx.array(v)) for k, v in weights.items()]))
                mx.eval(network.parameters())
                self._networks.append(network)
        return self._networks[member]

    def keep(self, network: SpikingNetwork, member: int) -> None:
        """Store the weights of a trained network as number `member`."""
        weights = {k: np.array(v) for k, v in tree_flatten(network.parameters())}
        self.weights[member : member + 1] = [weights]
        self._networks = None

    def probabilities(self, series: np.ndarray) -> np.ndarray:
        """Mean over the networks of the class probabilities, float64 (trials, classes)."""
        total = np.zeros((series.shape[1], self.n_classes))
        for batch, inputs in self._prediction_batches(series):
            for member in range(len(self.weights)):
                logits = self.network(member)(inputs, n_steps=self.n_steps).logits
                total[batch] += _softmax(np.array(logits)[: len(batch)].astype(np.float64))
        return total / len(self.weights)

    def spikes(self, series: np.ndarray, member: int = 0, layer: int = 0) -> np.ndarray:
        """Spikes of a hidden layer, bool (T, trials, neurons)."""
        parts = []
        for batch, inputs in self._prediction_batches(series):
            spikes = self.network(member)(inputs, n_steps=self.n_steps).spikes[layer]
            parts.append(np.array(spikes)[:, : len(batch)] > 0)
        return np.concatenate(parts, axis=1)

    def firing_rates(self, series: np.ndarray) -> dict[str, float]:
        """Mean spikes per neuron and step of every spiking layer, over networks and trials."""
        totals = {f"hidden{layer + 1}": 0.0 for layer in range(len(self.config.hidden))}
        if self.config.readout == "rate":
            totals["output"] = 0.0
        n_trials = series.shape[1]
        for batch, inputs in self._prediction_batches(series):
            for member in range(len(self.weights)):
                output = self.network(member)(inputs, n_steps=self.n_steps)
                for name, spikes in zip(totals, output.spikes, strict=True):
                    rate = spikes[:, : len(batch)].mean().item()
                    totals[name] += rate * len(batch) / (n_trials * len(self.weights))
        return totals

    def product_size(self, batch: int) -> float:
        """Multiply-adds of the largest product in a forward pass of so many trials."""
        sizes = [self.n_inputs * self.config.n_delays, *self.config.hidden, self.n_classes]
        return self.n_steps * batch * max(a * b for a, b in itertools.pairwise(sizes))

    def _prediction_batches(self, series: np.ndarray) -> Any:
        generator = np.random.default_rng(self.seed)
        with threads_for(self.product_size(_PREDICTION_BATCH)):
            for start in range(0, series.shape[1], _PREDICTION_BATCH):
                batch = np.arange(start, min(start + _PREDICTION_BATCH, series.shape[1]))
                filled = np.resize(batch, _PREDICTION_BATCH)
                inputs = self.source(series[:, filled])(np.arange(_PREDICTION_BATCH), generator)
                yield batch, inputs


def fit_ensemble(
    ensemble: Ensemble,
    series: np.ndarray,
    codes: np.ndarray,
    weights: np.ndarray,
    groups: np.ndarray | None,
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
    series : ndarray (T, trials, features)
    codes, weights : ndarray (trials,)
    groups : ndarray (trials,), optional
        Held-out trials for early stopping are taken by whole groups.
    config : TrainingConfig
    n_networks : int
    validation_fraction : float
        Share of trials held out where ``config.early_stopping`` is set.
    on_epoch : callable, optional
        Called with the number of the network and the record of each epoch.

    Returns
    -------
    list of History
        One per network; the last one may be interrupted, and then nothing follows it.
    """
    source = ensemble.source(series)
    histories = []
    for member in range(n_networks):
        seed = ensemble.seed + member
        train, held = np.arange(len(codes)), None
        if config.early_stopping:
            train, held = hold_out(codes, groups, validation_fraction, seed)
        data = _training_data(source, codes, weights, train, ensemble.n_steps)
        continued = member < len(ensemble.weights)
        network = ensemble.network(member) if continued else ensemble.new_network(member)
        if not continued:
            some = np.arange(min(len(train), _CALIBRATION_TRIALS))
            network.calibrate(
                data.inputs(some, np.random.default_rng(seed)), n_steps=ensemble.n_steps
            )
        n_updates = config.max_epochs * batches_per_epoch(len(train), config.batch_size)
        trainer = Trainer(network, config, seed=seed, n_updates=n_updates)
        validation = None
        if held is not None:
            validation = partial(_evaluate, network, source, codes, weights, held, ensemble)
        with threads_for(ensemble.product_size(config.batch_size)):
            history = trainer.fit(
                data,
                validation=validation,
                on_epoch=None if on_epoch is None else partial(on_epoch, member),
            )
        ensemble.keep(network, member)
        histories.append(history)
        if history.interrupted:
            break
    return histories


def _training_data(
    source: Currents | PoissonSpikes,
    codes: np.ndarray,
    weights: np.ndarray,
    train: np.ndarray,
    n_steps: int,
) -> TrainingData:
    mean = weights[train].mean()
    return TrainingData(
        inputs=lambda indices, generator: source(train[indices], generator),
        labels=codes[train].astype(np.int32),
        weights=(weights[train] / mean).astype(np.float32),
        n_steps=n_steps,
    )


def _evaluate(
    network: SpikingNetwork,
    source: Currents | PoissonSpikes,
    codes: np.ndarray,
    weights: np.ndarray,
    held: np.ndarray,
    ensemble: Ensemble,
) -> tuple[float, float]:
    """Weighted loss and accuracy on held-out trials."""
    generator = np.random.default_rng(ensemble.seed)  # the same spikes after every epoch
    logits = [
        np.array(network(source(part, generator), n_steps=ensemble.n_steps).logits)
        for part in np.array_split(held, -(-len(held) // 256))
    ]
    probabilities = _softmax(np.concatenate(logits).astype(np.float64))
    share = weights[held] / weights[held].sum()
    right = probabilities[np.arange(len(held)), codes[held]]
    loss = -share @ np.log(np.maximum(right, 1e-12))
    return float(loss), float(share @ (probabilities.argmax(axis=1) == codes[held]))


def _softmax(logits: np.ndarray) -> np.ndarray:
    shifted = np.exp(logits - logits.max(axis=1, keepdims=True))
    return shifted / shifted.sum(axis=1, keepdims=True)

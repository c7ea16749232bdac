"""What happens in a fit and in a prediction, beneath the parameters that users see."""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import fields, replace
from typing import Any

import numpy as np
from sklearn.utils.validation import check_is_fitted, validate_data

from eegsnn._validation import check_groups
from eegsnn.backend import threads_for
from eegsnn.errors import ConfigurationError, DataError, SilentNetworkWarning
from eegsnn.estimators._classifier import TrialClassifier
from eegsnn.estimators._ensemble import Ensemble, Trials, fit_ensemble
from eegsnn.estimators._inputs import (
    batch_weights,
    check_can_hold_out,
    check_trial_shape,
    draw_seed,
    encode_labels,
    series_of,
    trial_weights,
)
from eegsnn.estimators._progress import epoch_progress
from eegsnn.estimators._trials import Scaler, merge_duplicates
from eegsnn.models import NetworkConfig, resolve_architecture
from eegsnn.monitoring import Operations, count_connections
from eegsnn.training import History, Trainer, TrainingConfig, TrainingData

_NETWORK_FIELDS = tuple(entry.name for entry in fields(NetworkConfig))
_TRAINING_FIELDS = tuple(entry.name for entry in fields(TrainingConfig))
_SILENT, _SATURATED = 1e-3, 0.95  # mean spikes per neuron and step
_TRIALS_COUNTED = 256  # for spike_rates_


class NetworkClassifier(TrialClassifier):
    """Base of the estimators: checked trials → front end → ensemble of networks → probabilities.

    A subclass has the parameters (those used here are listed below, and every field of
    :class:`~eegsnn.models.NetworkConfig` and :class:`~eegsnn.training.TrainingConfig`), and may put
    something between the trials and the network: see the methods named ``…_front_end``.
    """

    architecture: Any
    n_steps: int
    input_coding: str
    max_epochs: int
    batch_size: int
    early_stopping: bool
    validation_fraction: float
    n_networks: int
    class_weight: Any
    warm_start: bool
    random_state: Any
    verbose: int

    def _network_config(self) -> Any:
        """Make the configuration of the networks, with the rate of their steps once known."""
        given = {name: getattr(self, name) for name in _NETWORK_FIELDS}
        config = resolve_architecture(self._trained_architecture(), given)
        rate = self._rate_of_steps()
        if rate is not None and getattr(config, "sfreq", rate) is None:
            config = replace(config, sfreq=rate)
        return config

    def _trained_architecture(self) -> Any:
        """Architecture of the networks, where one is trained."""
        return self.architecture

    def _rate_of_steps(self) -> float | None:
        """Rate in Hz of the steps that networks see, once it is known."""
        return None

    def _training_config(self) -> TrainingConfig:
        return TrainingConfig(**{name: getattr(self, name) for name in _TRAINING_FIELDS})

    def _fit_trials(self, X: np.ndarray, y: np.ndarray, sample_weight: Any, groups: Any) -> None:
        previous = getattr(self, "_ensemble", None) if self.warm_start else None
        classes, codes = encode_labels(y)
        weights = trial_weights(sample_weight, self.class_weight, X, y, classes)
        groups = check_groups(groups, len(X))
        X, codes, weights, groups = merge_duplicates(X, codes, weights, groups)
        if self.early_stopping and groups is None:
            check_can_hold_out(codes, classes)
        if previous is None:
            series = self._learn_front_end(X, classes[codes])
            self._ensemble = self._new_ensemble(series, weights, X.ndim, len(classes))
        else:
            series = self._continue_front_end(X)
            self._ensemble = previous.copy()
            self._check_continues(classes, series)
        self.classes_ = classes
        with epoch_progress(bool(self.verbose), self.n_networks * self.max_epochs) as on_epoch:
            histories = fit_ensemble(
                self._ensemble,
                Trials(series, codes, weights, groups),
                self._training_config(),
                n_networks=self.n_networks,
                validation_fraction=self.validation_fraction,
                on_epoch=on_epoch,
            )
        self._record_histories(histories)
        self.spike_rates_ = self._ensemble.firing_rates(series[:, :_TRIALS_COUNTED])
        self._warn_of_silence()

    def _partial_fit_trials(
        self, X: np.ndarray, y: np.ndarray, classes: Any, sample_weight: Any
    ) -> None:
        first = not hasattr(self, "_ensemble")
        if first:
            self.classes_ = encode_labels(y if classes is None else classes)[0]
            self.loss_curve_: list[float] = []
            self.validation_scores_: list[float] = []
            self.n_iter_, self.interrupted_ = 0, False
        elif classes is not None and not np.array_equal(np.unique(classes), self.classes_):
            raise DataError(
                f"classes: expected the {len(self.classes_)} classes of the first call, "
                f"{self.classes_.tolist()}, but got {np.unique(classes).tolist()}."
            )
        unknown = sorted(set(np.unique(y).tolist()) - set(self.classes_.tolist()))
        if unknown:
            raise DataError(
                f"y: expected classes among {self.classes_.tolist()}, but got {unknown}. Name all "
                f"classes at the first call of partial_fit."
            )
        codes = np.searchsorted(self.classes_, y).astype(np.int32)
        weights = batch_weights(sample_weight, self.class_weight, X, y, self.classes_)
        if first:
            series = self._learn_front_end(X, y)
            self._ensemble = self._new_ensemble(series, weights, X.ndim, len(self.classes_))
        else:
            series = self._continue_front_end(X)
            self._ensemble.check_length(series)
        source = self._ensemble.source(series)
        data = TrainingData(source, codes, weights.astype(np.float32), self._ensemble.n_steps)
        trainers = self._ongoing_trainers(data)
        with threads_for(self._ensemble.product_size(source, self.batch_size)):
            losses = [trainer.epoch(data) for trainer in trainers]
        for member, trainer in enumerate(trainers):
            self._ensemble.keep(trainer.network, member)
        self.loss_curve_ = [*self.loss_curve_, float(np.mean(losses))]
        self.n_iter_ += 1
        self.spike_rates_ = self._ensemble.firing_rates(series[:, :_TRIALS_COUNTED])

    def _check_training_data(
        self, X: Any, y: Any, reset: bool = True, ch_names: Sequence[str] | None = None
    ) -> tuple[np.ndarray, np.ndarray]:
        self._check_shape(X, reset, ch_names)
        return validate_data(self, X, y, reset=reset, allow_nd=True, dtype=[np.float64, np.float32])

    def _prediction_series(self, X: Any) -> np.ndarray:
        check_is_fitted(self, "classes_")
        self._check_shape(X, reset=False, ch_names=self._training_channels())
        X = validate_data(self, X, reset=False, allow_nd=True, dtype=[np.float64, np.float32])
        series = self._apply_front_end(X)
        self._ensemble.check_length(series)
        return series

    def _check_shape(self, X: Any, reset: bool, ch_names: Sequence[str] | None = None) -> None:
        """Say of series what scikit-learn's own check cannot: which channel, which trial."""
        check_trial_shape(X, None if reset else self.n_features_in_, ch_names)

    def _training_channels(self) -> list[str] | None:
        """Names of the channels of training, where they have any."""
        return None

    def _learn_front_end(self, X: np.ndarray, y: np.ndarray) -> np.ndarray:
        """Fit whatever stands before the network, and return its series [T, trials, features]."""
        return series_of(X)

    def _continue_front_end(self, X: np.ndarray) -> np.ndarray:
        """Do the same with further training trials, fitting nothing."""
        return self._apply_front_end(X)

    def _apply_front_end(self, X: np.ndarray) -> np.ndarray:
        return series_of(X)

    def _new_ensemble(
        self, series: np.ndarray, weights: np.ndarray, ndim: int, n_classes: int
    ) -> Ensemble:
        config = self._network_config()
        if config.raw and ndim == 2:
            raise DataError(
                f"X: the architecture {config.name!r} takes time series (trials, channels, times), "
                f"but got rows of features. Choose another architecture for rows."
            )
        return Ensemble(
            config=config,
            n_inputs=series.shape[2],
            n_classes=n_classes,
            n_steps=self.n_steps if ndim == 2 else series.shape[0],
            static=ndim == 2,
            scaler=Scaler.fit(series, weights, self.input_coding),
            coding=self.input_coding,
            seed=draw_seed(self.random_state),
        )

    def count_operations(self, X: Any) -> Operations:
        """Count what the classification of a trial costs, layer by layer.

        Parameters
        ----------
        X
            Trials, as for ``predict``; counts are means over them.

        Returns
        -------
        Operations
            ``print`` shows a table, ``to_dict`` gives it JSON-able: synaptic operations (additions
            that spikes cause), multiply-accumulates of what is analog, an estimate of the energy,
            and the multiply-accumulates of a network of the same shape without spikes.

        Notes
        -----
        Summed over the networks of an ensemble. What an encoder does before the network (filters,
        spike code) is not counted; see :func:`eegsnn.monitoring.count_operations` for the rest.
        """
        series = self._prediction_series(X)
        return count_connections(self._ensemble.connections(series), series.shape[1])

    @property
    def n_parameters_(self) -> int:
        """Trained numbers of the networks, all together."""
        ensemble = getattr(self, "_ensemble", None)
        if ensemble is None:
            raise AttributeError("n_parameters_ is known after a network was trained")
        sizes = (ensemble.n_inputs, ensemble.n_classes, ensemble.n_steps)
        return int(ensemble.config.n_parameters(*sizes)) * len(ensemble.weights)

    def _check_continues(self, classes: np.ndarray, series: np.ndarray) -> None:
        if not np.array_equal(classes, self.classes_):
            raise DataError(
                f"warm_start: expected the classes of the first fit, {self.classes_.tolist()}, but "
                f"got {classes.tolist()}. Set warm_start=False to start anew."
            )
        if self._ensemble.config != self._network_config():
            raise ConfigurationError(
                "warm_start: expected the network of the first fit, but a parameter of it was "
                "changed. Set warm_start=False to start anew."
            )
        self._ensemble.check_length(series)

    def _ongoing_trainers(self, data: TrainingData) -> list[Trainer]:
        """Networks in training, and the memory of their optimisers between partial fits."""
        if getattr(self, "_trainers", None) is not None:
            return self._trainers
        ensemble = self._ensemble
        fresh = not ensemble.weights
        trainers = []
        for member in range(self.n_networks if fresh else len(ensemble.weights)):
            network = ensemble.new_network(member) if fresh else ensemble.trained_network(member)
            if fresh:
                sample = data.inputs(
                    np.arange(len(data.labels)), np.random.default_rng(ensemble.seed)
                )
                network.calibrate(sample, n_steps=ensemble.n_steps)
            trainers.append(Trainer(network, self._training_config(), seed=ensemble.seed + member))
        self._trainers: Any = trainers
        return trainers

    def __getstate__(self) -> dict[str, Any]:
        """Leave out optimisers at work: a copy continues partial_fit from the weights alone."""
        state = super().__getstate__()
        return {key: value for key, value in state.items() if key != "_trainers"}

    def _record_histories(self, histories: list[History]) -> None:
        self._trainers = None
        self.histories_ = histories
        self.interrupted_ = histories[-1].interrupted or len(histories) < self.n_networks
        self.n_iter_ = max(len(history.records) for history in histories)
        self.loss_curve_ = _mean_curve([history.loss_curve for history in histories])
        self.validation_scores_ = _mean_curve([h.validation_scores for h in histories])

    def _warn_of_silence(self) -> None:
        for layer, rate in self.spike_rates_.items():
            if _SILENT <= rate <= _SATURATED:
                continue
            state, turn = (
                ("hardly spikes", "lower threshold, weight_decay or learning_rate")
                if rate < _SILENT
                else ("spikes at nearly every step", "raise threshold, or lower learning_rate")
            )
            warnings.warn(
                f"Layer {layer} {state} ({rate:.2g} spikes per neuron and step) and tells little: "
                f"{turn}; and see whether the input varies.",
                SilentNetworkWarning,
                stacklevel=4,
            )


@contextlib.contextmanager
def whole_or_unchanged(model: TrialClassifier) -> Iterator[None]:
    """Put the model's attributes back if the block fails: half a fit must not replace a whole one.

    Optimisers at work are dropped then; the next partial fit goes on from the weights kept.
    """
    before = dict(model.__dict__)
    try:
        yield
    except BaseException:
        model.__dict__.clear()
        model.__dict__.update({k: v for k, v in before.items() if k != "_trainers"})
        raise


def _mean_curve(curves: list[list[float]]) -> list[float]:
    """Mean over networks of each epoch; where some stopped early, over those that went on."""
    longest = max((len(curve) for curve in curves), default=0)
    return [float(np.mean([c[i] for c in curves if i < len(c)])) for i in range(longest)]

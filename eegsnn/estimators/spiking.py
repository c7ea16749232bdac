"""`SpikingClassifier`: a spiking network behind the interface of a scikit-learn classifier."""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted, validate_data

from eegsnn._validation import (
    check_boolean,
    check_choice,
    check_finite,
    check_integer,
    check_number,
)
from eegsnn.backend import threads_for, use_fast_blas
from eegsnn.errors import ConfigurationError, DataError, SilentNetworkWarning
from eegsnn.estimators._ensemble import Ensemble, Trials, fit_ensemble
from eegsnn.estimators._inputs import (
    batch_weights,
    check_can_hold_out,
    check_class_weight,
    check_groups,
    draw_seed,
    encode_labels,
    series_of,
    trial_weights,
)
from eegsnn.estimators._progress import epoch_progress
from eegsnn.estimators._trials import INPUT_CODINGS, Scaler, merge_duplicates
from eegsnn.models import NetworkConfig
from eegsnn.training import History, Trainer, TrainingConfig, TrainingData

_NETWORK_FIELDS = tuple(NetworkConfig.__dataclass_fields__)
_TRAINING_FIELDS = tuple(TrainingConfig.__dataclass_fields__)
_SILENT, _SATURATED = 1e-3, 0.95  # mean spikes per neuron and step
_TRIALS_COUNTED = 256  # for spike_rates_


class SpikingClassifier(ClassifierMixin, BaseEstimator):
    """Classify features or time series with a feed-forward spiking network.

    Rows (trials, features) are presented as constant currents, or as Poisson spikes, for `n_steps`
    steps; series (trials, channels, times) as one current per channel that changes with every
    sample. Inputs are standardised on the training data. For EEG with bands and spike encoders,
    see :class:`~eegsnn.estimators.EEGSpikingClassifier`.

    Parameters
    ----------
    hidden, neuron, beta, threshold, reset_mechanism, reset_delay, learn_beta, n_delays, \
delay_step, readout, readout_beta, readout_weights, dropout, surrogate, surrogate_slope
        The network: see :class:`~eegsnn.models.NetworkConfig`.
    max_epochs, batch_size, learning_rate, weight_decay, clip_norm, label_smoothing, input_noise, \
early_stopping, n_iter_no_change, tol
        Training: see :class:`~eegsnn.training.TrainingConfig`.
    n_steps : int, default 20
        Time steps that a row (trials, features) is presented for.
    input_coding : {"direct", "poisson"}, default "direct"
        "direct": standardised values as currents, without noise. "poisson": values scaled to
        [0, 1] are the probability of a spike in each step, drawn anew at every presentation.
    validation_fraction : float, default 0.15
        Share of the training trials held out where `early_stopping` is set; whole groups where
        `fit` is given groups.
    n_networks : int, default 1
        Networks trained from different initial weights, whose probabilities are averaged.
    class_weight : None, "balanced" or dict, default None
        Importance of each class: label → weight, or in inverse proportion to its frequency.
    warm_start : bool, default False
        Continue from the present weights when `fit` is called again.
    random_state : int, RandomState or None, default None
        Source of every random number: the same one gives identical weights.
    verbose : int, default 0
        1 shows progress on standard error.

    Attributes
    ----------
    classes_ : ndarray
    n_features_in_ : int
        Features of a row, or channels of a series.
    n_iter_ : int
        Epochs that the longest training of a network took.
    loss_curve_ : list of float
        Training loss of each epoch, averaged over the networks.
    validation_scores_ : list of float
        Accuracy on held-out trials after each epoch (empty without `early_stopping`).
    spike_rates_ : dict of str to float
        Mean spikes per neuron and step of every spiking layer, on training trials: "hidden1", …,
        and "output" for the readout "rate".
    histories_ : list of History
        Of every network that `fit` trained; not kept in model files.
    interrupted_ : bool
        Whether Ctrl-C ended training early; the model then holds the best weights so far.

    Notes
    -----
    Identical trials of one class are merged and their weights added, so that a weight of 2 and a
    trial given twice mean the same, and the order of trials does not matter.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(60, 4)) + np.repeat([[0.0], [2.0]], 30, axis=0)
    >>> y = np.repeat(["rest", "move"], 30)
    >>> model = SpikingClassifier(max_epochs=20, random_state=0).fit(X, y)
    >>> model.score(X, y) > 0.9
    True
    """

    def __init__(
        self,
        hidden: Any = (64,),
        *,
        neuron: str = "leaky",
        beta: Any = (0.5, 0.98),
        threshold: float = 1.0,
        reset_mechanism: str = "subtract",
        reset_delay: bool = True,
        learn_beta: bool = True,
        n_delays: int = 1,
        delay_step: int = 1,
        readout: str = "membrane",
        readout_beta: float = 0.95,
        readout_weights: bool = False,
        dropout: float = 0.0,
        surrogate: Any = "arctan",
        surrogate_slope: float | None = None,
        n_steps: int = 20,
        input_coding: str = "direct",
        max_epochs: int = 60,
        batch_size: int = 32,
        learning_rate: float = 5e-3,
        weight_decay: float = 1.0,
        clip_norm: float = 1.0,
        label_smoothing: float = 0.0,
        input_noise: float = 0.0,
        early_stopping: bool = False,
        validation_fraction: float = 0.15,
        n_iter_no_change: int = 15,
        tol: float = 1e-4,
        n_networks: int = 1,
        class_weight: Any = None,
        warm_start: bool = False,
        random_state: Any = None,
        verbose: int = 0,
    ) -> None:
        self.hidden = hidden
        self.neuron = neuron
        self.beta = beta
        self.threshold = threshold
        self.reset_mechanism = reset_mechanism
        self.reset_delay = reset_delay
        self.learn_beta = learn_beta
        self.n_delays = n_delays
        self.delay_step = delay_step
        self.readout = readout
        self.readout_beta = readout_beta
        self.readout_weights = readout_weights
        self.dropout = dropout
        self.surrogate = surrogate
        self.surrogate_slope = surrogate_slope
        self.n_steps = n_steps
        self.input_coding = input_coding
        self.max_epochs = max_epochs
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.weight_decay = weight_decay
        self.clip_norm = clip_norm
        self.label_smoothing = label_smoothing
        self.input_noise = input_noise
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.tol = tol
        self.n_networks = n_networks
        self.class_weight = class_weight
        self.warm_start = warm_start
        self.random_state = random_state
        self.verbose = verbose

    def __sklearn_tags__(self) -> Any:
        """Rows and series are both taken."""
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        return tags

    def check_parameters(self) -> None:
        """Validate the constructor's values without data.

        Raises
        ------
        ConfigurationError
            Naming the parameter, what is allowed and what came.
        """
        self._network_config()
        self._training_config()
        check_integer("n_steps", self.n_steps, low=1)
        check_choice("input_coding", self.input_coding, INPUT_CODINGS)
        check_number(
            "validation_fraction",
            self.validation_fraction,
            low=0,
            high=1,
            low_open=True,
            high_open=True,
        )
        check_integer("n_networks", self.n_networks, low=1)
        check_class_weight(self.class_weight)
        check_boolean("warm_start", self.warm_start)
        if not isinstance(self.verbose, bool | np.bool_):
            check_integer("verbose", self.verbose, low=0)
        try:
            check_random_state(self.random_state)
        except ValueError as error:
            raise ConfigurationError(
                f"random_state: expected an integer ≥ 0, a RandomState or None, but got "
                f"{self.random_state!r}."
            ) from error

    def _network_config(self) -> NetworkConfig:
        return NetworkConfig(**{name: getattr(self, name) for name in _NETWORK_FIELDS})

    def _training_config(self) -> TrainingConfig:
        return TrainingConfig(**{name: getattr(self, name) for name in _TRAINING_FIELDS})

    def fit(
        self, X: Any, y: Any, sample_weight: Any = None, groups: Any = None
    ) -> SpikingClassifier:
        """Train on labelled trials.

        Parameters
        ----------
        X : array (trials, features) or (trials, channels, times)
        y : array-like (trials,)
            Labels of any kind that can be sorted.
        sample_weight : array-like (trials,), optional
            Importance of each trial; those of weight 0 are left out.
        groups : array-like (trials,), optional
            Subject, session or run of each trial: early stopping holds out whole groups.

        Returns
        -------
        self

        Raises
        ------
        ConfigurationError
            If a parameter has an impossible value.
        DataError
            If X holds NaN or infinity (naming trial and channel), lengths differ, or there is
            one class only.

        Notes
        -----
        If it fails, or is interrupted before an epoch has ended, the estimator stays as it was.
        """
        self.check_parameters()
        with _whole_or_unchanged(self):
            X, y = self._check_training_data(X, y)
            self._fit_trials(X, y, sample_weight, groups)
        return self

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

    def partial_fit(
        self, X: Any, y: Any, classes: Any = None, sample_weight: Any = None
    ) -> SpikingClassifier:
        """Make one pass over more trials, at a constant learning rate.

        Scales are learned from the trials of the first call and kept.

        Parameters
        ----------
        X, y, sample_weight
            As in :meth:`fit`.
        classes : array-like, optional
            All labels that will ever come; needed at the first call, unless `y` has them all.

        Returns
        -------
        self

        Raises
        ------
        ConfigurationError
            If a parameter has an impossible value, or `class_weight` is "balanced".
        DataError
            As in :meth:`fit`; or if `y` holds a label that was not named at the first call.
        """
        self.check_parameters()
        with _whole_or_unchanged(self):
            X, y = self._check_training_data(X, y, reset=not hasattr(self, "_ensemble"))
            self._partial_fit_trials(X, y, classes, sample_weight)
        return self

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
                f"{list(self.classes_)}, but got {list(np.unique(classes))}."
            )
        unknown = sorted(set(np.unique(y)) - set(self.classes_))
        if unknown:
            raise DataError(
                f"y: expected classes among {list(self.classes_)}, but got {unknown}. Name all "
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
        data = TrainingData(
            self._ensemble.source(series), codes, weights.astype(np.float32), self._ensemble.n_steps
        )
        trainers = self._ongoing_trainers(data)
        with threads_for(self._ensemble.product_size(self.batch_size)):
            losses = [trainer.epoch(data) for trainer in trainers]
        for member, trainer in enumerate(trainers):
            self._ensemble.keep(trainer.network, member)
        self.loss_curve_ = [*self.loss_curve_, float(np.mean(losses))]
        self.n_iter_ += 1
        self.spike_rates_ = self._ensemble.firing_rates(series[:, :_TRIALS_COUNTED])

    def predict_proba(self, X: Any) -> np.ndarray:
        """Probability of each class, float64 (trials, classes), columns as in `classes_`."""
        series = self._prediction_series(X)
        return self._ensemble.probabilities(series)

    def predict(self, X: Any) -> np.ndarray:
        """Return the most probable label of each trial."""
        probabilities = self.predict_proba(X)
        return self.classes_[probabilities.argmax(axis=1)]

    def hidden_spikes(self, X: Any, layer: int = 0) -> np.ndarray:
        """Spikes of a hidden layer of the first network, bool (T, trials, neurons).

        Raises
        ------
        ConfigurationError
            If there is no hidden layer of that number, counted from 0.
        """
        series = self._prediction_series(X)
        check_integer("layer", layer, low=0, high=len(self._ensemble.config.hidden) - 1)
        return self._ensemble.spikes(series, layer=layer)

    def save(self, path: str | Path) -> Path:
        """Write the fitted model to a folder; see :mod:`eegsnn.estimators.persistence`."""
        from eegsnn.estimators.persistence import save_model

        return save_model(self, path)

    @classmethod
    def load(cls, path: str | Path) -> SpikingClassifier:
        """Read a model that :meth:`save` wrote.

        Raises
        ------
        ModelFileError
            If it is missing, truncated, foreign, of an unknown version or another kind of model.
        """
        from eegsnn.estimators.persistence import load_model

        return load_model(path, expected=cls)

    # What follows is how data reach the network.

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
        array = np.asarray(X) if not hasattr(X, "toarray") else None
        if array is None or array.ndim <= 2:
            return
        if array.ndim != 3 or not array.shape[2]:
            raise DataError(
                f"X: expected rows (trials, features) or series (trials, channels, times) of at "
                f"least one sample, but got shape {array.shape}."
            )
        if not reset and array.shape[1] != self.n_features_in_:
            raise DataError(
                f"X: expected {self.n_features_in_} channels, as in training, but got "
                f"{array.shape[1]}."
            )
        if array.dtype.kind == "f":
            check_finite(array, ch_names=ch_names)

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
        use_fast_blas()
        return Ensemble(
            config=self._network_config(),
            n_inputs=series.shape[2],
            n_classes=n_classes,
            n_steps=self.n_steps if ndim == 2 else series.shape[0],
            static=ndim == 2,
            scaler=Scaler.fit(series, weights, self.input_coding),
            coding=self.input_coding,
            seed=draw_seed(self.random_state),
        )

    def _check_continues(self, classes: np.ndarray, series: np.ndarray) -> None:
        if not np.array_equal(classes, self.classes_):
            raise DataError(
                f"warm_start: expected the classes of the first fit, {list(self.classes_)}, but "
                f"got {list(classes)}. Set warm_start=False to start anew."
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
def _whole_or_unchanged(model: SpikingClassifier) -> Iterator[None]:
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

"""`LiquidStateClassifier`: bands, spike encoder, liquid state machine and a linear readout."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import fields
from typing import Any

import numpy as np
from sklearn.base import clone
from sklearn.utils.validation import check_is_fitted, validate_data

from eegsnn._validation import (
    check_boolean,
    check_choice,
    check_cut,
    check_groups,
    check_integer,
    check_number,
    is_epochs,
    unpack_series,
)
from eegsnn.encoding import EEGEncoder
from eegsnn.errors import DataError
from eegsnn.estimators._base import whole_or_unchanged
from eegsnn.estimators._classifier import TrialClassifier
from eegsnn.estimators._inputs import (
    Encoder,
    check_class_weight,
    check_encoder,
    check_seed,
    check_trial_shape,
    draw_seed,
    encode_labels,
    labels_of_epochs,
    series_of,
    trial_weights,
)
from eegsnn.estimators._liquid_operations import liquid_operations
from eegsnn.estimators._readouts import READOUTS, fit_readout
from eegsnn.estimators._trials import merge_duplicates
from eegsnn.models import LiquidStateMachine, ReservoirConfig
from eegsnn.models.reservoir_dynamics import Response
from eegsnn.monitoring import Operations
from eegsnn.training.readouts import LinearReadout

_RESERVOIR_FIELDS = tuple(field.name for field in fields(ReservoirConfig))
_CALIBRATION_TRIALS = 64
# Trials run at a time: their spikes at all steps are held at once.
_BLOCK = 256


class LiquidStateClassifier(TrialClassifier):
    """Classify EEG trials by how they stir a reservoir: encoder → reservoir → linear readout.

    Only the readout is trained, in closed form or by logistic regression: a fit takes a moment.
    Encoder, input strength and readout are fitted to training trials alone. Rows (trials,
    features) are taken too, presented for `n_steps` steps.

    Parameters
    ----------
    encoder : EEGEncoder, EncoderUnion or None, default None
        None: :class:`~eegsnn.encoding.EEGEncoder` with its defaults.
    sfreq : float, optional
        Sampling rate of arrays in Hz, unless the encoder has it. mne.Epochs bring their own.
    n_units, excitatory, …, time_constant
        Of the reservoir, see :class:`~eegsnn.models.ReservoirConfig`.
    n_snapshots : int, default 4
        Liquid states read out, at the ends of so many equal parts of the trial.
    with_rates : bool, default True
        Read out each unit's spike rate over the trial as well.
    with_input : bool, default True
        Read out what the encoder gives as well, at every step, past the reservoir, which then has
        to supply only what a linear readout of the encoder cannot.
    readout : {"ridge", "logistic"}, default "ridge"
        "ridge": least squares, its regularisation chosen by predicting each training trial from
        the others, in closed form, and its probabilities fitted to those predictions. "logistic":
        multinomial, chosen by five folds within the training trials; slower. With groups, both
        leave whole groups out.
    n_steps : int, default 20
        Steps that rows are presented for.
    class_weight : dict, "balanced" or None, default None
    random_state : int, RandomState or None, default None
        Source of the reservoir, and of the folds.

    Attributes
    ----------
    encoder_ : EEGEncoder, EncoderUnion or None
        Fitted; None after training on rows.
    classes_ : ndarray
    liquid_ : LiquidStateMachine
        Calibrated on training trials.
    readout_ : LinearReadout
    penalty_ : float
        Regularisation chosen: the penalty of "ridge" as a part of the features' mean eigenvalue,
        or the C of "logistic".
    n_features_in_ : int
        Channels, or features of rows.
    spike_rates_ : dict of str to float
        Mean spikes per unit and step on training trials: "reservoir".

    Notes
    -----
    Identical trials of one class are merged and their weights added, so that none is judged by
    its own copy.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> time = np.arange(500) / 250
    >>> X = rng.normal(size=(40, 2, 500))
    >>> X[:20, 0] += 2 * np.sin(2 * np.pi * 10 * time)  # alpha on the first channel
    >>> y = np.repeat(["closed", "open"], 20)
    >>> encoder = EEGEncoder("standard", feature="envelope", bin_width=0.1)
    >>> model = LiquidStateClassifier(encoder, sfreq=250.0, n_units=100, random_state=0)
    >>> model.fit(X[::2], y[::2]).score(X[1::2], y[1::2]) > 0.9
    True
    """

    def __init__(
        self,
        encoder: Encoder | None = None,
        sfreq: float | None = None,
        *,
        n_units: int = 300,
        excitatory: float = 0.8,
        topology: str = "distance",
        grid: tuple[int, int, int] | None = None,
        length: float = 2.0,
        density: float = 0.1,
        scaling: str = "spectral_radius",
        strength: float = 0.5,
        delays: tuple[int, int] = (1, 3),
        neuron: str = "leaky",
        beta: Any = (0.5, 0.98),
        dt: float = 1.0,
        short_term_plasticity: bool = False,
        input_density: float = 0.3,
        target_rate: float = 0.1,
        time_constant: float = 10.0,
        n_snapshots: int = 4,
        with_rates: bool = True,
        with_input: bool = True,
        readout: str = "ridge",
        n_steps: int = 20,
        class_weight: Any = None,
        random_state: Any = None,
    ) -> None:
        self.encoder = encoder
        self.sfreq = sfreq
        self.n_units = n_units
        self.excitatory = excitatory
        self.topology = topology
        self.grid = grid
        self.length = length
        self.density = density
        self.scaling = scaling
        self.strength = strength
        self.delays = delays
        self.neuron = neuron
        self.beta = beta
        self.dt = dt
        self.short_term_plasticity = short_term_plasticity
        self.input_density = input_density
        self.target_rate = target_rate
        self.time_constant = time_constant
        self.n_snapshots = n_snapshots
        self.with_rates = with_rates
        self.with_input = with_input
        self.readout = readout
        self.n_steps = n_steps
        self.class_weight = class_weight
        self.random_state = random_state

    def check_parameters(self) -> None:
        """Validate the constructor's values, the encoder's too, without data.

        Raises
        ------
        ConfigurationError
            Naming the parameter, what is allowed and what came.
        """
        self._reservoir_config()
        check_integer("n_snapshots", self.n_snapshots, low=1)
        check_boolean("with_rates", self.with_rates)
        check_boolean("with_input", self.with_input)
        check_choice("readout", self.readout, READOUTS)
        check_integer("n_steps", self.n_steps, low=1)
        check_class_weight(self.class_weight)
        if self.sfreq is not None:
            check_number("sfreq", self.sfreq, low=0, low_open=True, unit="Hz")
        check_seed(self.random_state)
        check_encoder(self.encoder)

    def fit(
        self,
        X: Any,
        y: Any = None,
        sample_weight: Any = None,
        groups: Any = None,
        ch_names: Sequence[str] | None = None,
    ) -> LiquidStateClassifier:
        """Fit encoder and readout to labelled trials.

        Parameters
        ----------
        X : array (trials, channels, times), mne.Epochs, or array (trials, features)
            In any unit, the same at prediction.
        y : array-like (trials,)
            Labels. Epochs bring their own, the names of their events, unless `y` is given.
        sample_weight : array-like (trials,), optional
            Importance of each trial; those of weight 0 are left out.
        groups : array-like (trials,), optional
            Subject, session or run of each trial: regularisation is chosen by whole groups left
            out.
        ch_names : sequence of str, optional
            Names of the channels of an array: Epochs are matched to them at prediction.

        Raises
        ------
        ConfigurationError
            If a parameter has an impossible value, a band lies beyond the Nyquist frequency, or
            the sampling rate is not known.
        DataError
            If X holds NaN or infinity (naming trial and channel), a channel is flat, trials are
            too short, lengths differ, or there is one class only.

        Notes
        -----
        If it fails, the estimator stays as it was.
        """
        self.check_parameters()
        check_cut(X)
        data, names, rate = unpack_series(X, ch_names=ch_names, sfreq=self.sfreq)
        y = labels_of_epochs(X, y)
        with whole_or_unchanged(self):
            check_trial_shape(data, None, names)
            X, y = validate_data(self, data, y, allow_nd=True, dtype=[np.float64, np.float32])
            self._fit_trials(X, y, sample_weight, groups, names, rate)
        return self

    def predict_proba(self, X: Any) -> np.ndarray:
        """Probability of each class, float64 (trials, classes), columns as in `classes_`."""
        series = self._series(X)
        return np.exp(self.readout_.log_probabilities(self._features(series)[0]))

    def encode(self, X: Any) -> np.ndarray:
        """Encode trials as the reservoir receives them, [T, trials, features]."""
        return self._series(X)

    def hidden_spikes(self, X: Any) -> np.ndarray:
        """Spikes of the reservoir, bool [T, trials, units]."""
        series = self._series(X)
        return self.liquid_.run(series)[0]

    def count_operations(self, X: Any) -> Operations:
        """Count what the classification of a trial costs, part by part.

        As :meth:`SpikingClassifier.count_operations`: connections into the reservoir, among its
        units, and of the readout; not what the encoder does before it.
        """
        series = self._series(X)
        return liquid_operations(
            self.liquid_,
            self._responses(series),
            n_trials=series.shape[1],
            n_classes=len(self.classes_),
            with_rates=self.with_rates,
            with_input=self.with_input,
            static=self.encoder_ is None,
        )

    @property
    def n_parameters_(self) -> int:
        """Trained numbers: the weights of the readout. The reservoir is drawn, not trained."""
        if not hasattr(self, "readout_"):
            raise AttributeError("n_parameters_ is known after the readout was trained")
        return int(self.readout_.weights.size + self.readout_.bias.size)

    @property
    def ch_names_(self) -> list[str]:
        """Channels in the order of training."""
        return self._fitted_encoder("channels").ch_names_

    @property
    def sfreq_(self) -> float:
        """Sampling rate of the training data in Hz."""
        return self._fitted_encoder("rate").sfreq_

    def get_state(self) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        """Describe what stands behind the encoder: a JSON-able dict and named arrays."""
        check_is_fitted(self, "readout_")
        config, arrays = self.liquid_.get_state()
        arrays = {f"liquid.{name}": array for name, array in arrays.items()}
        arrays |= {"readout.weights": self.readout_.weights, "readout.bias": self.readout_.bias}
        return {"liquid": config, "n_steps": self.n_steps_, "penalty": self.penalty_}, arrays

    def restore_state(self, state: dict[str, Any], arrays: dict[str, np.ndarray]) -> None:
        """Put back what :meth:`get_state` described."""
        own = {name.removeprefix("liquid."): array for name, array in arrays.items()}
        self.liquid_ = LiquidStateMachine.from_state(state["liquid"], own)
        self.n_steps_, self.penalty_ = state["n_steps"], state["penalty"]
        self.readout_ = LinearReadout(arrays["readout.weights"], arrays["readout.bias"])

    def _reservoir_config(self) -> ReservoirConfig:
        return ReservoirConfig(**{name: getattr(self, name) for name in _RESERVOIR_FIELDS})

    def _fit_trials(
        self,
        X: np.ndarray,
        y: np.ndarray,
        sample_weight: Any,
        groups: Any,
        names: list[str] | None,
        rate: float | None,
    ) -> None:
        classes, codes = encode_labels(y)
        weights = trial_weights(sample_weight, self.class_weight, X, y, classes)
        X, codes, weights, groups = merge_duplicates(
            X, codes, weights, check_groups(groups, len(X))
        )
        # A class may have lost all of its weight.
        self.classes_, codes = classes[np.unique(codes)], np.unique(codes, return_inverse=True)[1]
        self.encoder_ = None
        if X.ndim == 3:
            encoder = EEGEncoder() if self.encoder is None else clone(self.encoder)
            series = encoder.fit_transform(X, self.classes_[codes], ch_names=names, sfreq=rate)
            self.encoder_ = encoder
        else:
            series = self._presented(X)
        seed = draw_seed(self.random_state)
        self.liquid_ = LiquidStateMachine(self._reservoir_config(), series.shape[2], seed=seed)
        chosen = np.random.default_rng(seed).permutation(len(codes))[:_CALIBRATION_TRIALS]
        self.liquid_.calibrate(series[:, np.sort(chosen)])
        self.n_steps_ = len(series)
        features, spike_rate = self._features(series)
        self.spike_rates_ = {"reservoir": spike_rate}
        self.readout_, self.penalty_ = fit_readout(
            self.readout, features, codes, weights, groups, seed
        )

    def _presented(self, X: np.ndarray) -> np.ndarray:
        return np.broadcast_to(series_of(X), (self.n_steps, *X.shape))

    def _series(self, X: Any) -> np.ndarray:
        """Encode new trials as those of training were."""
        check_is_fitted(self, "readout_")
        if is_epochs(X):
            # Matched to the training channels by name, and the rate is checked.
            series = self._fitted_encoder("channels").transform(X)
        else:
            names = None if self.encoder_ is None else self.encoder_.ch_names_
            check_trial_shape(X, self.n_features_in_, names)
            X = validate_data(self, X, reset=False, allow_nd=True, dtype=[np.float64, np.float32])
            if (X.ndim == 2) != (self.encoder_ is None):
                raise DataError(
                    f"X: expected {'rows' if self.encoder_ is None else 'series'}, as in "
                    f"training, but got shape {X.shape}."
                )
            series = self._presented(X) if self.encoder_ is None else self.encoder_.transform(X)
        if len(series) != self.n_steps_:
            raise DataError(
                f"X: expected trials of {self.n_steps_} steps, as in training, but these have "
                f"{len(series)}. Cut them to the same length."
            )
        return series

    def _features(self, series: np.ndarray) -> tuple[np.ndarray, float]:
        """Features of the readout (trials, …), and the reservoir's spikes per unit and step."""
        parts, total = [], 0.0
        for block, found in self._responses(series):
            assert found.spikes is not None
            rates = found.spikes.mean(axis=0)
            total += float(rates.sum())
            own = [*found.samples, *([rates] if self.with_rates else [])]
            if self.with_input:
                own.append(_flat(block[:1] if self.encoder_ is None else block))
            parts.append(np.concatenate(own, axis=1))
        return np.concatenate(parts), total / (series.shape[1] * self.n_units)

    def _responses(self, series: np.ndarray) -> Iterator[tuple[np.ndarray, Response]]:
        """Run the reservoir on blocks of trials; give each block with what came of it."""
        n_steps, n_trials, _ = series.shape
        times = np.unique(n_steps * np.arange(1, self.n_snapshots + 1) // self.n_snapshots) - 1
        for first in range(0, n_trials, _BLOCK):
            block = series[:, first : first + _BLOCK]
            yield block, self.liquid_.respond(block, times=times[times >= 0])

    def _fitted_encoder(self, what: str) -> Encoder:
        check_is_fitted(self, "readout_")
        if self.encoder_ is None:
            raise DataError(f"the model was trained on rows of features, which have no {what}")
        return self.encoder_


def _flat(series: np.ndarray) -> np.ndarray:
    """All steps of [T, trials, features] side by side, (trials, T·features)."""
    return np.swapaxes(series, 0, 1).reshape(series.shape[1], -1)

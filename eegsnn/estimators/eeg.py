"""`EEGSpikingClassifier`: from trials to labels, chosen automatically or network by network."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from sklearn.base import clone
from sklearn.utils.validation import check_is_fitted

from eegsnn._validation import check_cut, check_number, is_epochs, unpack_series
from eegsnn.encoding import EEGEncoder
from eegsnn.errors import DataError
from eegsnn.estimators._base import whole_or_unchanged
from eegsnn.estimators._choosing import ChoosingClassifier
from eegsnn.estimators._inputs import Encoder, check_encoder, labels_of_epochs
from eegsnn.estimators.spiking import SpikingClassifier


class EEGSpikingClassifier(ChoosingClassifier):
    """Classify EEG trials: left to itself, or as bands → spike encoder → trained spiking network.

    Without an encoder and without any parameter of a network it chooses by itself
    (``architecture="automatic"``): several views of the trials (slow potentials, rhythms, spatial
    patterns, kernels), each coded as spikes and read out by weights that are solved for, are
    judged on held-out training trials, by whole groups where groups are given, and decide together
    with the weights they earned. Everything else trains one network on the spikes of one encoder.

    The encoder is fitted on the training trials alone, and kept with the network. Rows (trials,
    features) are taken too: features computed elsewhere, which go straight to the network.

    Parameters
    ----------
    encoder : EEGEncoder, EncoderUnion or None, default None
        None: chosen automatically; or, with another architecture,
        :class:`~eegsnn.encoding.EEGEncoder` with its defaults; or, where the architecture
        takes the signal itself, the signal as currents at about 128 Hz.
    sfreq : float, optional
        Sampling rate of arrays in Hz, unless the encoder has it. mne.Epochs bring their own.
    architecture : str, mapping, configuration or None, default None
        None: "automatic", unless an encoder or a parameter of the network or its training is given,
        which then is what is trained ("feedforward"). Others as in
        :class:`~eegsnn.estimators.SpikingClassifier`.
    time_budget_s : float, default 60
        Seconds that an automatic choice may take, estimated from the size of the data, so that the
        same data give the same choice everywhere. What does not fit is not tried.
    frequencies : sequence of float, optional
        Stimulus frequencies in Hz of a steady-state experiment, for an automatic choice. Class
        names such as "13Hz" are understood without.
    clean_artefacts : bool, default True
        Whether artefacts are minded in time series. Trials are left out of :meth:`fit` in which a
        channel has ten times the power that is usual in its class (and group), and stands out by
        five robust deviations (a hundred times, where more than a tenth of all trials are so: eyes
        that blink will blink again); at most a quarter of each class, see ``artefacts_``. In new
        trials, a channel that is more powerful than in any training trial, or dead, is estimated
        from the others, unless more than a third of the channels are so; see
        :meth:`artefact_channels`.
    n_steps : int, default 20
        Steps that rows are presented for; in an automatic choice each feature is presented for
        `n_steps` too, as up to so many spikes.
    hidden, neuron, …, verbose
        As in :class:`~eegsnn.estimators.SpikingClassifier`.

    Attributes
    ----------
    selection_ : list of dict
        What an automatic choice tried: name, score (accuracy) and log_loss on held-out training
        trials, weight in the decision, seconds, n_features, chosen, note. Empty otherwise.
    artefacts_ : list of int
        Training trials that were left out as artefacts.
    encoder_ : EEGEncoder, EncoderUnion or None
        Fitted; None after training on rows or an automatic choice.
    ch_names_ : list of str
        Channels in the order of training.
    sfreq_ : float
        Sampling rate of the training data in Hz.
    classes_, n_iter_, loss_curve_, validation_scores_, spike_rates_, …
        As in :class:`~eegsnn.estimators.SpikingClassifier`.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> time = np.arange(500) / 250
    >>> X = rng.normal(size=(40, 2, 500))
    >>> X[:20, 0] += 2 * np.sin(2 * np.pi * 10 * time)  # alpha on the first channel
    >>> y = np.repeat(["closed", "open"], 20)
    >>> encoder = EEGEncoder("standard", method="rate", feature="envelope", bin_width=0.1)
    >>> model = EEGSpikingClassifier(encoder, sfreq=250.0, max_epochs=20, random_state=0)
    >>> model.fit(X, y).score(X, y) > 0.9
    True
    >>> chosen = EEGSpikingClassifier(sfreq=250.0, random_state=0).fit(X, y)
    >>> max(chosen.selection_, key=lambda view: view["weight"])["name"]
    'common spatial patterns 8–30 Hz'
    """

    def __init__(
        self,
        encoder: Encoder | None = None,
        sfreq: float | None = None,
        *,
        time_budget_s: float = 60.0,
        frequencies: Sequence[float] | None = None,
        clean_artefacts: bool = True,
        hidden: Any = (64,),
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
        readout_gain: float | None = None,
        readout_weights: bool = False,
        dropout: float = 0.0,
        surrogate: Any = "arctan",
        surrogate_slope: float | None = None,
        target_rate: float | None = None,
        architecture: Any = None,
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
        augmentation: Any = None,
        weight_averaging: Any = False,
        n_networks: int = 1,
        class_weight: Any = None,
        warm_start: bool = False,
        random_state: Any = None,
        verbose: int = 0,
    ) -> None:
        network = {k: v for k, v in locals().items() if k in SpikingClassifier._get_param_names()}
        super().__init__(**network)
        self.encoder = encoder
        self.sfreq = sfreq
        self.time_budget_s = time_budget_s
        self.frequencies = frequencies
        self.clean_artefacts = clean_artefacts

    def check_parameters(self) -> None:
        """Validate the constructor's values, the encoder's too, without data."""
        self._check_choice()
        super().check_parameters()
        if self.sfreq is not None:
            check_number("sfreq", self.sfreq, low=0, low_open=True, unit="Hz")
        check_encoder(self.encoder)

    def fit(
        self,
        X: Any,
        y: Any = None,
        sample_weight: Any = None,
        groups: Any = None,
        ch_names: Sequence[str] | None = None,
    ) -> EEGSpikingClassifier:
        """Choose and fit views, or fit the encoder and train the network, on labelled trials.

        Parameters
        ----------
        X : array (trials, channels, times), mne.Epochs, or array (trials, features)
            In any unit, the same at prediction.
        y : array-like (trials,)
            Labels. Epochs bring their own, the names of their events, unless `y` is given.
        sample_weight, groups
            As in :meth:`SpikingClassifier.fit`.
        ch_names : sequence of str, optional
            Names of the channels of an array: Epochs are matched to them at prediction.

        Raises
        ------
        ConfigurationError
            If a parameter has an impossible value, a band lies beyond the Nyquist frequency, the
            sampling rate is not known, or the time budget is too short for anything.
        DataError
            If X holds NaN or infinity (naming trial and channel), a channel is flat, trials are
            too short, lengths differ, or there is one class only.
        """
        self.check_parameters()
        with whole_or_unchanged(self):
            goes_on = self.warm_start and getattr(self, "_ensemble", None) is not None
            X, y = self._unpack(X, y, ch_names, goes_on)
            X, y = self._check_training_data(X, y, ch_names=self._names)
            if self.is_automatic and X.ndim == 3:
                self._fit_automatic(X, y, sample_weight, groups)
            else:
                self._choose_nothing()
                weights = self._without_artefacts(X, y, sample_weight, groups)
                self._fit_trials(X, y, weights, groups)
                self._learn_repair(X if weights.all() else X[weights > 0])
        return self

    def partial_fit(
        self,
        X: Any,
        y: Any = None,
        classes: Any = None,
        sample_weight: Any = None,
        ch_names: Sequence[str] | None = None,
    ) -> EEGSpikingClassifier:
        """Make one pass over more trials; the encoder is fitted at the first call and kept.

        An automatic choice needs all trials at once: this trains the feed-forward network.

        Parameters, results and errors as in :meth:`SpikingClassifier.partial_fit`; of later Epochs
        the channels of the first call are taken, by name.
        """
        self.check_parameters()
        with whole_or_unchanged(self):
            goes_on = getattr(self, "_ensemble", None) is not None
            X, y = self._unpack(X, y, ch_names, goes_on)
            X, y = self._check_training_data(X, y, reset=not goes_on, ch_names=self._names)
            self._choose_nothing()
            self._partial_fit_trials(X, y, classes, sample_weight)
        return self

    def encode(self, X: Any) -> np.ndarray:
        """Encode trials as the network sees them, float32 [T, trials, features].

        After an automatic choice: the spikes of all views that are presented in `n_steps` steps,
        those above the mean before those below, view by view.
        """
        committee = self._chosen()
        if committee is not None:
            return committee.encode(self._like_training(X))
        return self._prediction_series(X)

    @property
    def ch_names_(self) -> list[str]:
        """Channels in the order of training."""
        check_is_fitted(self, "encoder_")
        if self._chosen() is not None:
            return self.input_.ch_names
        if self.encoder_ is None:
            raise AttributeError(
                "the model was trained on rows of features, which have no channels"
            )
        return self.encoder_.ch_names_

    @property
    def sfreq_(self) -> float:
        """Sampling rate of the training data in Hz."""
        check_is_fitted(self, "encoder_")
        if self._chosen() is not None:
            return self.input_.sfreq
        if self.encoder_ is None:
            raise AttributeError("the model was trained on rows of features, which have no rate")
        return self.encoder_.sfreq_

    def _unpack(
        self, X: Any, y: Any, ch_names: Sequence[str] | None, goes_on: bool
    ) -> tuple[Any, Any]:
        """Return data and labels, and remember the channels' names and the rate beside them."""
        encoder = self.encoder_ if goes_on else None
        picks = encoder.ch_names_ if encoder is not None and encoder.input_.named else None
        check_cut(X)
        data, self._names, self._rate = unpack_series(
            X, ch_names=ch_names, sfreq=self.sfreq, picks=picks
        )
        return data, labels_of_epochs(X, y)

    def _training_channels(self) -> list[str] | None:
        return None if self.encoder_ is None else self.encoder_.ch_names_

    def _learn_front_end(self, X: np.ndarray, y: np.ndarray) -> np.ndarray:
        if X.ndim == 2:
            self.encoder_ = None
            return super()._learn_front_end(X, y)
        encoder = self._default_encoder() if self.encoder is None else clone(self.encoder)
        encoded = encoder.fit_transform(X, y, ch_names=self._names, sfreq=self._rate)
        self.encoder_ = encoder
        return encoded

    def _default_encoder(self) -> Encoder:
        rate = self._rate if self._rate is not None else self.sfreq
        if not self._network_config().raw or rate is None:
            return EEGEncoder()
        # Whole samples in a bin: averages of a few, at about 128 Hz, which hold what is below 50.
        return EEGEncoder(None, method="direct", bin_width=max(round(rate / 128), 1) / rate)

    def _rate_of_steps(self) -> float | None:
        encoder = getattr(self, "encoder_", None)
        return None if encoder is None else 1.0 / encoder.bin_width

    def _continue_front_end(self, X: np.ndarray) -> np.ndarray:
        if self.encoder_ is None or X.ndim == 2:
            return super()._continue_front_end(X)
        return self.encoder_.transform(X, ch_names=self._names, sfreq=self._rate)

    def _apply_front_end(self, X: np.ndarray) -> np.ndarray:
        if self.encoder_ is None or X.ndim == 2:
            return super()._apply_front_end(X)
        return self.encoder_.transform(self._repaired(X))

    def _prediction_series(self, X: Any) -> np.ndarray:
        check_is_fitted(self, "classes_")
        if self.encoder_ is not None and is_epochs(X):
            # Epochs are matched to the training channels by name, and their rate is checked.
            series = self._apply_front_end(self._read_like_training(X))
            self._ensemble.check_length(series)
            return series
        if self.encoder_ is None and is_epochs(X):
            raise DataError("X: the model was trained on rows of features, but got mne.Epochs.")
        return super()._prediction_series(X)

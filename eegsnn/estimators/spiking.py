"""`SpikingClassifier`: a spiking network behind the interface of a scikit-learn classifier."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from eegsnn._validation import check_boolean, check_choice, check_integer, check_number
from eegsnn.estimators._base import NetworkClassifier, whole_or_unchanged
from eegsnn.estimators._inputs import check_class_weight, check_seed
from eegsnn.estimators._trials import INPUT_CODINGS


class SpikingClassifier(NetworkClassifier):
    """Classify features or time series with a spiking network.

    Rows (trials, features) are presented as constant currents, or as Poisson spikes, for `n_steps`
    steps; series (trials, channels, times) as one current per channel that changes with every
    sample. Inputs are standardised on the training data. For EEG with bands and spike encoders,
    see :class:`~eegsnn.estimators.EEGSpikingClassifier`.

    Parameters
    ----------
    hidden, neuron, beta, threshold, reset_mechanism, reset_delay, learn_beta, n_delays, \
delay_step, readout, readout_beta, readout_gain, readout_weights, dropout, surrogate, \
surrogate_slope, target_rate
        The feed-forward network: see :class:`~eegsnn.models.NetworkConfig`.
    architecture : str, mapping or configuration, default "feedforward"
        Another network than the feed-forward one: a name of
        :data:`~eegsnn.models.ARCHITECTURES` ("eegnet", "recurrent", "resonator", "convolution",
        "attention"), ``{"name": …}`` with parameters of its own, or a configuration of
        :mod:`eegsnn.models`. The parameters above must then be left at their defaults.
    max_epochs, batch_size, learning_rate, weight_decay, clip_norm, label_smoothing, input_noise, \
early_stopping, n_iter_no_change, tol, augmentation, weight_averaging
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
        and "output" for the readout "rate"; other architectures name their layers.
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
        readout_gain: float | None = None,
        readout_weights: bool = False,
        dropout: float = 0.0,
        surrogate: Any = "arctan",
        surrogate_slope: float | None = None,
        target_rate: float | None = None,
        architecture: Any = "feedforward",
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
        self.readout_gain = readout_gain
        self.readout_weights = readout_weights
        self.dropout = dropout
        self.surrogate = surrogate
        self.surrogate_slope = surrogate_slope
        self.target_rate = target_rate
        self.architecture = architecture
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
        self.augmentation = augmentation
        self.weight_averaging = weight_averaging
        self.n_networks = n_networks
        self.class_weight = class_weight
        self.warm_start = warm_start
        self.random_state = random_state
        self.verbose = verbose

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
        check_seed(self.random_state)

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
        with whole_or_unchanged(self):
            X, y = self._check_training_data(X, y)
            self._fit_trials(X, y, sample_weight, groups)
        return self

    def partial_fit(
        self, X: Any, y: Any, classes: Any = None, sample_weight: Any = None
    ) -> SpikingClassifier:
        """Make one pass over more trials, at a constant learning rate.

        Scales are learned from the trials of the first call and kept. A model that was saved or
        pickled in between decides as before, but begins its optimiser anew.

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
        with whole_or_unchanged(self):
            X, y = self._check_training_data(X, y, reset=not hasattr(self, "_ensemble"))
            self._partial_fit_trials(X, y, classes, sample_weight)
        return self

    def predict_proba(self, X: Any) -> np.ndarray:
        """Probability of each class, float64 (trials, classes), columns as in `classes_`."""
        series = self._prediction_series(X)
        return self._ensemble.probabilities(series)

    def hidden_spikes(self, X: Any, layer: int = 0) -> np.ndarray:
        """Spikes of a hidden layer of the first network, bool (T, trials, neurons).

        Raises
        ------
        ConfigurationError
            If there is no hidden layer of that number, counted from 0.
        """
        series = self._prediction_series(X)
        hidden = [name for name in self._ensemble.config.layer_names if name != "output"]
        check_integer("layer", layer, low=0, high=len(hidden) - 1)
        return self._ensemble.spikes(series, layer=layer)

    def to_nir(self, path: str | Path | None = None, *, dt: float | None = None) -> Any:
        """Write the network as a NIR graph; see :func:`eegsnn.exchange.estimator_to_nir`."""
        exchange = import_module("eegsnn.exchange")  # it knows the estimators, not they it
        return exchange.estimator_to_nir(self, path, dt=dt)

"""What `EEGSpikingClassifier` does when it is left to choose by itself."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from typing import Any

import numpy as np
from sklearn.metrics import accuracy_score
from sklearn.utils.validation import check_is_fitted

from eegsnn._validation import (
    check_boolean,
    check_choice,
    check_groups,
    check_integer,
    check_no_flat_channel,
    check_number,
    check_rate_known,
    is_epochs,
)
from eegsnn.errors import ConfigurationError, DataError
from eegsnn.estimators._inputs import draw_seed, encode_labels, labels_of_epochs, trial_weights
from eegsnn.estimators._trials import merge_duplicates
from eegsnn.estimators.artefacts import artefact_trials
from eegsnn.estimators.automatic import (
    Committee,
    LabelledTrials,
    check_frequencies,
    fit_committee,
    plan_choice,
)
from eegsnn.estimators.repair import ChannelRepair
from eegsnn.estimators.spiking import SpikingClassifier
from eegsnn.filters.inputs import SeriesInput, read_like_training, read_training
from eegsnn.models import ARCHITECTURES
from eegsnn.monitoring.operations import Operations

AUTOMATIC = "automatic"
# What an automatic choice goes by too, or what does not change a network.
_NOT_OF_NETWORKS = {
    "self",
    "encoder",
    "sfreq",
    "architecture",
    "time_budget_s",
    "frequencies",
    "clean_artefacts",
    "n_steps",
    "class_weight",
    "random_state",
    "verbose",
}


class ChoosingClassifier(SpikingClassifier):
    """A classifier of time series that may choose by itself; a subclass has the parameters."""

    encoder: Any
    sfreq: float | None
    time_budget_s: float
    frequencies: Any
    clean_artefacts: bool
    input_: SeriesInput
    committee_: Committee | None
    selection_: list[dict[str, Any]]
    artefacts_: list[int]
    repair_: ChannelRepair | None
    encoder_: Any
    _ensemble: Any
    _names: list[str] | None
    _rate: float | None

    @property
    def is_automatic(self) -> bool:
        """Whether `fit` on time series will choose by itself."""
        if self.architecture is not None:
            return isinstance(self.architecture, str) and self.architecture == AUTOMATIC
        return self.encoder is None and not self._given_for_networks()

    def _given_for_networks(self) -> list[str]:
        """Parameters of networks and training that are not at their defaults."""
        defaults = inspect.signature(type(self).__init__).parameters
        names = set(defaults) - _NOT_OF_NETWORKS
        return sorted(
            name
            for name in names
            if getattr(self, name) is not defaults[name].default
            and getattr(self, name) != defaults[name].default
        )

    def _trained_architecture(self) -> Any:
        if self.architecture is None or self.is_automatic:
            return "feedforward"
        return self.architecture

    def _check_choice(self) -> None:
        """Validate what an automatic choice goes by."""
        check_number("time_budget_s", self.time_budget_s, low=0, low_open=True, unit="s")
        check_frequencies(self.frequencies)
        check_boolean("clean_artefacts", self.clean_artefacts)
        if isinstance(self.architecture, str):
            check_choice("architecture", self.architecture, [AUTOMATIC, *ARCHITECTURES])
        if self.is_automatic and self.architecture is not None:
            given = [*self._given_for_networks(), *(["encoder"] if self.encoder else [])]
            if given:
                raise ConfigurationError(
                    f"architecture: 'automatic' chooses for itself, but got {', '.join(given)}. "
                    f"Remove them, or name the architecture that they are for."
                )

    def _fit_automatic(self, X: np.ndarray, y: np.ndarray, sample_weight: Any, groups: Any) -> None:
        X, self.input_ = read_training(
            X, expected_sfreq=self.sfreq, ch_names=self._names, sfreq=self._rate
        )
        check_no_flat_channel(X, self.input_.ch_names)
        classes, codes = encode_labels(y)
        groups = check_groups(groups, len(X))
        weights = self._without_artefacts(X, y, sample_weight, groups)
        # Classes are balanced as what is left of them.
        weights = trial_weights(weights, self.class_weight, X, y, classes)
        X, codes, weights, groups = merge_duplicates(X, codes, weights, groups)
        choice = fit_committee(
            LabelledTrials(X, codes, weights, groups, len(classes)),
            classes,
            self.input_.sfreq,
            frequencies=check_frequencies(self.frequencies),
            time_budget_s=self.time_budget_s,
            n_steps=self.n_steps,
            seed=draw_seed(self.random_state),
            verbose=bool(self.verbose),
        )
        self._learn_repair(X)
        self.committee_ = choice.committee
        self.selection_ = [outcome.to_dict() for outcome in choice.tried]
        self.classes_, self.encoder_, self._ensemble = classes, None, None
        self.n_iter_, self.interrupted_ = 0, False
        self.loss_curve_, self.validation_scores_, self.histories_ = [], [], []
        self.spike_rates_ = choice.firing_rates

    def _without_artefacts(
        self, X: np.ndarray, y: np.ndarray, sample_weight: Any, groups: Any
    ) -> np.ndarray:
        """Return the weights of trials, 0 for artefacts, and remember which these are."""
        classes, codes = encode_labels(y)
        weights = trial_weights(sample_weight, None, X, y, classes)
        self.artefacts_ = []
        if not self.clean_artefacts or X.ndim == 2:
            return weights
        groups = check_groups(groups, len(X))
        given = np.flatnonzero(weights > 0)
        if len(given) < len(X):
            X, codes, groups = X[given], codes[given], None if groups is None else groups[given]
        artefacts = given[artefact_trials(X, codes, groups)]
        self.artefacts_ = artefacts.tolist()
        weights = weights.copy()
        weights[artefacts] = 0.0
        return weights

    def _learn_repair(self, X: np.ndarray) -> None:
        """Remember how powerful channels are in training trials, and how they go together."""
        known = self.clean_artefacts and X.ndim == 3
        self.repair_ = ChannelRepair.fit(X) if known else None

    def _repaired(self, X: np.ndarray) -> np.ndarray:
        """Trials in which channels that are not believed were estimated from the others."""
        return X if self.repair_ is None else self.repair_.apply(X)

    def plan(self, shape: Sequence[int], classes: Sequence[Any]) -> list[dict[str, Any]]:
        """List what an automatic choice would try on so many trials, channels and samples.

        Parameters
        ----------
        shape : (trials, channels, times)
        classes : sequence
            Labels: of all trials, or each once.

        Returns
        -------
        list of dict
            name, seconds (estimated, those of the inner folds included), affordable.

        Raises
        ------
        ConfigurationError
            If the time budget is too short for anything, or the rate is not known.
        """
        self.check_parameters()
        return plan_choice(
            (int(shape[0]), int(shape[1]), int(shape[2])),
            np.unique(np.asarray(classes)).tolist(),
            check_rate_known(self.sfreq),
            check_frequencies(self.frequencies),
            self.time_budget_s,
        )

    def predict_proba(self, X: Any) -> np.ndarray:
        """Probability of each class, float64 (trials, classes), columns as in `classes_`.

        Warns
        -----
        DataTrapWarning
            If most channels of a trial have an amplitude that only another unit explains, or none.
        """
        committee = self._chosen()
        if committee is not None:
            return committee.probabilities(self._like_training(X))
        return super().predict_proba(X)

    def score(self, X: Any, y: Any = None, sample_weight: Any = None) -> float:
        """Share of trials that are decided rightly; Epochs bring their own labels.

        Raises
        ------
        DataError
            If there are no labels.
        """
        predicted = self.predict(X)
        y = labels_of_epochs(X, y)
        if y is None:
            raise DataError("score: expected labels y beside an array; only mne.Epochs bring some.")
        return float(accuracy_score(y, predicted, sample_weight=sample_weight))

    def artefact_channels(self, X: Any) -> np.ndarray:
        """Mark channels of new trials that are not believed, bool (trials, channels).

        Those whose power is above, or far below, that of all training trials. They are estimated
        from the other channels before anything is decided. None are marked in a trial where they
        would be more than a third.

        Raises
        ------
        ConfigurationError
            If there is nothing to go by: two channels or fewer, rows, ``clean_artefacts=False``.
        """
        check_is_fitted(self, "classes_")
        if self.repair_ is None or not self.repair_.most:
            raise ConfigurationError(
                "artefact_channels: only a model of trials with more than two channels, fitted "
                "with clean_artefacts=True, knows how powerful channels are."
            )
        return self.repair_.spoilt(self._read_like_training(X))

    def hidden_spikes(self, X: Any, layer: int = 0) -> np.ndarray:
        """Spikes of a hidden layer of the first network, bool (T, trials, neurons).

        After an automatic choice: of the chosen view number `layer`, in the order of
        ``selection_``.

        Raises
        ------
        ConfigurationError
            If there is no hidden layer or view of that number, counted from 0.
        """
        committee = self._chosen()
        if committee is not None:
            check_integer("layer", layer, low=0, high=len(committee.members) - 1)
            return committee.members[layer].spikes(self._like_training(X))
        return super().hidden_spikes(X, layer)

    def hidden_rates(self, X: Any, layer: int = 0) -> np.ndarray:
        """Spikes per step of each neuron (trials, neurons): means of :meth:`hidden_spikes`.

        After an automatic choice they are known without any neuron being run.
        """
        committee = self._chosen()
        if committee is not None:
            check_integer("layer", layer, low=0, high=len(committee.members) - 1)
            return committee.members[layer].rates(self._like_training(X))
        spikes = self.hidden_spikes(X, layer)
        return spikes.reshape(*spikes.shape[:2], -1).mean(axis=0, dtype=np.float64)

    def count_operations(self, X: Any) -> Operations:
        """Count what the classification of a trial costs; see :class:`SpikingClassifier`.

        After an automatic choice: view by view, without the filters and covariances before it.
        """
        committee = self._chosen()
        if committee is not None:
            return committee.operations(self._like_training(X))
        return super().count_operations(X)

    def _chosen(self) -> Committee | None:
        check_is_fitted(self, "classes_")
        return getattr(self, "committee_", None)

    def _choose_nothing(self) -> None:
        self.committee_, self.selection_, self.artefacts_, self.repair_ = None, [], [], None

    def _like_training(self, X: Any) -> np.ndarray:
        """Trials as the committee is to see them."""
        assert self.committee_ is not None
        return self.committee_.seen(self._repaired(self._read_like_training(X)))

    def _read_like_training(self, X: Any) -> np.ndarray:
        if not is_epochs(X) and np.ndim(X) == 3 and np.shape(X)[1] != self.n_features_in_:
            super()._prediction_series(X)  # says so in the words of scikit-learn
        expected = self.input_ if self._chosen() is not None else self.encoder_.input_
        return read_like_training(X, expected)

"""The non-spiking twin of an estimator: the same but for its units, which do not spike."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import mlx.core as mx
import mlx.nn as nn
import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.utils.validation import check_is_fitted

from eegsnn._validation import check_choice, check_integer
from eegsnn.encoding import EEGEncoder
from eegsnn.encoding.union import EncoderUnion
from eegsnn.errors import ConfigurationError
from eegsnn.estimators._base import NetworkClassifier
from eegsnn.layers.gated import GatedRecurrent
from eegsnn.models import Architecture, Connection, NetworkConfig, NetworkOutput
from eegsnn.models.base import dense, largest_product, presented, split_key
from eegsnn.models.feedforward import delayed
from eegsnn.models.parts import Affine
from eegsnn.neurons import LeakyIntegrator


@dataclass(frozen=True, kw_only=True)
class GatedConfig(Architecture):
    """Gated recurrent units in the place of spiking neurons.

    ::

        inputs (delayed) ─► [GRU ─► dropout]* ─► Linear ─► leaky integrators, averaged over time

    Attributes
    ----------
    hidden : tuple of int
        Units of each layer.
    n_delays, delay_step, dropout, readout_beta, readout_gain
        As in :class:`~eegsnn.models.NetworkConfig`.
    """

    name: ClassVar[str] = "gated"

    hidden: tuple[int, ...] = (64,)
    n_delays: int = 1
    delay_step: int = 1
    dropout: float = 0.0
    readout_beta: float = 0.95
    readout_gain: float = 1.0

    @property
    def layer_names(self) -> tuple[str, ...]:
        """None: nothing spikes."""
        return ()

    def build(self, n_inputs: int, n_classes: int, n_steps: int, *, key: mx.array) -> GatedNetwork:
        """Make a network with the weights that it starts from."""
        return GatedNetwork(self, n_inputs, n_classes, key=key)

    def product_size(
        self, n_inputs: int, n_classes: int, n_steps: int, batch: int, *, events: bool = False
    ) -> float:
        """Multiply-adds of the largest dense product in a forward pass of so many trials."""
        sizes = [n_inputs * self.n_delays, *self.hidden, n_classes]
        return 3 * largest_product(sizes, n_steps, batch)

    def multiply_accumulates(
        self, n_inputs: int, n_classes: int, n_steps: int, *, static: bool = False
    ) -> int:
        """Count the products of one trial.

        All weights from the input, of the recurrence and of the readout at every step, three
        products per unit and step for the gates, one per class and step for the readout's decay.
        The product with an input that stays the same (`static`) is taken once. Neither
        nonlinearities nor the encoder before the network are counted.
        """
        total, n_given = 0, n_inputs * self.n_delays
        for number, n_units in enumerate(self.hidden):
            times = 1 if static and number == 0 else n_steps
            total += times * 3 * n_units * n_given
            total += n_steps * (3 * n_units * n_units + 3 * n_units)
            n_given = n_units
        return total + n_steps * (n_given * n_classes + n_classes)


class GatedNetwork(nn.Module):
    """Network of a :class:`GatedConfig`; inputs [T, batch, features]."""

    def __init__(
        self, config: GatedConfig, n_inputs: int, n_classes: int, *, key: mx.array
    ) -> None:
        super().__init__()
        self._config = config
        sizes = [n_inputs * config.n_delays, *config.hidden]
        keys = mx.random.split(key, len(sizes))
        self.units = [
            GatedRecurrent(n_in, n_units, key=k)
            for n_in, n_units, k in zip(sizes[:-1], sizes[1:], keys[:-1], strict=True)
        ]
        self.linear = Affine(sizes[-1], n_classes, keys[-1])
        self.output = LeakyIntegrator(config.readout_beta)

    def __call__(
        self, x: Any, *, n_steps: int | None = None, dropout_key: mx.array | None = None
    ) -> NetworkOutput:
        """Class scores of x[T, batch, features]; a key means training."""
        rate, config = self._config.dropout, self._config
        x = delayed(x if isinstance(x, mx.array) else x.dense(), config.n_delays, config.delay_step)
        for units, key in zip(self.units, split_key(dropout_key, len(self.units)), strict=True):
            x, _ = units.run_projected(presented(units.project(x), n_steps))
            if rate > 0 and key is not None:
                kept = mx.random.bernoulli(1 - rate, (1, *x.shape[1:]), key=key)
                x = x * (kept / (1 - rate))
        scores = self.output.run(self.linear(x))[0]
        # In units of the steady state, so that logits do not depend on the decay.
        scale = self._config.readout_gain * (1 - self._config.readout_beta)
        return NetworkOutput(scores.mean(axis=0) * scale, [])

    def calibrate(self, x: Any, *, n_steps: int | None = None) -> None:
        """Scale the weights from the input so that what reaches each gate has a deviation of 1."""
        x = self._delayed(x)
        for units in self.units:
            projected = units.project(x) - units.bias
            deviation = mx.sqrt(mx.mean(mx.square(projected), axis=(0, 1)))
            units.weight = units.weight * mx.where(deviation > 0, 1 / deviation, 1.0)[:, None]
            x = units.run_projected(presented(units.project(x), n_steps))[0]
        mx.eval(self.parameters())

    def connections(self, x: Any, *, n_steps: int | None = None) -> list[Connection]:
        """Nothing that spikes could be saved in; see :meth:`GatedConfig.multiply_accumulates`."""
        return []

    def _delayed(self, x: Any) -> mx.array:
        return dense(delayed(x, self._config.n_delays, self._config.delay_step))


class GRUTwinClassifier(ClassifierMixin, BaseEstimator):
    """The twin of a spiking classifier, with gated recurrent units in place of its neurons.

    Everything else is the same: the front end, the sizes of the layers, the readout, how it is
    trained, the seeds. What differs between the two in accuracy and operations is what spiking
    costs, or brings. Made by :func:`twin_of`.

    Parameters
    ----------
    network : SpikingClassifier or EEGSpikingClassifier
        Unfitted; it is not changed.
    hidden : sequence of int, optional
        Units of each layer; those of `network` if not given.
    encoders : sequence of dict, optional
        Parameters of the encoders to put before it; the front end of `network` if not given.

    Attributes
    ----------
    twin_ : classifier
        Of the class of `network`, fitted.
    classes_ : ndarray
    n_parameters_ : int
        Of one network.
    macs_ : int
        Multiply-accumulates per trial, summed over the networks of an ensemble:
        :meth:`GatedConfig.multiply_accumulates`.
    loss_curve_, validation_scores_ : list of float
    """

    def __init__(
        self, network: NetworkClassifier, hidden: Any = None, encoders: Any = None
    ) -> None:
        self.network = network
        self.hidden = hidden
        self.encoders = encoders

    def fit(
        self, X: Any, y: Any = None, groups: Any = None, ch_names: Sequence[str] | None = None
    ) -> GRUTwinClassifier:
        """Fit as the network itself would be; parameters and errors as there."""
        config = gated_config(self.network, self.hidden)
        twin = clone(self.network).set_params(**_feedforward_defaults(self.network))
        twin.set_params(architecture=config)
        if self.encoders is not None:
            twin.set_params(encoder=_make_encoder(self.encoders, self.network.sfreq))
        given = {"groups": groups, "ch_names": ch_names}
        accepted = inspect.signature(twin.fit).parameters
        twin.fit(X, y, **{k: v for k, v in given.items() if v is not None and k in accepted})
        self.twin_ = twin
        self.classes_ = twin.classes_
        self.loss_curve_ = twin.loss_curve_
        self.validation_scores_ = twin.validation_scores_
        ensemble = twin._ensemble
        sizes = ensemble.n_inputs, ensemble.n_classes, ensemble.n_steps
        self.n_parameters_ = config.n_parameters(*sizes)
        once = config.multiply_accumulates(*sizes, static=ensemble.static)
        self.macs_ = once * len(ensemble.weights)
        return self

    def predict_proba(self, X: Any) -> np.ndarray:
        """Probability of each class, float64 (trials, classes), columns as in `classes_`."""
        check_is_fitted(self, "twin_")
        return np.asarray(self.twin_.predict_proba(X))

    def predict(self, X: Any) -> np.ndarray:
        """Return the most probable label of each trial."""
        return np.asarray(self.classes_[self.predict_proba(X).argmax(axis=1)])


def twin_of(
    network: Any, *, hidden: Any = None, encoders: Any = None, random_state: Any = None
) -> GRUTwinClassifier:
    """Return the unfitted twin of a spiking classifier.

    Parameters
    ----------
    network : SpikingClassifier or EEGSpikingClassifier
        Unfitted or fitted; only its parameters are read.
    hidden : sequence of int, optional
        Units of each layer. Needed where the architecture has no layers of hidden neurons to be
        replaced.
    encoders : sequence of dict, optional
        Parameters of one or several :class:`~eegsnn.encoding.EEGEncoder`. Needed where `network`
        chooses its front end in `fit`: what it will be is not known, and units that see the course
        of a signal are no twin of features that are presented as constant currents.
    random_state : optional
        In place of the network's own.

    Raises
    ------
    ConfigurationError
        If it is another kind of model, or its sizes are not known and not given.

    Examples
    --------
    >>> from eegsnn.estimators import SpikingClassifier
    >>> twin = twin_of(SpikingClassifier(hidden=(8,), max_epochs=5, random_state=0))
    >>> twin.fit(np.random.default_rng(0).normal(size=(20, 3)), np.arange(20) % 2).macs_
    4752
    """
    if not isinstance(network, NetworkClassifier):
        raise ConfigurationError(
            f"gru-twin: expected a SpikingClassifier or EEGSpikingClassifier to be the twin of, "
            f"but got {type(network).__name__}."
        )
    copy = clone(network)
    if random_state is not None:
        copy.set_params(random_state=random_state)
    # What cannot be is said before anything is fitted.
    gated_config(copy, hidden)
    if encoders is not None:
        _make_encoder(encoders, getattr(copy, "sfreq", None)).check_parameters()
    elif getattr(copy, "is_automatic", False):
        raise ConfigurationError(
            "gru-twin: encoders: the network chooses its front end in fit, so that its twin has "
            "none. Give encoders = [{ bands = …, method = …, feature = …, bin_width = … }]."
        )
    return GRUTwinClassifier(copy, hidden, encoders)


def gated_config(network: NetworkClassifier, hidden: Any = None) -> GatedConfig:
    """Return the configuration of a twin's networks.

    Parameters
    ----------
    network : SpikingClassifier or EEGSpikingClassifier
    hidden : sequence of int, optional
        See :func:`twin_of`.
    """
    config = network._network_config()
    sizes = _sizes(getattr(config, "hidden", None) if hidden is None else hidden)
    if not sizes:
        raise ConfigurationError(
            f"gru-twin: hidden: the architecture {config.name!r} has no layers of hidden neurons "
            f"to be replaced. Give the units of each layer, such as hidden = [64]."
        )
    same = {
        name: getattr(config, name)
        for name in ("n_delays", "delay_step", "dropout", "readout_beta")
        if hasattr(config, name)
    }
    gain = getattr(config, "readout_gain", None)
    if getattr(config, "readout", "membrane") == "rate" or gain is None:
        gain = 1.0  # that of membranes: there are no rates
    return GatedConfig(hidden=sizes, readout_gain=gain, **same)


def _make_encoder(encoders: Any, sfreq: float | None) -> EEGEncoder | EncoderUnion:
    known = inspect.signature(EEGEncoder).parameters
    tables = encoders if isinstance(encoders, list | tuple) else [encoders]
    for table in tables:
        if not isinstance(table, dict):
            raise ConfigurationError(
                f"gru-twin: encoders: expected tables of parameters, but got {table!r}."
            )
        for key in table:
            check_choice("gru-twin: encoders", key, known)
    made = [EEGEncoder(**{"sfreq": sfreq, **table}) for table in tables]
    return made[0] if len(made) == 1 else EncoderUnion(made)


def _sizes(hidden: Any) -> tuple[int, ...]:
    if hidden is None:
        return ()
    each = hidden if isinstance(hidden, list | tuple | np.ndarray) else [hidden]
    return tuple(check_integer("gru-twin: hidden", n, low=1) for n in each if n != 0)


def _feedforward_defaults(network: NetworkClassifier) -> dict[str, Any]:
    """Give the parameters of the feed-forward network, which another architecture does not take."""
    defaults = inspect.signature(type(network).__init__).parameters
    return {
        name: defaults[name].default
        for name in NetworkConfig.__dataclass_fields__
        if name in defaults
    }

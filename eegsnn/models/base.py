"""What every architecture is: a frozen configuration that builds a network of one interface."""

from __future__ import annotations

import itertools
from dataclasses import asdict, dataclass, fields
from typing import Any, ClassVar, NamedTuple, Protocol, Self, cast

import mlx.core as mx
import numpy as np
from mlx.utils import tree_flatten

from eegsnn._validation import check_integer, check_number
from eegsnn.errors import ConfigurationError, DataError
from eegsnn.layers import Connection
from eegsnn.surrogate import get_surrogate

NEURONS: tuple[str, ...] = ("leaky", "plif")


class NetworkOutput(NamedTuple):
    """What a forward pass gives: `logits` (batch, classes), `spikes` per layer [T, batch, N].

    The layers are those that the configuration's ``layer_names`` names, in that order.
    """

    logits: mx.array
    spikes: list[mx.array]


class Network(Protocol):
    """Interface of every network here: a module over whole sequences, time first."""

    def __call__(
        self, x: Any, *, n_steps: int | None = None, dropout_key: mx.array | None = None
    ) -> NetworkOutput:
        """Class scores and spikes of inputs [T, batch, features]; a key means training."""
        ...

    def calibrate(self, x: Any, *, n_steps: int | None = None) -> None:
        """Set the initial gains from a sample of training inputs (without labels)."""
        ...

    def connections(self, x: Any, *, n_steps: int | None = None) -> list[Connection]:
        """Run the network and give what arrives at each set of connections."""
        ...


class Architecture:
    """Base of all configurations: what an ensemble, a model file and a report ask of them."""

    name: ClassVar[str]
    """Key in :data:`~eegsnn.models.ARCHITECTURES`."""

    raw: ClassVar[bool] = False
    """Whether it takes the signal itself, sample by sample, and filters it on its own."""

    def to_dict(self) -> dict[str, Any]:
        """Fields as JSON-able values."""
        return asdict(cast(Any, self))

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Self:
        """Make a configuration from what :meth:`to_dict` gave, lists for tuples allowed."""
        known = {field.name for field in fields(cast(Any, cls))}
        unknown = sorted(set(values) - known)
        if unknown:
            raise ConfigurationError(
                f"architecture.{unknown[0]}: {cls.name!r} has no such parameter. "
                f"It has: {', '.join(sorted(known))}."
            )
        return cls(**{k: tuple(v) if isinstance(v, list) else v for k, v in values.items()})

    @property
    def layer_names(self) -> tuple[str, ...]:
        """Names of the spiking layers, in the order of ``NetworkOutput.spikes``."""
        raise NotImplementedError

    @property
    def fixed_length(self) -> bool:
        """Whether every trial must have the number of steps of training."""
        return False

    def build(self, n_inputs: int, n_classes: int, n_steps: int, *, key: mx.array) -> Any:
        """Make a network with the weights that it starts from; see :class:`Network`.

        Parameters
        ----------
        n_inputs, n_classes : int
            Features in, class scores out.
        n_steps : int
            Time steps of a trial.
        key : array
            Random key for the initial weights.
        """
        raise NotImplementedError

    def n_parameters(self, n_inputs: int, n_classes: int, n_steps: int) -> int:
        """Count the trained numbers of such a network."""
        network = self.build(n_inputs, n_classes, n_steps, key=mx.random.key(0))
        return sum(array.size for _, array in tree_flatten(network.trainable_parameters()))

    def product_size(
        self, n_inputs: int, n_classes: int, n_steps: int, batch: int, *, events: bool = False
    ) -> float:
        """Multiply-adds of the largest dense product in a forward pass of so many trials.

        `events` says that the input comes as events, which the first layer adds up.
        """
        return largest_product(self._product_sizes(n_inputs, n_classes), n_steps, batch)

    def _product_sizes(self, n_inputs: int, n_classes: int) -> list[int]:
        raise NotImplementedError

    def _keep(self, **values: Any) -> None:
        for name, value in values.items():
            object.__setattr__(self, name, value)  # the dataclass is frozen for everybody else


@dataclass(frozen=True, kw_only=True)
class ArchitectureConfig(Architecture):
    """Base of the configurations of :data:`~eegsnn.models.ARCHITECTURES`; JSON-able.

    Attributes
    ----------
    beta : float or (float, float), default (0.5, 0.98)
        Decay of the membranes per step; a pair spreads the time constants 1/(1 − beta) evenly on
        a logarithmic scale over the neurons of a layer. Learned.
    threshold : float, default 1.0
    target_rate : float in (0, 0.5), default 0.15
        Spikes per neuron and step at which every layer starts: gains are searched on training
        inputs so that no layer is silent or saturated.
    dropout : float, default 0.25
        Fraction of units silenced in training, the same ones for all steps of a trial.
    readout_beta : float, default 0.95
        Decay per step of the leaky integrators that are the readout; class scores are their
        membranes, averaged over time.
    readout_gain : float, default 1.0
        Factor that makes class scores of the readout: a small one keeps weights from following few
        trials too closely, a large one learns in fewer epochs.
    n_windows : int, default 1
        Equal parts of the trial that have readout weights of their own. 1 suits classes that are
        told by how much there is of something, more those that are told by when.
    surrogate, surrogate_slope
        See :func:`eegsnn.surrogate.get_surrogate`.
    """

    beta: float | tuple[float, float] = (0.5, 0.98)
    threshold: float = 1.0
    target_rate: float = 0.15
    dropout: float = 0.25
    readout_beta: float = 0.95
    readout_gain: float = 1.0
    n_windows: int = 1
    surrogate: str = "arctan"
    surrogate_slope: float | None = None

    def __post_init__(self) -> None:
        """Validate every field; see :class:`~eegsnn.errors.ConfigurationError`."""
        self._keep(beta=check_beta(self.beta))
        check_number("threshold", self.threshold, low=0, low_open=True)
        check_target_rate(self.target_rate)
        check_number("dropout", self.dropout, low=0, high=1, high_open=True)
        check_number("readout_beta", self.readout_beta, low=0, high=1, high_open=True)
        check_number("readout_gain", self.readout_gain, low=0, low_open=True)
        check_integer("n_windows", self.n_windows, low=1)
        get_surrogate(self.surrogate, self.surrogate_slope)


def check_target_rate(value: Any) -> float:
    """Refuse a firing rate that calibration cannot aim at: half the steps is what noise reaches."""
    return check_number("target_rate", value, low=0, high=0.5, low_open=True, high_open=True)


def check_beta(beta: Any, name: str = "beta") -> float | tuple[float, float]:
    """Refuse what is neither a decay in [0, 1] nor a pair of decays in [0, 1)."""
    if isinstance(beta, list | tuple):
        if len(beta) != 2:
            raise ConfigurationError(
                f"{name}: expected one decay or a pair (fastest, slowest), but got {beta!r}."
            )
        fast, slow = (check_number(name, b, low=0, high=1, high_open=True) for b in beta)
        return (fast, slow)
    return check_number(name, beta, low=0, high=1)


def spread_decay(beta: float | tuple[float, float], size: int) -> np.ndarray:
    """One decay for all neurons, or time constants spread evenly on a logarithmic scale."""
    if isinstance(beta, float):
        return np.array(beta)
    fast, slow = (1.0 / (1.0 - decay) for decay in beta)
    return 1.0 - 1.0 / np.geomspace(fast, slow, size)


def check_steps(name: str, x: mx.array, least: int) -> None:
    """Refuse a trial that is too short for a network that filters the signal."""
    if x.shape[0] < least:
        raise DataError(
            f"X: the architecture {name!r} needs trials of at least {least} samples, but got "
            f"{x.shape[0]}. It takes the signal itself: give time series (trials, channels, "
            f"times), and no bins wider than a sample or two."
        )


def dense(x: Any) -> mx.array:
    """Make an array of inputs that come as events."""
    return x if isinstance(x, mx.array) else x.dense()


def presented(x: Any, n_steps: int | None) -> mx.array:
    """Give inputs as [T, batch, features]: one step with `n_steps` lasts for that many."""
    x = dense(x)
    if n_steps is not None and x.shape[0] == 1:
        x = mx.broadcast_to(x, (n_steps, *x.shape[1:]))
    return x


def split_key(key: mx.array | None, number: int) -> list[mx.array | None]:
    """Make several keys of one; none of none."""
    return [None] * number if key is None else list(mx.random.split(key, number))


def largest_product(sizes: list[int], n_steps: int, batch: int) -> float:
    """Multiply-adds of the largest product in a chain of layers of these sizes."""
    return n_steps * batch * max(a * b for a, b in itertools.pairwise(sizes))

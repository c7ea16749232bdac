"""What a run costs: synaptic operations, multiply-accumulates, and an estimate of the energy.

A spike that reaches a weight costs one addition (a *synaptic operation*); a number that reaches a
weight costs a multiplication and an addition (a *multiply-accumulate*). Counts are exact, borders
of convolutions included, and are means over the trials of a run.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import asdict, dataclass, replace
from typing import Any

import mlx.core as mx
import mlx.nn as nn
import numpy as np

from eegsnn.layers import BNTT, Container
from eegsnn.layers.base import Connection
from eegsnn.monitoring.recording import LayerRecord, Recording
from eegsnn.monitoring.tables import aligned
from eegsnn.neurons import Neuron

MULTIPLY_ACCUMULATE_ENERGY = 4.6e-12
"""Joules: 3.7 pJ to multiply and 0.9 pJ to add 32-bit floats in 45 nm at 0.9 V (Horowitz, 2014)."""

ACCUMULATE_ENERGY = 0.9e-12
"""Joules: one addition of 32-bit floats in 45 nm at 0.9 V (Horowitz, 2014)."""

_NUMBERS = ("spikes", "synaptic_operations", "multiply_accumulates", "dense_multiply_accumulates")


@dataclass(frozen=True)
class LayerOperations:
    """What one set of connections costs, per trial.

    Attributes
    ----------
    name, kind : str
        Name and class of the layer; connections of a neuron with itself are named as the neuron,
        with ``"recurrent"`` after its class.
    spikes : float
        Spikes that come in; 0 where the input is analog.
    synaptic_operations : float
        Additions: spikes times the number of outputs that each reaches.
    multiply_accumulates : float
        Where the input is analog: all weights at all steps, zeros included.
    dense_multiply_accumulates : float
        Of the same layer in a network that does not spike and needs one pass for a trial.
    """

    name: str
    kind: str
    spikes: float
    synaptic_operations: float
    multiply_accumulates: float
    dense_multiply_accumulates: float

    @property
    def energy(self) -> float:
        """Joules per trial."""
        return (
            self.synaptic_operations * ACCUMULATE_ENERGY
            + self.multiply_accumulates * MULTIPLY_ACCUMULATE_ENERGY
        )

    @property
    def dense_energy(self) -> float:
        """Joules per trial of the same layer in a network that does not spike."""
        return self.dense_multiply_accumulates * MULTIPLY_ACCUMULATE_ENERGY

    def to_dict(self) -> dict[str, Any]:
        """All of it, JSON-able; energies in joules."""
        return {**asdict(self), "energy": self.energy, "dense_energy": self.dense_energy}


@dataclass(frozen=True)
class Operations:
    """What a run costs per trial, layer by layer; ``print`` shows a table.

    Attributes
    ----------
    layers : tuple of LayerOperations
    uncounted : tuple of str
        Layers with weights of a kind that is not known here: the totals lack them.
    """

    layers: tuple[LayerOperations, ...]
    uncounted: tuple[str, ...] = ()

    @property
    def total(self) -> LayerOperations:
        """Sum over all layers."""
        sums = [sum(getattr(layer, name) for layer in self.layers) for name in _NUMBERS]
        return LayerOperations("total", "", *sums)

    def to_dict(self) -> dict[str, Any]:
        """Layers, total and constants, JSON-able; energies in joules."""
        return {
            "layers": [layer.to_dict() for layer in self.layers],
            "total": self.total.to_dict(),
            "uncounted": list(self.uncounted),
            "multiply_accumulate_energy": MULTIPLY_ACCUMULATE_ENERGY,
            "accumulate_energy": ACCUMULATE_ENERGY,
        }

    def __str__(self) -> str:
        rows = [["layer", "kind", "spikes in", "SynOps", "MACs", "nJ", "MACs dense", "nJ dense"]]
        rows += [
            [
                layer.name,
                layer.kind,
                f"{layer.spikes:,.1f}",
                f"{layer.synaptic_operations:,.0f}",
                f"{layer.multiply_accumulates:,.0f}",
                f"{layer.energy * 1e9:,.3f}",
                f"{layer.dense_multiply_accumulates:,.0f}",
                f"{layer.dense_energy * 1e9:,.3f}",
            ]
            for layer in (*self.layers, self.total)
        ]
        note = (
            f"per trial; {ACCUMULATE_ENERGY * 1e12:g} pJ per synaptic operation, "
            f"{MULTIPLY_ACCUMULATE_ENERGY * 1e12:g} pJ per multiply-accumulate (45 nm, Horowitz "
            "2014); without memory access and neuron updates"
        )
        missing = f"\nnot counted: {', '.join(self.uncounted)}" if self.uncounted else ""
        return f"{aligned(rows)}\n{note}{missing}"


def count_operations(recording: Recording, *, analog: Collection[str] = ()) -> Operations:
    """Count what a recorded run cost, per trial.

    Parameters
    ----------
    recording : Recording
        From :func:`~eegsnn.monitoring.record`.
    analog : collection of str, default ()
        Names of layers whose input is to be counted as analog although it is whole numbers (a
        picture of 8-bit pixels).

    Returns
    -------
    Operations

    Raises
    ------
    ConfigurationError
        If a name in `analog` is not that of a layer.

    Notes
    -----
    - An input of whole numbers from 0 on is taken for spikes, and one of k (after a sum pool) for k
      spikes; anything else is analog, and is multiplied at every step, also where it is constant.
    - Counted are Linear, Conv1d and Conv2d, of this package and of ``mlx.nn``, and the connections
      of recurrent neurons with themselves (whose last spikes go nowhere). Not counted are biases,
      normalisation (it can be merged into weights), pooling, and the updates of neurons.
    - The energy is that of the arithmetic alone; on real hardware memory access costs more (Lemaire
      et al. 2022). It compares networks, and does not predict a power meter.

    References
    ----------
    Horowitz (2014), Computing's energy problem (and what we can do about it), ISSCC.

    Examples
    --------
    >>> from eegsnn.layers import Linear, Sequential
    >>> from eegsnn.monitoring import record
    >>> model = Sequential(Linear(3, 10, key=mx.random.key(0)))
    >>> run = record(model, mx.array([[[1.0, 0.0, 1.0]], [[0.0, 0.0, 1.0]]]))
    >>> count_operations(run).total.synaptic_operations
    30.0
    """
    for name in analog:
        recording[name]
    counted: list[LayerOperations] = []
    uncounted: list[str] = []
    for layer in recording:
        if isinstance(layer.layer, nn.Linear | nn.Conv1d | nn.Conv2d):
            reach = fan_out(layer.layer, tuple(layer.input.shape[2:]))
            counted.append(_count(layer.name, layer.kind, layer.input, reach, layer.name in analog))
        elif isinstance(layer.layer, Neuron):
            counted += _recurrent(layer)
        elif _has_weights(layer.layer):
            uncounted.append(f"{layer.name} ({layer.kind})")
    return Operations(tuple(counted), tuple(uncounted))


def count_connections(
    runs: Iterable[tuple[int, Iterable[tuple[Connection, mx.array]]]], n_trials: int
) -> Operations:
    """Count what networks of :mod:`eegsnn.models` cost per trial, summed over the networks.

    Parameters
    ----------
    runs : iterable of (int, iterable of (Connection, array))
        For each network and batch of trials: the number of trials, and what arrives at each set of
        connections, [T, batch, …].
    n_trials : int
        Trials of all batches.

    Returns
    -------
    Operations
        What is analog is told from spikes as in :func:`count_operations`. ``dense`` is for a
        network without spikes that goes through the same steps.
    """
    totals: dict[tuple[str, str], LayerOperations] = {}
    for batch, pairs in runs:
        for part, arriving in pairs:
            reach = np.broadcast_to(np.asarray(part.reach, np.float64), arriving.shape[2:])
            counted = _count(part.name, part.kind, arriving, reach, False)
            counted = replace(counted, dense_multiply_accumulates=part.passes * float(reach.sum()))
            share, key = batch / n_trials, (part.name, part.kind)
            before = totals.get(key, LayerOperations(*key, 0.0, 0.0, 0.0, 0.0))
            totals[key] = _plus(before, counted, share)
    return Operations(tuple(totals.values()))


def _plus(total: LayerOperations, counted: LayerOperations, share: float) -> LayerOperations:
    summed = {name: getattr(total, name) + share * getattr(counted, name) for name in _NUMBERS}
    return replace(total, **summed)


def fan_out(layer: nn.Module, features: tuple[int, ...]) -> np.ndarray:
    """Give the number of outputs that each input reaches, shape `features`.

    Parameters
    ----------
    layer : Linear, Conv1d or Conv2d
    features : tuple of int
        Shape of one trial's input: at the borders of a convolution an input reaches fewer outputs.

    Examples
    --------
    >>> from eegsnn.layers import Conv1d
    >>> fan_out(Conv1d(1, 2, 3, key=mx.random.key(0)), (5, 1)).reshape(-1).tolist()
    [2.0, 4.0, 6.0, 4.0, 2.0]
    """
    if isinstance(layer, nn.Linear):
        return np.full(features, float(layer.weight.shape[0]))
    options = (layer.stride, layer.padding, layer.dilation, layer.groups)
    return _convolution_fan_out(layer.weight, features, options)


def _convolution_fan_out(
    weight: mx.array, features: tuple[int, ...], options: tuple[Any, ...]
) -> np.ndarray:
    """Differentiate the sum of all outputs by each input, with every weight 1."""
    convolution = mx.conv1d if weight.ndim == 3 else mx.conv2d
    ones = mx.ones_like(weight)

    def total(x: mx.array) -> mx.array:
        return convolution(x, ones, *options).sum()

    return np.asarray(mx.grad(total)(mx.zeros((1, *features)))[0], dtype=np.float64)


def _count(
    name: str, kind: str, arriving: mx.array, reach: np.ndarray, analog: bool
) -> LayerOperations:
    n_steps, batch = arriving.shape[:2]
    if arriving.size and (analog or not _are_spikes(arriving)):
        dense = float(reach.sum())
        return LayerOperations(name, kind, 0.0, 0.0, n_steps * dense, dense)
    counts = np.asarray(arriving.astype(mx.float32).sum(axis=(0, 1)), dtype=np.float64) / batch
    return LayerOperations(
        name,
        kind,
        float(counts.sum()),
        float((counts * reach).sum()),
        0.0,
        float(reach.sum()),
    )


def _are_spikes(x: mx.array) -> bool:
    return bool(mx.all((x >= 0) & (x == mx.round(x.astype(mx.float32)))).item())


def _recurrent(layer: LayerRecord) -> list[LayerOperations]:
    """Count the connections of a neuron with itself; the spikes of the last step go nowhere."""
    values = layer.layer.values(layer.output[0])
    features = tuple(layer.output.shape[2:])
    weight = values.get("recurrent_weight")
    if weight is not None and weight.ndim == 2:
        reach = np.full(features, float(weight.shape[0]))
    elif weight is not None:
        padding = tuple(size // 2 for size in weight.shape[1:-1])
        reach = _convolution_fan_out(weight, features, (1, padding, 1, 1))
    elif "V" in values:
        reach = np.ones(features)
    else:
        return []
    return [_count(layer.name, f"{layer.kind} recurrent", layer.output[:-1], reach, False)]


def _has_weights(layer: Any) -> bool:
    """Whether a layer has weights that this module does not know how to count."""
    if not isinstance(layer, nn.Module) or isinstance(layer, Container | BNTT):
        return False
    return any(isinstance(part, mx.array) and part.ndim > 1 for part in layer.values())

"""Spikes and membranes of every layer during one run, and what they say about the layer."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import mlx.core as mx
import numpy as np

from eegsnn.errors import ConfigurationError
from eegsnn.layers import Container, LayerTrace
from eegsnn.monitoring.tables import aligned
from eegsnn.neurons import LeakyIntegrator, Neuron

_SATURATED = 0.9


@dataclass(frozen=True)
class LayerRecord:
    """What one layer did in a run.

    Attributes
    ----------
    name : str
        Where the layer stands in the model, as in the keys of its weights: ``"layers.1"``; empty
        where the model is a single neuron layer.
    layer : module or function
    input, output : array [T, batch, …]
    states : dict of arrays [T, batch, …]
        After every step: ``states["mem"]``; empty for layers without state.
    """

    name: str
    layer: Any
    input: mx.array
    output: mx.array
    states: dict[str, mx.array]

    @property
    def kind(self) -> str:
        """Class of the layer."""
        return getattr(self.layer, "__name__", type(self.layer).__name__)

    @property
    def is_spiking(self) -> bool:
        """Whether the outputs are spikes: every neuron's are but the leaky integrator's."""
        return isinstance(self.layer, Neuron) and not isinstance(self.layer, LeakyIntegrator)

    @property
    def spikes(self) -> mx.array | None:
        """Spikes [T, batch, …]; None for a layer that does not spike."""
        return self.output if self.is_spiking else None

    @property
    def membranes(self) -> mx.array | None:
        """Membrane potentials [T, batch, …]; None for a layer that has none."""
        return self.states.get("mem")

    @cached_property
    def firing_rates(self) -> np.ndarray:
        """Spikes per step of each neuron, mean over steps and trials: [neurons, …].

        Raises
        ------
        ConfigurationError
            If the layer does not spike.
        """
        if not self.is_spiking:
            raise ConfigurationError(
                f"firing_rates: expected a layer that spikes, but {self.name!r} is a {self.kind}."
            )
        return np.asarray(self.output.astype(mx.float32).mean(axis=(0, 1)))

    @property
    def firing_rate(self) -> float:
        """Spikes per step, mean over everything."""
        return float(self.firing_rates.mean())

    @property
    def silent_fraction(self) -> float:
        """Part of the neurons that never spiked, in no trial."""
        return float((self.firing_rates == 0).mean())

    @property
    def saturated_fraction(self) -> float:
        """Part of the neurons that spiked at more than nine of ten steps."""
        return float((self.firing_rates > _SATURATED).mean())


@dataclass(frozen=True)
class Recording:
    """What all layers of a model did in a run.

    ``recording["layers.1"]`` is the record of a layer, iteration gives them in their order.
    """

    layers: tuple[LayerRecord, ...]

    def __getitem__(self, name: str) -> LayerRecord:
        for layer in self.layers:
            if layer.name == name:
                return layer
        names = ", ".join(repr(layer.name) for layer in self.layers)
        raise ConfigurationError(f"name: expected one of the layers {names}, but got {name!r}.")

    def __iter__(self) -> Iterator[LayerRecord]:
        return iter(self.layers)

    @property
    def output(self) -> mx.array:
        """Output of the model, [T, batch, …]."""
        return self.layers[-1].output

    @property
    def spiking(self) -> tuple[LayerRecord, ...]:
        """Layers that spike."""
        return tuple(layer for layer in self.layers if layer.is_spiking)

    def to_dict(self) -> dict[str, dict[str, Any]]:
        """Rates and fractions of each spiking layer, JSON-able, by the layer's name."""
        return {
            layer.name: {
                "kind": layer.kind,
                "neurons": int(layer.firing_rates.size),
                "firing_rate": layer.firing_rate,
                "silent_fraction": layer.silent_fraction,
                "saturated_fraction": layer.saturated_fraction,
            }
            for layer in self.spiking
        }

    def __str__(self) -> str:
        rows = [["layer", "kind", "neurons", "spikes/step", "silent", "saturated"]]
        for name, row in self.to_dict().items():
            shares = [f"{row[key]:.1%}" for key in ("silent_fraction", "saturated_fraction")]
            rows.append(
                [name, row["kind"], str(row["neurons"]), f"{row['firing_rate']:.4f}", *shares]
            )
        return aligned(rows)


def record(model: Any, x: mx.array, state: Any = None, *, key: mx.array | None = None) -> Recording:
    """Run a model over a sequence and keep what every layer did.

    Nothing is attached to the model: what is recorded is what this call returns. The model is run
    in the mode that it is in; after ``eval()`` no statistics of batch normalisation move.

    Parameters
    ----------
    model : Sequential, Residual or a neuron
    x : array [T, batch, …]
    state : optional
        As in ``model.run``.
    key : array, optional
        Random key for dropout.

    Returns
    -------
    Recording

    Raises
    ------
    ConfigurationError
        If the model is of another kind.
    DataError
        As in ``model.run``.

    Examples
    --------
    >>> from eegsnn.neurons import Leaky
    >>> recording = record(Leaky(), mx.array([[[0.6, 0.0]], [[0.6, 0.0]]]))
    >>> recording[""].firing_rates.tolist(), recording[""].silent_fraction
    ([0.5, 0.0], 0.5)
    """
    if isinstance(model, Container):
        traces = model.trace(x, state, key=key)
    elif isinstance(model, Neuron):
        outputs, states = model.trace(x, state)
        traces = [LayerTrace("", model, x, outputs, states)]
    else:
        raise ConfigurationError(
            f"model: expected a Sequential, a Residual or a neuron, but got {type(model).__name__}."
        )
    mx.eval([[trace.output, trace.states] for trace in traces])
    return Recording(tuple(LayerRecord(*trace) for trace in traces))

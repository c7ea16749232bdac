"""From a configuration and a generator to the arrays of a reservoir."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

from eegsnn.models.base import spread_decay
from eegsnn.models.reservoir_dynamics import Plasticity, Reservoir, Synapses
from eegsnn.models.reservoir_topology import (
    distance_connections,
    draw_delays,
    draw_signs,
    draw_weights,
    grid_positions,
    random_connections,
    scale_weights,
)
from eegsnn.neurons.biological import IZHIKEVICH_PRESETS

if TYPE_CHECKING:
    from eegsnn.models.reservoir import ReservoirConfig

# U, and D and F in ms, by kinds of source and target (Maass et al. 2002, appendix B, after Markram
# et al. 1998); deviations are half the means.
_PLASTICITY = {
    "EE": (0.5, 1100.0, 50.0),
    "EI": (0.05, 125.0, 1200.0),
    "IE": (0.25, 700.0, 20.0),
    "II": (0.32, 144.0, 60.0),
}
_DEVIATION, _SMALLEST = 0.5, 0.2  # parts of the mean


def build_reservoir(
    config: ReservoirConfig, n_inputs: int, generator: np.random.Generator
) -> Reservoir:
    """Draw a reservoir; its input weights are for features of mean 0 and deviation 1."""
    signs = draw_signs(config.n_units, config.excitatory, generator)
    if config.topology == "distance":
        positions = grid_positions(config.n_units, config.grid)
        connected = distance_connections(positions, signs, generator, length=config.length)
    else:
        connected = random_connections(config.n_units, config.density, generator)
    weights = draw_weights(connected, signs, generator)
    weights = scale_weights(weights, config.scaling, config.strength)
    unit = firing_distance(config.neuron, config.dt)
    recurrent = _synapses(unit * weights)
    delays = draw_delays(len(recurrent.targets), config.delays, generator)
    return Reservoir(
        neuron=config.neuron,
        signs=signs,
        constants=_constants(config, signs, generator),
        inputs=_synapses(unit * _draw_inputs(config, n_inputs, generator)),
        bias=np.zeros(config.n_units),
        recurrent=recurrent._replace(delays=delays),
        plasticity=_draw_plasticity(config, signs, generator),
        trace_decay=float(np.exp(-1.0 / config.time_constant)),
        dt=float(config.dt),
    )


def firing_distance(neuron: str, dt: float) -> float:
    """Input of one step that lifts a unit from rest to where it fires by itself.

    1 for LIF units. Izhikevich's equation at rest, ``0.04·v² + (5 − b)·v + 140 = 0``, has its other
    root as the threshold if u stands still: with b = 0.2 these are −70 and −55 mV.
    """
    if neuron == "leaky":
        return 1.0
    b = IZHIKEVICH_PRESETS["RS"]["b"]
    rest = (b - 5.0 - np.sqrt((5.0 - b) ** 2 - 4 * 0.04 * 140.0)) / 0.08
    return float((-5.0 / 0.04 - 2 * rest) / dt)


def _constants(
    config: ReservoirConfig, signs: np.ndarray, generator: np.random.Generator
) -> np.ndarray:
    if config.neuron == "leaky":
        decay = np.broadcast_to(spread_decay(config.beta, len(signs)), len(signs))
        # Dealt at random: neighbours on the grid must not be alike.
        return generator.permutation(decay)[None]
    kinds = np.where(signs > 0, 0, 1)
    table = [[IZHIKEVICH_PRESETS[kind][name] for kind in ("RS", "FS")] for name in "abcd"]
    return np.array(table)[:, kinds]


def _draw_inputs(
    config: ReservoirConfig, n_inputs: int, generator: np.random.Generator
) -> sparse.csr_array:
    """Weights [feature, unit] such that standardised features that are independent sum to 1."""
    shape = (n_inputs, config.n_units)
    connected = generator.random(shape) < config.input_density
    deaf = np.flatnonzero(~connected.any(axis=0))
    connected[generator.integers(n_inputs, size=len(deaf)), deaf] = True
    weights = np.where(connected, generator.standard_normal(shape), 0.0)
    return sparse.csr_array(weights / np.sqrt(np.square(weights).sum(axis=0)))


def _draw_plasticity(
    config: ReservoirConfig, signs: np.ndarray, generator: np.random.Generator
) -> Plasticity | None:
    if not config.short_term_plasticity:
        return None
    sources = np.where(signs > 0, "E", "I")
    means = np.array([[_PLASTICITY[source + kind] for kind in "EI"] for source in sources])
    drawn = means * (1.0 + _DEVIATION * generator.standard_normal(means.shape))
    use, depression, facilitation = np.moveaxis(np.maximum(drawn, _SMALLEST * means), -1, 0)
    return Plasticity(
        use=np.minimum(use, 1.0),
        recovering=np.exp(-config.dt / depression),
        facilitating=np.exp(-config.dt / facilitation),
    )


def _synapses(weights: sparse.csr_array) -> Synapses:
    weights.sort_indices()
    return Synapses(
        starts=weights.indptr.astype(np.int64),
        targets=weights.indices.astype(np.int64),
        weights=weights.data.astype(np.float64),
        delays=np.zeros(0, dtype=np.int64),
    )

"""`LiquidStateMachine`: a fixed recurrent network of spiking units whose states are read out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from eegsnn._validation import (
    check_boolean,
    check_choice,
    check_integer,
    check_number,
    check_sequence,
)
from eegsnn.errors import ConfigurationError, DataError
from eegsnn.models.base import check_beta
from eegsnn.models.reservoir_building import build_reservoir, firing_distance
from eegsnn.models.reservoir_calibration import calibrated
from eegsnn.models.reservoir_dynamics import (
    NEURONS,
    Plasticity,
    Reservoir,
    ReservoirState,
    Response,
    Synapses,
    response,
    rest_state,
)
from eegsnn.models.reservoir_topology import SCALINGS, TOPOLOGIES


@dataclass(frozen=True)
class ReservoirConfig:
    """What a reservoir is drawn from; JSON-able.

    Attributes
    ----------
    n_units : int, default 300
    excitatory : float, default 0.8
        Fraction of units that excite; the others inhibit (Dale's law).
    topology : {"distance", "random"}, default "distance"
        "distance": units on a grid, near ones connected rather than far ones, with probability
        ``C·exp(−(d/length)²)``, C being 0.3, 0.2, 0.4 and 0.1 from excitatory to excitatory units,
        excitatory to inhibitory, inhibitory to excitatory and inhibitory to inhibitory. "random":
        any two with probability `density`.
    grid : (int, int, int), optional
        Sides of the grid, of product `n_units`; default the smallest cube that holds all.
    length : float, default 2.0
        λ of "distance", in distances of the grid.
    density : float, default 0.1
        Of "random".
    scaling : {"spectral_radius", "branching_factor"}, default "spectral_radius"
        What `strength` says of the weights, which are drawn as in the paper and then multiplied by
        one factor.
    strength : float, default 0.5
        Largest magnitude of an eigenvalue of the weights, in thresholds; or the spikes that one
        excitatory spike brings about, were the membranes evenly spread. Near 1 reservoirs remember
        longest (see :func:`eegsnn.measures.memory_capacity`); where trials are to be told apart,
        less was better in cross-validation.
    delays : (int, int), default (1, 3)
        Range of the synaptic delays, in steps; each connection has its own.
    neuron : {"leaky", "izhikevich"}, default "leaky"
        LIF units; or Izhikevich's, regular spiking if excitatory and fast spiking if inhibitory.
    beta : float or (float, float), default (0.5, 0.98)
        Decay of LIF membranes per step; a pair spreads the time constants 1/(1 − beta) evenly on
        a logarithmic scale over the units.
    dt : float, default 1.0
        Milliseconds per step, for what is known in milliseconds: Izhikevich units, and the time
        constants of short-term plasticity.
    short_term_plasticity : bool, default False
        Synapses that facilitate and depress (Markram & Tsodyks), with the paper's U, D and F by
        kinds of units. Drawn per unit and kind of target, not per connection: four numbers of
        state per unit, where there would be two per connection.
    input_density : float, default 0.3
        Probability that a feature reaches a unit; every unit gets one feature at least.
    target_rate : float, default 0.1
        Spikes per unit and step that :meth:`LiquidStateMachine.calibrate` aims at.
    time_constant : float, default 10.0
        Of the exponential filter that makes liquid states of spikes, in steps.

    References
    ----------
    Maass, Natschläger & Markram (2002), "Real-time computing without stable states", appendix B.
    """

    n_units: int = 300
    excitatory: float = 0.8
    topology: str = "distance"
    grid: tuple[int, int, int] | None = None
    length: float = 2.0
    density: float = 0.1
    scaling: str = "spectral_radius"
    strength: float = 0.5
    delays: tuple[int, int] = (1, 3)
    neuron: str = "leaky"
    beta: float | tuple[float, float] = (0.5, 0.98)
    dt: float = 1.0
    short_term_plasticity: bool = False
    input_density: float = 0.3
    target_rate: float = 0.1
    time_constant: float = 10.0

    def __post_init__(self) -> None:
        """Validate every field; see :class:`~eegsnn.errors.ConfigurationError`."""
        n_units = check_integer("n_units", self.n_units, low=1)
        check_number("excitatory", self.excitatory, low=0, high=1, low_open=True)
        check_choice("topology", self.topology, TOPOLOGIES)
        _set(self, "grid", _check_grid(self.grid, n_units))
        check_number("length", self.length, low=0)
        check_number("density", self.density, low=0, high=1)
        check_choice("scaling", self.scaling, SCALINGS)
        check_number("strength", self.strength, low=0)
        _set(self, "delays", _check_delays(self.delays))
        check_choice("neuron", self.neuron, NEURONS)
        _set(self, "beta", check_beta(self.beta))
        check_number("dt", self.dt, low=0, low_open=True, unit="ms")
        check_boolean("short_term_plasticity", self.short_term_plasticity)
        check_number("input_density", self.input_density, low=0, high=1, low_open=True)
        check_number("target_rate", self.target_rate, low=0, high=1, low_open=True, high_open=True)
        check_number("time_constant", self.time_constant, low=0, low_open=True, unit="steps")

    def to_dict(self) -> dict[str, Any]:
        """Fields as JSON-able values."""
        return asdict(self)


class LiquidStateMachine:
    """A reservoir of excitatory and inhibitory spiking units, drawn once and never trained.

    Inputs stir it; what it does with them, filtered in time, is the "liquid state", from which a
    linear readout can tell what came before. Spikes go to their targets one by one: a step costs
    what its spikes cost.

    Parameters
    ----------
    config : ReservoirConfig
    n_inputs : int
        Input features.
    seed : int, default 0
        Source of everything that is drawn.

    Attributes
    ----------
    config : ReservoirConfig
    reservoir : Reservoir
        Its constants, as arrays.

    Raises
    ------
    ConfigurationError
        If a parameter is impossible, or the connections drawn cannot have the strength asked for.

    Examples
    --------
    >>> x = 1e-6 * np.random.default_rng(0).normal(size=(100, 8, 4))  # in volts, for example
    >>> liquid = LiquidStateMachine(ReservoirConfig(n_units=100), n_inputs=4, seed=1)
    >>> liquid.calibrate(x)
    >>> spikes, state = liquid.run(x)
    >>> spikes.shape, bool(0.05 < spikes.mean() < 0.15)
    ((100, 8, 100), True)

    In chunks, the state passed on, the result is the same:

    >>> first, state = liquid.run(x[:30])
    >>> second, state = liquid.run(x[30:], state)
    >>> bool((np.concatenate([first, second]) == spikes).all())
    True
    """

    def __init__(self, config: ReservoirConfig, n_inputs: int, *, seed: int = 0) -> None:
        self.config = config
        generator = np.random.default_rng(check_integer("seed", seed, low=0))
        self.reservoir = build_reservoir(
            config, check_integer("n_inputs", n_inputs, low=1), generator
        )

    @property
    def n_inputs(self) -> int:
        """Input features."""
        return self.reservoir.n_inputs

    @property
    def n_units(self) -> int:
        """Units of the reservoir."""
        return self.reservoir.n_units

    def calibrate(self, x: Any) -> None:
        """Set the input weights so that every unit fires at about `target_rate`.

        Features are standardised (this becomes part of the weights and of a bias), then each
        unit's input is made stronger or weaker, in rounds, with the whole reservoir running. A
        bad sample of inputs is not noticed here: give training inputs, never those of a test.

        Parameters
        ----------
        x : array [T, batch, features]
            A sample of training inputs, in any unit.

        Raises
        ------
        DataError
            If x is no finite array of that shape, or no feature varies.

        Warns
        -----
        SilentNetworkWarning
            If the rate cannot be reached: the reservoir keeps itself going, or is too deaf.
        """
        x = check_sequence(x, self.n_inputs)
        self.reservoir = calibrated(
            self.reservoir,
            x,
            target_rate=self.config.target_rate,
            scale=firing_distance(self.config.neuron, self.config.dt),
        )

    def init_state(self, batch: int) -> ReservoirState:
        """State of so many trials at rest."""
        return rest_state(self.reservoir, check_integer("batch", batch, low=1))

    def run(self, x: Any, state: ReservoirState | None = None) -> tuple[np.ndarray, ReservoirState]:
        """Spikes of all units at all steps.

        Parameters
        ----------
        x : array [T, batch, features]
        state : ReservoirState, optional
            What an earlier run of the same trials ended in. Default: rest.

        Returns
        -------
        spikes : ndarray of bool [T, batch, units]
        state : ReservoirState

        Raises
        ------
        DataError
            If x is no finite array of that shape, or the state belongs to other trials.
        """
        spikes, _, last = self.respond(x, state=state, times=())
        assert spikes is not None
        return spikes, last

    def liquid_states(
        self, x: Any, times: Any = None, state: ReservoirState | None = None
    ) -> tuple[np.ndarray, ReservoirState]:
        """Exponentially filtered spikes, ``s' = s·exp(−1/time_constant) + spike``, at some steps.

        Parameters
        ----------
        x : array [T, batch, features]
        times : sequence of int, optional
            Steps, ascending and counted from 0, after which the state is taken. Default: the last.
        state : ReservoirState, optional
            As in :meth:`run`.

        Returns
        -------
        states : ndarray of float64 (times, batch, units)
        state : ReservoirState

        Raises
        ------
        ConfigurationError
            If `times` are no ascending steps of x.
        DataError
            As in :meth:`run`.
        """
        found = self.respond(x, state=state, times=times, keep_spikes=False)
        return found.samples, found.state

    def respond(
        self,
        x: Any,
        *,
        times: Any = None,
        state: ReservoirState | None = None,
        keep_spikes: bool = True,
    ) -> Response:
        """Spikes, liquid states at `times` and the last state, in one run."""
        x = check_sequence(x, self.n_inputs)
        steps = _check_times(times, len(x))
        state = self.init_state(x.shape[1]) if state is None else self._check_state(state, x)
        return response(self.reservoir, x, state, steps, keep_spikes)

    def get_state(self) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        """Everything the reservoir is, as a JSON-able dict and named arrays."""
        own = self.reservoir
        arrays = {"signs": own.signs, "constants": own.constants, "bias": own.bias}
        arrays |= {f"inputs.{k}": v for k, v in own.inputs._asdict().items()}
        arrays |= {f"recurrent.{k}": v for k, v in own.recurrent._asdict().items()}
        if own.plasticity is not None:
            arrays |= {f"plasticity.{k}": v for k, v in own.plasticity._asdict().items()}
        return self.config.to_dict(), arrays

    @classmethod
    def from_state(
        cls, config: Mapping[str, Any], arrays: Mapping[str, np.ndarray]
    ) -> LiquidStateMachine:
        """Make the reservoir that :meth:`get_state` described; nothing is drawn anew."""
        liquid = cls.__new__(cls)
        liquid.config = ReservoirConfig(**config)
        liquid.reservoir = Reservoir(
            neuron=liquid.config.neuron,
            signs=arrays["signs"],
            constants=arrays["constants"],
            inputs=Synapses(*(arrays[f"inputs.{k}"] for k in Synapses._fields)),
            bias=arrays["bias"],
            recurrent=Synapses(*(arrays[f"recurrent.{k}"] for k in Synapses._fields)),
            plasticity=Plasticity(*(arrays[f"plasticity.{k}"] for k in Plasticity._fields))
            if liquid.config.short_term_plasticity
            else None,
            trace_decay=float(np.exp(-1.0 / liquid.config.time_constant)),
            dt=liquid.config.dt,
        )
        return liquid

    def _check_state(self, state: ReservoirState, x: np.ndarray) -> ReservoirState:
        expected = rest_state(self.reservoir, x.shape[1])
        shapes = {k: v.shape for k, v in expected._asdict().items()}
        given = {k: np.shape(getattr(state, k, ())) for k in shapes}
        wrong = [k for k in shapes if given[k] != shapes[k]]
        if wrong:
            raise DataError(
                f"state: expected {wrong[0]} of shape {shapes[wrong[0]]} for {x.shape[1]} trials, "
                f"but got {given[wrong[0]]}. Pass the state of the same trials and reservoir, or "
                f"None to begin at rest."
            )
        return state


def _check_times(times: Any, n_steps: int) -> np.ndarray:
    if times is None:
        return np.array([n_steps - 1])
    given = np.asarray(times)
    given = given.astype(np.int64) if given.size == 0 else given
    ascending = given.ndim == 1 and given.dtype.kind in "iu" and (np.diff(given) > 0).all()
    if not ascending or (given.size and (given[0] < 0 or given[-1] >= n_steps)):
        raise ConfigurationError(
            f"times: expected ascending steps between 0 and {n_steps - 1}, but got {times!r}."
        )
    return given.astype(np.int64)


def _check_grid(grid: Any, n_units: int) -> tuple[int, int, int] | None:
    if grid is None:
        return None
    if not isinstance(grid, list | tuple | np.ndarray) or len(grid) != 3:
        raise ConfigurationError(
            f"grid: expected three sides such as (3, 3, 15), or None, but got {grid!r}."
        )
    a, b, c = (check_integer("grid", side, low=1) for side in grid)
    if a * b * c != n_units:
        raise ConfigurationError(
            f"grid: expected sides whose product is n_units = {n_units}, but {a}·{b}·{c} is "
            f"{a * b * c}."
        )
    return a, b, c


def _check_delays(delays: Any) -> tuple[int, int]:
    if not isinstance(delays, list | tuple | np.ndarray) or len(delays) != 2:
        raise ConfigurationError(
            f"delays: expected a range of steps (shortest, longest), but got {delays!r}."
        )
    shortest = check_integer("delays: shortest", delays[0], low=1)
    return shortest, check_integer("delays: longest", delays[1], low=shortest)


def _set(config: ReservoirConfig, field: str, value: Any) -> None:
    object.__setattr__(config, field, value)  # the dataclass is frozen for everybody else

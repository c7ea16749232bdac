"""Neurons as thin ``mlx.nn`` modules on the pure functions: parameters live here, state does not.

Each has three methods: ``init_state(batch, features)``, one step ``neuron(x, state) → (spikes,
state)``, and ``run(x, state) → (spikes, membranes)`` over a whole sequence [T, batch, features].
State is explicit, a dictionary with the key ``"mem"``; the state after a run is
``{"mem": membranes[-1]}``.
"""

from __future__ import annotations

from collections.abc import Sequence

import mlx.core as mx
import mlx.nn as nn
import numpy as np

from eegsnn._validation import check_boolean, check_choice, check_number
from eegsnn.errors import ConfigurationError, DataError
from eegsnn.neurons.functional import RESET_MECHANISMS, integrator_step, leaky_step
from eegsnn.neurons.sequence import leaky_sequence
from eegsnn.surrogate import Surrogate, get_surrogate

State = dict[str, mx.array]
Decay = float | Sequence[float] | np.ndarray | mx.array


class _Decaying(nn.Module):
    """A membrane that decays by `beta` per step; `beta` may be learned and stays in (0, 1)."""

    def __init__(self, beta: Decay, learn_beta: bool) -> None:
        super().__init__()
        try:
            values = np.asarray(beta, dtype=np.float32)
        except (TypeError, ValueError) as error:
            raise ConfigurationError(
                f"beta: expected decays per step in [0, 1], but got {beta!r}."
            ) from error
        if not (np.isfinite(values).all() and (values >= 0).all() and (values <= 1).all()):
            raise ConfigurationError(
                f"beta: expected decays per step in [0, 1], but got {np.array2string(values)}."
            )
        self._learn_beta = check_boolean("learn_beta", learn_beta)
        if learn_beta:
            # Learned on the logit scale: no step of an optimiser can leave the valid range.
            inside = np.clip(values, 1e-4, 1 - 1e-4)
            self.beta_logit = mx.array(np.log(inside / (1 - inside)))
        else:
            # A plain number tells the sequence that nobody asks for its gradient.
            self._beta = mx.array(values) if values.ndim else float(values)

    @property
    def beta(self) -> float | mx.array:
        """Decay of the membrane per step: a scalar or one value per neuron."""
        return mx.sigmoid(self.beta_logit) if self._learn_beta else self._beta

    def init_state(self, batch: int, features: int | Sequence[int]) -> State:
        """State of neurons at rest: ``{"mem": zeros (batch, *features)}``."""
        shape = (features,) if isinstance(features, int) else tuple(features)
        return {"mem": mx.zeros((batch, *shape))}

    def _membrane(self, state: State, shape: Sequence[int]) -> mx.array:
        mem = state["mem"]
        if tuple(mem.shape) != tuple(shape):
            raise DataError(
                f"{type(self).__name__}: expected a state of shape {tuple(shape)} like its input, "
                f"but got {tuple(mem.shape)}. Start anew with init_state."
            )
        return mem


class Leaky(_Decaying):
    """Leaky integrate-and-fire neuron (LIF); see :func:`eegsnn.neurons.functional.leaky_step`.

    Parameters
    ----------
    beta : float or array, default 0.9
        Decay of the membrane per step, in [0, 1]; a scalar or one value per neuron.
    threshold : float, default 1.0
        A spike is emitted when the membrane exceeds it.
    learn_beta : bool, default False
        Learn `beta` (on the logit scale, so that it stays within (0, 1)).
    reset_mechanism : {"subtract", "zero", "none"}, default "subtract"
    reset_delay : bool, default True
        Whether the reset comes one step after the spike.
    surrogate : str or Surrogate, default "fast_sigmoid"

    Raises
    ------
    ConfigurationError
        If a parameter has an impossible value.

    Examples
    --------
    >>> lif = Leaky(beta=0.9)
    >>> state = lif.init_state(batch=1, features=1)
    >>> for current in (0.6, 0.6):
    ...     spikes, state = lif(mx.array([[current]]), state)
    >>> spikes.item(), round(state["mem"].item(), 4)
    (1.0, 1.14)
    """

    def __init__(
        self,
        beta: Decay = 0.9,
        threshold: float = 1.0,
        *,
        learn_beta: bool = False,
        reset_mechanism: str = "subtract",
        reset_delay: bool = True,
        surrogate: str | Surrogate = "fast_sigmoid",
    ) -> None:
        super().__init__(beta, learn_beta)
        check_choice("reset_mechanism", reset_mechanism, RESET_MECHANISMS)
        self._threshold = check_number("threshold", threshold, low=0, low_open=True)
        self._reset = (reset_mechanism, check_boolean("reset_delay", reset_delay))
        self._surrogate = get_surrogate(surrogate)

    def __call__(self, x: mx.array, state: State) -> tuple[mx.array, State]:
        """One step: input (batch, features) and state → spikes (batch, features) and state."""
        mem = self._membrane(state, x.shape)
        spikes, mem = leaky_step(
            x,
            mem,
            beta=self.beta,
            threshold=self._threshold,
            reset_mechanism=self._reset[0],
            reset_delay=self._reset[1],
            surrogate=self._surrogate,
        )
        return spikes, {"mem": mem}

    def run(self, x: mx.array, state: State | None = None) -> tuple[mx.array, mx.array]:
        """All steps: input [T, batch, features] → spikes and membranes, same shape.

        Without a `state` the neurons start at rest; its shape has to be that of one step.
        """
        mem = mx.zeros(x.shape[1:]) if state is None else self._membrane(state, x.shape[1:])
        return leaky_sequence(
            x,
            mem,
            beta=self.beta,
            threshold=self._threshold,
            reset_mechanism=self._reset[0],
            reset_delay=self._reset[1],
            surrogate=self._surrogate,
        )


class IF(Leaky):
    """Integrate-and-fire neuron: :class:`Leaky` that forgets nothing (``beta`` = 1)."""

    def __init__(
        self,
        threshold: float = 1.0,
        *,
        reset_mechanism: str = "subtract",
        reset_delay: bool = True,
        surrogate: str | Surrogate = "fast_sigmoid",
    ) -> None:
        super().__init__(
            1.0,
            threshold,
            reset_mechanism=reset_mechanism,
            reset_delay=reset_delay,
            surrogate=surrogate,
        )


class LeakyIntegrator(_Decaying):
    """Leaky integrator: a membrane that never spikes, the usual readout.

    Parameters
    ----------
    beta : float or array, default 0.9
        Decay per step, in [0, 1].
    learn_beta : bool, default False
    """

    def __init__(self, beta: Decay = 0.9, *, learn_beta: bool = False) -> None:
        super().__init__(beta, learn_beta)

    def __call__(self, x: mx.array, state: State) -> tuple[mx.array, State]:
        """One step; returns the membrane twice: as the output and as the state."""
        mem = integrator_step(x, self._membrane(state, x.shape), beta=self.beta)
        return mem, {"mem": mem}

    def run(self, x: mx.array, state: State | None = None) -> mx.array:
        """Membranes [T, batch, features] for the input [T, batch, features]."""
        mem = mx.zeros(x.shape[1:]) if state is None else self._membrane(state, x.shape[1:])
        # A neuron without reset is linear: the sequence of the LIF serves, its spikes are unused.
        _, membranes = leaky_sequence(x, mem, beta=self.beta, reset_mechanism="none")
        return membranes

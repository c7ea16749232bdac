"""What every neuron module shares: parameters, explicit state, one step, a run, a trace."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import mlx.core as mx
import mlx.nn as nn
import numpy as np

from eegsnn._validation import check_boolean, check_choice
from eegsnn.errors import ConfigurationError, DataError
from eegsnn.neurons.fast import Kernel, Problem, kernel_serves, run_kernel
from eegsnn.neurons.functional import RESET_MECHANISMS
from eegsnn.neurons.parameters import Parameter, parameters_of
from eegsnn.neurons.sequence import State, scan
from eegsnn.surrogate import SurrogateLike, get_surrogate


class Neuron(nn.Module):
    """Base of all neurons: a thin module on a pure step. Parameters live here, state does not.

    A subclass names its `states`, declares each :class:`Parameter`, and defines :meth:`step`.
    """

    states: ClassVar[tuple[str, ...]] = ("mem",)
    """Keys of the state."""

    kernel: ClassVar[Kernel | None] = None
    """Compiled kernel for whole sequences, for neurons that have one."""

    def init_state(self, batch: int, features: int | Sequence[int]) -> State:
        """State of neurons at rest, one array (batch, *features) for each key of the state."""
        shape = (features,) if isinstance(features, int) else tuple(features)
        return self.rest((batch, *shape), mx.float32)

    def rest(self, shape: tuple[int, ...], dtype: mx.Dtype) -> State:
        """State at rest with arrays of this shape; zeros where a neuron does not say otherwise."""
        # Of NumPy's zeros: they are there, while MLX's would have to be evaluated first. Each state
        # has its own: whoever writes into one shall not change the others.
        zeros = np.zeros(shape, np.float32)
        return {name: mx.array(zeros, dtype) for name in self.states}

    def step(self, x: mx.array, state: State, parameters: State) -> tuple[mx.array, State]:
        """One step as a pure function of input, state and parameters; nothing is checked."""
        raise NotImplementedError

    def __call__(self, x: mx.array, state: State) -> tuple[mx.array, State]:
        """One step: input [batch, …] and state → output [batch, …] and state.

        Raises
        ------
        DataError
            If the state is not one of this neuron for an input of this shape.
        """
        self._check_input(x, "[batch, …]", 1)
        self._check_state(state, tuple(x.shape))
        return self.step(x, state, self.values(x))

    def run(self, x: mx.array, state: State | None = None) -> tuple[mx.array, State]:
        """All steps: input [T, batch, …] → output [T, batch, …] and the state after the last.

        Without a `state` the neurons start at rest. Gradients cost time linear in T.
        """
        return self._over_time(x, state, every_state=False)

    def trace(self, x: mx.array, state: State | None = None) -> tuple[mx.array, State]:
        """As :meth:`run`, with the states after every step, [T, batch, …] each."""
        return self._over_time(x, state, every_state=True)

    def _over_time(
        self, x: mx.array, state: State | None, every_state: bool
    ) -> tuple[mx.array, State]:
        self._check_input(x, "[T, batch, …]", 2)
        if not x.shape[0]:
            raise DataError(
                f"{type(self).__name__}: expected at least one time step, as [T, batch, …], but "
                f"got shape {tuple(x.shape)}."
            )
        shape = tuple(x.shape[1:])
        if state is None:
            state = self.rest(shape, x.dtype)
        else:
            self._check_state(state, shape)
        return self._sequence(x, state, every_state)

    def _sequence(self, x: mx.array, state: State, every_state: bool) -> tuple[mx.array, State]:
        """All steps of checked input, by a compiled kernel where there is one that serves."""
        values = self.values(x[0])
        kernel = self.kernel_for(values)
        if kernel is not None:
            learned = frozenset(self.learned())
            problem = Problem(x, state, values, learned, self.firing, self.whole())
            if kernel_serves(problem):
                return run_kernel(kernel, problem, every_state)
        outputs, states = scan(self.step, x, state, values)
        return outputs, states if every_state else {name: s[-1] for name, s in states.items()}

    def kernel_for(self, values: State) -> Kernel | None:
        """Compiled kernel that does these parameters, if there is one."""
        return self.kernel

    def values(self, x: mx.array) -> State:
        """Present value of each parameter, in the precision of `x`, the input of one step.

        Raises
        ------
        ConfigurationError
            If one has neither a single value nor one per neuron of `x`.
        """
        kept = {n: p for n, p in parameters_of(type(self)).items() if p.is_kept(self)}
        values = {name: getattr(self, name) for name in kept}
        shape = tuple(x.shape)
        for name, value in values.items():
            if not kept[name].per_neuron:
                continue
            sizes = zip(value.shape[::-1], shape[::-1], strict=False)
            if value.ndim > len(shape) or any(size not in (1, full) for size, full in sizes):
                raise ConfigurationError(
                    f"{name}: expected a scalar or one value per neuron, which fits an input of "
                    f"shape {shape}, but got shape {tuple(value.shape)}."
                )
        return {name: value.astype(x.dtype) for name, value in values.items()}

    @property
    def firing(self) -> dict[str, Any]:
        """Reset and surrogate of a neuron that spikes."""
        return {}

    def whole(self) -> frozenset[str]:
        """Names of the parameters that are not values of single neurons: recurrent weights."""
        entries = parameters_of(type(self)).items()
        return frozenset(name for name, entry in entries if not entry.per_neuron)

    def learned(self) -> set[str]:
        """Names of the parameters that are learned."""
        return {name for name, p in parameters_of(type(self)).items() if p.is_learned(self)}

    def unfreeze(self, *args: Any, **kwargs: Any) -> nn.Module:
        """As in ``mlx.nn``, but fixed parameters stay fixed: they are data, not weights."""
        super().unfreeze(*args, **kwargs)
        keys = [p.fixed_key for p in parameters_of(type(self)).values() if p.fixed_key in self]
        return self.freeze(keys=keys, recurse=False)

    def __setattr__(self, name: str, value: Any) -> None:
        entry = getattr(type(self), name, None)
        if isinstance(entry, Parameter):  # mlx.nn would put an array beside the parameter
            entry.__set__(self, value)
        else:
            super().__setattr__(name, value)

    def _store(self, values: Mapping[str, Any], learn: Mapping[str, bool] | None = None) -> None:
        """Keep the values given to the constructor; `learn` tells which are learned."""
        learn = learn or {}
        declared = parameters_of(type(self))
        for name, value in values.items():
            learned = check_boolean(f"learn_{name}", learn.get(name, False))
            declared[name].store(self, value, learned)

    def _check_input(self, x: mx.array, layout: str, least: int) -> None:
        if not isinstance(x, mx.array) or x.ndim < least or not mx.issubdtype(x.dtype, mx.floating):
            got = f"{x.dtype} {tuple(x.shape)}" if isinstance(x, mx.array) else type(x).__name__
            raise DataError(
                f"{type(self).__name__}: expected an MLX array of floats {layout}, but got {got}."
            )

    def _check_state(self, state: State, shape: tuple[int, ...]) -> None:
        name = type(self).__name__
        if not isinstance(state, Mapping) or set(state) != set(self.states):
            got = sorted(state) if isinstance(state, Mapping) else type(state).__name__
            raise DataError(
                f"{name}: expected a state with the keys {sorted(self.states)}, but got {got}. "
                f"Start with init_state."
            )
        for key in self.states:
            if tuple(state[key].shape) != shape:
                raise DataError(
                    f"{name}: expected a state of shape {shape} like its input, but {key!r} has "
                    f"{tuple(state[key].shape)}. Start anew with init_state."
                )


class SpikingNeuron(Neuron):
    """A neuron with threshold, reset and surrogate gradient.

    Parameters
    ----------
    reset_mechanism, reset_delay, detach_reset, surrogate
        As in :func:`eegsnn.neurons.functional.leaky_step`; `surrogate` by name or as an object.
    """

    def __init__(
        self,
        reset_mechanism: str,
        reset_delay: bool,
        detach_reset: bool,
        surrogate: SurrogateLike,
    ) -> None:
        super().__init__()
        # The underscore keeps mlx.nn from taking these for parameters.
        self._firing: dict[str, Any] = {
            "reset_mechanism": check_choice("reset_mechanism", reset_mechanism, RESET_MECHANISMS),
            "reset_delay": check_boolean("reset_delay", reset_delay),
            "detach_reset": check_boolean("detach_reset", detach_reset),
            "surrogate": get_surrogate(surrogate),
        }

    @property
    def firing(self) -> dict[str, Any]:
        """Keywords ``reset_mechanism``, ``reset_delay``, ``detach_reset``, ``surrogate``."""
        return dict(self._firing)

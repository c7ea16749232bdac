"""What goes into a kernel and comes out of it: arrays of one run, and of its gradients."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from eegsnn.kernels.surrogates import CompiledSurrogate, compiled_surrogate
from eegsnn.surrogate import Surrogate

RESETS: dict[str, int] = {"subtract": 0, "zero": 1, "none": 2}

Arrays = dict[str, np.ndarray]


@dataclass(frozen=True)
class Run:
    """One pass of a neuron over a sequence; float32, C-contiguous.

    Attributes
    ----------
    x : ndarray [T, columns]
        Input; a column is one neuron in one trial.
    first : dict of ndarray [columns]
        State before the first step.
    parameters : dict of ndarray [columns]
        Those that are no values of neurons, such as recurrent weights, in their own shape.
    reset : int
        Value of :data:`RESETS`.
    surrogate : Surrogate or None
        None for a neuron that does not spike.
    outputs : ndarray [T, columns]
        Spikes; written by the forward kernel.
    states : dict of ndarray [T, columns]
        After every step; written by the forward kernel.
    """

    x: np.ndarray
    first: Arrays
    parameters: Arrays
    reset: int
    surrogate: Surrogate | None
    outputs: np.ndarray
    states: Arrays

    def keep_spikes(self) -> None:
        """Give the spikes out as states, too, where those are asked for apart.

        A kernel that wrote to both in one loop would be slow: the compiler has to assume that
        they are the same memory, as they are where only the last state is asked for.
        """
        if self.states["spk"] is not self.outputs:
            self.states["spk"][:] = self.outputs

    def compiled_surrogate(self, limits: np.ndarray | None = None) -> CompiledSurrogate:
        """Surrogate gradient in the form that kernels take; `limits` are thresholds that move."""
        assert self.surrogate is not None
        limits = self.parameters["threshold"] if limits is None else limits
        return compiled_surrogate(self.surrogate, self.states["mem"], limits)


@dataclass(frozen=True)
class Gradients:
    """Cotangents that a backward kernel starts from, and the gradients that it writes.

    Attributes
    ----------
    outputs : ndarray, [T, columns] or [1, columns]
        Of the outputs at every step, or the same for all steps.
    states : dict of ndarray, [T, columns] or [1, columns]
        Of the states after every step, or of those after the last alone.
    wanted : set of str
        Parameters whose gradient is asked for; that of the others may be left as it is.
    x : ndarray [T, columns]
    first : dict of ndarray [columns]
    parameters : dict of ndarray [columns]
        Summed over time, still one value per column; zero at the start.
    """

    outputs: np.ndarray
    states: Arrays
    wanted: frozenset[str]
    x: np.ndarray
    first: Arrays
    parameters: Arrays

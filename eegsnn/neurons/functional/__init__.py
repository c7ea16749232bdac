"""One time step of each neuron, as a pure function: arrays in, arrays out.

The conventions that all share are in :mod:`eegsnn.neurons.functional._reset`.
"""

from eegsnn.neurons.functional._reset import RESET_MECHANISMS
from eegsnn.neurons.functional.leaky import integrator_step, leaky_step

__all__ = ["RESET_MECHANISMS", "integrator_step", "leaky_step"]

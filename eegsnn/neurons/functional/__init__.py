"""One time step of each neuron, as a pure function: arrays in, arrays out.

The conventions that all share are in :mod:`eegsnn.neurons.functional._reset`.
"""

from eegsnn.neurons.functional._reset import RESET_MECHANISMS
from eegsnn.neurons.functional.adaptive import alif_step, ralif_step
from eegsnn.neurons.functional.alpha import alpha_step, dual_exponential_step
from eegsnn.neurons.functional.biological import adex_step, izhikevich_step
from eegsnn.neurons.functional.lapicque import lapicque_step
from eegsnn.neurons.functional.leaky import integrator_step, leaky_step, parametric_leaky_step
from eegsnn.neurons.functional.recurrent import recurrent_current, rleaky_step, rsynaptic_step
from eegsnn.neurons.functional.resonate import resonate_step
from eegsnn.neurons.functional.synaptic import synaptic_step

__all__ = [
    "RESET_MECHANISMS",
    "adex_step",
    "alif_step",
    "alpha_step",
    "dual_exponential_step",
    "integrator_step",
    "izhikevich_step",
    "lapicque_step",
    "leaky_step",
    "parametric_leaky_step",
    "ralif_step",
    "recurrent_current",
    "resonate_step",
    "rleaky_step",
    "rsynaptic_step",
    "synaptic_step",
]

"""Spiking neurons: pure steps, whole sequences with linear-time gradients, thin modules."""

from eegsnn.neurons.functional import RESET_MECHANISMS, integrator_step, leaky_step
from eegsnn.neurons.modules import IF, Leaky, LeakyIntegrator
from eegsnn.neurons.sequence import leaky_loop, leaky_sequence

__all__ = [
    "IF",
    "RESET_MECHANISMS",
    "Leaky",
    "LeakyIntegrator",
    "integrator_step",
    "leaky_loop",
    "leaky_sequence",
    "leaky_step",
]

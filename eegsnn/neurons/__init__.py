"""Spiking neurons: pure steps, whole sequences with linear-time gradients, thin modules."""

from eegsnn.neurons.base import Neuron, SpikingNeuron
from eegsnn.neurons.functional import RESET_MECHANISMS, integrator_step, leaky_step
from eegsnn.neurons.leaky import IF, Leaky, LeakyIntegrator
from eegsnn.neurons.sequence import State, loop, scan

__all__ = [
    "IF",
    "RESET_MECHANISMS",
    "Leaky",
    "LeakyIntegrator",
    "Neuron",
    "SpikingNeuron",
    "State",
    "integrator_step",
    "leaky_step",
    "loop",
    "scan",
]

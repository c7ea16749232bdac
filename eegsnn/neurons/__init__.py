"""Spiking neurons: pure steps, whole sequences with linear-time gradients, thin modules."""

from eegsnn.neurons.alpha import Alpha, DualExponential
from eegsnn.neurons.base import Neuron, SpikingNeuron
from eegsnn.neurons.functional import RESET_MECHANISMS, integrator_step, leaky_step
from eegsnn.neurons.lapicque import Lapicque
from eegsnn.neurons.leaky import IF, Leaky, LeakyIntegrator
from eegsnn.neurons.recurrent import RecurrentNeuron, RLeaky, RSynaptic
from eegsnn.neurons.sequence import State, loop, scan
from eegsnn.neurons.synaptic import Synaptic

__all__ = [
    "IF",
    "RESET_MECHANISMS",
    "Alpha",
    "DualExponential",
    "Lapicque",
    "Leaky",
    "LeakyIntegrator",
    "Neuron",
    "RLeaky",
    "RSynaptic",
    "RecurrentNeuron",
    "SpikingNeuron",
    "State",
    "Synaptic",
    "integrator_step",
    "leaky_step",
    "loop",
    "scan",
]

"""Spiking neurons: pure steps, whole sequences with linear-time gradients, thin modules."""

from eegsnn.neurons.adaptive import ALIF, RALIF
from eegsnn.neurons.alpha import Alpha, DualExponential
from eegsnn.neurons.base import Neuron, SpikingNeuron
from eegsnn.neurons.biological import IZHIKEVICH_PRESETS, AdEx, Izhikevich
from eegsnn.neurons.functional import RESET_MECHANISMS, integrator_step, leaky_step
from eegsnn.neurons.lapicque import Lapicque
from eegsnn.neurons.leaky import IF, Leaky, LeakyIntegrator, ParametricLeaky
from eegsnn.neurons.recurrent import RecurrentNeuron, RLeaky, RSynaptic
from eegsnn.neurons.resonate import ResonateAndFire
from eegsnn.neurons.sequence import State, loop, scan
from eegsnn.neurons.synaptic import Synaptic

__all__ = [
    "ALIF",
    "IF",
    "IZHIKEVICH_PRESETS",
    "RALIF",
    "RESET_MECHANISMS",
    "AdEx",
    "Alpha",
    "DualExponential",
    "Izhikevich",
    "Lapicque",
    "Leaky",
    "LeakyIntegrator",
    "Neuron",
    "ParametricLeaky",
    "RLeaky",
    "RSynaptic",
    "RecurrentNeuron",
    "ResonateAndFire",
    "SpikingNeuron",
    "State",
    "Synaptic",
    "integrator_step",
    "leaky_step",
    "loop",
    "scan",
]

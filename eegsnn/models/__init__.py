"""Spiking networks: trained from input currents to class scores, or drawn once and read out."""

from eegsnn.models.attention import SpikingAttentionConfig, SpikingAttentionNetwork
from eegsnn.models.base import Architecture, ArchitectureConfig, Connection, NetworkOutput
from eegsnn.models.convolution import SpikingConvolutionConfig, SpikingConvolutionNetwork
from eegsnn.models.eegnet import SpikingEEGNet, SpikingEEGNetConfig
from eegsnn.models.feedforward import NetworkConfig, SpikingNetwork
from eegsnn.models.recurrent import AdaptiveRecurrentConfig, AdaptiveRecurrentNetwork
from eegsnn.models.registry import ARCHITECTURES, resolve_architecture
from eegsnn.models.reservoir import LiquidStateMachine, ReservoirConfig
from eegsnn.models.reservoir_dynamics import ReservoirState, Response
from eegsnn.models.resonator import ResonatorConfig, ResonatorNetwork

__all__ = [
    "ARCHITECTURES",
    "AdaptiveRecurrentConfig",
    "AdaptiveRecurrentNetwork",
    "Architecture",
    "ArchitectureConfig",
    "Connection",
    "LiquidStateMachine",
    "NetworkConfig",
    "NetworkOutput",
    "ReservoirConfig",
    "ReservoirState",
    "ResonatorConfig",
    "ResonatorNetwork",
    "Response",
    "SpikingAttentionConfig",
    "SpikingAttentionNetwork",
    "SpikingConvolutionConfig",
    "SpikingConvolutionNetwork",
    "SpikingEEGNet",
    "SpikingEEGNetConfig",
    "SpikingNetwork",
    "resolve_architecture",
]

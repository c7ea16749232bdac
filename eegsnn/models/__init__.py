"""Spiking networks: layers of Linear and neurons, from input currents to class scores."""

from eegsnn.models.feedforward import NetworkConfig, NetworkOutput, SpikingNetwork

__all__ = ["NetworkConfig", "NetworkOutput", "SpikingNetwork"]

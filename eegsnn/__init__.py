"""Classify EEG recordings with spiking neural networks, on Apple's MLX."""

from eegsnn._version import __version__

__all__ = ["__version__"]

"""Scikit-learn estimators on spiking networks and reservoirs."""

from eegsnn.estimators.eeg import EEGSpikingClassifier
from eegsnn.estimators.liquid import LiquidStateClassifier
from eegsnn.estimators.persistence import load_model, save_model
from eegsnn.estimators.spiking import SpikingClassifier

__all__ = [
    "EEGSpikingClassifier",
    "LiquidStateClassifier",
    "SpikingClassifier",
    "load_model",
    "save_model",
]

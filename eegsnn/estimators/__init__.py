"""Scikit-learn estimators on spiking networks."""

from eegsnn.estimators.eeg import EEGSpikingClassifier
from eegsnn.estimators.persistence import load_model, save_model
from eegsnn.estimators.spiking import SpikingClassifier

__all__ = ["EEGSpikingClassifier", "SpikingClassifier", "load_model", "save_model"]

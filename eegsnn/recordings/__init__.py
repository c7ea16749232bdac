"""Recordings: read them, clean them, cut them, and hold the trials that come out.

The first room of the house: it imports nothing from the others. Everything that is filtered is
filtered here *before* it is cut, on the continuous recording.
"""

from eegsnn.recordings.channels import standardize_channel_names
from eegsnn.recordings.dataset import EEGDataset, TabularDataset
from eegsnn.recordings.epochs import drop_summary, make_epochs
from eegsnn.recordings.opening import open_recording
from eegsnn.recordings.preprocessing import Preprocessing, preprocess, preprocess_trials
from eegsnn.recordings.reading import KNOWN_FORMATS, read_recording

__all__ = [
    "KNOWN_FORMATS",
    "EEGDataset",
    "Preprocessing",
    "TabularDataset",
    "drop_summary",
    "make_epochs",
    "open_recording",
    "preprocess",
    "preprocess_trials",
    "read_recording",
    "standardize_channel_names",
]

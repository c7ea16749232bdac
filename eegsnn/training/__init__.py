"""Training: losses and the loop."""

from eegsnn.training.bptt import Window, WindowedLoss, bptt_forward, truncated_bptt
from eegsnn.training.loop import (
    EpochRecord,
    History,
    Trainer,
    TrainingConfig,
    TrainingData,
    batches_per_epoch,
)
from eegsnn.training.losses import weighted_cross_entropy

__all__ = [
    "EpochRecord",
    "History",
    "Trainer",
    "TrainingConfig",
    "TrainingData",
    "Window",
    "WindowedLoss",
    "batches_per_epoch",
    "bptt_forward",
    "truncated_bptt",
    "weighted_cross_entropy",
]

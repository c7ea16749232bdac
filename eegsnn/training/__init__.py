"""Training: losses and the loop."""

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
    "batches_per_epoch",
    "weighted_cross_entropy",
]

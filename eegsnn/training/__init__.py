"""Training: losses, backpropagation through time, the loop, callbacks and checkpoints."""

from eegsnn.training.accuracy import (
    accuracy_rate,
    accuracy_temporal,
    classes_by_rate,
    classes_by_time,
)
from eegsnn.training.augmentation import AUGMENTATIONS, augmented
from eegsnn.training.batches import ArrayBatches, batches_per_epoch, step_key
from eegsnn.training.bptt import Window, WindowedLoss, bptt_forward, truncated_bptt
from eegsnn.training.callbacks import EarlyStopping, ProgressBar, WeightAveraging
from eegsnn.training.checkpoints import Checkpoint, Checkpoints, load_checkpoint, save_checkpoint
from eegsnn.training.context import Callback, TrainingContext
from eegsnn.training.history import EpochRecord, History
from eegsnn.training.loop import fit
from eegsnn.training.losses import weighted_cross_entropy
from eegsnn.training.losses_counts import ce_count_loss, ce_rate_loss, mse_count_loss
from eegsnn.training.losses_membranes import (
    ce_max_membrane_loss,
    ce_membrane_loss,
    mse_membrane_loss,
    tet_loss,
)
from eegsnn.training.regularisation import (
    l1_rate_penalty,
    l1_rate_sparsity,
    l2_rate_penalty,
    rate_range_penalty,
    rate_target_penalty,
)
from eegsnn.training.temporal import ce_temporal_loss, mse_temporal_loss, spike_times
from eegsnn.training.trainer import Trainer, TrainingConfig, TrainingData

__all__ = [
    "AUGMENTATIONS",
    "ArrayBatches",
    "Callback",
    "Checkpoint",
    "Checkpoints",
    "EarlyStopping",
    "EpochRecord",
    "History",
    "ProgressBar",
    "Trainer",
    "TrainingConfig",
    "TrainingContext",
    "TrainingData",
    "WeightAveraging",
    "Window",
    "WindowedLoss",
    "accuracy_rate",
    "accuracy_temporal",
    "augmented",
    "batches_per_epoch",
    "bptt_forward",
    "ce_count_loss",
    "ce_max_membrane_loss",
    "ce_membrane_loss",
    "ce_rate_loss",
    "ce_temporal_loss",
    "classes_by_rate",
    "classes_by_time",
    "fit",
    "l1_rate_penalty",
    "l1_rate_sparsity",
    "l2_rate_penalty",
    "load_checkpoint",
    "mse_count_loss",
    "mse_membrane_loss",
    "mse_temporal_loss",
    "rate_range_penalty",
    "rate_target_penalty",
    "save_checkpoint",
    "spike_times",
    "step_key",
    "tet_loss",
    "truncated_bptt",
    "weighted_cross_entropy",
]

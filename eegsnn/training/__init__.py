"""Training: losses and the loop."""

from eegsnn.training.accuracy import (
    accuracy_rate,
    accuracy_temporal,
    classes_by_rate,
    classes_by_time,
)
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

__all__ = [
    "EpochRecord",
    "History",
    "Trainer",
    "TrainingConfig",
    "TrainingData",
    "Window",
    "WindowedLoss",
    "accuracy_rate",
    "accuracy_temporal",
    "batches_per_epoch",
    "bptt_forward",
    "ce_count_loss",
    "ce_max_membrane_loss",
    "ce_membrane_loss",
    "ce_rate_loss",
    "ce_temporal_loss",
    "classes_by_rate",
    "classes_by_time",
    "l1_rate_penalty",
    "l1_rate_sparsity",
    "l2_rate_penalty",
    "mse_count_loss",
    "mse_membrane_loss",
    "mse_temporal_loss",
    "rate_range_penalty",
    "rate_target_penalty",
    "spike_times",
    "tet_loss",
    "truncated_bptt",
    "weighted_cross_entropy",
]

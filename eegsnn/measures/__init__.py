"""How faithful and how sparse a spike code is, and what a reservoir separates and remembers."""

from eegsnn.measures.comparison import compare_encoders
from eegsnn.measures.curves import best_threshold, pareto_set, snr_rate_curve
from eegsnn.measures.fidelity import correlation, nrmse, rmse, snr
from eegsnn.measures.reservoir import (
    filtered_distance,
    kernel_quality,
    memory_capacity,
    separation,
    state_rank,
)
from eegsnn.measures.spiking import (
    bits_per_sample,
    interval_statistics,
    silent_fraction,
    spike_rate,
    spikes_per_second,
)

__all__ = [
    "best_threshold",
    "bits_per_sample",
    "compare_encoders",
    "correlation",
    "filtered_distance",
    "interval_statistics",
    "kernel_quality",
    "memory_capacity",
    "nrmse",
    "pareto_set",
    "rmse",
    "separation",
    "silent_fraction",
    "snr",
    "snr_rate_curve",
    "spike_rate",
    "spikes_per_second",
    "state_rank",
]

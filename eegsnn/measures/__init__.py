"""How faithful and how sparse a spike code is, and which code is which in every band."""

from eegsnn.measures.comparison import compare_encoders
from eegsnn.measures.curves import best_threshold, pareto_set, snr_rate_curve
from eegsnn.measures.fidelity import correlation, nrmse, rmse, snr
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
    "interval_statistics",
    "nrmse",
    "pareto_set",
    "rmse",
    "silent_fraction",
    "snr",
    "snr_rate_curve",
    "spike_rate",
    "spikes_per_second",
]

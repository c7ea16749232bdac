"""Methods that run through the same folds as the spiking network, one line each in a pipeline file.

A baseline is a scikit-learn pipeline: every step that learns sees the training trials alone. What
can be known before fitting (a missing extra, one channel where several are needed, a band beyond
the Nyquist frequency, trials too short) is refused by :func:`build_baseline`.
"""

from eegsnn.evaluation.baselines.registry import (
    BASELINES,
    baseline_is_seeded,
    baseline_parameters,
    build_baseline,
)
from eegsnn.evaluation.baselines.signal import Signal

__all__ = [
    "BASELINES",
    "Signal",
    "baseline_is_seeded",
    "baseline_parameters",
    "build_baseline",
]

"""Say in words what the data are and what the filters do, for reports and model cards."""

from __future__ import annotations

from typing import Any

import numpy as np

from eegsnn.pipeline.build import make_estimator
from eegsnn.pipeline.estimators import estimator_name, reads_series
from eegsnn.pipeline.schema import PipelineConfig

_ZERO = "zero-phase: they look ahead, so that the scores are for offline analysis only"
_CAUSAL = "causal: they see the past alone, as an online system would"


def causality(config: PipelineConfig) -> str:
    """Return whether the filters of a pipeline look ahead; empty without filters."""
    if not reads_series(estimator_name(config)):
        return ""
    tables = config.encoders or [config.bands]
    phases = {table.get("phase", "zero") for table in tables}
    # One filter that looks ahead is enough for the whole to look ahead.
    lines = [f"The encoder's bands are {_say('causal' if phases == {'causal'} else 'zero')}."]
    if getattr(make_estimator(config), "is_automatic", False):
        lines = [f"Bands are of whole trials and {_ZERO}."]
    before = config.preprocessing
    if any(before.get(key) for key in ("notch", "l_freq", "h_freq")):
        lines.append(
            f"The filters before cutting into trials are {_say(before.get('phase', 'zero'))}."
        )
    if before.get("resample") is not None:
        lines.append("Resampling before cutting looks ahead.")
    if config.alignment is not None:
        lines.append(
            f"Trials are aligned with all trials of their {config.alignment.group}, later ones "
            f"included, which looks ahead."
        )
    return " ".join(lines)


def data_lines(dataset: Any) -> dict[str, str]:
    """Return the facts of a data set, name → text."""
    y = np.asarray(dataset.y)
    counts = ", ".join(f"{label}: {int(np.sum(y == label))}" for label in dataset.classes)
    lines = {"data set": str(dataset.name), "trials": f"{len(y)} ({counts})"}
    if hasattr(dataset, "sfreq"):
        n_channels, n_times = dataset.X.shape[1:]
        names = ", ".join(dataset.ch_names[:70])
        lines["channels"] = f"{n_channels} ({names}{', …' if n_channels > 70 else ''})"
        lines["each trial"] = (
            f"{n_times} samples at {dataset.sfreq:g} Hz, from {dataset.tmin:g} s to "
            f"{dataset.tmin + n_times / dataset.sfreq:g} s"
        )
        lines["unit"] = dataset.unit
    else:
        lines["features"] = str(dataset.X.shape[1])
    for name, values in dataset.groups.items():
        lines[f"groups by {name}"] = str(len(np.unique(np.asarray(values))))
    return lines


def _say(phase: Any) -> str:
    return _CAUSAL if phase == "causal" else _ZERO

"""Which event an EEGLAB epoch was cut at, where it holds several.

Fields of EEGLAB's structure ``EEG.epoch``: https://eeglab.org (*EEGLAB data structures*). MNE joins
the names of all events of an epoch: ``square/rt``.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from pymatreader import read_mat

from eegsnn.errors import RecordingError


def labels_at_zero(path: Path, sfreq: float) -> list[str | None]:
    """Return for each epoch of a ``.set`` file the name of its event at latency 0.

    Parameters
    ----------
    path : Path
        The file.
    sfreq : float
        Sampling rate in hertz; an event up to half a sample beside 0 is at 0.

    Returns
    -------
    list of str or None
        Several events at the same time are joined by "/"; None for an epoch without any at 0, or
        whose file does not tell latencies. Empty if the file tells of no epochs.

    Raises
    ------
    RecordingError
        The file cannot be read.
    """
    try:
        content = read_mat(path, variable_names=["EEG", "epoch"])
    except Exception as error:  # parsers of damaged files raise anything
        raise RecordingError(
            f"{path}: cannot be read as EEGLAB epochs ({type(error).__name__}: {error})."
        ) from error
    held = content.get("EEG", content)
    epochs = held.get("EEG", held).get("epoch")
    if not isinstance(epochs, dict) or not {"eventtype", "eventlatency"} <= set(epochs):
        return []
    half = 500 / sfreq  # milliseconds
    return [
        _at_zero(_listed(names), _listed(latencies), half)
        for names, latencies in zip(epochs["eventtype"], epochs["eventlatency"], strict=True)
    ]


def _at_zero(names: list[Any], latencies: list[Any], half: float) -> str | None:
    if not names or len(names) != len(latencies):
        return None
    away = np.abs(np.array(latencies, dtype=float))
    nearest = away.min()
    if not nearest <= half:
        return None
    return "/".join(
        str(name) for name, far in zip(names, away, strict=True) if far - nearest < 1e-6
    )


def _listed(value: Any) -> list[Any]:
    """Return the values of all events; that of a single one stands by itself."""
    return list(np.ravel(value)) if isinstance(value, list | np.ndarray) else [value]

"""A data set whose trials are aligned group by group, and which says so to whoever scores it."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np

from eegsnn.errors import DataError
from eegsnn.evaluation.leaks import trial_hashes
from eegsnn.filters.alignment import ALIGNMENTS, align


def align_dataset(dataset: Any, method: str = "euclidean", group: str = "subject") -> Any:
    """Align the trials of each group by themselves (:func:`~eegsnn.filters.align`).

    No label is looked at, but every trial is, those included that will be test trials: results on
    the data set are marked transductive, with the reason, wherever they are shown.

    Parameters
    ----------
    dataset : EEGDataset
    method : {"euclidean", "riemannian"}, default "euclidean"
    group : str, default "subject"
        Whose trials are aligned together.

    Returns
    -------
    EEGDataset
        Without unit ("a.u."); the former unit is in ``provenance["alignment"]``.

    Raises
    ------
    ConfigurationError
        If the method is unknown.
    DataError
        If the data are no EEG, have no such group, or one channel only.
    """
    if not hasattr(dataset, "sfreq"):
        raise DataError(
            f"alignment: {dataset.name} is a table of features; only trials of EEG can be aligned."
        )
    if group not in dataset.groups:
        raise DataError(
            f"alignment.group: {dataset.name} has no group {group!r}. It has: "
            f"{', '.join(dataset.groups) or 'none'}."
        )
    try:
        X, _ = align(dataset.X, dataset.groups[group], method)
    except DataError as error:
        raise DataError(f"alignment of {group} {error}") from error
    reason = (
        f"the trials of each {group} were aligned with all of its trials, test trials included, "
        f"without their labels: {ALIGNMENTS[method]}"
    )
    provenance = {
        **dataset.provenance,
        "alignment": {"method": method, "group": group, "unit": dataset.unit},
        "transductive": [*dataset.provenance.get("transductive", []), reason],
    }
    # One recording in two groups is no longer the same in both: what it was is remembered.
    contents = dataset.contents
    if contents is None:
        contents = np.array([digest.hex() for digest in trial_hashes(dataset.X)])
    return dataclasses.replace(dataset, X=X, unit="a.u.", contents=contents, provenance=provenance)

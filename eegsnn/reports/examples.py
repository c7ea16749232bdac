"""One test trial per class, with what went into the network and what its neurons did."""

from __future__ import annotations

import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from eegsnn._files import atomic_path
from eegsnn.evaluation import Fold


@dataclass
class Example:
    """A trial that the network had not seen in training.

    Attributes
    ----------
    trial : int
        Position in the data set.
    truth, decision : str
    fold : str
    features : ndarray or None, shape (steps, features)
        The encoder's output; None for an estimator without an encoder.
    spikes : ndarray of bool or None, shape (steps, neurons)
        Hidden spikes.
    names : list of str or None
        Names of the features.
    """

    trial: int
    truth: str
    decision: str
    fold: str
    features: np.ndarray | None = None
    spikes: np.ndarray | None = None
    names: list[str] | None = None


def collect_examples(estimator: Any, dataset: Any, fold: Fold) -> list[Example]:
    """Return the first test trial of each class, as a fitted network answers it.

    Parameters
    ----------
    estimator : fitted classifier
        Its ``encode`` and ``hidden_spikes`` are asked where they exist.
    dataset : EEGDataset or TabularDataset
    fold : Fold
        Its test trials are looked at.
    """
    labels = np.asarray(dataset.y)[fold.test]
    chosen = [
        int(fold.test[np.flatnonzero(labels == label)[0]])
        for label in dataset.classes
        if np.any(labels == label)
    ]
    X = dataset.X[chosen]
    decisions = estimator.predict(X)
    features = np.asarray(estimator.encode(X)) if hasattr(estimator, "encode") else None
    spikes = (
        np.asarray(estimator.hidden_spikes(X)) != 0 if hasattr(estimator, "hidden_spikes") else None
    )
    encoder = getattr(estimator, "encoder_", None)
    names = None if encoder is None else [str(name) for name in encoder.get_feature_names_out()]
    return [
        Example(
            trial,
            str(dataset.y[trial]),
            str(decisions[k]),
            fold.name,
            None if features is None else features[:, k],
            None if spikes is None else spikes[:, k],
            names,
        )
        for k, trial in enumerate(chosen)
    ]


def save_examples(path: str | Path, examples: Sequence[Example]) -> None:
    """Write examples as a compressed NumPy archive without pickled objects, atomically."""
    arrays: dict[str, Any] = {
        "words": np.array([[e.truth, e.decision, e.fold] for e in examples], dtype=str),
        "trials": np.array([e.trial for e in examples]),
        "names": np.array((examples[0].names or []) if examples else [], dtype=str),
    }
    for k, example in enumerate(examples):
        if example.features is not None:
            arrays[f"features_{k}"] = example.features.astype(np.float32)
        if example.spikes is not None:
            arrays[f"spikes_{k}"] = np.packbits(example.spikes, axis=0)
            arrays[f"steps_{k}"] = np.array(len(example.spikes))
    with atomic_path(path) as temporary, temporary.open("wb") as stream:
        np.savez_compressed(stream, **arrays)


def load_examples(path: str | Path) -> list[Example]:
    """Read examples back; an unreadable or missing file gives none."""
    try:
        with np.load(path, allow_pickle=False) as archive:
            return [_read(archive, k) for k in range(len(archive["trials"]))]
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        return []


def _read(archive: Any, k: int) -> Example:
    truth, decision, fold = (str(word) for word in archive["words"][k])
    spikes = None
    if f"spikes_{k}" in archive:
        count = int(archive[f"steps_{k}"])
        spikes = np.unpackbits(archive[f"spikes_{k}"], axis=0, count=count).astype(bool)
    features = archive.get(f"features_{k}")
    names = [str(name) for name in archive["names"]] or None
    return Example(int(archive["trials"][k]), truth, decision, fold, features, spikes, names)

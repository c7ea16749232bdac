"""Find information that crosses from test to training data, and say so.

A leak is warned about once (:class:`~eegsnn.errors.LeakageWarning`) and its reasons stay with the
results, so that no table or report shows a leaky score as if it were an honest one.
"""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np

from eegsnn.errors import LeakageWarning
from eegsnn.evaluation.fitted_steps import fitted_steps
from eegsnn.evaluation.overlaps import overlapping_onsets, overlapping_pairs, overlapping_trials
from eegsnn.evaluation.protocols import Fold, Split


def shared_groups(fold: Fold, groups: np.ndarray) -> list[Any]:
    """Return the groups that have trials on both sides of a fold.

    Parameters
    ----------
    fold : Fold
    groups : ndarray, shape (trials,)

    Examples
    --------
    >>> fold = Fold("fold 1", np.array([0, 1]), np.array([2]))
    >>> shared_groups(fold, np.array(["a", "b", "b"]))
    ['b']
    """
    groups = np.asarray(groups)
    return np.intersect1d(groups[fold.train], groups[fold.test]).tolist()


def trial_hashes(X: np.ndarray) -> list[bytes]:
    """Return a hash of each trial's samples; equal trials have equal hashes.

    Parameters
    ----------
    X : ndarray, shape (trials, ...)
    """
    X = np.ascontiguousarray(X)
    return [hashlib.blake2b(trial.tobytes(), digest_size=16).digest() for trial in X]


def duplicated_trials(fold: Fold, hashes: Sequence[Any]) -> np.ndarray:
    """Return the positions of test trials whose samples also occur in the training set.

    Parameters
    ----------
    fold : Fold
    hashes : sequence, length trials
        From :func:`trial_hashes`, or any other that are alike where trials are.
    """
    training = {hashes[i] for i in fold.train}
    return np.array([i for i in fold.test if hashes[i] in training], dtype=int)


def find_leaks(dataset: Any, split: Split, estimators: Sequence[Any] = ()) -> list[str]:
    """Return every reason why scores of this split cannot be trusted; warn if there is one.

    Looked for: groups that the protocol leaves on both sides (those found by
    :func:`~eegsnn.evaluation.make_split`, and the named group under an official split); test
    trials that are copies of training trials, or share samples with them; steps of models that
    were fitted before (:func:`~eegsnn.evaluation.fitted_steps`); and what the data set says was
    fitted on all of its trials (``provenance["fitted_on_all"]``).

    Parameters
    ----------
    dataset : EEGDataset or TabularDataset
    split : Split
    estimators : sequence of estimator, optional
        As they are about to be fitted.

    Returns
    -------
    list of str
        Empty for an honest split.

    Warns
    -----
    LeakageWarning
        Once, with all reasons.
    """
    reasons = list(split.leaky)
    if split.group is not None and split.group in dataset.groups:
        values = np.asarray(dataset.groups[split.group])
        shared = {value for fold in split.folds for value in shared_groups(fold, values)}
        if shared and not any(f"same {split.group} " in reason for reason in reasons):
            reasons.append(
                f"trials of the same {split.group} are on both sides of the split "
                f"({len(shared)} of {len(np.unique(values))})"
            )
    contents = getattr(dataset, "contents", None)
    hashes = trial_hashes(dataset.X) if contents is None else list(contents)
    copies = {int(i) for fold in split.folds for i in duplicated_trials(fold, hashes)}
    if copies:
        are = "s are copies" if len(copies) > 1 else " is a copy"
        reasons.append(
            f"{len(copies)} test trial{are} of training trials (the first is trial {min(copies)})"
        )
    shared_samples = _overlapping(dataset, split) - copies
    if shared_samples:
        share = "s share" if len(shared_samples) > 1 else " shares"
        reasons.append(
            f"{len(shared_samples)} test trial{share} samples with training trials: windows that "
            f"overlap (the first is trial {min(shared_samples)})"
        )
    for estimator in estimators:
        reasons += [reason for reason in fitted_steps(estimator) if reason not in reasons]
    reasons += _declared(dataset, "fitted_on_all")
    if reasons:
        warnings.warn(
            f"Scores of this {split.kind} split are leaky: {'; '.join(reasons)}. Choose a protocol "
            f"that keeps groups whole, drop copies and overlaps, fit every step in the fold.",
            LeakageWarning,
            stacklevel=2,
        )
    return reasons


def find_transduction(dataset: Any) -> list[str]:
    """Return what was adapted to test trials, without their labels.

    Scores are honest then only for a use where such trials are at hand before the first decision.

    Parameters
    ----------
    dataset : EEGDataset or TabularDataset
        Its ``provenance["transductive"]``, which :func:`~eegsnn.evaluation.align_dataset` writes.

    Returns
    -------
    list of str
    """
    return _declared(dataset, "transductive")


def _declared(dataset: Any, key: str) -> list[str]:
    told = (getattr(dataset, "provenance", None) or {}).get(key, [])
    return [told] if isinstance(told, str) else [str(reason) for reason in told]


def _overlapping(dataset: Any, split: Split) -> set[int]:
    """Return test trials that share samples with a training trial of their fold."""
    found: set[int] = set()
    onsets = getattr(dataset, "onsets", None)
    if onsets is not None:
        for fold in split.folds:
            near = overlapping_onsets(fold, onsets, dataset.recordings, dataset.X.shape[-1])
            found |= set(near.tolist())
    if hasattr(dataset, "sfreq") and np.ndim(dataset.X) == 3:
        pairs = overlapping_pairs(dataset.X)
        if len(pairs):
            for fold in split.folds:
                found |= set(overlapping_trials(fold, pairs).tolist())
    return found

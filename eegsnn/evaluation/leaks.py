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


def duplicated_trials(fold: Fold, hashes: Sequence[bytes]) -> np.ndarray:
    """Return the positions of test trials whose samples also occur in the training set.

    Parameters
    ----------
    fold : Fold
    hashes : sequence of bytes, length trials
        From :func:`trial_hashes`.
    """
    training = {hashes[i] for i in fold.train}
    return np.array([i for i in fold.test if hashes[i] in training], dtype=int)


def find_leaks(dataset: Any, split: Split) -> list[str]:
    """Return every reason why scores of this split cannot be trusted; warn if there is one.

    Looked for: groups that the protocol leaves on both sides (those found by
    :func:`~eegsnn.evaluation.make_split`, and the named group under an official split), and test
    trials that are copies of training trials.

    Parameters
    ----------
    dataset : EEGDataset or TabularDataset
    split : Split

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
    hashes = trial_hashes(dataset.X)
    copies = sorted({int(i) for fold in split.folds for i in duplicated_trials(fold, hashes)})
    if copies:
        reasons.append(
            f"{len(copies)} test trial{'s are copies' if len(copies) > 1 else ' is a copy'} of "
            f"training trials (the first is trial {copies[0]})"
        )
    if reasons:
        warnings.warn(
            f"Scores of this {split.kind} split are leaky: {'; '.join(reasons)}. Choose a protocol "
            f"that keeps groups whole, or drop the copies.",
            LeakageWarning,
            stacklevel=2,
        )
    return reasons

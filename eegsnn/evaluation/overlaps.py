"""Find trials that share samples: windows that were cut closer together than they are long.

Two ways: from where the trials lie in their recordings, if the data set knows; and from the samples
themselves, which needs nothing but the trials and finds what was cut elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from eegsnn.evaluation.protocols import Fold

# Consecutive samples that must agree before two trials are compared as a whole, and how many of
# them must differ from one another: a flat stretch resembles every other flat stretch.
_WINDOW = 32
_DIFFERENT = 8
# An odd multiplier whose powers mix all 64 bits.
_MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)


def overlapping_pairs(X: np.ndarray) -> np.ndarray:
    """Return pairs of trials that share a stretch of samples: the end of one begins the other.

    Compared are exact samples, so that trials which were scaled or filtered each by itself are not
    recognised. Trials that are copies of each other are no pair of this kind, nor are those that
    share fewer than 32 samples.

    Parameters
    ----------
    X : ndarray, shape (trials, channels, times)

    Returns
    -------
    ndarray of int, shape (pairs, 3)
        The trial that begins earlier, the one that begins later, and by how many samples.

    Notes
    -----
    The first 32 samples of a trial that differ enough (of the channel in which most trials' do, and
    that varies most: not of a trigger) are looked for at every place of every trial by a rolling
    hash, in time linear in the number of samples; what is found is compared sample by sample in all
    channels.

    Examples
    --------
    >>> signal = np.random.default_rng(0).normal(size=(1, 2, 300))
    >>> overlapping_pairs(np.concatenate([signal[..., :200], signal[..., 100:]])).tolist()
    [[0, 1, 100]]
    """
    X = np.asarray(X)
    if X.ndim != 3 or X.shape[2] <= _WINDOW or len(X) < 2:
        return np.empty((0, 3), dtype=int)
    series, starts = _telling_channel(X)
    hashes = _rolling_hashes(series)
    found = {
        (earlier, later, shift)
        for earlier, later, shift in _matches(hashes, starts)
        if np.array_equal(X[earlier, :, shift:], X[later, :, : X.shape[2] - shift])
    }
    return np.array(sorted(found), dtype=int).reshape(-1, 3)


def _rolling_hashes(series: np.ndarray) -> np.ndarray:
    """Hash every stretch of `_WINDOW` samples: (trials, times) → (trials, times − window + 1)."""
    # float64 holds every number of up to 32 bits, and equal ones of 64 stay equal; 0.0 is −0.0.
    bits = (series.astype(np.float64) + 0.0).view(np.uint64)
    count = series.shape[1] - _WINDOW + 1
    hashes = np.zeros((len(series), count), dtype=np.uint64)
    with np.errstate(over="ignore"):
        for k in range(_WINDOW):
            hashes *= _MULTIPLIER
            hashes += bits[:, k : k + count]
            hashes ^= hashes >> np.uint64(29)
    return hashes


def _telling_channel(X: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the channel that tells trials apart best, and which of them it can tell."""
    telling = np.array([_telling_starts(X[:, channel]) for channel in range(X.shape[1])])
    deviation = X.std(axis=2, dtype=np.float64).mean(axis=0)
    best = int(np.lexsort((deviation, telling.sum(axis=1)))[-1])
    return np.ascontiguousarray(X[:, best]), telling[best]


def _telling_starts(series: np.ndarray) -> np.ndarray:
    """Whether the first samples of each trial differ enough to recognise them by."""
    first = np.sort(series[:, :_WINDOW], axis=1)
    return (np.diff(first, axis=1) > 0).sum(axis=1) + 1 >= _DIFFERENT


def _matches(hashes: np.ndarray, telling: np.ndarray) -> Iterator[tuple[int, int, int]]:
    """Yield (earlier, later, shift) where the beginning of one trial occurs later in another."""
    later = np.flatnonzero(telling)
    order = later[np.argsort(hashes[later, 0], kind="stable")]
    keys = hashes[order, 0]
    flat = hashes[:, 1:].ravel()
    hits = np.flatnonzero(np.isin(flat, keys))
    n_shifts = hashes.shape[1] - 1
    for hit in hits:
        earlier, shift = divmod(int(hit), n_shifts)
        first, last = np.searchsorted(keys, flat[hit]), np.searchsorted(keys, flat[hit], "right")
        for trial in order[first:last]:
            if trial != earlier:
                yield earlier, int(trial), shift + 1


def overlapping_trials(fold: Fold, pairs: np.ndarray) -> np.ndarray:
    """Return the positions of test trials that share samples with a training trial.

    Parameters
    ----------
    fold : Fold
    pairs : ndarray, shape (pairs, 3)
        From :func:`overlapping_pairs`.
    """
    first, second = pairs[:, 0], pairs[:, 1]
    found = [
        first[np.isin(first, fold.test) & np.isin(second, fold.train)],
        second[np.isin(second, fold.test) & np.isin(first, fold.train)],
    ]
    return np.unique(np.concatenate(found))


def overlapping_onsets(
    fold: Fold, onsets: np.ndarray, recordings: np.ndarray, n_times: int
) -> np.ndarray:
    """Return the positions of test trials that lie closer to a training trial than a trial is long.

    Parameters
    ----------
    fold : Fold
    onsets : ndarray of int, shape (trials,)
        First sample of each trial in its recording.
    recordings : ndarray, shape (trials,)
    n_times : int
        Samples per trial.

    Examples
    --------
    >>> fold = Fold("fold 1", np.array([0, 2]), np.array([1, 3]))
    >>> overlapping_onsets(fold, np.array([0, 50, 400, 500]), np.array(list("aaaa")), 100)
    array([1])
    """
    onsets, recordings = np.asarray(onsets), np.asarray(recordings)
    found: list[Any] = []
    for recording in np.unique(recordings[fold.test]):
        tested = fold.test[recordings[fold.test] == recording]
        known = np.sort(onsets[fold.train[recordings[fold.train] == recording]])
        if not len(known):
            continue
        after = np.searchsorted(known, onsets[tested])
        right = known[np.minimum(after, len(known) - 1)]
        left = known[np.maximum(after - 1, 0)]
        nearest = np.minimum(abs(right - onsets[tested]), abs(left - onsets[tested]))
        found.append(tested[nearest < n_times])
    return np.sort(np.concatenate(found)) if found else np.empty(0, dtype=int)

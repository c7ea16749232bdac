"""Defects of published files that can be recognised exactly and mended without any label."""

from __future__ import annotations

import numpy as np


def has_channel_stride_defect(X: np.ndarray) -> bool:
    """Whether rows overlap as if channels began every K samples instead of every T.

    Parameters
    ----------
    X : ndarray, shape (trials, K, T)
        Trials as they are shipped.

    Returns
    -------
    bool
        True if ``X[:, 1:, :T−K] == X[:, :−1, K:]`` in every sample, which real channels never do.
    """
    n_channels, n_times = X.shape[1:]
    if n_channels < 2 or n_times <= n_channels:
        return False
    return bool(np.array_equal(X[:, 1:, : n_times - n_channels], X[:, :-1, n_channels:]))


def repair_channel_stride(X: np.ndarray) -> np.ndarray:
    """Recover the whole channels from rows that were cut with a stride of K instead of T samples.

    In such a file row c of a trial is the recording's flat, channel-major vector from sample c·K
    on, where it should be from sample c·T on. The distinct samples are row 0 and the last K of
    each later row; as many whole channels as they make are returned, the rest is dropped.

    Parameters
    ----------
    X : ndarray, shape (trials, K, T)
        Trials for which `has_channel_stride_defect` holds.

    Returns
    -------
    ndarray, shape (trials, whole channels, T)

    Examples
    --------
    >>> import numpy as np
    >>> flat = np.arange(3 * 5).reshape(1, -1)             # three channels of five samples
    >>> shipped = np.stack([flat[:, c * 3 : c * 3 + 5] for c in range(3)], axis=1)
    >>> has_channel_stride_defect(shipped)
    True
    >>> repair_channel_stride(shipped)
    array([[[0, 1, 2, 3, 4],
            [5, 6, 7, 8, 9]]])
    """
    n_trials, n_channels, n_times = X.shape
    tails = X[:, 1:, n_times - n_channels :].reshape(n_trials, -1)
    flat = np.concatenate([X[:, 0], tails], axis=1)
    whole = flat.shape[1] // n_times
    return np.ascontiguousarray(flat[:, : whole * n_times].reshape(n_trials, whole, n_times))

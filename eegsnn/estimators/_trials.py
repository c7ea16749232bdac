"""What stands between the arrays a user gives and the network: merging, scaling, coding."""

from __future__ import annotations

from dataclasses import dataclass

import mlx.core as mx
import numpy as np

INPUT_CODINGS: tuple[str, ...] = ("direct", "poisson")


def merge_duplicates(
    X: np.ndarray, codes: np.ndarray, weights: np.ndarray, groups: np.ndarray | None
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray | None]:
    """Merge identical trials of one class (and group), adding their weights; drop weight 0.

    A trial given twice then means exactly what a trial of weight 2 means, and the order in which
    trials are given does not matter: they come back in an order of their own.

    Parameters
    ----------
    X : ndarray (trials, …)
    codes : ndarray of int (trials,)
        Class of each trial.
    weights : ndarray (trials,)
    groups : ndarray (trials,) or None

    Returns
    -------
    X, codes, weights, groups
        Trials in lexicographic order of a digest of their content.
    """
    kept = weights > 0
    X, codes, weights = X[kept], codes[kept], weights[kept]
    groups = None if groups is None else groups[kept]
    labels = codes if groups is None else _pair(codes, np.unique(groups, return_inverse=True)[1])
    flat = np.ascontiguousarray(X.reshape(len(X), -1))
    keys = np.array([_digest(row, label) for row, label in zip(flat, labels, strict=True)])
    _, first, inverse = np.unique(keys, return_index=True, return_inverse=True)
    merged = np.bincount(inverse, weights=weights, minlength=len(first))
    return X[first], codes[first], merged, None if groups is None else groups[first]


def _pair(codes: np.ndarray, groups: np.ndarray) -> np.ndarray:
    return codes * (int(groups.max()) + 1) + groups


def _digest(row: np.ndarray, label: int) -> bytes:
    # Adding 0.0 makes −0.0 and 0.0, which are equal, alike in their bytes too.
    from hashlib import blake2b

    return blake2b(
        (row + 0.0).tobytes() + int(label).to_bytes(8, "little"), digest_size=16
    ).digest()


@dataclass(frozen=True)
class Scaler:
    """Maps training data to mean 0 and deviation 1 per feature (or to [0, 1], for spikes).

    Attributes
    ----------
    offset, scale : ndarray (features,)
        ``(X − offset) / scale``, in float64 so that a large offset costs no precision.
    """

    offset: np.ndarray
    scale: np.ndarray

    @classmethod
    def fit(cls, series: np.ndarray, weights: np.ndarray, coding: str) -> Scaler:
        """Learn from series (T, trials, features) with a weight per trial."""
        if coding == "poisson":
            low, high = series.min(axis=(0, 1)), series.max(axis=(0, 1))
            # One range for all features: a pixel that is never bright stays dark.
            low, high = np.full_like(low, low.min()), np.full_like(high, high.max())
            return cls(low, _nonzero(high - low))
        share = weights / weights.sum()
        per_trial = series.mean(axis=0)
        offset = share @ per_trial
        variance = share @ np.square(series - offset).mean(axis=0)
        return cls(offset, _nonzero(np.sqrt(variance)))

    def __call__(self, series: np.ndarray) -> np.ndarray:
        """Scaled series in float32."""
        return ((series - self.offset) / self.scale).astype(np.float32)


def _nonzero(scale: np.ndarray) -> np.ndarray:
    return np.where(scale > 0, scale, 1.0)


class Currents:
    """Inputs that do not change from one presentation to the next: scaled once, kept."""

    def __init__(self, series: np.ndarray) -> None:
        self._series = mx.array(series)

    def __call__(self, indices: np.ndarray, generator: np.random.Generator) -> mx.array:
        """Input [T, batch, features] of these trials."""
        return self._series[:, mx.array(indices)]


class PoissonSpikes:
    """Fresh spikes at every presentation: at each step with probability = scaled value.

    Probabilities are resolved in steps of 1/256, the largest being 255/256: bytes are drawn and
    compared several times faster than floats, and drawing would otherwise take as long as training.
    """

    def __init__(self, series: np.ndarray, n_steps: int) -> None:
        self._levels = np.round(np.clip(series, 0.0, 1.0) * 255.0).astype(np.uint8)
        self._n_steps = n_steps

    def __call__(self, indices: np.ndarray, generator: np.random.Generator) -> mx.array:
        """Spikes [T, batch, features] of these trials; a constant value is drawn T times."""
        levels = self._levels[:, indices]
        shape = (self._n_steps, *levels.shape[1:]) if len(levels) == 1 else levels.shape
        drawn = np.frombuffer(generator.bytes(int(np.prod(shape))), dtype=np.uint8).reshape(shape)
        return mx.array((drawn < levels).astype(np.float32))

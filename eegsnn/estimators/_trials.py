"""What stands between the arrays a user gives and the network: merging, scaling, coding."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import blake2b

import mlx.core as mx
import numpy as np

from eegsnn.backend import one_blas_thread
from eegsnn.layers.sparse import WORTHWHILE_DENSITY, SparseSpikes, sparse_serves

INPUT_CODINGS: tuple[str, ...] = ("direct", "poisson")

# Relative error of a weighted mean in float64, generously.
_ROUNDING = 1e-13


def merge_duplicates(
    X: np.ndarray, codes: np.ndarray, weights: np.ndarray, groups: np.ndarray | None
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray | None]:
    """Merge identical trials of one class (and group), adding their weights; drop weight 0.

    A trial given twice then means exactly what a trial of weight 2 means, and the order in which
    trials are given does not matter: they come back in an order of their own, which is the same
    in volts and in microvolts.

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
        Trials ordered by how alike they are to one fixed noise.
    """
    kept = weights > 0
    X, codes, weights = X[kept], codes[kept], weights[kept]
    groups = None if groups is None else groups[kept]
    labels = codes if groups is None else _pair(codes, np.unique(groups, return_inverse=True)[1])
    flat = np.ascontiguousarray(X.reshape(len(X), -1))
    keys = np.array([_digest(row, label) for row, label in zip(flat, labels, strict=True)])
    _, first, inverse = np.unique(keys, return_index=True, return_inverse=True)
    merged = np.bincount(inverse, weights=weights, minlength=len(first))
    # What stands at the same place (all zero, or one content with two labels) keeps the order of
    # the digests.
    order = np.argsort(_likeness(flat[first]), kind="stable")
    first, merged = first[order], merged[order]
    return X[first], codes[first], merged, None if groups is None else groups[first]


def _pair(codes: np.ndarray, groups: np.ndarray) -> np.ndarray:
    return codes * (int(groups.max()) + 1) + groups


@one_blas_thread()
def _likeness(rows: np.ndarray) -> np.ndarray:
    """Cosine between each row and one fixed noise: a place among trials that no scale changes.

    Folds, batches and kernels go by the places of trials. By a digest, whose every bit turns with
    a rounding, the same trials in another unit would make another model.
    """
    noise = np.random.default_rng(0).standard_normal(rows.shape[1])
    likeness = np.zeros(len(rows))
    # One row at a time, so that equal rows give equal sums.
    for place, row in enumerate(rows):
        exact = row.astype(np.float64)
        length = np.linalg.norm(exact)
        likeness[place] = exact @ noise / length if length > 0 else 0.0
    return likeness


def _digest(row: np.ndarray, label: int) -> bytes:
    # Adding 0.0 makes −0.0 and 0.0, which are equal, alike in their bytes too.
    content = (row + 0.0).tobytes() + int(label).to_bytes(8, "little")
    return blake2b(content, digest_size=16).digest()


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
            return cls(low, np.where(high > low, high - low, 1.0))
        share = weights / weights.sum()
        offset = share @ series.mean(axis=0, dtype=np.float64)
        deviation = np.sqrt(share @ np.square(series - offset).mean(axis=0))
        # A constant feature deviates from its mean by rounding alone. Divided by that, another
        # value at prediction would drown every other feature.
        varies = deviation > _ROUNDING * np.abs(offset)
        return cls(offset, np.where(varies, deviation, 1.0))

    def __call__(self, series: np.ndarray) -> np.ndarray:
        """Scaled series in float32."""
        return ((series - self.offset) / self.scale).astype(np.float32)


class Currents:
    """Inputs that do not change from one presentation to the next: scaled once, kept."""

    def __init__(self, series: np.ndarray) -> None:
        self._series = mx.array(series)

    def __call__(self, indices: np.ndarray, generator: np.random.Generator) -> mx.array:
        """Input [T, batch, features] of these trials."""
        return self._series[:, mx.array(indices)]

    def gives_events(self, batch: int) -> bool:
        """Whether the input of so many trials comes as events: currents never do."""
        return False

    def predicting(self, indices: np.ndarray, seed: int) -> mx.array:
        """Input of these trials for prediction: the same."""
        return self._series[:, mx.array(indices)]


class PoissonSpikes:
    """Fresh spikes at every presentation: at each step with probability = scaled value.

    Probabilities are resolved in steps of 1/65536. Where it pays (a large input, on a CPU, at most
    a quarter of it expected to spike) spikes are drawn and handed on as events, with numbers drawn
    only for what may spike at all; otherwise as a dense array.
    """

    def __init__(self, series: np.ndarray, n_steps: int) -> None:
        self._levels = np.round(np.clip(series, 0.0, 1.0) * 65536.0).astype(np.uint32)
        self._length = n_steps if len(series) == 1 else len(series)
        self._sparse = self._levels.mean() <= WORTHWHILE_DENSITY * 65536.0

    def __call__(
        self, indices: np.ndarray, generator: np.random.Generator
    ) -> mx.array | SparseSpikes:
        """Spikes [T, batch, features] of these trials; a constant value is drawn T times."""
        return self._draw(indices, generator, same_draws=False)

    def predicting(self, indices: np.ndarray, seed: int) -> mx.array | SparseSpikes:
        """Spikes of these trials for prediction: every trial is compared with the same draws.

        What is predicted for a trial then depends on that trial alone, and not on the trials
        beside it or its place among them.
        """
        return self._draw(indices, np.random.default_rng(seed), same_draws=True)

    def gives_events(self, batch: int) -> bool:
        """Whether the spikes of so many trials come as events."""
        return self._sparse and sparse_serves(self._length * batch * self._levels.shape[2])

    def _draw(
        self, indices: np.ndarray, generator: np.random.Generator, same_draws: bool
    ) -> mx.array | SparseSpikes:
        levels = self._levels[:, indices]
        if self.gives_events(len(indices)):
            return SparseSpikes.drawn(levels, self._length, generator, same_draws=same_draws)
        shape = (self._length, 1 if same_draws else len(indices), levels.shape[2])
        drawn = np.frombuffer(generator.bytes(2 * int(np.prod(shape))), dtype=np.uint16)
        # The same numbers in the order of events: whether these are made depends on the batch.
        drawn = drawn.reshape(shape[::-1]).T if same_draws else drawn.reshape(shape)
        return mx.array((drawn < levels).astype(np.float32))

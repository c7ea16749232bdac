"""Batches that depend on epoch and seed alone, so that training can start again at any of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import mlx.core as mx
import numpy as np

from eegsnn._validation import check_boolean, check_integer
from eegsnn.errors import DataError
from eegsnn.training.fingerprint import plain

Batches = Callable[[int, int], Iterable[Any]] | Sequence[Any]
"""``batches(epoch, seed)`` → the batches of that epoch (from 1); or a list, the same every time."""


def batches_per_epoch(n_trials: int, batch_size: int) -> int:
    """Return the number of equal batches whose size is nearest to `batch_size`."""
    return max(1, round(n_trials / batch_size))


def equal_batches(order: np.ndarray, batch_size: int) -> Iterator[np.ndarray]:
    """Cut an order of trials into equal batches of a size near `batch_size`.

    Equal, because MLX keeps what it has planned for a shape, and the loss of a small last batch
    would weigh more. The few trials left over come up in other epochs.
    """
    n_batches = batches_per_epoch(len(order), batch_size)
    size = len(order) // n_batches
    for i in range(n_batches):
        yield order[i * size : (i + 1) * size]


def step_generator(seed: int, *place: int) -> np.random.Generator:
    """NumPy generator of one place in training, such as (epoch, step)."""
    return np.random.default_rng([seed, *place])


def step_key(seed: int, epoch: int, step: int) -> mx.array:
    """MLX random key of one step: a function of its place, so that nothing has to be stored.

    Examples
    --------
    >>> mx.array_equal(step_key(0, 2, 7), step_key(0, 2, 7)).item()
    True
    """
    words = np.random.SeedSequence([seed, epoch, step]).generate_state(1, np.uint64)
    return mx.random.key(int(words[0]))


class ArrayBatches:
    """Batches of arrays in memory, in a new order in every epoch.

    Parameters
    ----------
    inputs : array [T, trials, …] or (trials, …)
        See `time_first`. NumPy arrays stay what they are, and only batches go to MLX.
    *others : arrays (trials, …)
        Labels, weights, …
    batch_size : int, default 32
        Batches are equal and of a size near this; the few trials left over in an epoch come up in
        others.
    time_first : bool, default True
        Whether trials are the second axis of `inputs`, as networks take them, or the first.
    shuffle : bool, default True

    Raises
    ------
    DataError
        If the arrays do not have the same number of trials, or labels are texts.

    Examples
    --------
    >>> batches = ArrayBatches(np.zeros((10, 6, 3), np.float32), np.arange(6), batch_size=2)
    >>> for x, labels in batches(1, 0):
    ...     print(x.shape, labels.shape)
    (10, 2, 3) (2,)
    (10, 2, 3) (2,)
    (10, 2, 3) (2,)
    """

    def __init__(
        self,
        inputs: Any,
        *others: Any,
        batch_size: int = 32,
        time_first: bool = True,
        shuffle: bool = True,
    ) -> None:
        self._inputs, self._others = np.asarray(inputs), [np.asarray(other) for other in others]
        self.batch_size = check_integer("batch_size", batch_size, low=1)
        self.time_first = check_boolean("time_first", time_first)
        self.shuffle = check_boolean("shuffle", shuffle)
        axis = 1 if time_first else 0
        if self._inputs.ndim <= axis or not self._inputs.shape[axis]:
            expected = "[T, trials, …]" if time_first else "(trials, …)"
            raise DataError(
                f"inputs: expected an array {expected} of at least one trial, but got shape "
                f"{self._inputs.shape}. See time_first."
            )
        self.n_trials = self._inputs.shape[axis]
        for number, other in enumerate(self._others, start=1):
            if not other.ndim or len(other) != self.n_trials:
                raise DataError(
                    f"array {number} beside the inputs: expected {self.n_trials} trials, but got "
                    f"shape {other.shape}."
                )
            if other.dtype.kind not in "biufc":
                raise DataError(
                    f"array {number} beside the inputs: expected numbers (labels as 0, 1, …), but "
                    f"got {other.dtype}. np.unique(labels, return_inverse=True) numbers them."
                )

    def __len__(self) -> int:
        """Batches per epoch."""
        return batches_per_epoch(self.n_trials, self.batch_size)

    def __call__(self, epoch: int, seed: int) -> Iterator[tuple[mx.array, ...]]:
        """Batches of an epoch: inputs and the others."""
        order = np.arange(self.n_trials)
        if self.shuffle:
            order = step_generator(seed, epoch).permutation(self.n_trials)
        for indices in equal_batches(order, self.batch_size):
            chosen = self._inputs[:, indices] if self.time_first else self._inputs[indices]
            yield tuple(mx.array(part) for part in (chosen, *(o[indices] for o in self._others)))

    def describe(self) -> dict[str, Any]:
        """Plain values that tell these batches from others, for checkpoints."""
        return {
            "inputs": plain(self._inputs),
            "others": [plain(other) for other in self._others],
            "batch_size": self.batch_size,
            "time_first": self.time_first,
            "shuffle": self.shuffle,
        }

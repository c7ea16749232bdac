"""Channels first in NIR, channels last here: shapes, orders of vectors, and arrays between them.

A shape of two or more axes is an image or a sequence with channels: (channels, …) in NIR and
(…, channels) here. A vector that came from flattening such a shape has its entries in another
order on the two sides; a :class:`Layout` carries that order along, so that weights and parameters
that meet the vector can be put into the order of the other side.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Layout:
    """Shape of one trial at one step, and how its entries are ordered.

    Attributes
    ----------
    shape : tuple of int
        As NIR has it: channels first.
    order : ndarray of int, optional
        For a vector: entry ``i`` in NIR is entry ``order[i]`` here. None: the same order.

    Examples
    --------
    >>> Layout((2, 5, 7)).here
    (5, 7, 2)
    >>> Layout.of_here((5, 7, 2)).flattened().shape
    (70,)
    """

    shape: tuple[int, ...]
    order: np.ndarray | None = None

    @classmethod
    def of_here(cls, shape: tuple[int, ...]) -> Layout:
        """Layout of an array that has `shape` here, channels last."""
        return cls(shape if len(shape) < 2 else (shape[-1], *shape[:-1]))

    @property
    def here(self) -> tuple[int, ...]:
        """Shape on this side: channels last."""
        return self.shape if len(self.shape) < 2 else (*self.shape[1:], self.shape[0])

    @property
    def size(self) -> int:
        """Number of values."""
        return math.prod(self.shape)

    def flattened(self) -> Layout:
        """Layout of the vector that each side makes of it, in its own order."""
        if len(self.shape) < 2:
            return Layout((self.size,), self.order)
        entries = np.arange(self.size).reshape(self.here)
        order = np.moveaxis(entries, -1, 0).reshape(-1)
        return Layout((self.size,), None if np.array_equal(order, entries.reshape(-1)) else order)

    def same_order(self, other: Layout) -> bool:
        """Whether vectors of both are in the same order here."""
        if self.order is None or other.order is None:
            return self.order is other.order
        return np.array_equal(self.order, other.order)

    def to_here(self, values: np.ndarray) -> np.ndarray:
        """Parameters of single values, as NIR orders them, for this side; one value stays one."""
        if values.size == 1:
            return values.reshape(())
        if values.ndim > 1:
            return np.ascontiguousarray(np.moveaxis(values, 0, -1))
        return self.columns_to_here(values)

    def to_nir(self, values: np.ndarray) -> np.ndarray:
        """Undo :meth:`to_here`, with one value for every entry of the shape."""
        full = np.broadcast_to(values, self.here)
        if full.ndim > 1:
            return np.ascontiguousarray(np.moveaxis(full, -1, 0))
        return self.columns_to_nir(full)

    def columns_to_here(self, weights: np.ndarray) -> np.ndarray:
        """Reorder the last axis of `weights`, which meets vectors of this layout."""
        if self.order is None:
            return weights
        reordered = np.empty_like(weights)
        reordered[..., self.order] = weights
        return reordered

    def columns_to_nir(self, weights: np.ndarray) -> np.ndarray:
        """Undo :meth:`columns_to_here`."""
        return np.array(weights if self.order is None else weights[..., self.order])

    def gather_for(self, target: Layout) -> np.ndarray | None:
        """Find indices that bring a vector of this layout, here, into the order of `target`.

        None where nothing has to be done.
        """
        if self.same_order(target):
            return None
        plain = np.arange(self.size)
        own = plain if self.order is None else self.order  # nir[i] = here[own[i]]
        wanted = plain if target.order is None else target.order
        gather = np.empty(self.size, dtype=np.int64)
        gather[wanted] = own
        return gather

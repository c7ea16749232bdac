"""Stretches of a recording that its annotations mark as BAD."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from eegsnn.recordings.annotations import onsets_of


@dataclass(frozen=True)
class Spans:
    """Stretches of samples, apart and in order.

    Attributes
    ----------
    starts, stops : ndarray of int64
        First sample of each, and the one after its last.

    Examples
    --------
    >>> spans = Spans.of([(5, 8), (2, 4), (7, 9)])
    >>> spans.starts, spans.stops
    (array([2, 5]), array([4, 9]))
    >>> spans.inside(np.array([1, 2, 4, 8, 9]))
    array([False,  True, False,  True, False])
    >>> list(spans.between(0, 7))
    [(0, 2), (4, 5)]
    """

    starts: np.ndarray
    stops: np.ndarray

    @classmethod
    def of(cls, pairs: Iterable[tuple[int, int]]) -> Spans:
        """Join what overlaps or touches; (start, stop) of nothing are left out."""
        joined: list[list[int]] = []
        for start, stop in sorted(pairs):
            if start >= stop:
                continue
            if joined and start <= joined[-1][1]:
                joined[-1][1] = max(joined[-1][1], stop)
            else:
                joined.append([start, stop])
        table = np.array(joined, dtype=np.int64).reshape(-1, 2)
        return cls(table[:, 0], table[:, 1])

    @property
    def n_samples(self) -> int:
        """Samples in all of them."""
        return int((self.stops - self.starts).sum())

    def inside(self, samples: np.ndarray) -> np.ndarray:
        """Tell which samples lie within."""
        # Of those begun, one more has ended unless the sample is within one.
        begun = np.searchsorted(self.starts, samples, side="right")
        return begun > np.searchsorted(self.stops, samples, side="right")

    def overlap(self, first: int, stop: int) -> int:
        """Return how many samples from `first` to before `stop` lie within."""
        shared = np.minimum(self.stops, stop) - np.maximum(self.starts, first)
        return int(np.maximum(shared, 0).sum())

    def between(self, first: int, stop: int) -> Iterator[tuple[int, int]]:
        """Yield the stretches from `first` to before `stop` that lie outside."""
        for start, end in zip(self.starts.tolist(), self.stops.tolist(), strict=True):
            if end <= first:
                continue
            if start >= stop:
                break
            if first < start:
                yield first, start
            first = end
        if first < stop:
            yield first, stop

    def clear_stretch(self, first: int, stop: int, length: int) -> int:
        """Return where `length` samples within [first, stop) hold the fewest of these.

        The middle, or what of equals is closest to it.
        """
        middle = (first + stop - length) // 2
        edges = [*self.stops.tolist(), *(self.starts - length).tolist()]
        places = {middle, *(min(max(edge, first), stop - length) for edge in edges)}
        return min(places, key=lambda at: (self.overlap(at, at + length), abs(at - middle), at))


def bad_spans(raw: Any) -> Spans:
    """Return the stretches of a recording whose annotations begin with "BAD", in any case.

    As in MNE those that name channels count for all channels.

    Parameters
    ----------
    raw : mne.io.Raw
    """
    notes = raw.annotations
    chosen = [i for i, text in enumerate(notes.description) if text.upper().startswith("BAD")]
    onset = onsets_of(raw)[chosen]
    starts = raw.time_as_index(onset, use_rounding=True)
    stops = raw.time_as_index(onset + notes.duration[chosen], use_rounding=True)
    limits = np.clip(np.stack([starts, stops]), 0, raw.n_times)
    return Spans.of(zip(*limits.tolist(), strict=True))

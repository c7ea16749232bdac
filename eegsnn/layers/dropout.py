"""Dropout for sequences: one mask for all steps of a trial."""

from __future__ import annotations

import mlx.core as mx

from eegsnn._validation import check_number
from eegsnn.layers.base import OverTime, check_key


class Dropout(OverTime):
    """Silence a random part of the units, the same ones at every step of a trial.

    With a new mask for every step, a neuron would still see each input now and then; the mean over
    time would hardly be disturbed (Lee et al. 2020, "Enabling spike-based backpropagation…").

    Parameters
    ----------
    rate : float in [0, 1), default 0.5
        Part of the units that is silenced; the others are divided by 1 − rate.

    Raises
    ------
    ConfigurationError
        If `rate` is outside.

    Notes
    -----
    Active where a key is passed, and only there: in evaluation pass none. The same key gives the
    same mask, so that steps or windows of a trial that are run one by one agree with the whole.

    Examples
    --------
    >>> dropout, x = Dropout(0.5), mx.ones((3, 1, 8))
    >>> dropout(x) is x
    True
    >>> out = dropout(x, key=mx.random.key(1))
    >>> mx.array_equal(out[0], out[2]).item()
    True
    """

    def __init__(self, rate: float = 0.5) -> None:
        super().__init__()
        self.rate = check_number("rate", rate, low=0, high=1, high_open=True)

    def __call__(self, x: mx.array, *, key: mx.array | None = None) -> mx.array:
        """All steps, [T, batch, …] → [T, batch, …]."""
        if key is None or self.rate == 0:
            return x
        kept = mx.random.bernoulli(1 - self.rate, (1, *x.shape[1:]), key=check_key(key))
        return x * (kept.astype(x.dtype) / (1 - self.rate))

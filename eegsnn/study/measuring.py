"""Fidelity and spike counts of one band, added up chunk by chunk."""

from __future__ import annotations

import math
from typing import Any

import numpy as np


class BandMeasures:
    """Sums from which the measures of :mod:`eegsnn.measures` follow, per channel.

    Parameters
    ----------
    offset, unit : ndarray, shape (channels,)
        About which, and in which, sums are taken, so that they keep their digits.
    """

    def __init__(self, offset: np.ndarray, unit: np.ndarray) -> None:
        self._offset, self._unit = offset[:, None], unit[:, None]
        self._n = 0
        self._sums = np.zeros((6, len(offset)))
        self.up = np.zeros(len(offset), dtype=np.int64)
        self.down = np.zeros(len(offset), dtype=np.int64)

    def add_signals(self, signal: np.ndarray, decoded: np.ndarray) -> None:
        """Take samples (channels, times) that count, and what was made of their spikes."""
        s, r = (signal - self._offset) / self._unit, (decoded - self._offset) / self._unit
        self._n += s.shape[1]
        for place, value in enumerate((s, r, s * s, r * r, s * r, (s - r) ** 2)):
            self._sums[place] += value.sum(axis=1)

    def add_spikes(self, spikes: np.ndarray) -> None:
        """Take signed counts (channels, [units,] steps) that count."""
        flat = spikes.reshape(len(spikes), math.prod(spikes.shape[1:]))
        self.up += np.maximum(flat, 0).sum(axis=1, dtype=np.int64)
        self.down -= np.minimum(flat, 0).sum(axis=1, dtype=np.int64)

    def table(self, seconds: float) -> dict[str, np.ndarray]:
        """Return every measure of the `seconds` that count; NaN where a code has no inverse.

        One value per channel. SNR is about the signal's mean, in dB; RMSE in volts; NRMSE in
        standard deviations.
        """
        total = self.up + self.down
        counts = {
            "spikes_per_second": total / seconds,
            "up_per_second": self.up / seconds,
            "down_per_second": self.down / seconds,
            "silent": total == 0,
        }
        if not self._n:
            nothing = np.full(len(total), np.nan)
            return dict.fromkeys(("snr", "rmse", "nrmse", "correlation"), nothing) | counts
        s, r, ss, rr, sr, ee = self._sums / self._n
        power, unit = ss - s**2, self._unit[:, 0]
        with np.errstate(divide="ignore", invalid="ignore"):
            fidelity: dict[str, Any] = {
                "snr": 10 * np.log10(power / ee),
                "rmse": np.sqrt(ee) * unit,
                "nrmse": np.sqrt(ee / power),
                "correlation": (sr - s * r) / np.sqrt(power * np.maximum(rr - r**2, 0.0)),
            }
        return fidelity | counts

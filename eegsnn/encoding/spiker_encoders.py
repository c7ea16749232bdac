"""Encoders whose spikes stand for a filter's taps: BSA, HSA and modified HSA."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from eegsnn._validation import check_number
from eegsnn.encoding.signals import SignalEncoder
from eegsnn.encoding.spikers import spiker_chunk, spiker_decode, spiker_taps


class _SpikerEncoder(SignalEncoder):
    """Spikes whose convolution with a filter is the signal; see :func:`spiker`."""

    scaling: ClassVar[str] = "range"
    bipolar: ClassVar[bool] = False
    in_blocks: ClassVar[bool] = False
    method: ClassVar[str]

    n_taps: int
    cutoff: float
    quantile: float

    def check_parameters(self) -> None:
        """Validate the constructor's values without data."""
        super().check_parameters()
        spiker_taps(self.n_taps, self.cutoff)
        check_number("threshold", self._limit(), low=0.0)

    def _limit(self) -> float:
        return getattr(self, "threshold", 0.0)

    def _encode(self, rows: np.ndarray, state: Any, first_row: int) -> tuple[np.ndarray, Any]:
        taps = spiker_taps(self.n_taps, self.cutoff)
        offset, unit = self._scale(len(rows), first_row)
        return spiker_chunk(rows, taps, self._limit(), self.method, state, offset, unit, 1.0)

    def _finish(self, state: Any) -> np.ndarray | None:
        return np.zeros(state.shape, dtype=np.int8)

    def _decode(
        self, spikes: np.ndarray, offset: np.ndarray, unit: np.ndarray, start: np.ndarray
    ) -> np.ndarray:
        return offset + unit * spiker_decode(spikes, spiker_taps(self.n_taps, self.cutoff))


class BSAEncoder(_SpikerEncoder):
    """Ben's spiker: fire where taking the filter off lowers the error by `threshold` or more.

    Parameters
    ----------
    n_taps : int, default 5
        Length of the filter in samples; see :func:`spiker_taps`. It must pass the band.
    cutoff : float, default 0.25
        Of the filter, as a fraction of the sampling rate.
    threshold : float, default 0.5
        Of a filter whose taps add up to 1.
    quantile : float, default 1.0
        The training quantiles 1 − quantile and quantile are coded as 0 and 1.
    """

    method: ClassVar[str] = "bsa"

    def __init__(
        self,
        n_taps: int = 5,
        cutoff: float = 0.25,
        threshold: float = 0.5,
        quantile: float = 1.0,
    ) -> None:
        self.n_taps = n_taps
        self.cutoff = cutoff
        self.threshold = threshold
        self.quantile = quantile


class HSAEncoder(_SpikerEncoder):
    """Hough's spiker: fire where all of the filter fits under the signal.

    Parameters
    ----------
    n_taps, cutoff, quantile
        As in :class:`BSAEncoder`.
    """

    method: ClassVar[str] = "hsa"

    def __init__(self, n_taps: int = 5, cutoff: float = 0.25, quantile: float = 1.0) -> None:
        self.n_taps = n_taps
        self.cutoff = cutoff
        self.quantile = quantile


class ModifiedHSAEncoder(_SpikerEncoder):
    """Hough's spiker that lets the filter stand out of the signal by `threshold` altogether.

    Parameters
    ----------
    n_taps, cutoff, quantile
        As in :class:`BSAEncoder`.
    threshold : float, default 0.1
        Of a filter whose taps add up to 1.
    """

    method: ClassVar[str] = "modified_hsa"

    def __init__(
        self,
        n_taps: int = 5,
        cutoff: float = 0.25,
        threshold: float = 0.1,
        quantile: float = 1.0,
    ) -> None:
        self.n_taps = n_taps
        self.cutoff = cutoff
        self.threshold = threshold
        self.quantile = quantile

"""Butterworth filters as second-order sections, and how long they ring."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy import signal

from eegsnn.errors import ConfigurationError, DataError
from eegsnn.filters.bands import FrequencyBand

# A response of more samples than this is a mistake in the band (0.1 mHz, say), not a filter.
_LONGEST_RESPONSE = 2**24


@dataclass(frozen=True)
class BandFilter:
    """A designed filter with what its application needs to know.

    Attributes
    ----------
    band : FrequencyBand
    sfreq : float
        Sampling rate in Hz.
    sos : ndarray of float64, shape (sections, 6), or None
        None where the band is everything and nothing is filtered.
    dc_gain : float
        Response to a constant: 1 for a low-pass, 0 for the others.
    ring_samples : int
        Samples after which the impulse response stays below 1 % of its peak; of a high-pass, that
        of the low-pass with its edge.
    """

    band: FrequencyBand
    sfreq: float
    sos: np.ndarray | None
    dc_gain: float
    ring_samples: int

    def check_length(self, n_times: int) -> None:
        """Refuse trials shorter than one cycle of the band's centre (geometric mean of its edges).

        A shorter trial holds no oscillation of that band, only the filter's response to its edges.
        A low-pass has no shortest cycle: a constant is a low frequency too.
        """
        if self.band.low is None:
            return
        centre = math.sqrt(self.band.low * (self.band.high or self.sfreq / 2))
        needed = math.ceil(self.sfreq / centre - 1e-9)
        if n_times < needed:
            raise DataError(
                f"Trials of {n_times} samples ({n_times / self.sfreq:g} s) are shorter than one "
                f"cycle at the centre of band {self.band}: it needs {needed} samples "
                f"({needed / self.sfreq:g} s). Cut longer trials, or leave this band out."
            )


@lru_cache(maxsize=512, typed=True)
def design_filter(band: FrequencyBand, sfreq: float, order: int = 4) -> BandFilter:
    """Design the Butterworth filter of a band, once: equal bands share one design.

    Second-order sections, because the polynomial form of a low narrow band is unstable in double
    precision (0.5–4 Hz of order 5 at 250 Hz has a pole outside the unit circle).

    Parameters
    ----------
    band : FrequencyBand
    sfreq : float
        Sampling rate in Hz.
    order : int, default 4
        Order of the low-pass prototype, as in :func:`scipy.signal.butter`: a band-pass has twice
        as many poles. Higher orders separate bands better and ring longer.

    Raises
    ------
    ConfigurationError
        If the band reaches the Nyquist frequency, or is so narrow or low that the response does
        not end within 2²⁴ samples.
    """
    band.check_rate(sfreq)
    if band.kind == "all":
        return BandFilter(band, sfreq, None, 1.0, 0)
    edges = [edge for edge in (band.low, band.high) if edge is not None]
    sos = signal.butter(
        order, edges if len(edges) == 2 else edges[0], band.kind, fs=sfreq, output="sos"
    )
    dc_gain = 1.0 if band.kind == "lowpass" else 0.0
    ringing = sos
    if band.kind == "highpass":
        # Its response begins with the impulse itself, which the faster the sampling, the more
        # outweighs what follows. A high-pass takes away what a low-pass keeps, and rings as long.
        ringing = signal.butter(order, edges[0], "lowpass", fs=sfreq, output="sos")
    return BandFilter(band, sfreq, sos, dc_gain, _ring_samples(ringing, band, sfreq))


def _ring_samples(sos: np.ndarray, band: FrequencyBand, sfreq: float, level: float = 0.01) -> int:
    n_samples = 256
    while n_samples <= _LONGEST_RESPONSE:
        impulse = np.zeros(n_samples)
        impulse[0] = 1.0
        response = np.abs(signal.sosfilt(sos, impulse))
        last = int(np.flatnonzero(response > level * response.max())[-1])
        # Seen to stay down for as long again: the end of the ringing, not a zero crossing.
        if last < n_samples // 2:
            return last + 1
        n_samples *= 2
    raise ConfigurationError(
        f"bands: the filter of {band} rings for more than {_LONGEST_RESPONSE / sfreq:.0f} s at "
        f"{sfreq:g} Hz. Choose a wider or higher band, or a lower order."
    )

"""Potentials and powers of channels that were told apart: whitened in space.

A source is seen by many electrodes, and the strongest hide the others. Multiplied by the inverse
square root of their mean covariance, channels keep their places but share nothing on average: a
Laplacian that is learned from the recording, and needs no positions. A linear readout could do the
same, had it trials enough to learn it from; one that is shrunk, on few trials, does not.

Whitening looks at no labels.
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from eegsnn.features.amplitude import BandPower, WindowMeans, log_power
from eegsnn.filters.covariance import shrunk_mean, unit_trace
from eegsnn.filters.riemann import inverse_root

# Towards channels of equal power: what directions below noise hold is not blown up.
_SHRINKAGE = 0.1


class WhitenedWindowMeans(WindowMeans):
    """Mean of each channel in equal stretches of the trial, whitened in space.

    Whitened by how windows of training trials deviate from those of their mean: by the noise, then,
    and not by the response that they share.

    Parameters
    ----------
    sfreq, n_windows : see :class:`~eegsnn.features.WindowMeans`

    References
    ----------
    Blankertz, B., Lemm, S., Treder, M., Haufe, S. & Müller, K.-R. (2011). Single-trial analysis and
    classification of ERP components – a tutorial. *NeuroImage* 56(2).

    Examples
    --------
    >>> X = np.random.default_rng(0).normal(size=(50, 1, 240))
    >>> both = np.concatenate([X, X + 0.5 * X[::-1]], axis=1)  # the second is mixed with the first
    >>> for features in (WindowMeans(100.0), WhitenedWindowMeans(100.0)):
    ...     Z = features.fit_transform(both).reshape(50, 2, 24)
    ...     print(f"{np.corrcoef(Z[:, 0].ravel(), Z[:, 1].ravel())[0, 1]:.1f}")
    0.9
    0.3
    """

    least_channels: ClassVar[int] = 2
    arrays: ClassVar[tuple[str, ...]] = ("whitening_",)

    def _prepare(self, X: np.ndarray) -> np.ndarray:
        return super()._prepare(X).reshape(len(X), X.shape[1], -1)

    def _learn(self, prepared: np.ndarray, y: np.ndarray | None) -> None:
        deviations = prepared - prepared.mean(axis=0)
        self.whitening_ = whitening(deviations @ deviations.transpose(0, 2, 1))

    def _compute(self, prepared: np.ndarray) -> np.ndarray:
        return (self.whitening_ @ prepared).reshape(len(prepared), -1)


class WhitenedBandPower(BandPower):
    """Logarithm of each channel's power in each band, where channels are whitened in space.

    Parameters
    ----------
    sfreq, bands : see :class:`~eegsnn.features.BandPower`

    Examples
    --------
    >>> X = np.random.default_rng(0).normal(size=(10, 3, 500))
    >>> WhitenedBandPower(250.0, bands=((8.0, 13.0), (13.0, 30.0))).fit_transform(X).shape
    (10, 6)
    """

    least_channels: ClassVar[int] = 2
    arrays: ClassVar[tuple[str, ...]] = ("whitening_",)

    def _prepare(self, X: np.ndarray) -> np.ndarray:
        """Cross-spectra (trials, bands, channels, channels), averaged over each band."""
        return np.stack(
            [(s @ s.conj().transpose(0, 2, 1)).real / s.shape[2] for s in self._spectra(X)], axis=1
        )

    def _learn(self, prepared: np.ndarray, y: np.ndarray | None) -> None:
        self.whitening_ = np.stack([whitening(band) for band in prepared.transpose(1, 0, 2, 3)])

    def _compute(self, prepared: np.ndarray) -> np.ndarray:
        mixed = self.whitening_ @ prepared
        # (w C) · w, row by row: the diagonal of w C wᵀ. The whitening is symmetric.
        return log_power(np.einsum("tbij,bij->tbi", mixed, self.whitening_))

    def _transform(self, X: np.ndarray) -> np.ndarray:
        columns = [
            np.mean(np.abs(weights @ spectrum) ** 2, axis=2)
            for weights, spectrum in zip(self.whitening_, self._spectra(X), strict=True)
        ]
        return log_power(np.stack(columns, axis=1))


def whitening(products: np.ndarray) -> np.ndarray:
    """Inverse root of the mean of products (trials, n, n), each trial counting alike."""
    return inverse_root(shrunk_mean(unit_trace(products), _SHRINKAGE))

"""Features that know how channels move together: tangent space, filter-bank CSP, evoked."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

import numpy as np
from scipy import linalg

from eegsnn._validation import check_integer
from eegsnn.features._base import Bands, TrialFeatures, band_filters, in_band
from eegsnn.filters.covariance import unit_trace
from eegsnn.filters.riemann import (
    covariances,
    oas_shrunk,
    shrunk_covariances,
    tangent_vectors,
    whitener,
)
from eegsnn.filters.spatial import csp_filters, whitening_filters

_STEPS = tuple((float(low), low + 4.0) for low in range(4, 40, 4))


class TangentSpace(TrialFeatures):
    """Covariances of each band in the tangent space at their Riemannian mean.

    Parameters
    ----------
    sfreq : float
        Sampling rate in Hz.
    bands : sequence of (low, high), default ((8, 30),)
        In Hz; mu and beta.
    max_components : int, default 48
        More channels than this are first reduced to so many principal components: vectors grow
        with the square of their number.

    References
    ----------
    Barachant et al. (2012), see :mod:`eegsnn.filters.riemann`.

    Examples
    --------
    >>> X = np.random.default_rng(0).normal(size=(10, 3, 500))
    >>> TangentSpace(250.0).fit_transform(X).shape
    (10, 6)
    """

    least_channels: ClassVar[int] = 2
    arrays: ClassVar[tuple[str, ...]] = ("components_", "whitening_")

    def __init__(
        self, sfreq: float, bands: Bands = ((8.0, 30.0),), max_components: int = 48
    ) -> None:
        self.sfreq = sfreq
        self.bands = bands
        self.max_components = max_components

    def check_parameters(self) -> None:
        """Validate the constructor's values without data."""
        super().check_parameters()
        band_filters("TangentSpace", self.bands, self.sfreq)
        check_integer("max_components", self.max_components, low=2)

    def _prepare(self, X: np.ndarray) -> np.ndarray:
        bands = band_filters("TangentSpace", self.bands, self.sfreq)
        return np.stack([covariances(in_band(X, band)) for band in bands], axis=1)

    def _learn(self, prepared: np.ndarray, y: np.ndarray | None) -> None:
        components, whitening = [], []
        n_channels = prepared.shape[2]
        for band in prepared.transpose(1, 0, 2, 3):
            weights = np.eye(n_channels)
            if n_channels > self.max_components:
                weights = whitening_filters(unit_trace(band), self.max_components)
            components.append(weights)
            whitening.append(whitener(self._shrunk(weights @ band @ weights.T)))
        kept = min(len(rows) for rows in components)  # bands may differ in rank by rounding
        self.components_ = np.stack([rows[:kept] for rows in components])
        self.whitening_ = np.stack([matrix[:kept, :kept] for matrix in whitening])

    def _compute(self, prepared: np.ndarray) -> np.ndarray:
        return self._tangent_vectors(
            weights @ band @ weights.T
            for band, weights in zip(prepared.transpose(1, 0, 2, 3), self.components_, strict=True)
        )

    def _transform(self, X: np.ndarray) -> np.ndarray:
        # Channels are mixed before they are filtered: there are fewer components.
        bands = band_filters("TangentSpace", self.bands, self.sfreq)
        reduced = self.components_.shape[1] < X.shape[1]
        return self._tangent_vectors(
            covariances(in_band(weights @ X if reduced else X, band))
            for weights, band in zip(self.components_, bands, strict=True)
        )

    def _tangent_vectors(self, covariances_of_bands: Iterable[np.ndarray]) -> np.ndarray:
        return np.hstack(
            [
                tangent_vectors(self._shrunk(band), whitening)
                for band, whitening in zip(covariances_of_bands, self.whitening_, strict=True)
            ]
        )

    def _shrunk(self, components: np.ndarray) -> np.ndarray:
        return oas_shrunk(components, int(self.shape_[1]))


class FilterBankCSP(TrialFeatures):
    """Log power of common spatial patterns, band by band.

    Parameters
    ----------
    sfreq : float
        Sampling rate in Hz.
    bands : sequence of (low, high), default 4 Hz steps from 4 to 40 Hz
    n_components : int, default 4
        Per band; as many as channels where there are fewer.

    References
    ----------
    Ang, K. K., Chin, Z. Y., Zhang, H. & Guan, C. (2008). Filter bank common spatial pattern
    (FBCSP) in brain-computer interface. *IJCNN*.
    """

    needs_labels: ClassVar[bool] = True
    least_channels: ClassVar[int] = 2
    arrays: ClassVar[tuple[str, ...]] = ("filters_",)

    def __init__(
        self,
        sfreq: float,
        bands: Bands = _STEPS,
        n_components: int = 4,
    ) -> None:
        self.sfreq = sfreq
        self.bands = bands
        self.n_components = n_components

    def check_parameters(self) -> None:
        """Validate the constructor's values without data."""
        super().check_parameters()
        band_filters("FilterBankCSP", self.bands, self.sfreq)
        check_integer("n_components", self.n_components, low=1)

    def _prepare(self, X: np.ndarray) -> np.ndarray:
        bands = band_filters("FilterBankCSP", self.bands, self.sfreq)
        signals = (in_band(X, band) for band in bands)
        return np.stack([s @ s.transpose(0, 2, 1) / X.shape[2] for s in signals], axis=1)

    def _learn(self, prepared: np.ndarray, y: Any) -> None:
        count = min(self.n_components, prepared.shape[2])
        filters = [
            csp_filters(unit_trace(band), y, count, "auto")
            for band in prepared.transpose(1, 0, 2, 3)
        ]
        kept = min(len(weights) for weights in filters)
        self.filters_ = np.stack([weights[:kept] for weights in filters])

    def _compute(self, prepared: np.ndarray) -> np.ndarray:
        projected = self.filters_ @ prepared  # (trials, bands, components, channels)
        return _log_power(np.einsum("tbkc,bkc->tbk", projected, self.filters_))

    def _transform(self, X: np.ndarray) -> np.ndarray:
        # Channels are mixed before they are filtered: there are fewer components.
        bands = band_filters("FilterBankCSP", self.bands, self.sfreq)
        components = (
            in_band(weights @ X, band) for weights, band in zip(self.filters_, bands, strict=True)
        )
        return _log_power(np.stack([np.mean(c**2, axis=2) for c in components], axis=1))


def _log_power(power: np.ndarray) -> np.ndarray:
    return np.log(np.maximum(power, np.finfo(float).tiny)).reshape(len(power), -1)


class EvokedTangentSpace(TrialFeatures):
    """Tangent space of trials stacked on each class's evoked response (Xdawn covariances).

    The covariance of a trial with the mean response of a class says how much of that response is
    in the trial, whatever its amplitude and the noise beside it.

    Parameters
    ----------
    sfreq : float
        Sampling rate in Hz.
    low, high : float, default 1 and 20
        Band in Hz; evoked responses have little beyond it.
    n_components : int, default 4
        Xdawn components per class.

    References
    ----------
    Rivet, B., Souloumiac, A., Attina, V. & Gibert, G. (2009). xDAWN algorithm to enhance evoked
    potentials. *IEEE Transactions on Biomedical Engineering* 56(8). Barachant, A. & Congedo, M.
    (2014). A plug & play P300 BCI using information geometry. arXiv:1409.0107.
    """

    needs_labels: ClassVar[bool] = True
    least_channels: ClassVar[int] = 2
    arrays: ClassVar[tuple[str, ...]] = ("filters_", "prototypes_", "whitening_")

    def __init__(
        self, sfreq: float, low: float = 1.0, high: float = 20.0, n_components: int = 4
    ) -> None:
        self.sfreq = sfreq
        self.low = low
        self.high = high
        self.n_components = n_components

    def check_parameters(self) -> None:
        """Validate the constructor's values without data."""
        super().check_parameters()
        band_filters("EvokedTangentSpace", [(self.low, self.high)], self.sfreq)
        check_integer("n_components", self.n_components, low=1)

    def _prepare(self, X: np.ndarray) -> np.ndarray:
        band = band_filters("EvokedTangentSpace", [(self.low, self.high)], self.sfreq)[0]
        return in_band(X, band)

    def _transform(self, X: np.ndarray) -> np.ndarray:
        # Channels are mixed before they are filtered: there are fewer components.
        return tangent_vectors(self._covariances(self._prepare(self.filters_ @ X)), self.whitening_)

    def _learn(self, prepared: np.ndarray, y: Any) -> None:
        signal = prepared
        pooled = shrunk_covariances(signal).mean(axis=0)
        count = min(self.n_components, signal.shape[1])
        filters, prototypes = [], []
        for label in np.unique(y):
            evoked = signal[y == label].mean(axis=0)
            # The directions in which the evoked response stands out most from the ongoing EEG.
            _, vectors = linalg.eigh(evoked @ evoked.T / evoked.shape[1], pooled)
            weights = vectors[:, ::-1][:, :count].T
            filters.append(weights)
            prototypes.append(weights @ evoked)
        self.filters_ = np.vstack(filters)
        self.prototypes_ = np.vstack(prototypes)
        self.whitening_ = whitener(self._covariances(self.filters_ @ signal))

    def _covariances(self, components: np.ndarray) -> np.ndarray:
        """Covariances of the prototypes, the same for all trials, with each trial's components."""
        fixed = self.prototypes_ - self.prototypes_.mean(axis=1, keepdims=True)
        own = components - components.mean(axis=2, keepdims=True)
        n_fixed, n_times = fixed.shape
        size = n_fixed + own.shape[1]
        products = np.empty((len(own), size, size))
        products[:, :n_fixed, :n_fixed] = fixed @ fixed.T
        products[:, n_fixed:, :n_fixed] = own @ fixed.T
        products[:, :n_fixed, n_fixed:] = products[:, n_fixed:, :n_fixed].transpose(0, 2, 1)
        products[:, n_fixed:, n_fixed:] = own @ own.transpose(0, 2, 1)
        return oas_shrunk(products / n_times, n_times)

    def _compute(self, prepared: np.ndarray) -> np.ndarray:
        return tangent_vectors(self._covariances(self.filters_ @ prepared), self.whitening_)

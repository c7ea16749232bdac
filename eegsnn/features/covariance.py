"""Features that know how channels move together: tangent space, filter-bank CSP, evoked."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from scipy import linalg

from eegsnn._validation import check_integer, check_number
from eegsnn.errors import DataError
from eegsnn.features._base import Bands, TrialFeatures, band_filters, in_band
from eegsnn.filters import BandFilter
from eegsnn.filters.covariance import unit_trace
from eegsnn.filters.riemann import (
    covariances,
    oas_shrunk,
    shrunk_covariances,
    tangent_vectors,
    whitener,
)
from eegsnn.filters.spatial import csp_filters, whitening_filters

# Trials that tell which components are strong: more would choose the same.
_TRIALS_FOR_COMPONENTS = 500
_SAMPLES_PER_CYCLE = 4  # of the highest frequency of evoked responses
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
    delay_cycles : float, default 0
        Beside each channel stands its copy, so many cycles of the band's centre later; 0 for none.
        A covariance at one instant is blind to what one channel repeats from another a quarter of
        a cycle (0.25) later, as waves that travel do, and to what frequency within the band a
        channel has. Matrices have twice as many rows.

    References
    ----------
    Barachant et al. (2012), see :mod:`eegsnn.filters.riemann`. Delays: Carrara, I. & Papadopoulo,
    T. (2023). Classification of BCI-EEG based on augmented covariance matrix. arXiv:2302.04508.

    Examples
    --------
    >>> X = np.random.default_rng(0).normal(size=(10, 3, 500))
    >>> TangentSpace(250.0).fit_transform(X).shape
    (10, 6)
    """

    least_channels: ClassVar[int] = 2
    arrays: ClassVar[tuple[str, ...]] = ("components_", "whitening_")

    def __init__(
        self,
        sfreq: float,
        bands: Bands = ((8.0, 30.0),),
        max_components: int = 48,
        delay_cycles: float = 0.0,
    ) -> None:
        self.sfreq = sfreq
        self.bands = bands
        self.max_components = max_components
        self.delay_cycles = delay_cycles

    def check_parameters(self) -> None:
        """Validate the constructor's values without data."""
        super().check_parameters()
        band_filters("TangentSpace", self.bands, self.sfreq)
        check_integer("max_components", self.max_components, low=2)
        # Beyond a cycle a channel no longer resembles itself.
        check_number("delay_cycles", self.delay_cycles, low=0.0, high=1.0)

    def begin(self, X: Any) -> np.ndarray:
        """Check training trials, choose their components, and return them prepared."""
        X = self._examine(X)
        longest = max(self._delays())
        if X.shape[2] < 2 * longest:
            raise DataError(
                f"TangentSpace: a delay of {self.delay_cycles:g} cycles is {longest} samples in "
                f"the lowest band, and trials have {X.shape[2]}: expected trials of twice the "
                "delay at least. Use longer trials, a shorter delay_cycles or higher bands."
            )
        bands, n_channels = self._filters(), X.shape[1]
        self.components_ = np.tile(np.eye(n_channels), (len(bands), 1, 1))
        if n_channels > self.max_components:
            some = X[:: -(-len(X) // _TRIALS_FOR_COMPONENTS)]
            means = self._in_blocks(some, self._sums_of_covariances).sum(axis=0)
            chosen = [whitening_filters(mean[None], self.max_components) for mean in means]
            kept = min(len(rows) for rows in chosen)  # bands may differ in rank by rounding
            self.components_ = np.stack([rows[:kept] for rows in chosen])
        return self.prepare(X)

    def _filters(self) -> list[BandFilter]:
        return band_filters("TangentSpace", self.bands, self.sfreq)

    def _sums_of_covariances(self, X: np.ndarray) -> np.ndarray:
        """Add up trials, each counting alike: (1, bands, channels, channels)."""
        bands = (unit_trace(covariances(in_band(X, band))) for band in self._filters())
        return np.stack([band.sum(axis=0) for band in bands])[None]

    def _prepare(self, X: np.ndarray) -> np.ndarray:
        bands, (_, n_components, n_channels) = self._filters(), self.components_.shape
        signals = [X] * len(bands)
        if n_components < n_channels:
            # Channels are mixed before they are filtered: there are fewer components.
            mixed = self.components_.reshape(-1, n_channels) @ X
            signals = np.split(mixed, len(bands), axis=1)
        filtered = (in_band(one, band) for one, band in zip(signals, bands, strict=True))
        beside = (_with_delayed(one, n) for one, n in zip(filtered, self._delays(), strict=True))
        return np.stack([covariances(one) for one in beside], axis=1)

    def _delays(self) -> list[int]:
        """Count the samples by which the copies of channels are late in each band."""
        if not self.delay_cycles:
            return [0] * len(self.bands)
        edges = [(low or 0.0, high or self.sfreq / 2) for low, high in self.bands]
        cycles = [2 * self.sfreq / (low + high) for low, high in edges]
        return [max(1, round(self.delay_cycles * cycle)) for cycle in cycles]

    def _learn(self, prepared: np.ndarray, y: np.ndarray | None) -> None:
        bands = prepared.transpose(1, 0, 2, 3)
        self.whitening_ = np.stack([whitener(self._shrunk(band)) for band in bands])

    def _compute(self, prepared: np.ndarray) -> np.ndarray:
        shrunk = self._shrunk(prepared.reshape(-1, *prepared.shape[2:])).reshape(prepared.shape)
        return tangent_vectors(shrunk, self.whitening_).reshape(len(prepared), -1)

    def _shrunk(self, components: np.ndarray) -> np.ndarray:
        return oas_shrunk(components, int(self.shape_[1]))


def _with_delayed(signal: np.ndarray, delay: int) -> np.ndarray:
    """Stack channels on those of `delay` samples before; as they are for 0."""
    if not delay:
        return signal
    return np.concatenate([signal[:, :, :-delay], signal[:, :, delay:]], axis=1)


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
        signal = self._filtered(X)
        # Beside each trial's samples its covariance, which needs no labels either.
        return np.concatenate([signal, shrunk_covariances(signal)], axis=2)

    def _filtered(self, X: np.ndarray) -> np.ndarray:
        """Filter, and keep as many samples as what is slow needs."""
        band = band_filters("EvokedTangentSpace", [(self.low, self.high)], self.sfreq)[0]
        step = max(1, int(self.sfreq / (_SAMPLES_PER_CYCLE * self.high)))
        return in_band(X, band)[:, :, ::step]

    def _transform(self, X: np.ndarray) -> np.ndarray:
        # Channels are mixed before they are filtered: there are fewer components.
        components = self._filtered(self.filters_ @ X)
        return tangent_vectors(self._covariances(components), self.whitening_)

    def _learn(self, prepared: np.ndarray, y: Any) -> None:
        n_channels = prepared.shape[1]
        count = min(self.n_components, n_channels)
        members = (y == np.unique(y)[:, None]).astype(float)
        # One product for the means of all classes, of samples and covariances alike.
        means = np.tensordot(members / members.sum(axis=1, keepdims=True), prepared, axes=1)
        pooled = np.tensordot(members.mean(axis=1), means[:, :, -n_channels:], axes=1)
        filters, prototypes = [], []
        for evoked in means[:, :, :-n_channels]:
            # The directions in which the evoked response stands out most from the ongoing EEG.
            _, vectors = linalg.eigh(evoked @ evoked.T / evoked.shape[1], pooled)
            weights = vectors[:, ::-1][:, :count].T
            filters.append(weights)
            prototypes.append(weights @ evoked)
        self.filters_ = np.vstack(filters)
        self.prototypes_ = np.vstack(prototypes)
        self.whitening_ = whitener(self._covariances(self._components(prepared)))

    def _compute(self, prepared: np.ndarray) -> np.ndarray:
        return tangent_vectors(self._covariances(self._components(prepared)), self.whitening_)

    def _components(self, prepared: np.ndarray) -> np.ndarray:
        return self.filters_ @ prepared[:, :, : -prepared.shape[1]]

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

"""Channels that are spoilt in a new trial, estimated from those that are not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields

import numpy as np

from eegsnn._warnings import warn_user
from eegsnn.backend import one_blas_thread
from eegsnn.errors import DataTrapWarning
from eegsnn.estimators.artefacts import log_powers
from eegsnn.filters.covariance import shrunk_mean, unit_trace

# A channel is spoilt in a trial where its power is above anything that training trials had, and ten
# times the usual; or below anything, and a hundredth of it.
_ABOVE_ALL, _ABOVE_USUAL = np.log(3.0), np.log(10.0)
_BELOW_ALL, _BELOW_USUAL = np.log(10.0), np.log(100.0)
# Beyond what is believed: no recording differs so much, but units do.
_ANOTHER_UNIT = np.log(1e3)
_MOST = 1 / 3  # of the channels: where more stand out, it is the recording that differs
_SHRINKAGE = 1e-3  # an average reference leaves covariances without an inverse


@dataclass(frozen=True)
class ChannelRepair:
    """What training trials say of the power of channels, and of each channel by the others.

    Attributes
    ----------
    lowest, highest : ndarray (channels,)
        Logarithms of power between which a channel is believed.
    offset : ndarray (channels,)
        Mean of each channel.
    covariance : ndarray (channels, channels)
        Of the deviations from it, each trial counting alike.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> mixing = rng.normal(size=(6, 2))
    >>> X = mixing @ rng.normal(size=(30, 2, 500)) + 0.1 * rng.normal(size=(30, 6, 500))
    >>> spoilt = X[:1].copy()
    >>> spoilt[0, 4, 100:] += 50.0  # an electrode jumped
    >>> repair = ChannelRepair.fit(X)
    >>> np.flatnonzero(repair.spoilt(spoilt)[0])
    array([4])
    >>> bool(np.corrcoef(repair.apply(spoilt)[0, 4], X[0, 4])[0, 1] > 0.95)
    True
    """

    lowest: np.ndarray
    highest: np.ndarray
    offset: np.ndarray
    covariance: np.ndarray

    @classmethod
    @one_blas_thread()
    def fit(cls, X: np.ndarray) -> ChannelRepair:
        """Learn from training trials (trials, channels, times) without artefacts."""
        powers = log_powers(X)
        usual = np.median(powers, axis=0)
        offset = X.mean(axis=(0, 2), dtype=np.float64)
        deviations = (trial - offset[:, None] for trial in X)  # one at a time: X may be large
        products = np.array([trial @ trial.T for trial in deviations])
        return cls(
            lowest=np.minimum(powers.min(axis=0) - _BELOW_ALL, usual - _BELOW_USUAL),
            highest=np.maximum(powers.max(axis=0) + _ABOVE_ALL, usual + _ABOVE_USUAL),
            offset=offset,
            covariance=shrunk_mean(unit_trace(products), _SHRINKAGE),
        )

    @classmethod
    def from_state(cls, arrays: Mapping[str, np.ndarray]) -> ChannelRepair:
        """Make it from the arrays of :meth:`get_state` (raises KeyError where one is missing)."""
        return cls(**{field.name: arrays[field.name] for field in fields(cls)})

    def get_state(self) -> dict[str, np.ndarray]:
        """Everything it is, as named arrays."""
        return {field.name: getattr(self, field.name) for field in fields(self)}

    @property
    def most(self) -> int:
        """Channels of a trial that can be estimated from the others."""
        return int(_MOST * len(self.offset))

    def spoilt(self, X: np.ndarray) -> np.ndarray:
        """Mark spoilt channels, bool (trials, channels); none where more than a third would be."""
        return self._spoilt(log_powers(X))

    def _spoilt(self, powers: np.ndarray) -> np.ndarray:
        found = (powers > self.highest) | (powers < self.lowest)
        found[found.sum(axis=1) > self.most] = False
        return found

    def _other_unit(self, powers: np.ndarray) -> float | None:
        """How many times the amplitude of training trials have, where it cannot be that of EEG.

        Among trials of which most channels are far beyond anything in training: the median, as a
        power of ten; 0 where nothing varies. None if there is no such trial.
        """
        beyond = np.maximum(powers - self.highest, self.lowest - powers) > _ANOTHER_UNIT
        odd = beyond.mean(axis=1) > 0.5
        if not odd.any():
            return None
        excess = float(np.median(powers[odd] - (self.lowest + self.highest) / 2))
        flat = powers[odd] <= np.log(np.finfo(float).tiny)
        return 0.0 if flat.mean() > 0.5 else float(10.0 ** np.round(excess / 2 / np.log(10.0)))

    @one_blas_thread()
    def apply(self, X: np.ndarray) -> np.ndarray:
        """Trials with spoilt channels replaced by what the others let expect; X where none is.

        The expectation is linear, from the covariance of training trials: what an interpolation
        from neighbours would be, had it positions.

        Warns
        -----
        DataTrapWarning
            If most channels of a trial have an amplitude that only another unit explains, or none.
        """
        powers = log_powers(X)
        factor = self._other_unit(powers)
        if factor is not None:
            many = f"about {factor:g} times the amplitude of training trials"
            warn_user(
                f"Some trials have {many if factor else 'no signal'} in most channels. Their "
                f"decisions mean nothing. Give trials in the unit of training (volts, microvolts).",
                DataTrapWarning,
            )
        spoilt = self._spoilt(powers)
        if not spoilt.any():
            return X
        X = X.copy()
        for trial in np.flatnonzero(spoilt.any(axis=1)):
            lost = spoilt[trial]
            weights = np.linalg.solve(
                self.covariance[np.ix_(~lost, ~lost)], self.covariance[np.ix_(~lost, lost)]
            )
            seen = X[trial, ~lost] - self.offset[~lost, None]
            X[trial, lost] = self.offset[lost, None] + weights.T @ seen
        return X

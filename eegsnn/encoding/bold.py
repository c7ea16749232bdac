"""fMRI: what the blood shows, turned back towards what the neurons did, then any code."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from scipy import linalg, stats
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from eegsnn._validation import check_choice, check_number, check_series
from eegsnn.encoding.registry import make_encoder
from eegsnn.errors import ConfigurationError, DataError

# The double gamma of SPM (Friston et al. 1998): delays 6 s and 16 s, dispersions 1, ratio 1/6.
_PEAK, _UNDERSHOOT, _RATIO, _LENGTH = 6.0, 16.0, 1 / 6, 32.0
# Longer repetition times are milliseconds by mistake; shorter ones no scanner has.
_LONGEST, _SHORTEST = 30.0, 0.05


def haemodynamic_response(repetition_time: float) -> np.ndarray:
    """Return the canonical double-gamma response, sampled once per volume; its sum is 1.

    Parameters
    ----------
    repetition_time : float
        Seconds from volume to volume.

    Returns
    -------
    ndarray of float64, shape (volumes,)
        32 s of it, the first value at the time of the event.

    Examples
    --------
    >>> response = haemodynamic_response(1.0)
    >>> int(np.argmax(response)), bool(response.min() < 0), round(float(response.sum()), 6)
    (5, True, 1.0)
    """
    step = _check_repetition_time(repetition_time)
    time = np.arange(0.0, _LENGTH, step)
    response = stats.gamma.pdf(time, _PEAK) - _RATIO * stats.gamma.pdf(time, _UNDERSHOOT)
    return response / response.sum()


class BOLDEncoder(TransformerMixin, BaseEstimator, auto_wrap_output_keys=None):  # type: ignore[call-arg]
    """BOLD signals to spikes: percent signal change, deconvolution, then an encoder.

    Deconvolution is a ridge regression of each run on the response to an event at every volume:
    the activity a of least ``‖y − Ha‖² + λ‖a‖²``, where λ is `regularisation` times the square
    of the response's largest gain. It is an estimate: the response of a person or a region differs
    from the canonical one by a second or more, and so does the time of spikes. Within the first
    volumes of a run (what came before is not known) and its last 32 s (what will answer is not
    seen) spikes may be spurious.

    Parameters
    ----------
    repetition_time : float
        Seconds from volume to volume (TR), 0.05 to 30.
    method : str, default "level_crossing"
        A name of :data:`eegsnn.encoding.ENCODERS`.
    settings : mapping, optional
        The encoder's values, where they are not the defaults.
    units : {"signal", "percent"}, default "signal"
        "signal": the scanner's arbitrary, positive units, which become percent of each run's
        mean. "percent": percent signal change already.
    high_pass : float or None, default 128.0
        Slower periods, in seconds, are taken out of each run (cosines, as SPM does). Must be longer
        than the period of the design. None: only the mean is.
    deconvolve : bool, default True
        False: the percent signal change itself is coded.
    regularisation : float, default 0.05
        Larger: smoother and later; smaller: sharper and noisier.

    Attributes
    ----------
    encoder_ : SignalEncoder
        Fitted on the estimated activity of the training runs, one channel per region.
    response_ : ndarray, shape (volumes,)
    n_regions_in_ : int

    Examples
    --------
    >>> activity = np.zeros(120)
    >>> activity[[20, 60, 95]] = 1.0
    >>> bold = 1000 + 20 * np.convolve(activity, haemodynamic_response(2.0))[:120]
    >>> encoder = BOLDEncoder(2.0, "threshold_crossing", {"threshold": 2.0}, high_pass=None)
    >>> spikes = encoder.fit_transform(bold[None, None])
    >>> bool(np.abs(np.flatnonzero(spikes[0, 0] == 1) - [20, 60, 95]).max() <= 1)
    True
    """

    def __init__(
        self,
        repetition_time: float,
        method: str = "level_crossing",
        settings: Mapping[str, Any] | None = None,
        units: str = "signal",
        high_pass: float | None = 128.0,
        deconvolve: bool = True,
        regularisation: float = 0.05,
    ) -> None:
        self.repetition_time = repetition_time
        self.method = method
        self.settings = settings
        self.units = units
        self.high_pass = high_pass
        self.deconvolve = deconvolve
        self.regularisation = regularisation

    def check_parameters(self) -> None:
        """Validate the constructor's values without data.

        Raises
        ------
        ConfigurationError
            Naming the parameter, what is allowed and what came.
        """
        step = _check_repetition_time(self.repetition_time)
        check_choice("units", self.units, ["signal", "percent"])
        check_choice("deconvolve", self.deconvolve, [True, False])
        check_number("regularisation", self.regularisation, low=0.0, low_open=True)
        if self.high_pass is not None:
            check_number("high_pass", self.high_pass, low=2 * step, low_open=True, unit="s")
        make_encoder(self.method, self.settings)

    def fit(self, X: Any, y: Any = None, *, regions: Sequence[str] | None = None) -> BOLDEncoder:
        """Learn the encoder's scales from training runs.

        Parameters
        ----------
        X : array-like, shape (runs, regions, volumes)
            In `units`.
        y : ignored
        regions : sequence of str, optional
            Names. Default: "ch0", …

        Raises
        ------
        ConfigurationError
            If a parameter is impossible.
        DataError
            If X is no finite array of that shape, not in `units`, shorter than the response, or a
            region does not vary.
        """
        self.check_parameters()
        self.response_ = haemodynamic_response(self.repetition_time)
        X = check_series(X, ch_names=regions)
        self.n_regions_in_ = X.shape[1]
        self.encoder_ = make_encoder(self.method, self.settings)
        self.encoder_.fit(self._activity(X, regions), ch_names=regions)
        return self

    def transform(self, X: Any) -> np.ndarray:
        """Encode runs (runs, regions, volumes).

        Returns
        -------
        ndarray, shape (runs, regions, [units,] steps)
            Signed counts; a step is a volume, unless the encoder says otherwise.
        """
        check_is_fitted(self)
        return self.encoder_.transform(self.activity(X))

    def activity(self, X: Any) -> np.ndarray:
        """Return what is coded: estimated activity (runs, regions, volumes), in percent."""
        check_is_fitted(self)
        X = check_series(X, ch_names=self.encoder_.ch_names_)
        if X.shape[1] != self.n_regions_in_:
            raise DataError(
                f"X: expected the {self.n_regions_in_} regions fitted, but got {X.shape[1]}."
            )
        return self._activity(X, self.encoder_.ch_names_)

    def inverse_transform(self, spikes: Any, *, n_volumes: int | None = None) -> np.ndarray:
        """Reconstruct percent signal change: decode, then convolve with the response.

        Parameters
        ----------
        spikes : ndarray, shape (runs, regions, [units,] steps)
        n_volumes : int, optional
            Volumes wanted, where the last window of a code was not full.

        Returns
        -------
        ndarray of float64, shape (runs, regions, volumes)
            Codes of change begin at the training mean: about 0.

        Raises
        ------
        ConfigurationError
            If the encoder has no inverse.
        """
        check_is_fitted(self)
        decoded = self.encoder_.inverse_transform(spikes, n_times=n_volumes)
        if not self.deconvolve:
            return decoded
        matrix = self._matrix(decoded.shape[-1])
        return decoded @ matrix.T

    def get_feature_names_out(self, input_features: Any = None) -> np.ndarray:
        """Names of the spike trains."""
        check_is_fitted(self)
        return self.encoder_.get_feature_names_out(input_features)

    def _activity(self, X: np.ndarray, regions: Sequence[str] | None) -> np.ndarray:
        n_volumes = X.shape[-1]
        if n_volumes < len(self.response_):
            raise DataError(
                f"X: runs of {n_volumes} volumes ({n_volumes * self.repetition_time:g} s) are "
                f"shorter than the response of {_LENGTH:g} s. Give longer runs, or check "
                f"repetition_time = {self.repetition_time:g} s."
            )
        change = self._percent(X, regions)
        change = change - change @ _drifts(n_volumes, self.repetition_time, self.high_pass)
        if not self.deconvolve:
            return change
        matrix = self._matrix(n_volumes)
        gram = matrix.T @ matrix
        gain = np.abs(np.fft.rfft(self.response_, 2 * n_volumes)).max()
        gram[np.diag_indices_from(gram)] += self.regularisation * gain**2
        flat = change.reshape(-1, n_volumes)
        solved = linalg.solve(gram, matrix.T @ flat.T, assume_a="pos")
        return np.ascontiguousarray(solved.T).reshape(X.shape)

    def _percent(self, X: np.ndarray, regions: Sequence[str] | None) -> np.ndarray:
        if self.units == "percent":
            if np.abs(X).max() > 100:
                raise DataError(
                    f"X: expected percent signal change, but values reach "
                    f"{np.abs(X).max():.4g} %. For the scanner's units give units='signal'."
                )
            return X
        mean = X.mean(axis=-1, keepdims=True)
        if (X < 0).any() or (mean <= 0).any():
            region = int(np.argwhere((X < 0).any(axis=-1) | (mean[..., 0] <= 0))[0][1])
            name = region if regions is None else f"{region} ({regions[region]})"
            raise DataError(
                f"X: expected the scanner's positive units, but region {name} has values below "
                f"zero or no signal. For data that are percent signal change or standardised "
                f"already, give units='percent'; leave regions outside the brain out."
            )
        return 100 * (X / mean - 1)

    def _matrix(self, n_volumes: int) -> np.ndarray:
        """Matrix whose product with activity is the response to it (volumes, volumes)."""
        column = np.zeros(n_volumes)
        column[: len(self.response_)] = self.response_[:n_volumes]
        return linalg.toeplitz(column, np.zeros(n_volumes))

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = False
        tags.input_tags.three_d_array = True
        return tags


def _check_repetition_time(value: Any) -> float:
    hint = ""
    if isinstance(value, int | float) and not isinstance(value, bool) and value > _LONGEST:
        hint = " Are these milliseconds?"
    try:
        return check_number("repetition_time", value, low=_SHORTEST, high=_LONGEST, unit="s")
    except ConfigurationError as error:
        raise ConfigurationError(f"{error}{hint}") from None


def _drifts(n_volumes: int, repetition_time: float, high_pass: float | None) -> np.ndarray:
    """Projector onto the mean and the cosines of periods of `high_pass` seconds and more."""
    duration = n_volumes * repetition_time
    count = 1 if high_pass is None else 1 + math.floor(2 * duration / high_pass)
    volume = (np.arange(n_volumes) + 0.5) / n_volumes
    basis = np.cos(np.pi * np.arange(count)[:, None] * volume)
    basis /= np.linalg.norm(basis, axis=1, keepdims=True)
    return basis.T @ basis

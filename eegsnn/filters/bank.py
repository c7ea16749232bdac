"""`FilterBank`: a series split into frequency bands, whole or as it arrives."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy import signal
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from eegsnn._validation import check_choice, check_integer, check_number
from eegsnn.errors import ConfigurationError, DataError
from eegsnn.filters.bands import resolve_bands
from eegsnn.filters.design import BandFilter, design_filter
from eegsnn.filters.filtering import filter_causal, filter_zero_phase
from eegsnn.filters.inputs import read_like_training, read_training

HIGHEST_ORDER = 12


class FilterBank(TransformerMixin, BaseEstimator, auto_wrap_output_keys=None):  # type: ignore[call-arg]
    """Split trials into frequency bands with Butterworth filters.

    Nothing is learned from the data: `fit` only designs the filters for the sampling rate.

    Parameters
    ----------
    bands : str, FrequencyBand, list, dict or None, default "standard"
        See :func:`eegsnn.filters.resolve_bands`. None: one unfiltered band, "all".
    sfreq : float, optional
        Sampling rate in Hz. Needed for arrays; mne.Epochs bring their own.
    order : int, default 4
        Order of the low-pass prototype (1–12); a band-pass has twice as many poles.
    phase : {"zero", "causal"}, default "zero"
        "zero" filters forward and backward: no delay, edges at −6 dB, right for offline analysis,
        wrong for any claim about latency or online use. "causal" filters forward: edges at −3 dB,
        delayed, equal to what :meth:`stream` computes sample by sample.
    padding : "auto" or float, default "auto"
        Seconds added at either end before zero-phase filtering. "auto": until the filter's impulse
        response has fallen to 1 %, per band.
    extension : {"edge", "odd"}, default "edge"
        What the padding holds, see :func:`eegsnn.filters.filter_zero_phase`.

    Attributes
    ----------
    bands_ : tuple of FrequencyBand
    filters_ : list of BandFilter
        One per band.
    sfreq_ : float
    n_channels_in_ : int
    ch_names_ : list of str
    input_ : SeriesInput
        Channels and rate that later data must agree with.

    Notes
    -----
    Continuous data are best filtered before trials are cut (the filter then sees real samples
    beyond the trial's ends). The padding is the second best, for data that come in trials.

    Examples
    --------
    >>> X = np.random.default_rng(0).normal(size=(2, 3, 500))
    >>> FilterBank("motor", sfreq=250.0).fit_transform(X).shape
    (2, 2, 3, 500)
    """

    def __init__(
        self,
        bands: Any = "standard",
        sfreq: float | None = None,
        order: int = 4,
        phase: str = "zero",
        padding: str | float = "auto",
        extension: str = "edge",
    ) -> None:
        self.bands = bands
        self.sfreq = sfreq
        self.order = order
        self.phase = phase
        self.padding = padding
        self.extension = extension

    def check_parameters(self) -> None:
        """Validate the constructor's values without data.

        Raises
        ------
        ConfigurationError
            Naming the parameter, what is allowed and what came.
        """
        bands = resolve_bands(self.bands)
        check_integer("order", self.order, low=1, high=HIGHEST_ORDER)
        check_choice("phase", self.phase, ["zero", "causal"])
        check_choice("extension", self.extension, ["edge", "odd"])
        if self.padding != "auto":
            check_number("padding", self.padding, low=0.0, unit="s")
        if self.sfreq is not None:
            sfreq = check_number("sfreq", self.sfreq, low=0.0, low_open=True, unit="Hz")
            for band in bands:
                band.check_rate(sfreq)

    def fit(
        self,
        X: Any,
        y: Any = None,
        *,
        ch_names: Sequence[str] | None = None,
        sfreq: float | None = None,
    ) -> FilterBank:
        """Design the filters; the data give the number of channels (and, if Epochs, the rate).

        Parameters
        ----------
        X : ndarray, shape (trials, channels, times), or mne.Epochs
        y : ignored
        ch_names : sequence of str, optional
            Default: "ch0", "ch1", … or the names in the Epochs.
        sfreq : float, optional
            Sampling rate in Hz, if not given to the constructor.

        Raises
        ------
        ConfigurationError
            If a parameter is impossible, the rate unknown or a band beyond Nyquist.
        DataError
            If X is not a finite array of that shape, or a trial shorter than a band's cycle.
        """
        self.check_parameters()
        X, self.input_ = read_training(X, expected_sfreq=self.sfreq, ch_names=ch_names, sfreq=sfreq)
        self.sfreq_, self.ch_names_ = self.input_.sfreq, self.input_.ch_names
        self.n_channels_in_ = X.shape[1]
        self.bands_ = resolve_bands(self.bands)
        self.filters_ = [design_filter(band, self.sfreq_, self.order) for band in self.bands_]
        for band_filter in self.filters_:
            band_filter.check_length(X.shape[2])
        return self

    def transform(
        self, X: Any, *, ch_names: Sequence[str] | None = None, sfreq: float | None = None
    ) -> np.ndarray:
        """Filter trials into every band.

        Parameters
        ----------
        X : ndarray, shape (trials, channels, times), or mne.Epochs
            In any unit; the output has the same.
        ch_names, sfreq : optional
            Of an array: its channels are then reordered by name, its rate checked.

        Returns
        -------
        ndarray of float64, shape (trials, bands, channels, times)
            Holds `bands` times the data; :class:`~eegsnn.encoding.EEGEncoder` goes band by band
            and never does.

        Raises
        ------
        DataError
            If a channel is missing or their number differs, the rate differs, a sample is not
            finite, or trials are shorter than one cycle at a band's centre.
        """
        check_is_fitted(self)
        X = read_like_training(X, self.input_, ch_names=ch_names, sfreq=sfreq)
        n_trials, n_channels, n_times = X.shape
        filtered = np.empty((n_trials, len(self.bands_), n_channels, n_times))
        for index, band_filter in enumerate(self.filters_):
            filtered[:, index] = apply_filter(
                X,
                band_filter,
                phase=self.phase,
                padding=self.padding,
                extension=self.extension,
            )
        return filtered

    def stream(self) -> FilterBankStream:
        """Return a stateful processor whose output over chunks equals the causal one-shot output.

        Raises
        ------
        ConfigurationError
            If `phase` is "zero": the backward pass needs the future.
        """
        check_is_fitted(self)
        if self.phase != "causal":
            raise ConfigurationError(
                'phase: streaming needs "causal", but got "zero" (which needs samples that have '
                "not arrived yet)."
            )
        return FilterBankStream(self.filters_)

    def get_feature_names_out(self, input_features: Any = None) -> np.ndarray:
        """Names of the outputs' (bands, channels) in that order: ``C3_alpha``."""
        check_is_fitted(self)
        names = self.ch_names_ if input_features is None else [str(f) for f in input_features]
        return np.array(
            [f"{channel}_{band.name}" for band in self.bands_ for channel in names], dtype=object
        )

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = False
        tags.input_tags.three_d_array = True
        tags.requires_fit = True
        return tags


def apply_filter(
    X: np.ndarray,
    band_filter: BandFilter,
    *,
    phase: str = "zero",
    padding: str | float = "auto",
    extension: str = "edge",
) -> np.ndarray:
    """Filter (..., times) into one band, as :class:`FilterBank` does into each of its own."""
    band_filter.check_length(X.shape[-1])
    if phase == "causal":
        return filter_causal(X, band_filter)
    pad = None if isinstance(padding, str) else round(padding * band_filter.sfreq)
    return filter_zero_phase(X, band_filter, padding=pad, extension=extension)


class FilterBankStream:
    """Causal filters that remember: feed chunks, get what one call on the whole would give.

    Made by :meth:`FilterBank.stream`. The output is equal bit for bit to the causal output on the
    concatenated chunks, however they are cut.

    Parameters
    ----------
    filters : list of BandFilter

    Examples
    --------
    >>> X = np.random.default_rng(0).normal(size=(1, 2, 100))
    >>> bank = FilterBank("motor", sfreq=100.0, phase="causal").fit(X)
    >>> stream = bank.stream()
    >>> parts = [stream.process(chunk) for chunk in np.split(X, [7, 50], axis=2)]
    >>> bool(np.all(np.concatenate(parts, axis=3) == bank.transform(X)))
    True
    """

    def __init__(self, filters: Sequence[BandFilter]) -> None:
        self._filters = list(filters)
        self.reset()

    def reset(self) -> None:
        """Forget the past: the next chunk begins a new recording."""
        self._first: np.ndarray | None = None
        self._states: list[np.ndarray | None] = []

    def process(self, chunk: Any) -> np.ndarray:
        """Filter the next samples.

        Parameters
        ----------
        chunk : array-like, shape (..., channels, times)
            Any number of samples, none included; leading axes as in the first chunk.

        Returns
        -------
        ndarray of float64, shape (..., bands, channels, times)

        Raises
        ------
        DataError
            If the chunk has other channels or trials than the first, or a sample is not finite;
            the state is then as before the call.
        """
        x = np.asarray(chunk, dtype=np.float64)
        if x.ndim < 2:
            raise DataError(
                f"chunk: expected an array (..., channels, times), but got shape {x.shape}."
            )
        if not np.isfinite(x).all():
            raise DataError("chunk contains NaN or infinity; nothing of it was processed.")
        filtered = np.empty((*x.shape[:-2], len(self._filters), *x.shape[-2:]))
        if x.shape[-1] == 0:
            return filtered
        self._start(x)
        assert self._first is not None
        shifted = x - self._first
        for index, band_filter in enumerate(self._filters):
            if band_filter.sos is None:
                filtered[..., index, :, :] = x
                continue
            band, self._states[index] = signal.sosfilt(
                band_filter.sos, shifted, axis=-1, zi=self._states[index]
            )
            if band_filter.dc_gain:
                band += band_filter.dc_gain * self._first
            filtered[..., index, :, :] = band
        return filtered

    def _start(self, x: np.ndarray) -> None:
        if self._first is None:
            self._first = x[..., :1].copy()
            self._states = [
                None if f.sos is None else np.zeros((len(f.sos), *x.shape[:-1], 2))
                for f in self._filters
            ]
        elif self._first.shape[:-1] != x.shape[:-1]:
            raise DataError(
                f"chunk: the stream began with shape {(*self._first.shape[:-1], 'times')}, but "
                f"this chunk has shape {x.shape}. Call reset() before another recording."
            )

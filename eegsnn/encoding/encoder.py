"""`EEGEncoder`: trials of EEG to spike counts per bin, band by band."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from eegsnn._validation import check_channel_names, check_rate_known
from eegsnn.encoding.binning import bin_starts
from eegsnn.encoding.coding import BandCode, BandScale, encode_band, learn_scale
from eegsnn.encoding.plan import band_plan, check_encoder_parameters, make_spatial_filter
from eegsnn.errors import DataError
from eegsnn.filters import BandFilter, SpatialFilter, apply_filter
from eegsnn.filters.bands import resolve_bands
from eegsnn.filters.inputs import read_like_training, read_training

# Samples of a band encoded at a time: intermediate arrays stay near 2 MB each.
_BLOCK_SAMPLES = 2**18


class EEGEncoder(TransformerMixin, BaseEstimator, auto_wrap_output_keys=None):  # type: ignore[call-arg]
    """Encode EEG trials as spikes, per band and channel, counted in bins of time.

    Each band is filtered, optionally projected by a spatial filter, standardised with the
    training data's mean and standard deviation per channel, reduced to a feature (the signal, its
    envelope or its log power), coded as spikes, and counted in bins. All scales come from the
    data given to `fit`, so that volts and microvolts give identical spikes.

    Parameters
    ----------
    bands : str, FrequencyBand, list, dict or None, default "standard"
        See :func:`eegsnn.filters.resolve_bands`. None: unfiltered.
    sfreq : float, optional
        Sampling rate in Hz; also accepted by `fit`. mne.Epochs bring their own.
    method : {"rate", "delta", "threshold", "direct"}, default "rate"
        "rate": spikes in proportion to the feature. "delta": a spike whenever the feature has
        moved by `threshold` since the last one (send on delta; several at once where it jumps).
        "threshold": a spike whenever the feature rises through +`threshold` or falls through
        −`threshold`. "direct": no spikes but a current, the feature's mean per bin, standardised.
    bin_width : float, default 0.05
        Seconds per bin. Where it is no multiple of the sample period, bins differ by one sample.
    threshold : float, default 0.5
        In training standard deviations of the feature. "delta" reconstructs the feature within
        one threshold at every sample: about 11 dB at 0.5, 17 dB at 0.25.
    signed : bool, default True
        Spikes of either sign as two features, ``C3_alpha_up`` and ``C3_alpha_down`` (for "rate"
        of the signal: its positive and negative half-waves). False: added up in one. A current
        carries its own sign, and the rate of a power has none: both are always one feature.
    feature : {"signal", "envelope", "log_power"}, default "signal"
        "signal" suits slow potentials, whose sign and time course matter; "envelope" and
        "log_power" suit rhythms, whose phase differs from trial to trial (motor imagery, SSVEP).
        Power is averaged over the bin for "direct", else over one period of the band's lower edge
        (at least a bin) about each sample; with ``phase="causal"``, over the past.
    rate_code : {"regular", "poisson"}, default "regular"
        "regular" integrates and fires: no randomness. "poisson" draws every sample.
    max_rate : float, optional
        Spikes per second at full scale. Default: the sampling rate, one spike per sample.
    quantile : float, default 0.95
        Training quantile that is full scale for "rate"; beyond it the code saturates.
    hysteresis : float, default 0.25
        For "threshold", in standard deviations: how far the feature must fall back before the
        next crossing counts. At most twice the threshold.
    refractory : float, default 0
        For "threshold", in seconds: no spike of the same sign follows within this time.
    order, phase : int, str
        Of the filters, see :class:`eegsnn.filters.FilterBank`. Defaults 4 and "zero".
    spatial_filter : {None, "csp", "whitening", "average"} or SpatialFilter, default None
        Fitted per band between filter and code; see :class:`eegsnn.filters.SpatialFilter`.
        Features are then named ``csp1_alpha_up``. "csp" needs `y`.
    n_components : int, default 4
        Of the spatial filter, where it is given by name.
    random_state : int, RandomState or None, default None
        For "poisson". A seed is fixed in `fit` and every `transform` begins with it anew: the
        same trials at the same positions give the same spikes, also after loading.

    Attributes
    ----------
    bands_ : tuple of FrequencyBand
    ch_names_ : list of str
        Channels in the order of training; "ch0", "ch1", … where no names were given.
    input_ : SeriesInput
        Channels and rate that later data must agree with.
    sfreq_ : float
    n_channels_in_ : int
    n_features_out_ : int
    plan_ : list of (BandFilter, BandCode)
        One per band.
    scales_ : list of BandScale
        What was learned, one per band.
    spatial_filters_ : list of SpatialFilter
        One per band; empty without a spatial filter.
    seed_ : int

    Notes
    -----
    Memory: beside the input and the output, `fit` holds one band of the training data at a time
    (its quantiles need all of it), `transform` one block of trials in one band.

    Examples
    --------
    >>> X = np.random.default_rng(0).normal(size=(10, 2, 500))
    >>> encoder = EEGEncoder("motor", sfreq=250.0, method="delta", bin_width=0.1)
    >>> spikes = encoder.fit_transform(X, ch_names=["C3", "C4"])
    >>> spikes.shape, spikes.dtype
    ((20, 10, 8), dtype('float32'))
    >>> encoder.get_feature_names_out()[:3]
    array(['C3_mu_up', 'C3_mu_down', 'C4_mu_up'], dtype=object)
    """

    def __init__(
        self,
        bands: Any = "standard",
        sfreq: float | None = None,
        method: str = "rate",
        bin_width: float = 0.05,
        threshold: float = 0.5,
        signed: bool = True,
        feature: str = "signal",
        rate_code: str = "regular",
        max_rate: float | None = None,
        quantile: float = 0.95,
        hysteresis: float = 0.25,
        refractory: float = 0.0,
        order: int = 4,
        phase: str = "zero",
        spatial_filter: str | SpatialFilter | None = None,
        n_components: int = 4,
        random_state: Any = None,
    ) -> None:
        self.bands = bands
        self.sfreq = sfreq
        self.method = method
        self.bin_width = bin_width
        self.threshold = threshold
        self.signed = signed
        self.feature = feature
        self.rate_code = rate_code
        self.max_rate = max_rate
        self.quantile = quantile
        self.hysteresis = hysteresis
        self.refractory = refractory
        self.order = order
        self.phase = phase
        self.spatial_filter = spatial_filter
        self.n_components = n_components
        self.random_state = random_state

    def check_parameters(self) -> None:
        """Validate the constructor's values without data.

        Raises
        ------
        ConfigurationError
            Naming the parameter, what is allowed and what came.
        """
        check_encoder_parameters(self)

    def fit(
        self,
        X: Any,
        y: Any = None,
        *,
        ch_names: Sequence[str] | None = None,
        sfreq: float | None = None,
    ) -> EEGEncoder:
        """Learn scales (and spatial filters) from training trials.

        Parameters
        ----------
        X : ndarray, shape (trials, channels, times), or mne.Epochs
            In any unit. Of Epochs, data channels that are not marked bad.
        y : array-like, shape (trials,), optional
            Labels, for `spatial_filter` "csp" only.
        ch_names : sequence of str, optional
            Names of the channels of an array.
        sfreq : float, optional
            Sampling rate in Hz of an array.

        Raises
        ------
        ConfigurationError
            If a parameter is impossible, the rate unknown, or a band beyond Nyquist.
        DataError
            If X is not a finite array of that shape, a channel is flat or holds nothing in a
            band, trials are shorter than a bin or a band's cycle, or "csp" gets no usable y.
        """
        X = self._begin(X, ch_names, sfreq)
        channel_std = X.std(axis=(0, 2))
        for band_filter, code in self.plan_:
            self._learn_band(X, y, band_filter, code, channel_std)
        return self._finish()

    def fit_transform(
        self,
        X: Any,
        y: Any = None,
        *,
        ch_names: Sequence[str] | None = None,
        sfreq: float | None = None,
    ) -> np.ndarray:
        """Do what `fit` and `transform` of the same data do, but filter them once."""
        X = self._begin(X, ch_names, sfreq)
        starts = bin_starts(X.shape[2], self.sfreq_, self.bin_width)
        channel_std = X.std(axis=(0, 2))
        parts = []
        for index, (band_filter, code) in enumerate(self.plan_):
            signal = self._learn_band(X, y, band_filter, code, channel_std)
            part = np.empty((len(starts), len(X), self._width(index, code)), dtype=np.float32)
            self._encode_into(part, signal, index, code, starts, None)
            parts.append(part)
        self._finish()
        return np.concatenate(parts, axis=2)

    def transform(
        self, X: Any, *, ch_names: Sequence[str] | None = None, sfreq: float | None = None
    ) -> np.ndarray:
        """Encode trials.

        Parameters
        ----------
        X : ndarray, shape (trials, channels, times), or mne.Epochs
            In the unit of the training data. The number of samples may differ from training.
        ch_names, sfreq : optional
            Of an array: its channels are then reordered by name, its rate checked.

        Returns
        -------
        ndarray of float32, shape (bins, trials, features)
            Spike counts, or currents with ``method="direct"``; features as named by
            `get_feature_names_out`: bands, within them channels, within them signs.

        Raises
        ------
        DataError
            If a channel is missing or their number differs, the rate differs, a sample is not
            finite, or trials are shorter than a bin or a band's cycle.
        """
        check_is_fitted(self)
        X = read_like_training(X, self.input_, ch_names=ch_names, sfreq=sfreq)
        starts = bin_starts(X.shape[2], self.sfreq_, self.bin_width)
        encoded = np.empty((len(starts), len(X), self.n_features_out_), dtype=np.float32)
        first = 0
        for index, (band_filter, code) in enumerate(self.plan_):
            last = first + self._width(index, code)
            self._encode_into(encoded[:, :, first:last], X, index, code, starts, band_filter)
            first = last
        return encoded

    def n_steps(self, n_times: int) -> int:
        """Return the number of bins of a trial of `n_times` samples (`sfreq` must be known)."""
        sfreq = check_rate_known(getattr(self, "sfreq_", None), self.sfreq)
        return len(bin_starts(n_times, sfreq, self.bin_width))

    def get_feature_names_out(self, input_features: Any = None) -> np.ndarray:
        """Names of the features: ``C3_alpha_up``, or ``C3_alpha`` where there is no sign.

        `input_features` (channel names) replace the ones known from `fit`.
        """
        check_is_fitted(self)
        channels = self.ch_names_ if input_features is None else [str(f) for f in input_features]
        check_channel_names(channels, self.n_channels_in_)
        names = []
        for index, (band_filter, code) in enumerate(self.plan_):
            sources = channels
            if self.spatial_filters_:
                sources = self.spatial_filters_[index].component_names(channels)
            names += [
                f"{source}_{band_filter.band.name}{suffix}"
                for source in sources
                for suffix in code.polarities
            ]
        return np.array(names, dtype=object)

    def get_state(self) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        """Everything a fitted encoder is, as a JSON-able dict and named arrays.

        See :func:`eegsnn.encoding.state.encoder_state`.
        """
        from eegsnn.encoding.state import encoder_state

        return encoder_state(self)

    @classmethod
    def from_state(cls, config: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> EEGEncoder:
        """Make the fitted encoder that :meth:`get_state` described."""
        from eegsnn.encoding.state import encoder_from_state

        return encoder_from_state(cls, config, arrays)

    # What follows turns trials into bands, and bands into features.

    def _begin(self, X: Any, ch_names: Sequence[str] | None, sfreq: float | None) -> np.ndarray:
        self.check_parameters()
        X, self.input_ = read_training(X, expected_sfreq=self.sfreq, ch_names=ch_names, sfreq=sfreq)
        self._describe()
        bin_starts(X.shape[2], self.sfreq_, self.bin_width)  # refuses before any work is done
        for band_filter, _ in self.plan_:
            band_filter.check_length(X.shape[2])
        self._refuse_flat(X)
        self.seed_ = int(check_random_state(self.random_state).randint(2**31 - 1))
        self.scales_: list[BandScale] = []
        self.spatial_filters_: list[SpatialFilter] = []
        return X

    def _describe(self) -> None:
        """Derive from the input's description what does not depend on the samples."""
        self.sfreq_, self.ch_names_ = self.input_.sfreq, self.input_.ch_names
        self.n_channels_in_ = len(self.ch_names_)
        self.bands_ = resolve_bands(self.bands)
        self.plan_ = band_plan(self, self.sfreq_)

    def _finish(self) -> EEGEncoder:
        self.n_features_out_ = sum(self._width(i, code) for i, (_, code) in enumerate(self.plan_))
        return self

    def _refuse_flat(self, X: np.ndarray) -> None:
        flat = np.flatnonzero(~(X[:, :, :1] != X).any(axis=(0, 2)))
        if X.shape[2] > 1 and flat.size:
            raise DataError(
                f"Flat channel in the training data: {', '.join(self.ch_names_[i] for i in flat)} "
                f"does not vary within any trial. Drop or interpolate it first."
            )

    def _learn_band(
        self,
        X: np.ndarray,
        y: Any,
        band_filter: BandFilter,
        code: BandCode,
        channel_std: np.ndarray,
    ) -> np.ndarray:
        """Append what a band teaches, and return its signal (trials, sources, times)."""
        signal = apply_filter(X, band_filter, phase=self.phase)
        names, reference = self.ch_names_, channel_std
        spatial = make_spatial_filter(self)
        if spatial is not None:
            spatial.fit(signal[:, None], y)
            signal = spatial.transform(signal[:, None])[:, 0]
            self.spatial_filters_.append(spatial)
            names = spatial.component_names(names)
            # A component's power before the band filter: from the channels it is made of.
            reference = np.abs(spatial.filters_[0]) @ reference
        scale = learn_scale(
            signal,
            code,
            bin_starts(X.shape[2], self.sfreq_, self.bin_width),
            names=names,
            channel_std=reference,
            band=str(band_filter.band),
        )
        self.scales_.append(scale)
        return signal

    def _encode_into(
        self,
        out: np.ndarray,
        X: np.ndarray,
        index: int,
        code: BandCode,
        starts: np.ndarray,
        band_filter: BandFilter | None,
    ) -> None:
        """Write a band's features of all trials to `out`; without a filter, X is the band."""
        # One stream of draws per band and sign, in the order of trials: blocks do not matter.
        generators = [
            np.random.default_rng(np.random.SeedSequence(self.seed_, spawn_key=(index, sign)))
            for sign in range(len(code.polarities))
        ]
        step = max(1, _BLOCK_SAMPLES // (X.shape[1] * X.shape[2]))
        for first in range(0, len(X), step):
            block = X[first : first + step]
            if band_filter is not None:
                block = apply_filter(block, band_filter, phase=self.phase)
                if self.spatial_filters_:
                    block = self.spatial_filters_[index].transform(block[:, None])[:, 0]
            counts = encode_band(block, code, self.scales_[index], starts, generators)
            # (trials, channels, signs, bins) to (bins, trials, channels × signs)
            flat = counts.reshape(len(block), -1, len(starts))
            out[:, first : first + step] = flat.transpose(2, 0, 1)

    def _width(self, index: int, code: BandCode) -> int:
        return len(self.scales_[index].unit) * len(code.polarities)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = False
        tags.input_tags.three_d_array = True
        spatial = getattr(self.spatial_filter, "method", self.spatial_filter)
        tags.target_tags.required = spatial == "csp"
        return tags

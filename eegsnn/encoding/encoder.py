"""`EEGEncoder`: trials of EEG to spike counts per bin, band by band."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from eegsnn._validation import check_channel_names, check_rate_known
from eegsnn.encoding.band_coding import BandCoding
from eegsnn.encoding.binning import bin_starts
from eegsnn.encoding.encoder_stream import EEGEncoderStream
from eegsnn.encoding.events import SpikeEvents, encoder_events
from eegsnn.encoding.plan import check_encoder_parameters
from eegsnn.filters import SpatialFilter
from eegsnn.filters.inputs import read_like_training


class EEGEncoder(BandCoding, TransformerMixin, BaseEstimator, auto_wrap_output_keys=None):  # type: ignore[call-arg]
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
    method : str or mapping, default "rate"
        "rate": spikes in proportion to the feature. "delta": a spike whenever the feature has
        moved by `threshold` since the last one (send on delta; several at once where it jumps).
        "threshold": a spike whenever the feature rises through +`threshold` or falls through
        −`threshold`. "direct": no spikes but a current, the feature's mean per bin, standardised.
        Any name of :data:`~eegsnn.encoding.ENCODERS` besides: codes of samples ("step_forward",
        "bsa", …) are counted in bins, codes of values ("latency", "phase", …) write each bin's
        mean in steps of their own. A mapping names one for every band, with its settings:
        ``{"delta": "direct", "alpha": {"method": "level_crossing", "threshold": 0.25}}``.
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
        For Poisson spikes. A seed is fixed in `fit` and every `transform` begins with it anew: the
        same trials at the same positions give the same spikes, also after loading.
    settings : mapping, optional
        Of the encoder of :data:`~eegsnn.encoding.ENCODERS` that `method` names, where they are
        not its defaults: ``{"n_taps": 9}``. Lengths are in samples. `threshold`, `hysteresis`,
        `refractory`, `max_rate` and `quantile` need not be repeated where they mean the same.
    polarity : {"split", "merged", "signed", "up", "down"}, optional
        What becomes of spikes of two signs. "split": a feature each, "merged": added up,
        "signed": one feature that counts the others down, "up" or "down": only these. Default:
        "split", or "merged" with ``signed=False``.
    normalization : {"standard", "robust"}, default "standard"
        Of the band signal: by mean and standard deviation, or by median and median absolute
        deviation, which artefacts do not move.

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
        method: str | Mapping[str, Any] = "rate",
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
        settings: Mapping[str, Any] | None = None,
        polarity: str | None = None,
        normalization: str = "standard",
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
        self.settings = settings
        self.polarity = polarity
        self.normalization = normalization

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
            part = self._empty(starts, len(X), self._width(index, code))
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
        ndarray of float32, shape (steps, trials, features)
            Spike counts per bin, or currents with ``method="direct"``; features as named by
            `get_feature_names_out`: bands, within them channels, units and signs. A step is a
            bin; codes of values make several of each bin.

        Raises
        ------
        DataError
            If a channel is missing or their number differs, the rate differs, a sample is not
            finite, or trials are shorter than a bin or a band's cycle.
        """
        check_is_fitted(self)
        X = read_like_training(X, self.input_, ch_names=ch_names, sfreq=sfreq)
        starts = bin_starts(X.shape[2], self.sfreq_, self.bin_width)
        encoded = self._empty(starts, len(X), self.n_features_out_)
        first = 0
        for index, (band_filter, code) in enumerate(self.plan_):
            last = first + self._width(index, code)
            self._encode_into(encoded[:, :, first:last], X, index, code, starts, band_filter)
            first = last
        return encoded

    def events(
        self, X: Any, *, ch_names: Sequence[str] | None = None, sfreq: float | None = None
    ) -> list[SpikeEvents]:
        """Encode trials as lists of spikes, at the times of their samples, not counted in bins.

        Parameters
        ----------
        X, ch_names, sfreq
            As in `transform`.

        Returns
        -------
        list of SpikeEvents
            One per trial; `SpikeEvents.unit` counts `event_units`.

        Raises
        ------
        ConfigurationError
            If a band's code is a current.
        """
        check_is_fitted(self)
        X = read_like_training(X, self.input_, ch_names=ch_names, sfreq=sfreq)
        return encoder_events(self, X)

    def stream(self) -> EEGEncoderStream:
        """Return an encoder that remembers: chunks give what one `transform` of the whole would.

        Raises
        ------
        ConfigurationError
            If `phase` is "zero" (the backward pass needs samples that have not arrived), or the
            code is "rate" with ``rate_code="poisson"``, whose draws go trial by trial.
        """
        check_is_fitted(self)
        return EEGEncoderStream(self)

    def event_units(self) -> np.ndarray:
        """Names of the units of `events`: those of the features, less the sign."""
        check_is_fitted(self)
        names = [name for index in range(len(self.plan_)) for name in self._trains(index)]
        return np.array(names, dtype=object)

    def sparse(
        self, X: Any, *, ch_names: Sequence[str] | None = None, sfreq: float | None = None
    ) -> list[Any]:
        """Encode trials as sparse matrices: what `transform` gives, one per trial.

        Returns
        -------
        list of scipy.sparse.csr_array, shape (steps, features), float32
        """
        from scipy import sparse

        encoded = self.transform(X, ch_names=ch_names, sfreq=sfreq)
        return [sparse.csr_array(encoded[:, trial]) for trial in range(encoded.shape[1])]

    def n_steps(self, n_times: int) -> int:
        """Return the number of steps of a trial of `n_times` samples (`sfreq` must be known)."""
        sfreq = check_rate_known(getattr(self, "sfreq_", None), self.sfreq)
        return len(bin_starts(n_times, sfreq, self.bin_width)) * self._steps_per_bin()

    def get_feature_names_out(self, input_features: Any = None) -> np.ndarray:
        """Names of the features: ``C3_alpha_up``, or ``C3_alpha`` where there is no sign.

        `input_features` (channel names) replace the ones known from `fit`.
        """
        check_is_fitted(self)
        channels = self.ch_names_ if input_features is None else [str(f) for f in input_features]
        check_channel_names(channels, self.n_channels_in_)
        names = [
            f"{train}{suffix}"
            for index, (_, code) in enumerate(self.plan_)
            for train in self._trains(index, channels)
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

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = False
        tags.input_tags.three_d_array = True
        spatial = getattr(self.spatial_filter, "method", self.spatial_filter)
        tags.target_tags.required = spatial == "csp"
        return tags

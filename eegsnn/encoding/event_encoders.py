"""Encoders whose every step is a sample: codes of change, of crossings, sigma-delta."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np

from eegsnn._validation import check_integer, check_number
from eegsnn.encoding.crossing import threshold_crossing_chunk
from eegsnn.encoding.delta import (
    contrast_rows,
    integrate_spikes,
    level_crossing_chunk,
    step_forward_chunk,
)
from eegsnn.encoding.modulation import sigma_delta_chunk
from eegsnn.encoding.rate import smooth, smoothing_kernel
from eegsnn.encoding.signals import SignalEncoder
from eegsnn.encoding.window import moving_window_chunk
from eegsnn.errors import ConfigurationError, SlewLimitWarning


def _check_threshold(value: Any) -> float:
    return check_number("threshold", value, low=0.0, low_open=True, unit="σ")


class _IntegratingEncoder(SignalEncoder):
    """Codes whose spikes, added up, follow the signal in steps of one threshold."""

    in_blocks: ClassVar[bool] = False

    threshold: float

    def check_parameters(self) -> None:
        """Validate the constructor's values without data."""
        super().check_parameters()
        _check_threshold(self.threshold)

    def _decode(
        self, spikes: np.ndarray, offset: np.ndarray, unit: np.ndarray, start: np.ndarray
    ) -> np.ndarray:
        return integrate_spikes(spikes, self.threshold * unit, start)

    def _steps(self, n_rows: int, first_row: int) -> np.ndarray:
        """One threshold in the unit of the data, per row."""
        return self.threshold * self._scale(n_rows, first_row)[1]


class LevelCrossingEncoder(_IntegratingEncoder):
    """Send on delta: as many spikes as thresholds moved; see :func:`level_crossing`.

    The inverse is within one threshold at every sample, of any signal.

    Parameters
    ----------
    threshold : float, default 0.5
        In training standard deviations. The signal-to-noise ratio of the reconstruction is about
        ``10·log₁₀(3/threshold²)``: 11 dB at 0.5, 17 dB at 0.25, 31 dB at 0.05.

    Examples
    --------
    >>> X = np.sin(np.arange(200) / 10)[None, None]
    >>> encoder = LevelCrossingEncoder(threshold=0.25).fit(X)
    >>> spikes = encoder.transform(X)
    >>> restored = encoder.inverse_transform(spikes, start=X[..., 0])
    >>> bool(np.abs(X - restored).max() <= 0.25 * X.std())
    True
    """

    def __init__(self, threshold: float = 0.5) -> None:
        self.threshold = threshold

    def _encode(self, rows: np.ndarray, state: Any, first_row: int) -> tuple[np.ndarray, Any]:
        return level_crossing_chunk(rows, self._steps(len(rows), first_row), state)


class StepForwardEncoder(_IntegratingEncoder):
    """One spike a sample at most, where the signal left its baseline; see :func:`step_forward`.

    The inverse is within one threshold wherever the signal moves by no more than that from one
    sample to the next; where it is faster, `transform` gives a SlewLimitWarning.

    Parameters
    ----------
    threshold : float, default 0.5
        In training standard deviations.
    """

    def __init__(self, threshold: float = 0.5) -> None:
        self.threshold = threshold

    def _encode(self, rows: np.ndarray, state: Any, first_row: int) -> tuple[np.ndarray, Any]:
        return step_forward_chunk(rows, self._steps(len(rows), first_row), state)

    def _report(self, state: Any, rows: np.ndarray) -> None:
        worst = int(np.argmax(state.lagging))
        if state.lagging[worst]:
            late = state.lagging[worst] / rows.shape[1]
            unit = self._scale(len(rows), 0)[1][worst]
            needed = np.abs(np.diff(rows[worst])).max() / unit
            warnings.warn(
                f"Step-forward moves by one threshold a sample and could not follow the signal: "
                f"in channel {self._row_name(worst)} at {late:.1%} of the samples. The "
                f"reconstruction is not within the threshold there; raise threshold from "
                f"{self.threshold:g} to {needed:.2g} σ, or use level crossing.",
                SlewLimitWarning,
                stacklevel=3,
            )


class MovingWindowEncoder(_IntegratingEncoder):
    """Spikes where the signal leaves the band about its recent mean; see :func:`moving_window`.

    The inverse adds spikes up and drifts; expect about 0 dB.

    Parameters
    ----------
    threshold : float, default 0.5
        In training standard deviations.
    window : int, default 25
        Samples before the present one that are averaged.
    """

    def __init__(self, threshold: float = 0.5, window: int = 25) -> None:
        self.threshold = threshold
        self.window = window

    def check_parameters(self) -> None:
        """Validate the constructor's values without data."""
        super().check_parameters()
        check_integer("window", self.window, low=1)

    def _encode(self, rows: np.ndarray, state: Any, first_row: int) -> tuple[np.ndarray, Any]:
        return moving_window_chunk(rows, self._steps(len(rows), first_row), self.window, state)


class TemporalContrastEncoder(SignalEncoder):
    """Spikes where the signal changes fast: delta or TBR; see :func:`temporal_contrast`.

    The inverse adds spikes up; of zero-mean band signals it keeps little, about 0 dB or less.

    Parameters
    ----------
    factor : float, default 1.0
        The threshold is mean + factor · standard deviation of the training data's differences
        from sample to sample, per channel.

    Attributes
    ----------
    thresholds_ : ndarray, shape (channels,) or (bands, channels)
        In the unit of the data.
    """

    _more_arrays: ClassVar[tuple[str, ...]] = ("thresholds_",)

    def __init__(self, factor: float = 1.0) -> None:
        self.factor = factor

    def check_parameters(self) -> None:
        """Validate the constructor's values without data."""
        super().check_parameters()
        check_number("factor", self.factor, low=0.0)

    def _learn(self, X: np.ndarray) -> None:
        self.thresholds_ = np.empty(self.offset_.shape)
        for place in np.ndindex(self.offset_.shape):
            z = X[(slice(None), *place)] / self.unit_[place]
            # All differences of a channel together, those between trials left out.
            d = np.diff(z, axis=-1).ravel()
            limit = d.mean() + self.factor * d.std() if d.size else 0.0
            if limit <= 0:
                name = self._row_name(int(np.ravel_multi_index(place, self.offset_.shape)))
                raise ConfigurationError(
                    f"factor: mean + {self.factor:g}·std of the differences is {limit:.3g} σ in "
                    f"channel {name}, but a threshold must be positive. Choose a larger factor."
                )
            self.thresholds_[place] = limit * self.unit_[place]

    def _limits(self, n_rows: int, first_row: int) -> np.ndarray:
        place = np.arange(first_row, first_row + n_rows) % self.offset_.size
        return self.thresholds_.ravel()[place]

    def _encode(self, rows: np.ndarray, state: Any, first_row: int) -> tuple[np.ndarray, Any]:
        before = rows[:, :1] if state is None else state
        limits = self._limits(len(rows), first_row)[:, None]
        return contrast_rows(rows, limits, before), rows[:, -1:].copy()

    def _decode(
        self, spikes: np.ndarray, offset: np.ndarray, unit: np.ndarray, start: np.ndarray
    ) -> np.ndarray:
        return integrate_spikes(spikes, self._limits(len(spikes), 0)[:, None], start)


class ThresholdCrossingEncoder(SignalEncoder):
    """Spikes where the signal crosses a level; see :func:`threshold_crossing`.

    Parameters
    ----------
    threshold : float or sequence of float, default 1.0
        In training standard deviations. Of several, each is a spike train of its own, on the axis
        of units.
    hysteresis : float, default 0.25
        In standard deviations: how far the signal must fall back before it can cross again. At
        most twice the lowest threshold.
    refractory : int, default 0
        Samples after a spike in which none of the same sign follows.
    """

    instead_of_inverse: ClassVar[str | None] = (
        "it says when a level was crossed, not how far the signal went. Report event statistics: "
        "eegsnn.measures.spike_rate and interval_statistics."
    )
    in_blocks: ClassVar[bool] = False

    def __init__(
        self,
        threshold: float | Sequence[float] = 1.0,
        hysteresis: float = 0.25,
        refractory: int = 0,
    ) -> None:
        self.threshold = threshold
        self.hysteresis = hysteresis
        self.refractory = refractory

    def check_parameters(self) -> None:
        """Validate the constructor's values without data."""
        super().check_parameters()
        levels = self._levels()
        check_number("hysteresis", self.hysteresis, low=0.0, unit="σ")
        if self.hysteresis > 2 * min(levels):
            raise ConfigurationError(
                f"hysteresis: expected at most twice the threshold, {2 * min(levels):g} σ, but "
                f"got {self.hysteresis:g} σ."
            )
        check_integer("refractory", self.refractory, low=0)

    def _levels(self) -> list[float]:
        given: Any = self.threshold
        several = isinstance(given, list | tuple | np.ndarray)
        levels = [_check_threshold(level) for level in (given if several else [given])]
        if not levels or sorted(set(levels)) != levels:
            raise ConfigurationError(
                f"threshold: expected a number, or several in rising order, but got {given!r}."
            )
        return levels

    def _unit_names(self) -> list[str]:
        levels = self._levels()
        return [f"_{level:g}sd" for level in levels] if len(levels) > 1 else []

    def _encode(self, rows: np.ndarray, state: Any, first_row: int) -> tuple[np.ndarray, Any]:
        offset, unit = self._scale(len(rows), first_row)
        levels = self._levels()
        states = [None] * len(levels) if state is None else state
        coded = [
            threshold_crossing_chunk(
                rows, level, self.hysteresis, self.refractory, latches, offset, unit
            )
            for level, latches in zip(levels, states, strict=True)
        ]
        spikes = coded[0][0] if len(coded) == 1 else np.stack([part for part, _ in coded], axis=1)
        return spikes, [latches for _, latches in coded]


class SigmaDeltaEncoder(SignalEncoder):
    """Spikes whose low-pass is the signal; see :func:`sigma_delta`.

    Parameters
    ----------
    threshold : float, default 3.0
        In training standard deviations. Below the signal's peaks the code is overloaded, and
        `transform` gives a SlewLimitWarning.
    kernel : {"boxcar", "exponential", "gaussian"}, default "gaussian"
        Low-pass of the inverse.
    width : float, default 2.0
        Its width in samples, see :func:`smoothing_kernel`.
    """

    in_blocks: ClassVar[bool] = False

    def __init__(
        self, threshold: float = 3.0, kernel: str = "gaussian", width: float = 2.0
    ) -> None:
        self.threshold = threshold
        self.kernel = kernel
        self.width = width

    def check_parameters(self) -> None:
        """Validate the constructor's values without data."""
        super().check_parameters()
        _check_threshold(self.threshold)
        smoothing_kernel(self.kernel, self.width)

    def _encode(self, rows: np.ndarray, state: Any, first_row: int) -> tuple[np.ndarray, Any]:
        offset, unit = self._scale(len(rows), first_row)
        return sigma_delta_chunk(rows, self.threshold * unit, state, offset)

    def _decode(
        self, spikes: np.ndarray, offset: np.ndarray, unit: np.ndarray, start: np.ndarray
    ) -> np.ndarray:
        decoded = smooth(spikes, smoothing_kernel(self.kernel, self.width))
        return offset + self.threshold * unit * decoded

    def _report(self, state: Any, rows: np.ndarray) -> None:
        worst = int(np.argmax(state.overload))
        late = state.overload[worst] / rows.shape[1]
        if late > 0.01:
            warnings.warn(
                f"Sigma-delta puts out one threshold a sample at most and was overloaded: in "
                f"channel {self._row_name(worst)} at {late:.1%} of the samples. Raise threshold "
                f"above {self.threshold:g} σ, towards the signal's peaks.",
                SlewLimitWarning,
                stacklevel=3,
            )

"""What every encoder of signals shares: scales from training data, rows, names, streams."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from eegsnn._validation import (
    channel_order,
    check_banded_series,
    check_channel_names,
    check_number,
    unpack_series,
)
from eegsnn.encoding._rows import as_rows
from eegsnn.encoding.streaming import EncoderStream
from eegsnn.errors import ConfigurationError, DataError

# Samples taken at a time by codes that need arrays between input and output.
_BLOCK_SAMPLES = 2**18


class SignalEncoder(TransformerMixin, BaseEstimator, auto_wrap_output_keys=None):  # type: ignore[call-arg]
    """Base of the encoders of :data:`eegsnn.encoding.ENCODERS`: arrays (..., times) to spikes.

    `fit` learns, per channel (and band), an offset and a unit, in which all thresholds are given:
    volts and microvolts then spike alike. A subclass says by `scaling` what these are, and how
    rows are coded (`_encode`, `_finish`) and decoded (`_decode`).

    Attributes
    ----------
    offset_, unit_ : ndarray, shape (channels,) or (bands, channels)
        What is coded is (X − offset_) / unit_.
    ch_names_ : list of str
    band_names_ : list of str or None
    n_channels_in_ : int
    """

    # "standard": mean and standard deviation. "peak": mean, and the `quantile` of the distance
    # from it. "range": the quantiles 1 − `quantile` and `quantile`, for codes of [0, 1].
    scaling: ClassVar[str] = "standard"
    # Whether spikes have signs.
    bipolar: ClassVar[bool] = True
    # Whether single values are coded, each as a train of steps, rather than samples as they come.
    codes_values: ClassVar[bool] = False
    # What measures a code without inverse; None where there is an inverse.
    instead_of_inverse: ClassVar[str | None] = None
    # Whether channels are coded together, so that a block of rows must hold all of a band's.
    couples_channels: ClassVar[bool] = False
    # Whether `_encode` makes large arrays of its own, so that rows are taken in blocks.
    in_blocks: ClassVar[bool] = True

    def check_parameters(self) -> None:
        """Validate the constructor's values without data.

        Raises
        ------
        ConfigurationError
            Naming the parameter, what is allowed and what came.
        """
        quantile = getattr(self, "quantile", 1.0)
        check_number("quantile", quantile, low=0.5, high=1.0, low_open=True)

    def fit(
        self,
        X: Any,
        y: Any = None,
        *,
        ch_names: Sequence[str] | None = None,
        band_names: Sequence[str] | None = None,
    ) -> SignalEncoder:
        """Learn scales from training signals.

        Parameters
        ----------
        X : ndarray, shape (trials, channels, times) or (trials, bands, channels, times), or Epochs
            In any unit; :class:`eegsnn.filters.FilterBank` gives the second.
        y : ignored
        ch_names, band_names : sequence of str, optional
            Default: "ch0", … and "band0", …

        Raises
        ------
        ConfigurationError
            If a parameter is impossible.
        DataError
            If X is not a finite array of such a shape, or a channel does not vary.
        """
        self.check_parameters()
        X, names, _ = unpack_series(X, ch_names=ch_names)
        X = check_banded_series(X, ch_names=names)
        n_channels = X.shape[-2]
        self.ch_names_ = (
            [f"ch{i}" for i in range(n_channels)]
            if names is None
            else check_channel_names(names, n_channels)
        )
        self.named_ = names is not None
        self.n_channels_in_ = n_channels
        self.band_names_ = _band_names(X, band_names)
        self.seed_ = int(check_random_state(getattr(self, "random_state", None)).randint(2**31 - 1))
        self.offset_ = np.empty(X.shape[1:-1])
        self.unit_ = np.empty(X.shape[1:-1])
        for place in np.ndindex(X.shape[1:-1]):
            signals = X[(slice(None), *place)]
            self.offset_[place], self.unit_[place] = self._learn_scale(signals, place)
        self._learn(X)
        return self

    def transform(self, X: Any, *, ch_names: Sequence[str] | None = None) -> np.ndarray:
        """Encode signals.

        Parameters
        ----------
        X : ndarray, shape (trials, [bands,] channels, times), or Epochs
            In the unit of the training data.
        ch_names : sequence of str, optional
            Channels are then reordered by name.

        Returns
        -------
        ndarray, shape (trials, [bands,] channels, [units,] steps)
            Signed whole numbers, int8 or int32 (currents, float32, of "direct" and "repeat").
            Steps are samples, unless the class says otherwise; units occur in codes of several
            spike trains per channel.

        Raises
        ------
        DataError
            If channels or bands are others than those fitted, or a sample is not finite.
        """
        check_is_fitted(self)
        return self.encode_trials(self._read(X, ch_names))

    def encode_trials(self, X: np.ndarray, first_trial: int = 0) -> np.ndarray:
        """Do what `transform` does, of arrays known to fit; `first_trial` is their number.

        The number decides which draws a random code makes: blocks of trials, encoded one after
        the other, then give what all at once do.
        """
        rows = as_rows(X)
        group = int(np.prod(X.shape[1:-1]))
        before = first_trial * group
        step = len(rows)
        if self.in_blocks:
            least = group if self.couples_channels else 1
            step = least * max(1, _BLOCK_SAMPLES // (least * rows.shape[1]))
        parts = []
        for first in range(0, len(rows), step):
            block = rows[first : first + step]
            spikes, state = self._encode(block, None, before + first)
            parts.append(self._joined([spikes, self._finish(state)]))
            self._report(state, block)
        spikes = parts[0] if len(parts) == 1 else np.concatenate(parts)
        return spikes.reshape(*X.shape[:-1], *spikes.shape[1:])

    def inverse_transform(
        self, spikes: Any, *, start: Any = None, n_times: int | None = None
    ) -> np.ndarray:
        """Reconstruct signals from spikes, in the unit of the training data.

        Parameters
        ----------
        spikes : ndarray, shape (trials, [bands,] channels, [units,] steps)
        start : array-like, shape (trials, [bands,] channels), optional
            The signals' first samples, for codes of change, whose spikes do not hold it. Default:
            the training mean; the reconstruction is then off by a constant.
        n_times : int, optional
            Samples wanted, where the last window of a code was not full.

        Returns
        -------
        ndarray of float64, shape (trials, [bands,] channels, times)

        Raises
        ------
        ConfigurationError
            If the code has no inverse; the message says which measures there are instead.
        DataError
            If the shape does not fit what was fitted.
        """
        check_is_fitted(self)
        if self.instead_of_inverse is not None:
            raise ConfigurationError(
                f"{type(self).__name__} has no inverse: {self.instead_of_inverse}"
            )
        spikes = np.asarray(spikes)
        units = (self.n_units_,) if self.n_units_ else ()
        inner = (*self.offset_.shape, *units)
        if spikes.ndim != len(inner) + 2 or spikes.shape[1:-1] != inner:
            raise DataError(
                f"spikes: expected shape (trials, {', '.join(map(str, inner))}, steps) as "
                f"transform gives, but got {spikes.shape}."
            )
        rows = spikes.reshape(-1, *units, spikes.shape[-1])
        offset, unit = self._scale(len(rows), 0)
        if start is None:
            first = offset
        else:
            shape = (len(spikes), *self.offset_.shape)
            first = np.asarray(start, dtype=float)
            if first.size != len(rows):
                raise DataError(f"start: expected shape {shape}, but got {first.shape}.")
            first = first.ravel()
        decoded = self._decode(rows, offset[:, None], unit[:, None], first[:, None])
        decoded = decoded.reshape(len(spikes), *self.offset_.shape, -1)
        return decoded if n_times is None else decoded[..., :n_times]

    def stream(self) -> EncoderStream:
        """Return an encoder that remembers: chunks give what one call on the whole would give."""
        check_is_fitted(self)
        return EncoderStream(self)

    def get_feature_names_out(self, input_features: Any = None) -> np.ndarray:
        """Names of the spike trains, in the order of the array: ``C3_alpha``, ``C3_alpha_unit2``.

        Bands, within them channels, within them units.
        """
        check_is_fitted(self)
        channels = self.ch_names_ if input_features is None else [str(f) for f in input_features]
        check_channel_names(channels, self.n_channels_in_)
        bands = [""] if self.band_names_ is None else [f"_{name}" for name in self.band_names_]
        units = self._unit_names() or [""]
        return np.array(
            [f"{c}{b}{u}" for b in bands for c in channels for u in units], dtype=object
        )

    @property
    def n_units_(self) -> int:
        """Spike trains per channel where they are an axis of their own, else 0."""
        return len(self._unit_names())

    @property
    def steps_per_sample_(self) -> float:
        """Steps of the output for each sample of the input."""
        return 1.0

    def learned_arrays(self) -> dict[str, np.ndarray]:
        """Return what `fit` learned, by name, for saving without pickle."""
        check_is_fitted(self)
        names = ("offset_", "unit_", *self._more_arrays)
        return {name: getattr(self, name) for name in names}

    def restore(
        self, arrays: Mapping[str, np.ndarray], ch_names: Sequence[str], seed: int
    ) -> SignalEncoder:
        """Become the encoder fitted on channels (no bands) that `learned_arrays` described."""
        for name in ("offset_", "unit_", *self._more_arrays):
            setattr(self, name, np.asarray(arrays[name], dtype=np.float64))
        self.ch_names_, self.named_, self.band_names_ = list(ch_names), True, None
        self.n_channels_in_, self.seed_ = len(self.ch_names_), seed
        return self

    # What a subclass gives.

    # Names of arrays that `_learn` adds.
    _more_arrays: ClassVar[tuple[str, ...]] = ()

    def _encode(self, rows: np.ndarray, state: Any, first_row: int) -> tuple[np.ndarray, Any]:
        """Code rows (rows, times) that follow on `state`; `first_row` is their place."""
        raise NotImplementedError

    def _finish(self, state: Any) -> np.ndarray | None:
        """Return the spikes that were still waiting for samples when the signal ended."""
        return None

    def _decode(
        self, spikes: np.ndarray, offset: np.ndarray, unit: np.ndarray, start: np.ndarray
    ) -> np.ndarray:
        raise NotImplementedError

    def _learn(self, X: np.ndarray) -> None:
        """Learn more than offset and unit."""

    def _report(self, state: Any, rows: np.ndarray) -> None:
        """Warn where the code could not follow the rows."""

    def _unit_names(self) -> list[str]:
        return []

    # What subclasses use.

    def _scale(self, n_rows: int, first_row: int) -> tuple[np.ndarray, np.ndarray]:
        """Offset and unit of each of `n_rows` rows from `first_row` on."""
        place = np.arange(first_row, first_row + n_rows) % self.offset_.size
        return self.offset_.ravel()[place], self.unit_.ravel()[place]

    def _scaled(self, rows: np.ndarray, first_row: int) -> np.ndarray:
        """Rows in units: about 0 with variance 1, or within [−1, 1] or [0, 1]."""
        offset, unit = self._scale(len(rows), first_row)
        z = (rows - offset[:, None]) / unit[:, None]
        if self.scaling == "standard":
            return z
        return np.clip(z, -1.0 if self.scaling == "peak" else 0.0, 1.0, out=z)

    def _row_name(self, row: int) -> str:
        place = np.unravel_index(row % self.offset_.size, self.offset_.shape)
        name = self.ch_names_[place[-1]]
        return name if self.band_names_ is None else f"{name}, band {self.band_names_[place[0]]}"

    def _learn_scale(self, signals: np.ndarray, place: tuple[int, ...]) -> tuple[float, float]:
        # Divided by its largest value first, so that squares neither overflow nor vanish.
        largest = float(np.abs(signals).max()) or 1.0
        z = signals / largest
        centre = float(z.mean())
        if self.scaling == "standard":
            unit = float(z.std())
        elif self.scaling == "peak":
            unit = float(np.quantile(np.abs(z - centre), self.quantile))
        else:
            ends = [1 - self.quantile, self.quantile]
            centre, top = (float(v) for v in np.quantile(z, ends))
            unit = top - centre
        if unit <= 1e-14 or not np.isfinite(unit * largest) or unit * largest == 0.0:
            name = self._row_name(int(np.ravel_multi_index(place, self.offset_.shape)))
            raise DataError(
                f"Flat signal in the training data: channel {name} does not vary. Drop or "
                f"interpolate it first."
            )
        return centre * largest, unit * largest

    def _joined(self, parts: list[np.ndarray | None]) -> np.ndarray:
        there = [part for part in parts if part is not None and part.shape[-1]]
        if not there:
            return next(part for part in parts if part is not None)
        return there[0] if len(there) == 1 else np.concatenate(there, axis=-1)

    def _read(self, X: Any, ch_names: Sequence[str] | None) -> np.ndarray:
        picks = self.ch_names_ if self.named_ else None
        X, names, _ = unpack_series(X, ch_names=ch_names, picks=picks)
        X = check_banded_series(X, ch_names=names)
        if names is not None and self.named_ and names != self.ch_names_:
            X = np.ascontiguousarray(X[..., channel_order(self.ch_names_, names), :])
        if X.shape[1:-1] != self.offset_.shape:
            raise DataError(
                f"Fitted on {self._describe_shape(self.offset_.shape)}, but X has "
                f"{self._describe_shape(X.shape[1:-1])}. Give the same bands and channels, or fit "
                f"on these."
            )
        return X

    @staticmethod
    def _describe_shape(shape: tuple[int, ...]) -> str:
        bands = f"{shape[0]} bands of " if len(shape) == 2 else ""
        return f"{bands}{shape[-1]} channels"

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = False
        tags.input_tags.three_d_array = True
        return tags


def _band_names(X: np.ndarray, band_names: Sequence[str] | None) -> list[str] | None:
    if X.ndim == 3:
        if band_names is not None:
            raise DataError(
                f"band_names: X has no bands, for its shape is {X.shape}; give (trials, bands, "
                f"channels, times) or leave the names out."
            )
        return None
    if band_names is None:
        return [f"band{i}" for i in range(X.shape[1])]
    names = [str(name) for name in band_names]
    if len(names) != X.shape[1]:
        raise DataError(f"band_names: expected {X.shape[1]} names, but got {len(names)}.")
    return names

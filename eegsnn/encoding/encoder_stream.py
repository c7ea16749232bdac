"""`EEGEncoder` on a signal as it arrives: bins as soon as they are complete."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from eegsnn.encoding._rows import as_rows
from eegsnn.encoding.binning import bin_edges, bin_sums
from eegsnn.encoding.coding import (
    BandCode,
    BandScale,
    by_train,
    rate_trains,
    standard_signal,
    standard_values,
)
from eegsnn.encoding.crossing import threshold_crossing_chunk
from eegsnn.encoding.delta import level_crossing_chunk
from eegsnn.encoding.features import PastMean, feature_bins, of_power
from eegsnn.encoding.rate import regular_spikes_chunk
from eegsnn.errors import ConfigurationError, DataError
from eegsnn.filters import FilterBankStream

if TYPE_CHECKING:
    from eegsnn.encoding.encoder import EEGEncoder


class EEGEncoderStream:
    """Feed chunks, get the bins that are complete; together they are one call's, however cut.

    Made by :meth:`EEGEncoder.stream`. Equal to :meth:`EEGEncoder.transform` bit for bit; with a
    spatial filter up to the rounding of its matrix product, which depends on how many samples come
    at once. Memory: a chunk in every band, and one bin.

    Parameters
    ----------
    encoder : EEGEncoder
        Fitted, with ``phase="causal"``.

    Raises
    ------
    ConfigurationError
        If the encoder needs samples that have not arrived.

    Examples
    --------
    >>> from eegsnn.encoding import EEGEncoder
    >>> X = np.random.default_rng(0).normal(size=(1, 2, 500))
    >>> encoder = EEGEncoder("motor", sfreq=250.0, bin_width=0.1, phase="causal").fit(X)
    >>> stream = encoder.stream()
    >>> parts = [stream.process(chunk) for chunk in np.split(X, [30, 420], axis=2)]
    >>> [len(part) for part in parts]
    [1, 15, 4]
    >>> bool(np.all(np.concatenate([*parts, stream.flush()]) == encoder.transform(X)))
    True
    """

    def __init__(self, encoder: EEGEncoder) -> None:
        if encoder.phase != "causal":
            raise ConfigurationError(
                f'phase: streaming needs "causal", but got {encoder.phase!r} (which needs samples '
                f'that have not arrived yet). Fit an encoder with phase="causal".'
            )
        for band_filter, code in encoder.plan_:
            if code.method == "rate" and code.rate_code == "poisson":
                raise ConfigurationError(
                    f"rate_code: 'poisson' draws a whole trial after the other, and cannot be "
                    f"streamed (band {band_filter.band.name}). Use method='poisson', whose draws "
                    f"go sample by sample, or rate_code='regular'."
                )
        self._encoder = encoder
        self.reset()

    def reset(self) -> None:
        """Forget the past: the next chunk begins a new recording."""
        encoder = self._encoder
        self._shape: tuple[int, ...] | None = None
        self._filters = FilterBankStream([band_filter for band_filter, _ in encoder.plan_])
        self._bands = [
            _BandStream(code, scale, encoder.bin_width * encoder.sfreq_)
            for (_, code), scale in zip(encoder.plan_, encoder.scales_, strict=True)
        ]
        self._joined = _Joined(len(self._bands))

    def process(self, chunk: Any) -> np.ndarray:
        """Encode the next samples.

        Parameters
        ----------
        chunk : array-like, shape ([trials,] channels, times)
            Any number of samples, none included; trials as in the first chunk, channels as in
            training and in its order, in its unit.

        Returns
        -------
        ndarray of float32, shape (steps, [trials,] features)
            The bins that are complete by now, in all bands: codes that look ahead (the spikers)
            hold them back by as many samples.

        Raises
        ------
        DataError
            If trials or channels differ, or a sample is not finite; the state is then as before.
        """
        x = self._checked(chunk)
        if x.shape[-1] == 0:
            return np.empty((0, *x.shape[:-2], self._encoder.n_features_out_), dtype=np.float32)
        self._shape = x.shape[:-1]
        filtered = self._filters.process(x.reshape(-1, *x.shape[-2:]))
        parts = []
        for index, band in enumerate(self._bands):
            signal = filtered[:, index]
            if self._encoder.spatial_filters_:
                spatial = self._encoder.spatial_filters_[index]
                signal = spatial.transform(signal[:, None])[:, 0]
            parts.append(band.process(signal))
        return self._as_asked(self._joined.add(parts))

    def flush(self) -> np.ndarray:
        """End the recording: return the steps still owed, and forget the past.

        The last of them is a bin that the recording ended in, if there is one, as `transform`
        keeps it.
        """
        if self._shape is None:
            raise DataError("The stream has seen no samples yet; call process(chunk) first.")
        steps = self._as_asked(self._joined.add([band.flush() for band in self._bands]))
        self.reset()
        return steps

    def _as_asked(self, steps: np.ndarray) -> np.ndarray:
        assert self._shape is not None
        return steps if len(self._shape) == 2 else steps[:, 0]

    def _checked(self, chunk: Any) -> np.ndarray:
        x = np.asarray(chunk, dtype=np.float64)
        n_channels = self._encoder.n_channels_in_
        if x.ndim not in (2, 3) or x.shape[-2] != n_channels:
            raise DataError(
                f"chunk: expected shape ([trials,] {n_channels}, times) as fitted, but got "
                f"{x.shape}."
            )
        if self._shape is not None and x.shape[:-1] != self._shape:
            raise DataError(
                f"chunk: the stream began with shape {(*self._shape, 'times')}, but this chunk "
                f"has shape {x.shape}. Call reset() before another recording."
            )
        if not np.isfinite(x).all():
            raise DataError("chunk contains NaN or infinity; nothing of it was processed.")
        return x


class EncoderUnionStream:
    """Streams side by side; made by :meth:`EncoderUnion.stream`.

    Parameters
    ----------
    streams : sequence of EEGEncoderStream
    """

    def __init__(self, streams: Sequence[EEGEncoderStream]) -> None:
        self._streams = list(streams)
        self._joined = _Joined(len(self._streams))

    def reset(self) -> None:
        """Forget the past: the next chunk begins a new recording."""
        for stream in self._streams:
            stream.reset()
        self._joined = _Joined(len(self._streams))

    def process(self, chunk: Any) -> np.ndarray:
        """Encode the next samples; see :meth:`EEGEncoderStream.process`."""
        return self._joined.add([stream.process(chunk) for stream in self._streams])

    def flush(self) -> np.ndarray:
        """End the recording; see :meth:`EEGEncoderStream.flush`."""
        steps = self._joined.add([stream.flush() for stream in self._streams])
        self.reset()
        return steps


class _Joined:
    """Features of several sources, of steps that all of them have given."""

    def __init__(self, n_parts: int) -> None:
        self._waiting: list[list[np.ndarray]] = [[] for _ in range(n_parts)]

    def add(self, parts: Sequence[np.ndarray]) -> np.ndarray:
        """Take the next steps (steps, [trials,] features) of each; return those of all."""
        together = [
            np.concatenate([*waiting, part])
            for waiting, part in zip(self._waiting, parts, strict=True)
        ]
        n_steps = min(map(len, together))
        self._waiting = [[part[n_steps:]] for part in together]
        return np.concatenate([part[:n_steps] for part in together], axis=-1)


class _BandStream:
    """One band's signal to its features of complete bins."""

    def __init__(self, code: BandCode, scale: BandScale, samples_per_bin: float) -> None:
        self._code, self._scale = code, scale
        self._feature = PastMean(code.window)
        # Either a bin's value is coded, or the spikes of its samples are counted.
        reduce = self._bin_values if code.of_bins else bin_sums
        self._bins = _BinStream(samples_per_bin, reduce)
        self._encoder = None if scale.encoder is None else scale.encoder.stream()
        self._state: Any = None
        self._integrals: list[np.ndarray | None] = [None, None]

    def process(self, signal: np.ndarray) -> np.ndarray:
        """Take (trials, channels, times); return (steps, trials, features)."""
        z = standard_signal(signal, self._scale)
        if self._code.of_bins:
            return self._laid_out(self._encode(self._bins.process(z)))
        if self._code.feature != "signal":
            z = of_power(self._feature.process(z * z), self._code.feature)
        return self._laid_out(self._bins.process(self._encode(z)))

    def flush(self) -> np.ndarray:
        """Return the steps still owed."""
        if self._code.of_bins:
            # A bin's value is coded at once: the code itself owes nothing.
            return self._laid_out(self._encode(self._bins.flush()))
        if self._encoder is None:
            return self._laid_out(self._bins.flush())
        late = self._bins.process(by_train(self._encoder.flush(), self._code))
        return np.concatenate([self._laid_out(late), self._laid_out(self._bins.flush())])

    def _bin_values(self, z: np.ndarray, starts: np.ndarray) -> np.ndarray:
        return feature_bins(z, self._code.feature, starts)

    def _encode(self, values: np.ndarray) -> np.ndarray:
        """Do what `spike_trains` does of a feature, going on where the last chunk ended."""
        code = self._code
        values = standard_values(values, self._scale)
        if code.method == "direct":
            return values[:, :, None]
        if self._encoder is not None:
            return by_train(self._encoder.process(values), code)
        if code.method == "rate":
            return rate_trains(values, code, self._fire)
        rows = as_rows(values)
        if code.method == "delta":
            spikes, self._state = level_crossing_chunk(rows, code.threshold, self._state)
        else:
            spikes, self._state = threshold_crossing_chunk(
                rows, code.threshold, code.hysteresis, code.refractory, self._state
            )
        return by_train(spikes.reshape(values.shape), code)

    def _fire(self, x: np.ndarray, number: int) -> np.ndarray:
        spikes, self._integrals[number] = regular_spikes_chunk(
            x, self._code.spikes_per_sample, self._integrals[number]
        )
        return spikes

    def _laid_out(self, counts: np.ndarray) -> np.ndarray:
        """(trials, channels, trains, steps) to (steps, trials, features)."""
        n_trials, n_channels, n_trains, n_steps = counts.shape
        flat = counts.reshape(n_trials, n_channels * n_trains, n_steps)
        return flat.transpose(2, 0, 1).astype(np.float32)


class _BinStream:
    """Samples (..., times) as they arrive to values of the bins that are complete."""

    def __init__(
        self, samples_per_bin: float, reduce: Callable[[np.ndarray, np.ndarray], np.ndarray]
    ) -> None:
        self._per_bin, self._reduce = samples_per_bin, reduce
        self._pending: np.ndarray | None = None
        self._first, self._given = 0, 0

    def process(self, x: np.ndarray) -> np.ndarray:
        """Return (..., bins)."""
        if self._pending is not None and self._pending.shape[-1]:
            x = np.concatenate([self._pending, x], axis=-1)
        end = self._first + x.shape[-1]
        edges = bin_edges(self._given, int(end / self._per_bin) + 3, self._per_bin)
        complete = int(np.searchsorted(edges, end, side="right")) - 1
        cut = int(edges[complete]) - self._first
        values = self._reduce(x[..., :cut], edges[:complete] - self._first)
        self._pending, self._first = x[..., cut:].copy(), self._first + cut
        self._given += complete
        return values

    def flush(self) -> np.ndarray:
        """Return the bin that has begun, if one has."""
        assert self._pending is not None
        begun = bool(self._pending.shape[-1])
        return self._reduce(self._pending, np.arange(int(begun)))

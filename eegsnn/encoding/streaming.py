"""Encoders that remember: spikes of a signal as it arrives."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from eegsnn.encoding._rows import as_rows
from eegsnn.errors import DataError

if TYPE_CHECKING:
    from eegsnn.encoding.signals import SignalEncoder


class EncoderStream:
    """Feed chunks, get the spikes that one call on the whole would give; exactly, however cut.

    Made by :meth:`SignalEncoder.stream`.

    Parameters
    ----------
    encoder : SignalEncoder
        Fitted.

    Examples
    --------
    >>> from eegsnn.encoding import LevelCrossingEncoder
    >>> X = np.random.default_rng(0).normal(size=(1, 2, 100)).cumsum(axis=2)
    >>> encoder = LevelCrossingEncoder(threshold=0.2).fit(X)
    >>> stream = encoder.stream()
    >>> parts = [stream.process(chunk) for chunk in np.split(X, [7, 50], axis=2)]
    >>> bool(np.all(np.concatenate([*parts, stream.flush()], axis=2) == encoder.transform(X)))
    True
    """

    def __init__(self, encoder: SignalEncoder) -> None:
        self._encoder = encoder
        self.reset()

    def reset(self) -> None:
        """Forget the past: the next chunk begins a new recording."""
        self._state: Any = None
        self._shape: tuple[int, ...] | None = None
        self._empty: np.ndarray | None = None

    def process(self, chunk: Any) -> np.ndarray:
        """Encode the next samples.

        Parameters
        ----------
        chunk : array-like, shape ([trials,] [bands,] channels, times)
            Any number of samples, none included; leading axes as in the first chunk, bands and
            channels as in training.

        Returns
        -------
        ndarray, shape ([trials,] [bands,] channels, [units,] steps)
            What is decided by now. Codes that look ahead (the spikers) or collect a window give
            fewer steps than samples, and the rest with later chunks or :meth:`flush`.

        Raises
        ------
        DataError
            If bands or channels differ, or a sample is not finite; the state is then as before.
        """
        x = np.asarray(chunk, dtype=np.float64)
        fitted = self._encoder.offset_.shape
        if x.ndim not in (len(fitted) + 1, len(fitted) + 2) or x.shape[-1 - len(fitted) : -1] != (
            fitted
        ):
            raise DataError(
                f"chunk: expected shape ([trials,] {', '.join(map(str, fitted))}, times) as "
                f"fitted, but got {x.shape}."
            )
        if self._shape is not None and x.shape[:-1] != self._shape:
            raise DataError(
                f"chunk: the stream began with shape {(*self._shape, 'times')}, but this chunk "
                f"has shape {x.shape}. Call reset() before another recording."
            )
        if not np.isfinite(x).all():
            raise DataError("chunk contains NaN or infinity; nothing of it was processed.")
        if x.shape[-1] == 0:
            return self._nothing(x.shape[:-1])
        self._shape = x.shape[:-1]
        spikes, self._state = self._encoder._encode(as_rows(x), self._state, 0)
        self._empty = spikes[..., :0]
        return spikes.reshape(*self._shape, *spikes.shape[1:])

    def flush(self) -> np.ndarray:
        """End the recording: return the steps still owed, and forget the past."""
        if self._shape is None:
            raise DataError("The stream has seen no samples yet; call process(chunk) first.")
        shape, spikes = self._shape, self._encoder._finish(self._state)
        nothing = self._nothing(shape)
        self.reset()
        return nothing if spikes is None else spikes.reshape(*shape, *spikes.shape[1:])

    def _nothing(self, shape: tuple[int, ...]) -> np.ndarray:
        if self._empty is None:
            # What one sample would give, of which nothing is kept.
            rows = np.zeros((int(np.prod(shape)), 1))
            self._empty = self._encoder._encode(rows, None, 0)[0][..., :0]
        return self._empty.reshape(*shape, *self._empty.shape[1:])

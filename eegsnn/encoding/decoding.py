"""Reconstruct a signal from spikes that come in pieces."""

from __future__ import annotations

import numpy as np

from eegsnn.encoding.event_encoders import TemporalContrastEncoder, _IntegratingEncoder
from eegsnn.encoding.rate import smoothing_kernel
from eegsnn.encoding.signals import SignalEncoder
from eegsnn.errors import ConfigurationError


class DecoderStream:
    """Feed the spikes of an :class:`~eegsnn.encoding.EncoderStream`, get the signal back.

    Together the pieces are what ``inverse_transform`` makes of all spikes at once, to rounding.
    Codes that are read by a kernel keep as many samples back as it reaches.

    Parameters
    ----------
    encoder : SignalEncoder
        Fitted on channels, without bands; its code must have an inverse.
    start : ndarray, shape (channels,)
        First sample of the signals, for codes of change.

    Examples
    --------
    >>> from eegsnn.encoding import SigmaDeltaEncoder
    >>> X = np.sin(np.arange(900) / 15)[None, None]
    >>> encoder = SigmaDeltaEncoder().fit(X)
    >>> spikes = encoder.transform(X)
    >>> stream = DecoderStream(encoder, X[0, :, 0])
    >>> parts = [stream.process(part) for part in np.split(spikes[0], 3, axis=-1)]
    >>> whole = encoder.inverse_transform(spikes)[0]
    >>> bool(np.allclose(np.concatenate([*parts, stream.flush()], axis=-1), whole))
    True
    """

    def __init__(self, encoder: SignalEncoder, start: np.ndarray) -> None:
        if encoder.instead_of_inverse is not None:
            raise ConfigurationError(
                f"{type(encoder).__name__} has no inverse: {encoder.instead_of_inverse}"
            )
        self._encoder = encoder
        self._start = np.asarray(start, dtype=np.float64)
        self._adds_up = isinstance(encoder, _IntegratingEncoder | TemporalContrastEncoder)
        self._reach = _reach(encoder)
        self._held: np.ndarray | None = None
        self._past = 0  # of the held steps, how many are context that was given out before

    def process(self, spikes: np.ndarray) -> np.ndarray:
        """Take spikes (channels, [units,] steps); return the samples that are certain by now."""
        if self._adds_up:
            if spikes.shape[-1] == 0:
                return np.empty((len(spikes), 0))
            decoded = self._decode(spikes)
            self._start = decoded[:, -1].copy()
            return decoded
        if not self._reach:
            return self._decode(spikes) if spikes.shape[-1] else np.empty((len(spikes), 0))
        self._hold(spikes)
        assert self._held is not None
        return self._give(self._held.shape[-1] - self._reach)

    def flush(self) -> np.ndarray:
        """Return what was kept back."""
        if self._held is None:
            return np.empty((len(self._start), 0))
        return self._give(self._held.shape[-1])

    def _hold(self, spikes: np.ndarray) -> None:
        parts = [spikes] if self._held is None else [self._held, spikes]
        self._held = np.concatenate(parts, axis=-1)

    def _give(self, stop: int) -> np.ndarray:
        assert self._held is not None
        if stop <= self._past:
            return np.empty((len(self._start), 0))
        decoded = self._decode(self._held)[:, self._past : stop]
        keep = max(0, stop - self._reach)
        self._held, self._past = self._held[..., keep:], stop - keep
        return decoded

    def _decode(self, spikes: np.ndarray) -> np.ndarray:
        return self._encoder.inverse_transform(spikes[None], start=self._start[None])[0]


def _reach(encoder: SignalEncoder) -> int:
    """Return how many steps before and after a sample its value depends on."""
    kernel, width = getattr(encoder, "kernel", None), getattr(encoder, "width", None)
    if kernel is not None and width is not None:
        return len(smoothing_kernel(kernel, width)) // 2
    return int(getattr(encoder, "n_taps", 0))

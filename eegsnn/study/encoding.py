"""The two passes over a recording: learn scales, then encode, decode, measure and write."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from eegsnn.encoding import DecoderStream, ScaleLearner, SignalEncoder, spike_events
from eegsnn.errors import DataError
from eegsnn.study.event_files import EventFiles
from eegsnn.study.measuring import BandMeasures
from eegsnn.study.settings import StudySettings
from eegsnn.study.source import BandedSource

Progress = Callable[[str, int, int], None]
"""Called with what is done, samples done and samples in all."""


@dataclass
class Excerpt:
    """A stretch of every band that is kept for figures.

    Attributes
    ----------
    first, stop : int
        Samples.
    signals : list of ndarray, shape (bands, channels, times)
    """

    first: int
    stop: int
    signals: list[np.ndarray] = field(default_factory=list)

    def take(self, first: int, chunk: np.ndarray) -> None:
        """Keep what of a chunk lies within."""
        low, high = max(self.first - first, 0), min(self.stop - first, chunk.shape[-1])
        if low < high:
            self.signals.append(chunk[..., low:high].copy())

    @property
    def array(self) -> np.ndarray:
        """The whole of it."""
        return np.concatenate(self.signals, axis=-1)


def learn_scales(
    source: BandedSource, settings: StudySettings, progress: Progress, excerpt: Excerpt
) -> list[SignalEncoder]:
    """Return an encoder per band, fitted on the whole recording; fills `excerpt`.

    Raises
    ------
    DataError
        If a channel is flat (band and channel are named), or a sample not finite.
    """
    learners = [
        ScaleLearner(settings.make_encoder(), source.ch_names, source.n_times) for _ in source.bands
    ]
    for first, chunk in source.chunks():
        for learner, band in zip(learners, chunk, strict=True):
            learner.add(band)
        excerpt.take(first, chunk)
        progress("learning scales", first + chunk.shape[-1], source.n_times)
    fitted = []
    for learner, band_info in zip(learners, source.bands, strict=True):
        try:
            fitted.append(learner.finish())
        except DataError as error:
            raise DataError(f"Band {band_info}: {error}") from None
    return fitted


@dataclass
class _Band:
    """One band on its way through the second pass."""

    encoder: SignalEncoder
    measures: BandMeasures
    excerpt: Excerpt
    decoder: DecoderStream | None = None
    pending: list[np.ndarray] = field(default_factory=list)
    decoded_to: int = 0

    def __post_init__(self) -> None:
        self.spikes = self.encoder.stream()

    def take(self, signal: np.ndarray) -> np.ndarray:
        """Encode the next samples (channels, times); return their spikes."""
        if self.decoder is None and self.encoder.instead_of_inverse is None:
            self.decoder = DecoderStream(self.encoder, signal[:, 0])
        spikes = self.spikes.process(signal)
        self.pending.append(signal)
        self._decode(spikes)
        return spikes

    def end(self) -> np.ndarray:
        """Return the spikes still owed, and measure what is left."""
        spikes = self.spikes.flush()
        self._decode(spikes)
        if self.decoder is not None:
            self._measure(self.decoder.flush())
        return spikes

    def _decode(self, spikes: np.ndarray) -> None:
        self.measures.add_spikes(spikes)
        if self.decoder is None:
            self.pending.clear()
        else:
            self._measure(self.decoder.process(spikes))

    def _measure(self, decoded: np.ndarray) -> None:
        if not self.pending:
            return
        signal = np.concatenate(self.pending, axis=1)
        # The last window of a code of values may be longer than what is left of the signal.
        n = min(decoded.shape[1], signal.shape[1])
        self.pending = [signal[:, n:]]
        if n:
            self.measures.add_signals(signal[:, :n], decoded[:, :n])
            self.excerpt.take(self.decoded_to, decoded[:, :n])
            self.decoded_to += n


def encode_bands(
    source: BandedSource,
    encoders: list[SignalEncoder],
    files: EventFiles,
    progress: Progress,
    first: int,
    stop: int,
) -> tuple[list[BandMeasures], list[np.ndarray | None], dict[str, np.ndarray]]:
    """Encode the recording into `files`.

    Parameters
    ----------
    source : BandedSource
    encoders : list of SignalEncoder
        Fitted, one per band.
    files : EventFiles
    progress : callable
    first, stop : int
        Samples whose reconstruction and events are returned.

    Returns
    -------
    measures : list of BandMeasures
    decoded : list of ndarray (channels, stop − first), or None for codes without inverse
    events : dict of str to ndarray
        Columns, as in the files.
    """
    bands = [_Band(e, BandMeasures(e.offset_, e.unit_), Excerpt(first, stop)) for e in encoders]
    shown: list[dict[str, np.ndarray]] = []
    step, per_sample = 0, encoders[0].steps_per_sample_

    def write(spikes: list[np.ndarray]) -> None:
        nonlocal step
        columns = _columns(spikes, step, per_sample, source.sfreq)
        files.append(columns)
        inside = (columns["sample"] >= first) & (columns["sample"] < stop)
        if inside.any() or not shown:  # an entry per chunk would grow with the recording
            shown.append({name: column[inside] for name, column in columns.items()})
        step += spikes[0].shape[-1]

    for at, chunk in source.chunks():
        write([band.take(signal) for band, signal in zip(bands, chunk, strict=True)])
        progress("encoding", at + chunk.shape[-1], source.n_times)
    write([band.end() for band in bands])
    decoded = [band.excerpt.array if band.excerpt.signals else None for band in bands]
    events = {name: np.concatenate([part[name] for part in shown]) for name in shown[0]}
    return [band.measures for band in bands], decoded, events


def _columns(
    spikes: list[np.ndarray], first_step: int, per_sample: float, sfreq: float
) -> dict[str, np.ndarray]:
    """Events of (channels, [units,] steps) of every band, in the order of time."""
    n_channels, n_steps = len(spikes[0]), spikes[0].shape[-1]
    rows = np.concatenate([band.reshape(math.prod(band.shape[:-1]), n_steps) for band in spikes])
    n_units = len(rows) // (len(spikes) * n_channels)
    events = spike_events(rows, first_step + np.arange(n_steps))
    time = events.time / per_sample
    place, unit = np.divmod(events.unit, n_units)
    return {
        # A code of values has several steps in a sample, or one in several.
        "sample": np.floor(time + 1e-9).astype(np.int64),
        "seconds": time / sfreq,
        "channel": place % n_channels,
        "band": place // n_channels,
        "unit": unit,
        "polarity": events.polarity,
    }

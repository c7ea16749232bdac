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
from eegsnn.study.spans import Spans

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
    """Return an encoder per band, fitted on all of the recording that counts; fills `excerpt`.

    Raises
    ------
    DataError
        If a channel is flat (band and channel are named), or a sample not finite.
    """
    learners = [
        ScaleLearner(encoder, source.ch_names, source.n_times - source.bad.n_samples)
        for encoder in settings.band_encoders()
    ]
    learned_to = 0
    for first, chunk in source.chunks():
        for start, stop in source.bad.between(first, first + chunk.shape[-1]):
            for learner, band in zip(learners, chunk, strict=True):
                if start > learned_to:
                    learner.gap()
                learner.add(band[:, start - first : stop - first])
            learned_to = stop
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
    bad: Spans
    decoder: DecoderStream | None = None
    pending: list[np.ndarray] = field(default_factory=list)
    decoded_to: int = 0
    step: int = 0

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

    def sample_times(self, steps: np.ndarray) -> np.ndarray:
        """Return the samples, in fractions, that steps stand for."""
        return steps / self.encoder.steps_per_sample_

    def _decode(self, spikes: np.ndarray) -> None:
        steps = self.step + np.arange(spikes.shape[-1])
        self.step += len(steps)
        counts = ~self.bad.inside(whole_samples(self.sample_times(steps)))
        self.measures.add_spikes(spikes if counts.all() else spikes[..., counts])
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
            counts = ~self.bad.inside(self.decoded_to + np.arange(n))
            self.measures.add_signals(signal[:, :n][:, counts], decoded[:, :n][:, counts])
            self.excerpt.take(self.decoded_to, decoded[:, :n])
            self.decoded_to += n


def encode_bands(
    source: BandedSource,
    encoders: list[SignalEncoder],
    files: EventFiles,
    progress: Progress,
    first: int,
    stop: int,
    *,
    blank: bool = False,
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
    blank : bool, default False
        Leave out the events of stretches that are BAD.

    Returns
    -------
    measures : list of BandMeasures
    decoded : list of ndarray (channels, stop − first), or None for codes without inverse
    events : dict of str to ndarray
        Columns, as in the files.
    """
    bands = [
        _Band(e, BandMeasures(e.offset_, e.unit_), Excerpt(first, stop), source.bad)
        for e in encoders
    ]
    shown: list[dict[str, np.ndarray]] = []
    timeline = _Timeline(source.sfreq)

    def write(columns: dict[str, np.ndarray]) -> None:
        if blank:
            kept = ~source.bad.inside(columns["sample"])
            columns = {name: column[kept] for name, column in columns.items()}
        files.append(columns)
        inside = (columns["sample"] >= first) & (columns["sample"] < stop)
        if inside.any() or not shown:  # an entry per chunk would grow with the recording
            shown.append({name: column[inside] for name, column in columns.items()})

    for at, chunk in source.chunks():
        before = [band.step for band in bands]
        spikes = [band.take(signal) for band, signal in zip(bands, chunk, strict=True)]
        write(timeline.add(bands, spikes, before))
        progress("encoding", at + chunk.shape[-1], source.n_times)
    before = [band.step for band in bands]
    write(timeline.add(bands, [band.end() for band in bands], before, last=True))
    decoded = [band.excerpt.array if band.excerpt.signals else None for band in bands]
    events = {name: np.concatenate([part[name] for part in shown]) for name in shown[0]}
    return [band.measures for band in bands], decoded, events


class _Timeline:
    """Events of all bands in the order of time, though some bands decide later than others."""

    def __init__(self, sfreq: float) -> None:
        self._sfreq = sfreq
        self._waiting: dict[str, np.ndarray] | None = None

    def add(
        self,
        bands: list[_Band],
        spikes: list[np.ndarray],
        first_steps: list[int],
        *,
        last: bool = False,
    ) -> dict[str, np.ndarray]:
        """Take each band's next spikes; return the events that none can come before."""
        parts = [] if self._waiting is None else [self._waiting]
        decided = np.inf
        for index, (band, of_band, step) in enumerate(zip(bands, spikes, first_steps, strict=True)):
            parts.append(self._columns(index, band, of_band, step))
            if not last:
                decided = min(decided, float(band.sample_times(np.array(band.step))))
        columns = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
        place = [columns[name] for name in ("unit", "channel", "band", "seconds")]
        order = np.lexsort(place)
        ready = columns["seconds"][order] < decided / self._sfreq
        self._waiting = {name: column[order[~ready]] for name, column in columns.items()}
        return {name: column[order[ready]] for name, column in columns.items()}

    def _columns(
        self, index: int, band: _Band, spikes: np.ndarray, first_step: int
    ) -> dict[str, np.ndarray]:
        """Events of (channels, [units,] steps)."""
        n_channels, n_steps = len(spikes), spikes.shape[-1]
        rows = spikes.reshape(math.prod(spikes.shape[:-1]), n_steps)
        events = spike_events(rows, band.sample_times(first_step + np.arange(n_steps)))
        channel, unit = np.divmod(events.unit, len(rows) // n_channels)
        return {
            "sample": whole_samples(events.time),
            "seconds": events.time / self._sfreq,
            "channel": channel,
            "band": np.full(len(unit), index),
            "unit": unit,
            "polarity": events.polarity,
        }


def whole_samples(times: np.ndarray) -> np.ndarray:
    """Return the sample that a time in samples lies in.

    A code of values has several steps in a sample, or one in several.
    """
    return np.floor(times + 1e-9).astype(np.int64)

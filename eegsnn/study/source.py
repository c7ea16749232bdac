"""A recording as band-filtered chunks, read from disk as often as it is asked for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from eegsnn._validation import check_finite
from eegsnn.errors import DataError
from eegsnn.filters import FilterBankStream, apply_filter, design_filter
from eegsnn.study.settings import StudySettings
from eegsnn.study.spans import Spans, bad_spans


class BandedSource:
    """Chunks (bands, channels, times) of a recording.

    Parameters
    ----------
    raw : mne.io.Raw
        Need not be in memory.
    settings : StudySettings

    Raises
    ------
    ConfigurationError
        If a band does not fit the sampling rate.
    DataError
        If the recording is shorter than a cycle of a band.
    """

    def __init__(self, raw: Any, settings: StudySettings) -> None:
        self._raw, self._settings = raw, settings
        self.sfreq = float(raw.info["sfreq"])
        self.ch_names = list(raw.ch_names)
        self.n_times = int(raw.n_times)
        self.bands = settings.resolved_bands()
        self.filters = [design_filter(b, self.sfreq, settings.order) for b in self.bands]
        for band_filter in self.filters:
            try:
                band_filter.check_length(self.n_times)
            except DataError as error:
                text = str(error).replace("Trials of", "A recording of").replace(" are ", " is ", 1)
                raise DataError(text.replace("Cut longer trials", "Record longer")) from None
        self.bad = bad_spans(raw) if settings.bad != "include" else Spans.of([])
        if self.bad.n_samples == self.n_times:
            raise DataError(
                "The whole recording is annotated as BAD: nothing is left to learn scales from. "
                "Correct its annotations, or take them like the rest (bad='include')."
            )
        self._step = max(1, round(settings.chunk * self.sfreq))
        self._whole: np.ndarray | None = None

    def chunks(self) -> Iterator[tuple[int, np.ndarray]]:
        """Yield (first sample, filtered chunk), from the beginning to the end.

        Raises
        ------
        DataError
            If a sample is not finite; channel and time are named.
        """
        if self._settings.phase == "zero":
            whole = self._filtered_whole()
            for first in range(0, self.n_times, self._step):
                yield first, whole[..., first : first + self._step]
            return
        stream = FilterBankStream(self.filters)
        for first in range(0, self.n_times, self._step):
            yield first, stream.process(self._read(first, first + self._step))

    def _filtered_whole(self) -> np.ndarray:
        if self._whole is None:
            X = self._read(0, self.n_times)
            self._whole = np.stack([apply_filter(X, f, phase="zero") for f in self.filters])
        return self._whole

    def _read(self, first: int, stop: int) -> np.ndarray:
        stop = min(stop, self.n_times)
        X = self._raw.get_data(start=first, stop=stop) * self._settings.scale
        where = f"{first / self.sfreq:.6g} s to {stop / self.sfreq:.6g} s"
        check_finite(X[None], name="The recording", ch_names=self.ch_names, trials=[where])
        return X

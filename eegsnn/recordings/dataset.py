"""Trials with labels, groups and a history: what every later room receives."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

import mne
import numpy as np

from eegsnn._validation import channel_order, check_channel_names, check_number, check_series
from eegsnn.errors import DataError
from eegsnn.recordings._joining import check_joinable, join_contents, join_onsets, join_provenance
from eegsnn.recordings._labelled import LabelledData
from eegsnn.recordings.epochs import trial_onsets


@dataclasses.dataclass(kw_only=True)
class EEGDataset(LabelledData):
    """Labelled trials of EEG.

    Parameters
    ----------
    X : ndarray of float, shape (trials, channels, times)
        Signals in `unit`; float32 stays, everything else becomes float64.
    y : ndarray, shape (trials,)
        Label of each trial.
    groups : dict of str to ndarray of shape (trials,)
        What a trial belongs to: "subject", "session", "run", … as far as known.
    sfreq : float
        Sampling rate in hertz.
    ch_names : list of str
        Unique channel names.
    classes : list, optional
        Labels in the order in which scores are reported; sorted labels of `y` if not given.
    unit : str, default "V"
        Unit of `X`; "a.u." where the source does not say.
    split : ndarray of str, shape (trials,), optional
        Official division: "train" or "test".
    tmin : float, default 0
        Time of the first sample in seconds from the trial's event.
    onsets : ndarray of int, shape (trials,), optional
        Where each trial's first sample lies in its recording, as far as known: trials that overlap
        must not be divided between training and test.
    recordings : ndarray of str, shape (trials,), optional
        The recording that `onsets` count in; one recording if not given.
    contents : ndarray of str, shape (trials,), optional
        Hash of each trial as it was before groups of trials were aligned: copies that lie in two
        groups are recognised by it.
    name : str
        Name of the data set.
    provenance : dict
        JSON-able history; SHA-256 of the files under "sha256".
    warnings : list of str
        Known traps, for the reader of any score.

    Raises
    ------
    DataError
        If a sample is NaN or infinite (the first trial and channel are named), lengths disagree,
        or channel names repeat.

    Examples
    --------
    >>> import numpy as np
    >>> data = EEGDataset(X=np.zeros((4, 2, 50)), y=np.array(["rest", "move"] * 2), sfreq=100.0,
    ...                   ch_names=["C3", "C4"], groups={"subject": np.array([1, 1, 2, 2])})
    >>> print(data.crop(0.1, 0.3).summary())
    EEG data set: 4 trials × 2 channels × 20 samples (0.2 s from 0.1 s at 100 Hz), in V
      classes: move 2, rest 2
      groups by subject: 2
    """

    sfreq: float
    ch_names: list[str]
    unit: str = "V"
    tmin: float = 0.0
    onsets: np.ndarray | None = None
    recordings: np.ndarray | None = None
    contents: np.ndarray | None = None

    def _check_series(self) -> None:
        array = np.asarray(self.X)
        dtype = np.float32 if array.dtype == np.float32 else np.float64
        self.X = check_series(array, ch_names=self._names_if_fit(array), dtype=dtype)
        self.ch_names = check_channel_names(self.ch_names, self.X.shape[1])
        self.sfreq = check_number("sfreq", self.sfreq, low=0, low_open=True, unit="Hz")
        self.tmin = check_number("tmin", self.tmin, unit="s")
        if self.contents is not None:
            self.contents = self._per_row("contents", self.contents)
        if self.onsets is None:
            self.recordings = None
            return
        self.onsets = self._per_row("onsets", self.onsets)
        if self.onsets.dtype.kind not in "iu":
            raise DataError(f"onsets: expected whole samples, but got {self.onsets.dtype} values.")
        named = np.full(len(self.X), "") if self.recordings is None else self.recordings
        self.recordings = self._per_row("recordings", named)

    def _names_if_fit(self, array: np.ndarray) -> list[str] | None:
        fit = array.ndim == 3 and len(self.ch_names) == array.shape[1]
        return list(self.ch_names) if fit else None

    def _of_rows(self, index: np.ndarray) -> dict[str, Any]:
        known = ("onsets", "recordings", "contents")
        columns = {name: getattr(self, name) for name in known}
        return {name: rows[index] for name, rows in columns.items() if rows is not None}

    @property
    def times(self) -> np.ndarray:
        """Times of the samples in seconds from each trial's event, shape (times,)."""
        return self.tmin + np.arange(self.X.shape[2]) / self.sfreq

    @classmethod
    def from_epochs(
        cls,
        epochs: mne.BaseEpochs,
        *,
        groups: dict[str, Any] | None = None,
        classes: Sequence[str] | None = None,
        split: Any = None,
        name: str = "",
        unit: str = "V",
        provenance: dict[str, Any] | None = None,
        warnings: Sequence[str] = (),
        drop_last_sample: bool = False,
        recording: str = "",
    ) -> EEGDataset:
        """Build from MNE epochs; their event names become the labels.

        Parameters
        ----------
        epochs : mne.Epochs
            Trials; all their channels are taken.
        groups : dict, optional
            Group name → one value per trial, or one value for all.
        classes, split, name, unit, provenance, warnings
            As for the class itself.
        drop_last_sample : bool, default False
            Drop the sample at `tmax`, which MNE includes, so that 3 s at 128 Hz are 384 samples.
        recording : str, optional
            Name of the recording that the epochs were cut from; `onsets` count in it.
        """
        label_of = {code: label for label, code in epochs.event_id.items()}
        X = epochs.get_data(copy=True)
        n_trials = len(X)
        return cls(
            X=X[..., :-1] if drop_last_sample else X,
            y=np.array([label_of[code] for code in epochs.events[:, 2]]),
            groups={
                key: np.full(n_trials, value) if np.ndim(value) == 0 else np.asarray(value)
                for key, value in (groups or {}).items()
            },
            sfreq=float(epochs.info["sfreq"]),
            ch_names=list(epochs.ch_names),
            classes=list(classes or []),
            split=split,
            unit=unit,
            tmin=float(epochs.tmin),
            onsets=trial_onsets(epochs),
            recordings=np.full(n_trials, recording),
            name=name,
            provenance=dict(provenance or {}),
            warnings=list(warnings),
        )

    @classmethod
    def concatenate(cls, parts: Sequence[EEGDataset]) -> EEGDataset:
        """Join data sets trial after trial; channels are matched by name.

        Raises
        ------
        DataError
            If channels, sampling rate, length, unit or the kinds of groups differ.
        """
        parts = list(parts)
        if not parts:
            raise DataError("concatenate: expected at least one data set, but got none.")
        first = parts[0]
        for part in parts[1:]:
            check_joinable(first, part)
        series = [part.X[:, channel_order(first.ch_names, part.ch_names)] for part in parts]
        has_split = all(part.split is not None for part in parts)
        return dataclasses.replace(
            first,
            X=np.concatenate(series),
            y=np.concatenate([part.y for part in parts]),
            groups={
                key: np.concatenate([part.groups[key] for part in parts]) for key in first.groups
            },
            classes=list(dict.fromkeys(label for part in parts for label in part.classes)),
            split=np.concatenate([part.split for part in parts]) if has_split else None,
            **join_onsets(parts),
            contents=join_contents(parts),
            provenance=join_provenance([part.provenance for part in parts]),
            warnings=list(dict.fromkeys(text for part in parts for text in part.warnings)),
        )

    def crop(self, tmin: float | None = None, tmax: float | None = None) -> EEGDataset:
        """Keep the samples from `tmin` (included) to `tmax` (left out), in seconds.

        Raises
        ------
        DataError
            If no sample is left, or the interval reaches beyond the trials.
        """
        end = self.tmin + self.X.shape[2] / self.sfreq
        start = self.tmin if tmin is None else check_number("tmin", tmin, unit="s")
        stop = end if tmax is None else check_number("tmax", tmax, unit="s")
        slack = 0.5 / self.sfreq
        first = round((start - self.tmin) * self.sfreq)
        last = round((stop - self.tmin) * self.sfreq)
        if start < self.tmin - slack or stop > end + slack or last <= first:
            raise DataError(
                f"crop: expected tmin < tmax within the trials' [{self.tmin:g}, {end:g}] s, but "
                f"got tmin={start:g} s, tmax={stop:g} s."
            )
        return dataclasses.replace(
            self,
            X=self.X[..., first:last],
            tmin=self.tmin + first / self.sfreq,
            onsets=None if self.onsets is None else self.onsets + first,
        )

    def summary(self) -> str:
        """Describe shape, classes, groups and traps, in a few lines."""
        n_trials, n_channels, n_times = self.X.shape
        head = (
            f"{self.name or 'EEG data set'}: {n_trials} trials × {n_channels} "
            f"channel{'s' if n_channels > 1 else ''} × {n_times} samples "
            f"({n_times / self.sfreq:g} s from {self.tmin:g} s at {self.sfreq:g} Hz), "
            f"in {self.unit}"
        )
        return "\n".join([head, *self._describe_rows()])


@dataclasses.dataclass(kw_only=True)
class TabularDataset(LabelledData):
    """Labelled rows of features, such as images without their shape.

    Parameters
    ----------
    X : ndarray of float, shape (samples, features)
        Finite features; float32 stays, everything else becomes float64.
    y, groups, classes, split, name, provenance, warnings
        As in `EEGDataset`, per row of `X`.

    Raises
    ------
    DataError
        If a feature is NaN or infinite, the shape is another one, or lengths disagree.

    Examples
    --------
    >>> import numpy as np
    >>> TabularDataset(X=np.eye(3), y=np.array([0, 1, 1])).class_counts()
    {0: 1, 1: 2}
    """

    def _check_series(self) -> None:
        array = np.asarray(self.X)
        if array.ndim != 2 or 0 in array.shape or array.dtype.kind not in "fiub":
            raise DataError(
                f"X: expected real numbers (samples, features), but got shape {array.shape} of "
                f"{array.dtype}."
            )
        dtype = np.float32 if array.dtype == np.float32 else np.float64
        self.X = np.ascontiguousarray(array, dtype=dtype)
        bad = ~np.isfinite(self.X).all(axis=1)
        if bad.any():
            raise DataError(
                f"X contains NaN or infinity in {int(bad.sum())} rows, the first is row "
                f"{int(np.argmax(bad))}. Drop or impute them first."
            )

    def summary(self) -> str:
        """Describe shape, classes, groups and traps, in a few lines."""
        head = f"{self.name or 'Table'}: {self.X.shape[0]} samples × {self.X.shape[1]} features"
        return "\n".join([head, *self._describe_rows()])

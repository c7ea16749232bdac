"""Apply a saved model to a recording: one decision per window or event."""

from __future__ import annotations

import csv
import dataclasses
import io
import os
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import mne
import numpy as np

from eegsnn._files import write_text
from eegsnn._validation import channel_order, check_number
from eegsnn.errors import ConfigurationError, DataError, RecordingError
from eegsnn.estimators import load_model
from eegsnn.pipeline.model_folder import ModelCard, find_model, load_card
from eegsnn.recordings import Preprocessing, read_recording

# Windows decided at a time: bounds memory, whatever the recording's length.
_BATCH = 64


@dataclass(frozen=True)
class Decisions:
    """What a model says about a recording.

    Attributes
    ----------
    start : ndarray, shape (windows,)
        Seconds from the recording's first sample.
    duration : float
        Seconds.
    labels : list of str
    probabilities : ndarray or None, shape (windows, classes)
    classes : list of str
    events : list of str
        Label or code of the event that a window belongs to; empty for running windows.
    skipped : int
        Windows left out because they overlap a BAD annotation or reach beyond the recording.
    """

    start: np.ndarray
    duration: float
    labels: list[str]
    probabilities: np.ndarray | None
    classes: list[str]
    events: list[str]
    skipped: int = 0

    def to_csv(self) -> str:
        """Return one line per window: start, end, event, label, probability of each class."""
        stream = io.StringIO()
        writer = csv.writer(stream, lineterminator="\n")
        names = [f"p_{label}" for label in self.classes] if self.probabilities is not None else []
        events = ["event"] if self.events else []
        writer.writerow(["start_s", "end_s", *events, "label", *names])
        for k, (start, label) in enumerate(zip(self.start, self.labels, strict=True)):
            row = [f"{start:.6g}", f"{start + self.duration:.6g}"]
            row += [self.events[k]] if self.events else []
            shares = [] if self.probabilities is None else self.probabilities[k]
            writer.writerow([*row, label, *(f"{share:.4f}" for share in shares)])
        return stream.getvalue()

    def to_annotations(self) -> mne.Annotations:
        """Return the decisions as annotations that any MNE tool can lay over the recording."""
        return mne.Annotations(self.start, np.full(len(self.start), self.duration), self.labels)

    def save(self, path: str | Path) -> None:
        """Write to a file, whole or not at all; the format follows the name.

        Names that end in ``_annot`` or ``-annot`` (``.fif``, ``.fif.gz``, ``.txt``, ``.csv``) are
        annotations as MNE writes them, other ``.csv`` a table of decisions. MNE's own CSV holds
        clock times, of which its reader takes the first as the origin: ``.fif`` and ``.txt`` come
        back exactly.

        Raises
        ------
        ConfigurationError
            If the name ends otherwise.
        """
        target = Path(path)
        name = target.name.lower()
        stem = name.partition(".")[0]
        annotations = stem.endswith(("_annot", "-annot"))
        if annotations and name.endswith(".csv"):
            write_text(target, self._annotations_csv())
        elif annotations and name.endswith((".txt", ".fif", ".fif.gz")):
            target.parent.mkdir(parents=True, exist_ok=True)
            # MNE chooses the format by the whole name, so the name stays and the folder changes.
            with tempfile.TemporaryDirectory(dir=target.parent, prefix=".annot-") as folder:
                temporary = Path(folder) / target.name
                self.to_annotations().save(temporary, verbose="error")
                os.replace(temporary, target)  # noqa: PTH105 — says what it does
        elif name.endswith(".csv"):
            write_text(target, self.to_csv())
        else:
            raise ConfigurationError(
                f"out: expected a name that ends in .csv, or in _annot.csv, _annot.txt or "
                f"_annot.fif for MNE annotations, but got {target.name!r}."
            )

    def _annotations_csv(self) -> str:
        """Return MNE's CSV of annotations, which MNE itself can write only where pandas is."""
        stream = io.StringIO()
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(["onset", "duration", "description"])
        for start, label in zip(self.start, self.labels, strict=True):
            clock = datetime(1970, 1, 1) + timedelta(seconds=float(start))
            writer.writerow([clock.isoformat(" ", "microseconds"), f"{self.duration:g}", label])
        return stream.getvalue()


def predict_recording(
    model: str | Path,
    recording: str | Path,
    *,
    window: float | None = None,
    step: float | None = None,
    events: str | None = None,
    resample: bool = False,
    scale: float | None = None,
) -> Decisions:
    """Let a saved model decide about windows of a recording.

    The preprocessing that is kept with the model is applied first. Channels are matched by name,
    whatever their order; further channels are ignored.

    Parameters
    ----------
    model : path
        Result folder of a pipeline, or a model folder.
    recording : path
        Any file that :func:`~eegsnn.recordings.read_recording` reads.
    window : float, optional
        Seconds per decision; the length of a training trial if not given.
    step : float, optional
        Seconds from one window to the next; the window's length if not given.
    events : str, optional
        Decide about trials that begin at events, as in training, in place of running windows:
        ``"annotations"`` for all annotations, labels of annotations divided by commas, or an
        events file (``-eve.fif``, ``.eve``, ``.txt``).
    resample : bool, default False
        Whether a recording at another sampling rate may be resampled.
    scale : float, optional
        For models trained in arbitrary units: the number that volts are multiplied with.

    Returns
    -------
    Decisions

    Raises
    ------
    ModelFileError
        The model is missing or damaged.
    RecordingError
        The recording cannot be read or has no such event.
    DataError
        Channels are missing, the rate or the unit differs, the recording is too short.
    ConfigurationError
        `window`, `step` or `scale` is impossible.
    """
    folder = find_model(model)
    estimator = load_model(folder)
    card = _card(folder, estimator)
    raw = _read(recording, card, resample)
    data = raw.get_data() * _factor(card, scale)
    data = data[channel_order(card.ch_names, raw.ch_names)]
    length = card.n_times
    if window is None and not length:
        raise ConfigurationError(
            "window: this model was not saved by eegsnn run and does not tell how long a trial "
            "was; give --window, the seconds per decision."
        )
    if window is not None:
        length = round(check_number("window", window, low=0, low_open=True, unit="s") * card.sfreq)
    if not 0 < length <= data.shape[1]:
        raise DataError(
            f"{recording}: lasts {data.shape[1] / card.sfreq:g} s, but a window is "
            f"{length / card.sfreq:g} s. Give a longer recording, or a shorter --window."
        )
    if events is None:
        hop = length
        if step is not None:
            hop = round(check_number("step", step, low=0, low_open=True, unit="s") * card.sfreq)
        starts = np.arange(0, data.shape[1] - length + 1, max(1, hop))
        names: list[str] = []
    else:
        starts, names = _event_starts(raw, events, recording, card)
    kept = _usable(raw, starts, length, data.shape[1])
    if not kept.any():
        raise DataError(
            f"{recording}: all {len(starts)} windows overlap a BAD annotation or reach beyond the "
            f"recording."
        )
    labels, probabilities = _decide(estimator, data, starts[kept], length)
    return Decisions(
        start=starts[kept] / card.sfreq,
        duration=length / card.sfreq,
        labels=labels,
        probabilities=probabilities,
        classes=[str(label) for label in estimator.classes_],
        events=[name for name, keep in zip(names, kept, strict=True) if keep] if names else [],
        skipped=int((~kept).sum()),
    )


def _card(folder: Path, estimator: Any) -> ModelCard:
    """Return what is known of the model's input; a model saved by hand knows less."""
    card = load_card(folder)
    if card is None:
        names = getattr(estimator, "ch_names_", None)
        sfreq = getattr(estimator, "sfreq_", None) or getattr(estimator, "sfreq", None)
        n_times = getattr(estimator, "n_times_", 0)
        if names is None or sfreq is None:
            raise DataError(f"{folder}: this model reads tables of features, not recordings.")
        return ModelCard(
            "", "", [], Preprocessing().to_dict(), "V", list(names), float(sfreq), int(n_times)
        )
    if not card.ch_names:
        raise DataError(
            f"{folder}: this model was trained on {card.dataset}, a table of features; it cannot "
            f"read recordings."
        )
    return card


def _read(recording: str | Path, card: ModelCard, resample: bool) -> mne.io.BaseRaw:
    preprocessing = Preprocessing.from_dict(card.preprocessing)
    raw = read_recording(recording, preprocessing)
    sfreq = float(raw.info["sfreq"])
    if not np.isclose(sfreq, card.sfreq, rtol=1e-6):
        if not resample:
            raise DataError(
                f"{recording}: sampled at {sfreq:g} Hz, but the model was trained at "
                f"{card.sfreq:g} Hz. Ask for it to be resampled with --resample."
            )
        raw.resample(card.sfreq, verbose="error")
    return raw


def _factor(card: ModelCard, scale: float | None) -> float:
    if scale is not None:
        factor = check_number("scale", scale)
        if factor == 0:
            raise ConfigurationError("scale: expected a number other than 0, but got 0.")
        return factor
    if card.unit != "V":
        raise DataError(
            f"The model was trained on {card.dataset} in {card.unit}, but recordings are in volts. "
            f"Give --scale, the number that volts are multiplied with to get that unit (1 where "
            f"the file already holds it)."
        )
    return 1.0


def _event_starts(
    raw: mne.io.BaseRaw, events: str, recording: str | Path, card: ModelCard
) -> tuple[np.ndarray, list[str]]:
    """Return the first sample of each trial, and the label of its event."""
    path = Path(events)
    if path.is_file():
        preprocessing = dataclasses.replace(
            Preprocessing.from_dict(card.preprocessing), resample=None
        )
        native = read_recording(recording, preprocessing)
        found = mne.read_events(path, verbose="error")
        onset = (found[:, 0] - native.first_samp) / native.info["sfreq"]
        names = [str(code) for code in found[:, 2]]
    else:
        wanted = {label.strip() for label in events.split(",")}
        present = [str(text) for text in raw.annotations.description]
        everything = events == "annotations"
        chosen = [
            k
            for k, text in enumerate(present)
            if (everything and not text.upper().startswith(("BAD", "EDGE"))) or text in wanted
        ]
        missing = wanted - set(present)
        if not chosen or (missing and not everything):
            raise RecordingError(
                f"{recording}: no annotation {', '.join(sorted(missing))!r}, and no events file of "
                f"that name. Labels present: {', '.join(sorted(set(present))) or 'none'}."
            )
        shift = raw.first_time if raw.annotations.orig_time is not None else 0.0
        onset = raw.annotations.onset[chosen] - shift
        names = [present[k] for k in chosen]
    return np.round((onset + card.tmin) * card.sfreq).astype(int), names


def _usable(raw: mne.io.BaseRaw, starts: np.ndarray, length: int, n_times: int) -> np.ndarray:
    """Say which windows lie within the recording and touch no BAD annotation."""
    inside = (starts >= 0) & (starts + length <= n_times)
    sfreq = raw.info["sfreq"]
    shift = raw.first_time if raw.annotations.orig_time is not None else 0.0
    for annotation in raw.annotations:
        if str(annotation["description"]).upper().startswith("BAD"):
            begin = (annotation["onset"] - shift) * sfreq
            end = begin + annotation["duration"] * sfreq
            inside &= (starts >= end) | (starts + length <= begin)
    return np.asarray(inside)


def _decide(
    estimator: Any, data: np.ndarray, starts: np.ndarray, length: int
) -> tuple[list[str], np.ndarray | None]:
    labels: list[str] = []
    shares: list[np.ndarray] = []
    classes = np.asarray(estimator.classes_)
    for batch in _batches(starts):
        X = np.stack([data[:, start : start + length] for start in batch])
        probabilities = np.asarray(estimator.predict_proba(X))
        shares.append(probabilities)
        labels += [str(label) for label in classes[probabilities.argmax(axis=1)]]
    return labels, np.concatenate(shares)


def _batches(values: np.ndarray) -> Iterator[np.ndarray]:
    for start in range(0, len(values), _BATCH):
        yield values[start : start + _BATCH]

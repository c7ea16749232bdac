"""Apply a saved model to a recording: one decision per window or event."""

from __future__ import annotations

import dataclasses
import warnings
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import mne
import numpy as np

from eegsnn._validation import check_finite, check_number
from eegsnn.errors import (
    ConfigurationError,
    DataError,
    DataTrapWarning,
    RecordingError,
    SilentNetworkWarning,
)
from eegsnn.estimators import load_model
from eegsnn.filters.alignment import matrix_of_covariances, trial_covariances
from eegsnn.pipeline.decisions import Decisions
from eegsnn.pipeline.model_folder import ModelCard, find_model
from eegsnn.pipeline.model_input import (
    card_of,
    channels_of,
    check_flat_channels,
    factor_to_unit,
    other_rate,
    spoilt_channels,
    with_missing,
)
from eegsnn.recordings import Preprocessing, read_recording
from eegsnn.recordings.annotation_files import annotate, holds_codes
from eegsnn.recordings.annotations import marks_data, onsets_of, tell_doubtful_marks
from eegsnn.recordings.bids import column_of, is_bids_word, label_column
from eegsnn.recordings.epochs import read_events_file
from eegsnn.recordings.opening import steps_for
from eegsnn.recordings.reading import rate_of
from eegsnn.recordings.stimulus import is_stimulus_word, stimulus_events
from eegsnn.recordings.trial_files import is_trial_file, read_trials

# Windows decided at a time: bounds memory, whatever the recording's length.
_BATCH = 64


def predict_recording(
    model: str | Path,
    recording: str | Path,
    *,
    window: float | None = None,
    step: float | None = None,
    events: str | None = None,
    resample: bool = False,
    scale: float | None = None,
    estimate_missing: bool = False,
) -> Decisions:
    """Let a saved model decide about windows of a recording.

    The preprocessing that is kept with the model is applied first. Channels are matched by name,
    whatever their order; further channels are ignored. A model that was trained on aligned trials
    is given aligned windows: the recording is taken for one person's (or session's), and all its
    windows decide on the alignment.

    Parameters
    ----------
    model : path
        Result folder of a pipeline, or a model folder.
    recording : path
        Any file that :func:`~eegsnn.recordings.read_recording` reads; or trials that are cut
        (``-epo.fif``, EEGLAB epochs, ``.npz`` or ``.mat`` of arrays): one decision per trial, in
        their order.
    window : float, optional
        Seconds per decision; the length of a training trial if not given.
    step : float, optional
        Seconds from one window to the next; the window's length if not given.
    events : str, optional
        Decide about trials that begin at events, as in training, in place of running windows:
        ``"annotations"`` for all annotations, labels of annotations divided by commas, ``"stim"``
        or ``"stim:NAME"`` for a stimulus channel, ``"bids"`` or ``"bids:COLUMN"`` for
        ``_events.tsv``, an events file (``-eve.fif``, ``.eve``, ``.txt``), or a file of
        annotations (a table with onsets and labels, EDF+, …).
    resample : bool, default False
        Whether a recording at another sampling rate may be resampled.
    scale : float, optional
        For models trained in arbitrary units: the number that volts are multiplied with.
    estimate_missing : bool, default False
        Whether channels that the recording has not may be estimated from the others, a third of
        them at most, as dead ones are: they are among ``estimated``.

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
        Channels are missing, the rate or the unit differs, the recording is too short; or the model
        needs aligned trials, and there is one window only to align by.
    ConfigurationError
        `window`, `step` or `scale` is impossible.

    Warns
    -----
    SilentNetworkWarning
        If all windows get the same probabilities.
    DataTrapWarning
        If trials begin at events, but the model was saved by hand and knows no such time.
    """
    folder = find_model(model)
    estimator = load_model(folder)
    card = card_of(folder, estimator)
    if is_trial_file(Path(recording)):
        asked = {"window": window, "step": step, "events": events}
        return _decide_about_trials(
            estimator, card, folder, Path(recording), asked, resample, scale, estimate_missing
        )
    raw = _read(recording, card, resample, events)
    factor = factor_to_unit(card, scale)
    order = channels_of(card, raw.ch_names, folder, recording, estimate_missing)
    found = [raw.ch_names[place] for place in order if place is not None]
    data = with_missing(raw.get_data(picks=found), order)
    data *= factor
    length = card.n_times
    if window is None and not length:
        raise ConfigurationError(
            "window: this model was not saved by eegsnn run and does not tell how long a trial "
            "was; give --window, the seconds per decision."
        )
    if window is not None:
        # Less than a sample is no window.
        length = round(check_number("window", window, low=1 / card.sfreq, unit="s") * card.sfreq)
        if card.n_times and length != card.n_times and getattr(estimator, "committee_", None):
            raise ConfigurationError(
                f"window: an automatic choice decides about windows as long as its training "
                f"trials, {card.window:g} s, but got {window:g} s. Leave it out; step may be "
                f"shorter."
            )
    if length > data.shape[1]:
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
        if not card.dataset:
            warnings.warn(
                f"{folder}: this model was not saved by eegsnn run and does not tell when its "
                f"trials began; here they begin at the events. If they did not, cut trials "
                f"yourself (make_epochs) and give their file.",
                DataTrapWarning,
                stacklevel=2,
            )
        starts, names = _event_starts(raw, events, recording, card)
    kept = _usable(raw, starts, length, data.shape[1], names)
    if not kept.any():
        raise DataError(
            f"{recording}: all {len(starts)} windows overlap a BAD annotation or reach beyond the "
            f"recording."
        )
    flat = _check_samples(data, starts[kept], length, card, recording)
    check_flat_channels(estimator, card, recording, flat, order)
    if card.alignment:
        data = _aligned(data, starts[kept], length, card, recording)
    windows = [data[:, start : start + length] for start in starts[kept]]  # views, not copies
    labels, probabilities, estimated = _decide(estimator, windows, card.ch_names)
    if len(probabilities) > 1 and np.ptp(probabilities, axis=0).max() == 0:
        warnings.warn(
            f"{recording}: every window got the same probabilities, so that nothing of the signal "
            f"reaches the network. Is the amplitude that of the training data? Turn --scale.",
            SilentNetworkWarning,
            stacklevel=2,
        )
    return Decisions(
        start=starts[kept] / card.sfreq,
        duration=length / card.sfreq,
        labels=labels,
        probabilities=probabilities,
        classes=[str(label) for label in estimator.classes_],
        events=[name for name, keep in zip(names, kept, strict=True) if keep] if names else [],
        skipped=int((~kept).sum()),
        estimated=estimated,
    )


def _decide_about_trials(
    estimator: Any,
    card: ModelCard,
    folder: Path,
    path: Path,
    asked: Mapping[str, Any],
    resample: bool,
    scale: float | None,
    estimate_missing: bool,
) -> Decisions:
    """Decide about trials that were cut elsewhere, one decision each."""
    for key, value in asked.items():
        if value is not None:
            raise ConfigurationError(
                f"{key}: {path.name} holds trials that are cut, one decision each; leave it out."
            )
    steps = _steps(card, path)
    data = read_trials(path, dataclasses.replace(steps, resample=None), need_labels=False)
    if not np.isclose(data.sfreq, card.sfreq, rtol=1e-6):
        if not resample and steps.resample is None:
            raise other_rate(path, data.sfreq, card)
        data = read_trials(path, dataclasses.replace(steps, resample=card.sfreq), need_labels=False)
    order = channels_of(card, data.ch_names, folder, path, estimate_missing)
    X = with_missing(data.X[:, [place for place in order if place is not None]], order)
    if scale is not None or data.unit != card.unit:
        X = X * factor_to_unit(card, scale, data.unit)
    # A model saved by hand does not tell when its trials began: these are taken for alike.
    first = round((card.tmin - data.tmin) * card.sfreq) if card.dataset else 0
    length = card.n_times or X.shape[2]
    if first < 0 or first + length > X.shape[2]:
        raise DataError(
            f"{path}: trials last from {data.tmin:g} s to {data.tmin + X.shape[2] / data.sfreq:g} "
            f"s, but the model decides about {card.tmin:g} s to {card.tmin + card.window:g} s from "
            f"the event. Cut them so (a file of arrays says where they begin in tmin)."
        )
    X = X[:, :, first : first + length]
    flat = [
        name for name, row in zip(card.ch_names, np.ptp(X, axis=2).T, strict=True) if not row.any()
    ]
    check_flat_channels(estimator, card, path, flat, order)
    if card.alignment:
        joined = np.concatenate(list(X), axis=1)
        starts = np.arange(len(X)) * length
        X = np.stack(np.split(_aligned(joined, starts, length, card, path), len(X), axis=1))
    labels, probabilities, estimated = _decide(estimator, list(X), card.ch_names)
    return Decisions(
        start=np.full(len(X), card.tmin),
        duration=length / card.sfreq,
        labels=labels,
        probabilities=probabilities,
        classes=[str(label) for label in estimator.classes_],
        events=[str(label) for label in data.y] if data.y.any() else [],
        estimated=estimated,
    )


def _read(
    recording: str | Path, card: ModelCard, resample: bool, events: str | None
) -> mne.io.BaseRaw:
    preprocessing = _steps(card, recording)
    column = None
    if events is not None and is_bids_word(events):
        column = label_column(Path(recording), column_of(events))
    raw = read_recording(recording, preprocessing, events_column=column)
    if events is not None and _is_annotation_file(events):
        annotate(raw, Path(recording), Path(events))
    sfreq = float(raw.info["sfreq"])
    if not np.isclose(sfreq, card.sfreq, rtol=1e-6):
        if not resample:
            raise other_rate(recording, sfreq, card)
        raw.resample(card.sfreq, verbose="error")
    return raw


def _steps(card: ModelCard, recording: str | Path) -> Preprocessing:
    return steps_for(Path(recording), Preprocessing.from_dict(card.preprocessing))


def _is_annotation_file(events: str) -> bool:
    return Path(events).is_file() and not holds_codes(Path(events))


def _event_starts(
    raw: mne.io.BaseRaw, events: str, recording: str | Path, card: ModelCard
) -> tuple[np.ndarray, list[str]]:
    """Return the first sample of each trial, and the label of its event."""
    path, labelled = Path(events), _is_annotation_file(events)
    if is_stimulus_word(events) or (path.is_file() and not labelled):
        preprocessing = dataclasses.replace(_steps(card, recording), resample=None)
        native = read_recording(recording, preprocessing)
        if is_stimulus_word(events):
            try:
                found = stimulus_events(recording, events.partition(":")[2] or None)
            except RecordingError as error:
                raise RecordingError(f"{recording}: {error}") from error
        else:
            found = read_events_file(path)
        # Samples are counted as the file has them: picked channels may be slower than others.
        onset = (found[:, 0] - native.first_samp) / rate_of(Path(recording))
        names = [str(code) for code in found[:, 2]]
    else:
        present = [str(text) for text in raw.annotations.description]
        whole = events.strip() in present  # a label may hold a comma
        wanted = {events.strip()} if whole else {label.strip() for label in events.split(",")}
        everything = labelled or events == "annotations" or is_bids_word(events)
        if everything:
            tell_doubtful_marks(raw, wanted)
        chosen = [
            k
            for k, text in enumerate(present)
            if (everything and not marks_data(text)) or text in wanted
        ]
        missing = wanted - set(present)
        if not chosen or (missing and not everything):
            raise RecordingError(
                f"{recording}: no annotation {_quoted(missing)}, and no events file of that name. "
                f"Labels present: {_quoted(present) or 'none'}."
            )
        onset = onsets_of(raw)[chosen]
        names = [present[k] for k in chosen]
    # Each is rounded by itself, as where training trials were cut.
    return (np.round(onset * card.sfreq) + round(card.tmin * card.sfreq)).astype(int), names


def _quoted(labels: Iterable[str]) -> str:
    return ", ".join(repr(label) for label in sorted(set(labels)))


def _usable(
    raw: mne.io.BaseRaw, starts: np.ndarray, length: int, n_times: int, events: Collection[str]
) -> np.ndarray:
    """Say which windows lie within the recording and touch no BAD annotation but for `events`."""
    inside = (starts >= 0) & (starts + length <= n_times)
    sfreq = raw.info["sfreq"]
    for onset, annotation in zip(onsets_of(raw), raw.annotations, strict=True):
        text = str(annotation["description"])
        if text.upper().startswith("BAD") and text not in events:
            begin = onset * sfreq
            end = begin + annotation["duration"] * sfreq
            inside &= (starts >= end) | (starts + length <= begin)
    return np.asarray(inside)


def _check_samples(
    data: np.ndarray, starts: np.ndarray, length: int, card: ModelCard, recording: str | Path
) -> list[str]:
    """Refuse windows with NaN; return the channels that are flat throughout."""
    for batch in _batches(starts):
        X = np.stack([data[:, start : start + length] for start in batch])
        times = [f"the window from {start / card.sfreq:g} s" for start in batch]
        check_finite(X, name=f"{recording}:", ch_names=card.ch_names, trials=times)
    span = data[:, starts.min() : starts.max() + length]
    return [name for name, row in zip(card.ch_names, span, strict=True) if np.ptp(row) == 0]


def _aligned(
    data: np.ndarray, starts: np.ndarray, length: int, card: ModelCard, recording: str | Path
) -> np.ndarray:
    """Align a recording by the windows that are to be decided about."""
    if len(starts) < 2:
        raise DataError(
            f"{recording}: the model was trained on trials that were aligned per "
            f"{card.alignment['group']}, which one window cannot be. Give a recording with several "
            f"windows of one {card.alignment['group']}."
        )
    covariances = [
        trial_covariances(np.stack([data[:, start : start + length] for start in batch]))
        for batch in _batches(starts)
    ]
    try:
        return matrix_of_covariances(np.concatenate(covariances), card.alignment["method"]) @ data
    except DataError as error:
        raise DataError(f"{recording}: {error}") from error


def _decide(
    estimator: Any, trials: list[np.ndarray], ch_names: Sequence[str]
) -> tuple[list[str], np.ndarray, dict[str, int]]:
    """Decide about trials (channels, times): labels, probabilities, channels not believed."""
    shares: list[np.ndarray] = []
    estimated: Counter[str] = Counter()
    for batch in _batches(np.arange(len(trials))):
        X = np.stack([trials[k] for k in batch])
        shares.append(np.asarray(estimator.predict_proba(X)))
        estimated.update(spoilt_channels(estimator, X, ch_names))
    probabilities = np.concatenate(shares)
    labels = [str(label) for label in np.asarray(estimator.classes_)[probabilities.argmax(axis=1)]]
    return labels, probabilities, dict(estimated.most_common())


def _batches(values: np.ndarray) -> Iterator[np.ndarray]:
    for start in range(0, len(values), _BATCH):
        yield values[start : start + _BATCH]

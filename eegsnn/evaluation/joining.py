"""Two data sets as one: what is trained on, and what is tested on."""

from __future__ import annotations

from typing import Any

import numpy as np

from eegsnn.errors import DataError


def join_for_transfer(train: Any, test: Any) -> Any:
    """Join two data sets of EEG, to train on the one and test on the other.

    Channels are matched by name, and those that both have are kept, in the order of `train`.
    Trials are cut to the interval that both have. Nothing is resampled or scaled: a difference of
    rate or unit is refused, because what to do about it is for whoever knows the recordings.

    Parameters
    ----------
    train, test : EEGDataset

    Returns
    -------
    EEGDataset
        With ``split`` for :func:`~eegsnn.evaluation.make_split` of kind "transfer", the groups
        that both have (values of either set are kept apart), and a group "data set".

    Raises
    ------
    DataError
        If no channel is common, rates, units or the trials' times differ, or `test` has a class
        that `train` has not.
    """
    from eegsnn.recordings import EEGDataset

    names = [str(train.name) or "first", str(test.name) or "second"]
    if names[0] == names[1]:
        names = [f"{names[0]} (training)", f"{names[1]} (test)"]
    _check_alike(train, test)
    common = [name for name in train.ch_names if name in test.ch_names]
    start = max(train.tmin, test.tmin)
    end = min(part.tmin + part.X.shape[2] / part.sfreq for part in (train, test))
    if end - start < 2 / train.sfreq:
        raise DataError("transfer: the trials of the two data sets have no time in common.")
    shared = [name for name in train.groups if name in test.groups]
    parts = [
        _part(EEGDataset, part, name, role, common, shared, (start, end))
        for part, name, role in zip((train, test), names, ("train", "test"), strict=True)
    ]
    joined = EEGDataset.concatenate(parts)
    joined.name = " → ".join(names)
    joined.classes = list(train.classes)
    joined.provenance = {
        "transfer": joined.name,
        "train": train.provenance,
        "test": test.provenance,
        **_marks({names[0]: train.provenance, names[1]: test.provenance}),
    }
    lost = [
        f"{len(part.ch_names) - len(common)} channels of {name}"
        for part, name in zip((train, test), names, strict=True)
        if len(part.ch_names) > len(common)
    ]
    if lost:
        text = f"Left out, because the other data set does not have them: {', '.join(lost)}."
        joined.warnings = [*joined.warnings, text]
    return joined


def _marks(histories: dict[str, dict[str, Any]]) -> dict[str, list[str]]:
    """Return what marks a result, whichever side it is of."""
    marks = {
        key: [f"{name}: {text}" for name, own in histories.items() for text in own.get(key, [])]
        for key in ("transductive", "fitted_on_all", "oddities")
    }
    return {key: texts for key, texts in marks.items() if texts}


def _check_alike(train: Any, test: Any) -> None:
    for part in (train, test):
        if not hasattr(part, "sfreq"):
            raise DataError(
                f"transfer: expected two data sets of EEG, but {part.name} is a table of features."
            )
    if not np.isclose(train.sfreq, test.sfreq, rtol=1e-6):
        raise DataError(
            f"transfer: {train.name} is sampled at {train.sfreq:g} Hz, but {test.name} at "
            f"{test.sfreq:g} Hz. Give a common rate as [preprocessing] resample."
        )
    if train.unit != test.unit:
        raise DataError(
            f"transfer: {train.name} is in {train.unit}, but {test.name} in {test.unit}, so that "
            f"amplitudes cannot be compared."
        )
    if not set(train.ch_names) & set(test.ch_names):
        raise DataError(
            f"transfer: no channel is in both data sets. {train.name} has "
            f"{', '.join(train.ch_names)}; {test.name} has {', '.join(test.ch_names)}. Rename them."
        )
    strange = [str(label) for label in test.classes if label not in train.classes]
    if strange:
        raise DataError(
            f"transfer: {test.name} has class {', '.join(strange)}, which {train.name} has not "
            f"({', '.join(map(str, train.classes))}). Choose classes that both have."
        )


def _part(
    kind: Any,
    part: Any,
    name: str,
    role: str,
    channels: list[str],
    groups: list[str],
    interval: tuple[float, float],
) -> Any:
    """Return one side of the transfer: common channels, common interval, groups of its own."""
    order = [part.ch_names.index(channel) for channel in channels]
    kept = {key: np.array([f"{name}: {value}" for value in part.groups[key]]) for key in groups}
    first = round((interval[0] - part.tmin) * part.sfreq)
    length = round((interval[1] - interval[0]) * part.sfreq)
    return kind(
        X=part.X[:, order, first : first + length],
        y=part.y,
        groups={**kept, "data set": np.full(len(part.y), name)},
        sfreq=part.sfreq,
        ch_names=channels,
        classes=part.classes,
        unit=part.unit,
        split=np.full(len(part.y), role),
        tmin=interval[0],
        onsets=None if part.onsets is None else part.onsets + first,
        recordings=None
        if part.recordings is None
        else np.array([f"{name}: {value}" for value in part.recordings]),
        name=name,
        warnings=part.warnings,
    )

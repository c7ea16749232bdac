"""What goes with trials: channels, groups, sampling rate, and MNE's epochs that hold all three."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from eegsnn._validation.settings import check_number
from eegsnn.errors import ConfigurationError, DataError


def check_channel_names(ch_names: Sequence[str], n_channels: int | None = None) -> list[str]:
    """Refuse duplicate or empty names, or a wrong number of them; returns a list of str."""
    names = [str(name) for name in ch_names]
    duplicates = sorted({name for name in names if names.count(name) > 1})
    if duplicates:
        raise DataError(
            f"Channel names must be unique, but these occur more than once: "
            f"{', '.join(duplicates)}. Rename or drop the copies."
        )
    if n_channels is not None and len(names) != n_channels:
        raise DataError(f"Expected {n_channels} channel names, but got {len(names)}.")
    return names


def channel_order(expected: Sequence[str], given: Sequence[str]) -> list[int]:
    """Positions in `given` of each name in `expected` (channels are matched by name).

    Raises
    ------
    DataError
        If a name is missing: all missing names and the names present are listed.
    """
    given = check_channel_names(given)
    position = {name: i for i, name in enumerate(given)}
    missing = [name for name in expected if name not in position]
    if missing:
        raise DataError(
            f"Channels missing from the data: {', '.join(missing)}. Present: {', '.join(given)}. "
            f"Rename or interpolate them, or fit on the channels that are there."
        )
    return [position[name] for name in expected]


def check_groups(groups: Any, n_trials: int) -> np.ndarray | None:
    """Return groups as an array of one entry per trial, or None."""
    if groups is None:
        return None
    groups = np.asarray(groups)
    if groups.shape != (n_trials,):
        raise DataError(
            f"groups: expected one entry for each of the {n_trials} trials, but got shape "
            f"{groups.shape}."
        )
    check_known("groups", groups)
    return groups


def check_known(name: str, labels: np.ndarray) -> None:
    """Refuse None and NaN among labels: what is unknown is no group and no class of its own."""
    if labels.dtype.kind not in "fcO":
        return
    unknown = [k for k, one in enumerate(labels.tolist()) if one is None or one != one]
    if unknown:
        raise DataError(
            f"{name}: {len(unknown)} of {len(labels)} trials have none (None or NaN), the first is "
            f"trial {unknown[0]}. Give each one, or leave these trials out."
        )


def check_same_rate(expected: float, given: float) -> None:
    """Refuse another sampling rate than the one a model was fitted with."""
    if not math.isclose(expected, given, rel_tol=1e-6):
        raise DataError(
            f"The model was fitted at {expected:g} Hz, but the data are sampled at {given:g} Hz. "
            f"Resample them first (read_recording(..., resample={expected:g}) does)."
        )


def check_rate_known(*candidates: float | None) -> float:
    """Return the sampling rate that the candidates (None: not given) agree on.

    Raises
    ------
    ConfigurationError
        If none is given, or one is not positive.
    DataError
        If two differ.
    """
    given = [
        check_number("sfreq", value, low=0.0, low_open=True, unit="Hz")
        for value in candidates
        if value is not None
    ]
    if not given:
        raise ConfigurationError(
            "sfreq: the sampling rate is not known. Give sfreq=… in Hz, or pass mne.Epochs."
        )
    for other in given[1:]:
        if not math.isclose(given[0], other, rel_tol=1e-6):
            raise DataError(
                f"sfreq: expected one sampling rate, but the parameter says {given[0]:g} Hz and "
                f"the data {other:g} Hz. Resample the data, or correct the parameter."
            )
    return given[0]


def is_epochs(X: Any) -> bool:
    """Whether X is mne.Epochs, or a list of them, which is how scikit-learn divides Epochs.

    A continuous recording of MNE's looks the same; :func:`check_cut` refuses it.
    """
    parts = X if isinstance(X, list | tuple) and len(X) else [X]
    return all(hasattr(part, "get_data") and hasattr(part, "info") for part in parts)


def check_cut(X: Any) -> None:
    """Refuse a continuous recording where trials are expected."""
    if is_epochs(X) and not isinstance(X, list | tuple) and not hasattr(X, "events"):
        raise DataError(
            f"X: expected mne.Epochs or an array (trials, channels, times), but got "
            f"{type(X).__name__}. Cut a recording into trials first: make_epochs does."
        )


def unpack_series(
    X: Any,
    *,
    ch_names: Sequence[str] | None = None,
    sfreq: float | None = None,
    picks: Sequence[str] | None = None,
) -> tuple[Any, list[str] | None, float | None]:
    """Take mne.Epochs apart into (data in volts, channel names, sampling rate).

    Arrays pass unchanged, with `ch_names` and `sfreq` as given. Of Epochs, the channels named in
    `picks` are taken, in that order, or else all data channels that are not marked bad. Of a list
    of Epochs, the trials are joined.

    Raises
    ------
    DataError
        If Epochs lack a channel of `picks`, hold no data channel, or have another rate than the
        `sfreq` given beside them.
    """
    if not is_epochs(X):
        return X, None if ch_names is None else list(ch_names), sfreq
    if isinstance(X, list | tuple):
        first, names, rate = unpack_series(X[0], sfreq=sfreq, picks=picks)
        rest = [unpack_series(part, sfreq=rate, picks=names)[0] for part in X[1:]]
        if any(part.shape[2] != first.shape[2] for part in rest):
            raise DataError("X: expected epochs of one length. Crop them alike.")
        return np.concatenate([first, *rest]), names, rate
    rate = float(X.info["sfreq"])
    if sfreq is not None:
        check_same_rate(sfreq, rate)
    if picks is not None:
        channel_order(picks, X.ch_names)
        names = list(picks)
    else:
        from mne import pick_types

        chosen = pick_types(X.info, meg=True, eeg=True, seeg=True, ecog=True, dbs=True)
        names = [X.ch_names[i] for i in chosen]
        if not names:
            raise DataError(
                f"The epochs hold no EEG channel that is not marked bad. Present: "
                f"{', '.join(X.ch_names)}. Set the channel types first."
            )
    # Names are given to MNE, not its own order: picks by name keep the order asked for.
    return X.get_data(picks=names), names, rate

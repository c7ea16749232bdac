"""The one place that validates what users give; every other module calls it.

A message says what was expected, what came, and what to do. Functions return the validated value
in its canonical type, so that callers write ``order = check_integer("order", order, low=1)``.
"""

from __future__ import annotations

import math
import numbers
from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import numpy as np

from eegsnn.errors import ConfigurationError, DataError

# Powers of larger numbers would be infinite.
_HUGE = 1e100


def check_choice(name: str, value: Any, allowed: Iterable[Any]) -> Any:
    """Refuse a `value` that is not among `allowed`; suggests the nearest name."""
    options = list(allowed)
    if any(
        value is option or (type(value) is type(option) and value == option) for option in options
    ):
        return value
    near = get_close_matches(str(value), [str(option) for option in options], n=1)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    raise ConfigurationError(
        f"{name}: expected one of {', '.join(map(repr, options))}, but got {value!r}.{hint}"
    )


def suggestion(given: Any, allowed: Iterable[Any]) -> str:
    """Return ``" Did you mean …?"`` for a misspelt name, or nothing where none is near."""
    near = get_close_matches(str(given), [str(option) for option in allowed], n=1)
    return f" Did you mean {near[0]!r}?" if near else ""


def check_number(
    name: str,
    value: Any,
    *,
    low: float = -math.inf,
    high: float = math.inf,
    low_open: bool = False,
    high_open: bool = False,
    unit: str = "",
) -> float:
    """Refuse what is not a finite real number within the interval; returns a float."""
    bounds = _interval(low, high, low_open, high_open, unit)
    if isinstance(value, bool | np.bool_) or not isinstance(value, numbers.Real):
        raise ConfigurationError(f"{name}: expected a number{bounds}, but got {value!r}.")
    number = float(value)
    too_low = number <= low if low_open else number < low
    too_high = number >= high if high_open else number > high
    if not math.isfinite(number) or too_low or too_high:
        raise ConfigurationError(f"{name}: expected a number{bounds}, but got {value!r}.")
    return number


def check_integer(name: str, value: Any, *, low: int | None = None, high: int | None = None) -> int:
    """Refuse what is not an integer within [low, high]; returns an int."""
    bounds = _interval(
        -math.inf if low is None else low, math.inf if high is None else high, False, False, ""
    )
    if isinstance(value, bool | np.bool_) or not isinstance(value, numbers.Integral):
        raise ConfigurationError(f"{name}: expected an integer{bounds}, but got {value!r}.")
    number = int(value)
    if (low is not None and number < low) or (high is not None and number > high):
        raise ConfigurationError(f"{name}: expected an integer{bounds}, but got {value!r}.")
    return number


def check_boolean(name: str, value: Any) -> bool:
    """Refuse what is not True or False."""
    if not isinstance(value, bool | np.bool_):
        raise ConfigurationError(f"{name}: expected true or false, but got {value!r}.")
    return bool(value)


def check_folder(name: str, path: Path) -> Path:
    """Refuse a path that is, or lies below, something other than a folder; it need not exist."""
    there = next((place for place in (path, *path.parents) if place.exists()), path)
    if there.exists() and not there.is_dir():
        raise ConfigurationError(f"{name}: expected a folder, but {there} is a file.")
    return path


def check_series(
    X: Any,
    *,
    name: str = "X",
    ch_names: Sequence[str] | None = None,
    dtype: Any = np.float64,
    trials: Sequence[str] | None = None,
) -> np.ndarray:
    """Return trials as a finite float array (trials, channels, times).

    Raises
    ------
    DataError
        If the shape is another one or empty, or a sample is NaN or infinite: the message names
        the first such trial and channel, and how many samples are affected.
    """
    array = np.asarray(X)
    if array.dtype.kind not in "fiub":
        raise DataError(f"{name}: expected real numbers, but got dtype {array.dtype}.")
    if array.ndim != 3:
        raise DataError(
            f"{name}: expected an array (trials, channels, times), but got shape {array.shape}."
        )
    if 0 in array.shape:
        raise DataError(
            f"{name}: expected at least one trial, channel and sample, but got shape {array.shape}."
        )
    array = np.ascontiguousarray(array, dtype=dtype)
    check_finite(array, name=name, ch_names=ch_names, trials=trials)
    return array


def check_banded_series(
    X: Any, *, name: str = "X", ch_names: Sequence[str] | None = None
) -> np.ndarray:
    """Return (trials, channels, times) or (trials, bands, channels, times), finite, as float64.

    Raises
    ------
    DataError
        As :func:`check_series` does.
    """
    array = np.asarray(X)
    if array.ndim != 4:
        if array.ndim != 3:
            raise DataError(
                f"{name}: expected an array (trials, channels, times) or (trials, bands, "
                f"channels, times), but got shape {array.shape}."
            )
        return check_series(array, name=name, ch_names=ch_names)
    n_trials, n_bands, n_channels, n_times = array.shape
    flat = array.reshape(n_trials * n_bands, n_channels, n_times)
    trials = [f"trial {t}, band {b}" for t in range(n_trials) for b in range(n_bands)]
    return check_series(flat, name=name, ch_names=ch_names, trials=trials).reshape(array.shape)


def check_sequence(x: Any, n_features: int | None = None, *, name: str = "x") -> np.ndarray:
    """Return inputs [T, batch, features] of at least one step and trial, finite, as float64.

    Raises
    ------
    DataError
        If the shape is another one, or `n_features` differs, or a value is NaN or infinite: the
        message names the first such step, trial and feature.
    """
    array = np.asarray(x)
    if array.dtype.kind not in "fiub":
        raise DataError(f"{name}: expected real numbers, but got dtype {array.dtype}.")
    wanted = "features" if n_features is None else str(n_features)
    if array.ndim != 3 or 0 in array.shape or n_features not in (None, array.shape[2]):
        raise DataError(
            f"{name}: expected an array [T, batch, {wanted}] of at least one step and trial, but "
            f"got shape {array.shape}."
        )
    array = np.ascontiguousarray(array, dtype=np.float64)
    bad = ~np.isfinite(array)
    if bad.any():
        step, trial, feature = (int(i) for i in np.argwhere(bad)[0])
        raise DataError(
            f"{name} contains NaN or infinity: {int(bad.sum())} of {bad.size} values, the first at "
            f"step {step}, trial {trial}, feature {feature}. Drop or interpolate these first."
        )
    return array


def check_signal(s: Any, *, name: str = "s") -> np.ndarray:
    """Return a signal (..., times) of at least one sample as a finite float64 array.

    Raises
    ------
    DataError
        If it has no samples, is not real, or a sample is NaN or infinite: the message names the
        first such sample.
    """
    array = np.asarray(s)
    if array.dtype.kind not in "fiub":
        raise DataError(f"{name}: expected real numbers, but got dtype {array.dtype}.")
    if array.ndim == 0 or array.size == 0:
        raise DataError(
            f"{name}: expected an array (..., times) of at least one sample, but got shape "
            f"{array.shape}."
        )
    array = array.astype(np.float64, copy=False)
    with np.errstate(over="ignore", invalid="ignore"):
        if np.isfinite(array.sum()):
            return array
    bad = ~np.isfinite(array)
    if bad.any():
        first = tuple(int(i) for i in np.argwhere(bad)[0])
        raise DataError(
            f"{name} contains NaN or infinity: {int(bad.sum())} of {bad.size} samples, the first "
            f"at index {first}. Drop or interpolate these samples first."
        )
    return array


def check_finite(
    X: np.ndarray,
    *,
    name: str = "X",
    ch_names: Sequence[str] | None = None,
    trials: Sequence[str] | None = None,
) -> None:
    """Refuse NaN, infinity and what would overflow, naming the trial and the channel of the series.

    `trials` says what messages call each trial, where its number tells nothing.
    """
    # Without a temporary of X's size: NaN is the largest and the smallest of all.
    if X.size == 0 or (float(X.max()) < _HUGE and float(X.min()) > -_HUGE):
        return
    bad = ~np.isfinite(X)
    what = "NaN or infinity"
    if not bad.any():
        bad, what = np.abs(X) >= _HUGE, f"numbers beyond {_HUGE:g}"
    trial, channel = (int(i) for i in np.argwhere(bad)[0][:2])
    label = f"{channel} ({ch_names[channel]})" if ch_names is not None else str(channel)
    where = trials[trial] if trials is not None else f"trial {trial}"
    raise DataError(
        f"{name} contains {what}: {int(bad.sum())} of {bad.size} samples, the first in "
        f"{where}, channel {label}. Drop or interpolate these samples first; for "
        f"channels of recordings, [preprocessing] bads = 'interpolate' does."
    )


def check_no_flat_channel(X: np.ndarray, ch_names: Sequence[str]) -> None:
    """Refuse trials (trials, channels, times) with a channel that never changes within a trial.

    Raises
    ------
    DataError
        Naming the channels.
    """
    flat = np.flatnonzero(~(X[:, :, :1] != X).any(axis=(0, 2)))
    if X.shape[2] > 1 and flat.size:
        raise DataError(
            f"Flat channel in the training data: {', '.join(ch_names[int(i)] for i in flat)} "
            f"does not vary within any trial. Drop or interpolate it first; for channels of "
            f"recordings, [preprocessing] bads = 'interpolate' does."
        )


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


def _interval(low: float, high: float, low_open: bool, high_open: bool, unit: str) -> str:
    suffix = f" {unit}" if unit else ""
    if math.isinf(low) and math.isinf(high):
        return f" (in{suffix})" if unit else ""
    if math.isinf(high):
        return f" {'>' if low_open else '≥'} {low:g}{suffix}"
    if math.isinf(low):
        return f" {'<' if high_open else '≤'} {high:g}{suffix}"
    return f" in {'(' if low_open else '['}{low:g}, {high:g}{')' if high_open else ']'}{suffix}"


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

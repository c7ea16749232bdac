"""Trials that come cut: MNE epochs, EEGLAB epochs, and plain arrays (.npz, MATLAB's .mat)."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping, Sequence
from itertools import permutations
from pathlib import Path
from typing import Any

import mne
import numpy as np

from eegsnn._validation import check_number
from eegsnn.errors import DataError, EegsnnError, RecordingError
from eegsnn.recordings.channel_types import no_eeg_by_name, set_types_by_name
from eegsnn.recordings.channels import apply_montage
from eegsnn.recordings.dataset import EEGDataset
from eegsnn.recordings.formats.eeglab import labels_at_zero
from eegsnn.recordings.formats.matlab import load_matlab
from eegsnn.recordings.interpolation import interpolate_bads
from eegsnn.recordings.preprocessing import (
    Preprocessing,
    drop_left_out,
    preprocess_trials,
    resolve_names,
    words_of,
)
from eegsnn.recordings.units import ARBITRARY, in_volts

_ARRAYS = (".npz", ".mat")
_EPOCHS = re.compile(r"epo(-\d+)?\.fif(\.gz)?$", re.IGNORECASE)
_EEGLAB_TRIALS = re.compile(r"number of trials", re.IGNORECASE)
# Arrays with a meaning of their own; all others are groups.
_RESERVED = ("X", "y", "sfreq", "ch_names", "unit", "tmin", "split")
# What MATLAB's toolboxes call the sampling rate.
_RATES = ("fs", "Fs", "srate", "fsample")
_AXES = ("trials", "channels", "times")
_SAVE_NUMPY = "np.savez(path, X=X, y=y, sfreq=250.0, ch_names=names, subject=subjects)"
_SAVE_MATLAB = "save(path, 'X', 'y', 'sfreq', 'ch_names', 'subject', '-v7')"
# Columns of an epochs file's metadata that say where a trial comes from.
_ORIGINS = ("subject", "session", "run", "block")


def is_trial_file(path: Path) -> bool:
    """Whether a file holds trials that are cut: by its name, and of EEGLAB by what is in it."""
    name = path.name.lower()
    if name.endswith(_ARRAYS) or _EPOCHS.search(name):
        return True
    if not name.endswith(".set") or not path.is_file():
        return False
    try:
        mne.io.read_raw_eeglab(path, preload=False, verbose="error")
    except Exception as error:  # told by the reader of continuous recordings, if it is damaged
        return bool(_EEGLAB_TRIALS.search(str(error)))
    return False


def read_trials(
    path: Path,
    preprocessing: Preprocessing | None = None,
    *,
    need_labels: bool = True,
) -> EEGDataset:
    """Read trials that were cut elsewhere.

    Parameters
    ----------
    path : path
        ``…-epo.fif``, an EEGLAB ``.set`` with epochs (their labels are the events at latency 0),
        or an ``.npz`` or ``.mat`` of arrays: ``X`` (trials, channels, times), ``y`` (trials,),
        ``sfreq`` (or ``fs``, ``srate``) in hertz; optionally ``ch_names``, ``unit`` ("V" if not
        given, "mV", "uV", "nV", "a.u."), ``tmin`` (seconds), ``split`` ("train" or "test"); any
        other array (trials,) is a group of that name. A ``.mat`` may also hold one
        structure with such fields, or FieldTrip's trials.
    preprocessing : Preprocessing, optional
        Names, picks, reference, resampling; filters are refused.
    need_labels : bool, default True
        Whether arrays without ``y`` are refused; otherwise its labels are empty texts.

    Returns
    -------
    EEGDataset
        In volts (or "a.u."); labels and groups as text.

    Raises
    ------
    RecordingError
        The file cannot be read, or lacks something.
    DataError
        Lengths disagree, or a sample is NaN or infinite.
    ConfigurationError
        The preprocessing needs the continuous recording.
    """
    steps = preprocessing or Preprocessing()
    if not path.is_file():
        raise RecordingError(f"{path}: no such file.")
    try:
        if path.name.lower().endswith(_ARRAYS):
            data = _from_arrays(path, need_labels)
            steps = _with_eeg_alone(steps, data.ch_names)
        else:
            epochs = _read_epochs(path)
            if path.suffix.lower() == ".set":
                _name_by_event_at_zero(epochs, path)
                set_types_by_name(epochs, ".set", words_of(steps.picks))
            if steps.montage is not None:
                apply_montage(epochs, steps.montage)
            drop_left_out(epochs, steps.picks, steps.montage)
            if steps.bads == "interpolate":
                interpolate_bads(epochs, name=path.name)
            names = resolve_names(epochs, steps.picks, "picks", steps.montage)
            data = _from_epochs(epochs.pick(names).reorder_channels(names))
            steps = dataclasses.replace(steps, picks="all")
        X, sfreq, ch_names = preprocess_trials(
            data.X, data.sfreq, data.ch_names, steps, name="this file"
        )
    except EegsnnError as error:
        where = "" if str(path) in str(error) else f"{path}: "
        raise type(error)(f"{where}{error}") from error
    return dataclasses.replace(data, X=X, sfreq=sfreq, ch_names=ch_names)


def _with_eeg_alone(steps: Preprocessing, ch_names: Sequence[str]) -> Preprocessing:
    """Leave out, where EEG is asked for, what the names of channels say is none."""
    if words_of(steps.picks) != "eeg":
        return steps
    given = [steps.picks] if isinstance(steps.picks, str) else steps.picks or []
    out = [f"!{name}" for name in no_eeg_by_name(ch_names)]
    return dataclasses.replace(steps, picks=[*dict.fromkeys([*given, *out])])


def _read_epochs(path: Path) -> mne.BaseEpochs:
    reader = mne.read_epochs_eeglab if path.suffix.lower() == ".set" else mne.read_epochs
    try:
        return reader(path, verbose="error").load_data()
    except Exception as error:  # as for recordings: parsers raise anything
        raise RecordingError(
            f"{path}: cannot be read as epochs; the file is truncated, damaged or not what its "
            f"name says ({type(error).__name__}: {error})."
        ) from error


def _name_by_event_at_zero(epochs: mne.BaseEpochs, path: Path) -> None:
    """Call EEGLAB's epochs, in place, by the event that they were cut at, not by all they hold."""
    joined = {code: name for name, code in epochs.event_id.items()}
    if not any("/" in name for name in joined.values()):
        return
    at_zero = labels_at_zero(path, float(epochs.info["sfreq"]))
    if len(at_zero) != len(epochs):
        return
    names = [
        told or joined[code]
        for told, code in zip(at_zero, epochs.events[:, 2].tolist(), strict=True)
    ]
    codes = {name: code for code, name in enumerate(dict.fromkeys(names), start=1)}
    epochs.events[:, 2] = [codes[name] for name in names]
    epochs.event_id = codes


def _from_epochs(epochs: mne.BaseEpochs) -> EEGDataset:
    if not len(epochs):
        raise RecordingError("the file holds no epochs.")
    told = epochs.metadata
    groups = {} if told is None else {k: _text(k, told[k]) for k in _ORIGINS if k in told}
    return EEGDataset.from_epochs(epochs, groups=groups)


def _from_arrays(path: Path, need_labels: bool) -> EEGDataset:
    is_matlab = path.suffix.lower() == ".mat"
    arrays = load_matlab(path) if is_matlab else _load(path)
    if "sfreq" not in arrays:
        arrays = {"sfreq" if key in _RATES else key: value for key, value in arrays.items()}
    required = ["X", "sfreq"] + ["y"] * need_labels
    missing = [key for key in required if key not in arrays]
    if missing:
        raise RecordingError(
            f"no array {', '.join(missing)} in it, only {', '.join(arrays) or 'nothing'}. Save "
            f"X (trials, channels, times), y (trials,) and sfreq in hertz: "
            f"{_SAVE_MATLAB if is_matlab else _SAVE_NUMPY}."
        )
    X = arrays["X"]
    if X.ndim != 3 or X.dtype.kind not in "fiu":
        raise DataError(
            f"X: expected numbers (trials, channels, times), but got shape {X.shape} of {X.dtype}."
        )
    _check_order(arrays)
    y = _text("y", arrays["y"]) if "y" in arrays else np.full(len(X), "")
    names = arrays.get("ch_names", np.array([f"ch{k}" for k in range(X.shape[1])]))
    split = arrays.get("split")
    unit = str(np.squeeze(arrays.get("unit", "V")))
    scale = in_volts(unit)
    groups = {}
    for key, values in arrays.items():
        if key in _RESERVED:
            continue
        if values.shape != (len(X),):
            raise DataError(
                f"{key}: expected a group for each of the {len(X)} trials, but got shape "
                f"{values.shape}. Beside groups a file may hold {', '.join(_RESERVED)}."
            )
        groups[key] = _text(key, values)
    return EEGDataset(
        X=X if scale == 1.0 else X * scale,
        y=y,
        groups=groups,
        sfreq=_scalar("sfreq", arrays["sfreq"]),
        ch_names=[str(name) for name in np.ravel(names)],
        unit=ARBITRARY if unit == ARBITRARY else "V",
        split=None if split is None else _text("split", split),
        tmin=_scalar("tmin", arrays.get("tmin", np.array(0.0))),
    )


def _check_order(arrays: Mapping[str, np.ndarray]) -> None:
    """Refuse trials whose axes are in another order, as far as labels and names tell."""
    shape = arrays["X"].shape
    known = {0: arrays.get("y"), 1: arrays.get("ch_names")}
    sizes = {axis: np.size(values) for axis, values in known.items() if values is not None}
    if all(shape[axis] == size for axis, size in sizes.items()):
        return
    fitting = [
        order
        for order in permutations(range(3))
        if all(shape[order[axis]] == size for axis, size in sizes.items())
    ]
    if len(sizes) == 2 and len(fitting) == 1:
        order = fitting[0]
        raise DataError(
            f"X: expected (trials, channels, times), but got shape {shape} with {sizes[0]} labels "
            f"y and {sizes[1]} ch_names: its axes are in another order. Save X.transpose{order}, "
            f"in MATLAB permute(X, {[axis + 1 for axis in order]})."
        )
    expected = ", ".join(str(sizes.get(axis, name)) for axis, name in enumerate(_AXES))
    raise DataError(
        f"X: expected (trials, channels, times) = ({expected}) by y and ch_names, but got shape "
        f"{shape}."
    )


def _load(path: Path) -> dict[str, np.ndarray]:
    """Read the arrays of an .npz; nothing that could hold code is unpacked."""
    try:
        with np.load(path, allow_pickle=False) as bundle:
            arrays = {}
            for key in bundle.files:
                try:
                    arrays[key] = bundle[key]
                except ValueError as error:
                    if "allow_pickle" not in str(error):
                        raise
                    raise RecordingError(
                        f"{path}: array {key!r} holds Python objects, which are not read. Save "
                        f"texts as np.asarray({key}, dtype=str), numbers as a numeric array."
                    ) from error
            return arrays
    except EegsnnError:
        raise
    except Exception as error:  # zip and npy parsers raise anything
        raise RecordingError(
            f"{path}: cannot be read as arrays ({type(error).__name__}: {error})."
        ) from error


def _scalar(key: str, value: np.ndarray) -> float:
    if value.size != 1 or value.dtype.kind not in "fiu":
        raise DataError(f"{key}: expected one number, but got shape {value.shape}: {value!r}.")
    return check_number(key, float(value.ravel()[0]))


def _text(key: str, values: Any) -> np.ndarray:
    """Return labels or groups as text; 1.0 and 1 are the same."""
    array = np.asarray(values)
    if array.dtype.kind == "f":
        if not np.isfinite(array).all():
            raise DataError(f"{key}: a value is NaN or infinite. Every trial needs one.")
        if (array == np.round(array)).all():
            array = array.astype(np.int64)
    return np.array([v.decode() if isinstance(v, bytes) else str(v) for v in array.tolist()])

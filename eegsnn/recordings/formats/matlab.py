"""Arrays in a MATLAB file, as an ``.npz`` would hold them; FieldTrip's trials among them.

FieldTrip's structures: https://www.fieldtriptoolbox.org (``ft_datatype_raw``,
``ft_datatype_timelock``).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from scipy.io import loadmat
from scipy.io.matlab import MatlabFunction, MatlabOpaque

from eegsnn.errors import DataError, RecordingError
from eegsnn.recordings.formats.matlab_hdf5 import load_matlab_hdf5
from eegsnn.recordings.units import TO_VOLTS

# What MATLAB keeps as 1 × 1 although it is one value.
_SINGLE = ("sfreq", "fs", "Fs", "srate", "fsample", "unit", "tmin")


def load_matlab(path: Path) -> dict[str, np.ndarray]:
    """Read the variables of a ``.mat`` file of any version.

    Rows and columns become one-dimensional, cell arrays and char matrices arrays of texts without
    trailing blanks. Where all is in one structure, its fields are taken; one of FieldTrip
    (``trial``, ``time``, ``label``), whatever stands beside it, becomes X, y (first column of
    ``trialinfo``), sfreq, ch_names and tmin.

    Raises
    ------
    RecordingError
        The file cannot be read: damaged, or it holds objects instead of arrays.
    DataError
        FieldTrip's trials differ in length or start, or there are several structures of them.
    """
    held = {key: value for key, value in _load(path).items() if not key.startswith("__")}
    if "X" not in held:
        found = [(key, one) for key, value in held.items() for one in _fieldtrip_in(value)]
        if len(found) > 1:
            raise DataError(
                f"{len(found)} structures of FieldTrip's trials are in it, in "
                f"{', '.join(dict(found))}. Save each in a file of its own: its name can say which "
                f"condition, subject or session it is."
            )
        if found:
            return _from_fieldtrip(_fields(found[0][1]))
    if len(held) == 1:
        (whole,) = held.values()
        if _is_structure(whole):
            held = _fields(whole)
    return {key: _plain(path, key, value) for key, value in held.items()}


def _is_structure(value: Any) -> bool:
    return isinstance(value, np.ndarray) and bool(value.dtype.names) and value.size == 1


def _fieldtrip_in(value: Any) -> list[np.ndarray]:
    """Return FieldTrip's structures in a variable: itself, or the cells of a cell array."""
    if isinstance(value, np.ndarray) and value.dtype == object:
        return [one for cell in value.ravel() for one in _fieldtrip_in(cell)]
    if not _is_structure(value):
        return []
    return [value] if {"trial", "time", "label"} <= set(value.dtype.names) else []


def _load(path: Path) -> dict[str, Any]:
    try:
        try:
            content: dict[str, Any] = loadmat(path, chars_as_strings=True)
        except NotImplementedError:  # what SciPy says of version 7.3
            content = load_matlab_hdf5(path)
    except Exception as error:  # parsers of damaged files raise anything
        raise RecordingError(
            f"{path}: cannot be read as a MATLAB file; it is truncated, damaged or none "
            f"({type(error).__name__}: {error})."
        ) from error
    return content


def _fields(structure: np.ndarray) -> dict[str, Any]:
    record = structure.ravel()[0]
    return {name: record[name] for name in structure.dtype.names or ()}


def _plain(path: Path, key: str, value: Any) -> np.ndarray:
    """Return a variable as NumPy would have it."""
    is_object = isinstance(value, MatlabOpaque | MatlabFunction)
    if is_object or not isinstance(value, np.ndarray) or value.dtype.names:
        raise RecordingError(
            f"{path}: {_name_of(key, value)} is a MATLAB object or structure, which is not read. "
            f"Save plain arrays: numbers as double or single, texts and categories as cellstr(…)."
        )
    if value.dtype == object:
        value = _of_cells(path, key, value)
    if value.dtype.kind == "U":
        value = np.char.strip(value)
    if value.ndim == 2 and 1 in value.shape and key != "X":
        value = value.ravel()
    return value.reshape(()) if key in _SINGLE and value.size == 1 else value


def _name_of(key: str, value: Any) -> str:
    """Return a variable's name; SciPy calls objects "None", and keeps their names within."""
    try:
        return str(value["s0"].ravel()[0].decode())
    except (AttributeError, IndexError, KeyError, TypeError, ValueError):
        return key


def _of_cells(path: Path, key: str, cells: np.ndarray) -> np.ndarray:
    values: list[Any] = []
    for number, cell in enumerate(cells.ravel(), start=1):
        array = np.asarray(cell)
        if array.dtype.kind == "U" and array.size <= 1:
            values.append("".join(array.ravel().tolist()))
        elif array.dtype.kind in "fiub" and array.size == 1:
            values.append(array.item())
        else:
            raise RecordingError(
                f"{path}: {key}: expected a cell array of one text or number each, but cell "
                f"{number} holds {array.dtype} values of shape {array.shape}."
            )
    return np.array(values).reshape(cells.shape)


def _from_fieldtrip(held: dict[str, Any]) -> dict[str, np.ndarray]:
    trials, times = held["trial"], held["time"]
    if trials.dtype == object:  # raw: cells (channels, times), each with its own time axis
        axes = [np.ravel(axis) for axis in times.ravel()]
        series = list(trials.ravel())
        for number, (one, axis) in enumerate(zip(series, axes, strict=False), start=1):
            if one.shape != series[0].shape or not np.allclose(axis[0], axes[0][0], atol=1e-6):
                raise DataError(
                    f"trial {number} is {one.shape[0]} × {one.shape[1]} samples from {axis[0]:g} "
                    f"s, but the first {series[0].shape[0]} × {series[0].shape[1]} from "
                    f"{axes[0][0]:g} s. Cut them alike: ft_redefinetrial."
                )
        X, axis = np.stack(series), axes[0]
    else:  # timelock: (trials, channels, times), one time axis for all
        X, axis = trials, np.ravel(times)
    if len(axis) < 2:
        raise DataError(f"time: expected at least two samples, but got {len(axis)}.")
    arrays = {
        "X": X,
        "sfreq": np.array(np.round((len(axis) - 1) / (axis[-1] - axis[0]), 6)),
        "ch_names": np.array([str(np.ravel(cell)[0]).strip() for cell in held["label"].ravel()]),
        "tmin": np.array(axis[0]),
    }
    if "trialinfo" in held and np.ndim(held["trialinfo"]) == 2:
        arrays["y"] = held["trialinfo"][:, 0]
    unit = _common_unit(held)
    return arrays | ({"unit": np.array(unit)} if unit else {})


def _common_unit(held: dict[str, Any]) -> str | None:
    """Return the unit that all channels have by FieldTrip's header, if it says one."""
    header = held.get("hdr")
    if header is None or "chanunit" not in (header.dtype.names or ()):
        return None
    units = {str(np.ravel(cell)[0]) for cell in np.ravel(_fields(header)["chanunit"])}
    return units.pop() if len(units) == 1 and units <= set(TO_VOLTS) else None

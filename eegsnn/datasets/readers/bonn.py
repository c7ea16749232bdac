"""Bonn epilepsy segments: a zip of text files, one integer per line."""

from __future__ import annotations

import re
import zipfile
from pathlib import Path

import numpy as np

from eegsnn._validation import check_number
from eegsnn.datasets.manifest import Manifest
from eegsnn.errors import ConfigurationError, DataError
from eegsnn.recordings import EEGDataset, Preprocessing, preprocess_trials

_SEGMENT = re.compile(r"(?:^|/)([ZONFS])(\d{3})\.txt$", re.IGNORECASE)


def read(
    manifest: Manifest,
    files: dict[str, Path],
    preprocessing: Preprocessing | None,
    *,
    window: float | None = None,
) -> EEGDataset:
    """Read the 500 segments, or windows of them.

    Parameters
    ----------
    manifest, files, preprocessing
        As for every reader.
    window : float, optional
        Cut each segment into windows of this many seconds, without overlap; the rest is left out.
        Whole segments (23.6 s) if not given. Windows of one segment share its group "segment".
    """
    (path,) = files.values()
    found = _segments(path)
    if not found:
        raise DataError(f"{path}: no segment files such as Z001.txt in it.")
    lengths = {len(values) for values in found.values()}
    if len(lengths) > 1:
        raise DataError(f"{path}: segments differ in length: {sorted(lengths)}.")
    labelled = sorted((manifest.events[letter], number, letter) for letter, number in found)
    X = np.stack([found[letter, number] for _, number, letter in labelled])[:, None, :]
    y = np.array([label for label, _, _ in labelled])
    segment = np.array([f"{label}{number:03d}" for label, number, _ in labelled])
    sfreq = manifest.recording.sfreq or 173.61
    X, sfreq, names = preprocess_trials(
        X,
        sfreq,
        manifest.recording.channels,
        preprocessing or Preprocessing(),
        name=manifest.name,
    )
    if window is not None:
        duration = X.shape[2] / sfreq
        window = check_number("window", window, low=0, low_open=True, high=duration, unit="s")
        X, repeats = _windows(X, round(window * sfreq))
        y, segment = np.repeat(y, repeats), np.repeat(segment, repeats)
    return EEGDataset(
        X=X,
        y=y,
        groups={"segment": segment},
        sfreq=sfreq,
        ch_names=names,
        classes=list(manifest.events.values()),
        unit=manifest.recording.unit,
    )


def _windows(X: np.ndarray, length: int) -> tuple[np.ndarray, int]:
    if length < 1:
        raise ConfigurationError("window: expected at least one sample.")
    n_trials, n_channels, n_times = X.shape
    repeats = n_times // length
    cut = X[..., : repeats * length].reshape(n_trials, n_channels, repeats, length)
    return cut.transpose(0, 2, 1, 3).reshape(-1, n_channels, length), repeats


def _segments(path: Path) -> dict[tuple[str, int], np.ndarray]:
    found = {}
    try:
        with zipfile.ZipFile(path) as bundle:
            for name in bundle.namelist():
                match = _SEGMENT.search(name)
                if match:
                    values = np.array(bundle.read(name).split(), dtype=np.float64)
                    found[match[1].upper(), int(match[2])] = values
    except (zipfile.BadZipFile, ValueError, OSError) as error:
        raise DataError(f"{path}: not a zip of segments of numbers ({error}).") from error
    return found

"""UCI Eye State: one continuous recording as ARFF text, a state of the eyes per sample."""

from __future__ import annotations

import itertools
import re
from pathlib import Path

import mne
import numpy as np

from eegsnn._validation import check_number
from eegsnn.datasets.manifest import Manifest
from eegsnn.datasets.readers._common import read_bytes
from eegsnn.errors import DataError
from eegsnn.recordings import EEGDataset, Preprocessing, preprocess
from eegsnn.recordings.units import in_volts


def read(
    manifest: Manifest,
    files: dict[str, Path],
    preprocessing: Preprocessing | None,
    *,
    window: float = 1.0,
    reject: float | None = None,
) -> EEGDataset:
    """Filter the recording, then cut it into windows within which the state does not change.

    Parameters
    ----------
    manifest, files, preprocessing
        As for every reader.
    window : float, default 1
        Length in seconds, without overlap, from the start of each block of one state.
    reject : float, optional
        Drop windows with a peak-to-peak amplitude above this many volts; ``500e-6`` drops the
        four samples of up to 0.7 V that the recording holds. Nothing is dropped if not given.
    """
    window = check_number("window", window, low=0, low_open=True, unit="s")
    (path,) = files.values()
    values, states, names = parse_arff(path)
    sfreq = manifest.recording.sfreq or 128.0
    info = mne.create_info(names, sfreq, "eeg")
    signal = values.T * in_volts(manifest.recording.file_unit)
    raw = preprocess(
        mne.io.RawArray(signal, info, verbose="error"), preprocessing or Preprocessing()
    )
    sfreq_new = float(raw.info["sfreq"])
    windows, labels, blocks = [], [], []
    length = round(window * sfreq_new)
    for number, (start, stop) in enumerate(_blocks(states)):
        first, last = round(start * sfreq_new / sfreq), round(stop * sfreq_new / sfreq)
        for begin in range(first, min(last, raw.n_times) - length + 1, length):
            windows.append(raw.get_data(start=begin, stop=begin + length))
            labels.append(manifest.events[str(states[start])])
            blocks.append(number)
    if not windows:
        raise DataError(f"window: no block of one state lasts {window:g} s.")
    X = np.stack(windows)
    kept = np.ones(len(X), dtype=bool)
    if reject is not None:
        limit = check_number("reject", reject, low=0, low_open=True, unit="V")
        kept = np.ptp(X, axis=2).max(axis=1) <= limit
    dataset = EEGDataset(
        X=X,
        y=np.array(labels),
        groups={"block": np.array(blocks)},
        sfreq=sfreq_new,
        ch_names=list(raw.ch_names),
        classes=list(manifest.events.values()),
        provenance={"dropped": {"amplitude": int((~kept).sum())}},
    )
    return dataset.select(kept)


def parse_arff(path: Path) -> tuple[np.ndarray, np.ndarray, list[str]]:
    """Parse the numeric ARFF file: values (times, channels), state per sample, channel names.

    Raises
    ------
    DataError
        If there is no data section or a row does not fit the attributes.
    """
    header, mark, body = read_bytes(path).decode("utf-8").partition("@DATA")
    names = re.findall(r"^@ATTRIBUTE\s+(\S+)", header, re.MULTILINE | re.IGNORECASE)
    rows = [line.split(",") for line in body.split("\n") if line.strip()]
    if not mark or not rows or len(names) < 2:
        raise DataError(f"{path}: not an ARFF file with data.")
    try:
        table = np.array(rows, dtype=np.float64).reshape(-1, len(names))
    except ValueError as error:
        raise DataError(
            f"{path}: expected {len(names)} numbers in each row, but got something else ({error})."
        ) from error
    return table[:, :-1], table[:, -1].astype(int), names[:-1]


def _blocks(states: np.ndarray) -> list[tuple[int, int]]:
    edges = np.flatnonzero(np.diff(states)) + 1
    bounds = [0, *edges.tolist(), len(states)]
    return list(itertools.pairwise(bounds))

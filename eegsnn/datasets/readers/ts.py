"""UEA/aeon text files (``.ts``): one line per trial, channels between colons, label last.

Format: Loning et al., *sktime* (2019); https://www.aeon-toolkit.org.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from eegsnn._validation import check_boolean
from eegsnn.datasets.manifest import Manifest
from eegsnn.datasets.readers._common import read_bytes
from eegsnn.datasets.repairs import has_channel_stride_defect, repair_channel_stride
from eegsnn.errors import ConfigurationError, DataError
from eegsnn.recordings import EEGDataset, Preprocessing, preprocess_trials
from eegsnn.recordings.units import in_volts


def read(
    manifest: Manifest,
    files: dict[str, Path],
    preprocessing: Preprocessing | None,
    *,
    repair: bool = True,
) -> EEGDataset:
    """Read the official training and test files into one data set with a `split`.

    Parameters
    ----------
    manifest, files, preprocessing
        As for every reader.
    repair : bool, default True
        Mend a defect that the manifest declares, if it is there. With False the rows come as they
        are shipped, and are called "row 0", "row 1", … because they are no channels.
    """
    check_boolean("repair", repair)
    parts = {str(manifest.file(name).attributes["split"]): files[name] for name in files}
    series, labels, split = [], [], []
    for part in ("train", "test"):
        X, y = parse_ts(parts[part])
        series.append(X)
        labels.append(y)
        split += [part] * len(X)
    X, y = np.concatenate(series), np.concatenate(labels)
    names, provenance = list(manifest.recording.channels), {}
    defective = bool(manifest.repairs) and has_channel_stride_defect(X)
    if defective and repair:
        shipped = X.shape[1:]
        X = repair_channel_stride(X)
        provenance["repairs"] = [
            f"channel-stride: {shipped[0]} overlapping rows × {shipped[1]} samples repaired to "
            f"{X.shape[1]} whole channel{'s' if X.shape[1] > 1 else ''}"
        ]
    elif defective:
        names = [f"row {i}" for i in range(X.shape[1])]
    if X.shape[1] > len(names):
        raise DataError(
            f"{manifest.name}: expected at most {len(names)} channels, but the files hold "
            f"{X.shape[1]}."
        )
    names = names[: X.shape[1]]
    sfreq = _sampling_rate(manifest)
    X = X * in_volts(manifest.recording.file_unit)
    X, sfreq, names = preprocess_trials(
        X, sfreq, names, preprocessing or Preprocessing(), name=manifest.name
    )
    return EEGDataset(
        X=X,
        y=np.array([manifest.events.get(label, label) for label in y]),
        groups={"subject": np.full(len(X), "1")},
        sfreq=sfreq,
        ch_names=names,
        classes=list(manifest.events.values()),
        unit=manifest.recording.unit,
        split=np.array(split),
        tmin=manifest.recording.tmin,
        provenance=provenance,
    )


def parse_ts(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """Parse a ``.ts`` file (or ``.ts.gz``) of series of equal length.

    Returns
    -------
    X : ndarray of float64, shape (trials, channels, times)
    y : ndarray of str, shape (trials,)

    Raises
    ------
    DataError
        If there is no data section, a line has another number of values than the first, or a
        value is not a number; the message names the line.
    """
    header, mark, body = read_bytes(path).decode("latin-1").partition("@data")
    lines = [line for line in body.splitlines() if line.strip()]
    if not mark or not lines:
        raise DataError(f"{path}: not a .ts file: it has no trials after a line @data.")
    if "@classlabel true" not in header.lower():
        raise DataError(f"{path}: expected a .ts file with class labels (@classLabel true).")
    n_channels = lines[0].count(":")
    n_times = lines[0].split(":", 1)[0].count(",") + 1
    X = np.empty((len(lines), n_channels, n_times))
    y = []
    for row, line in enumerate(lines):
        text, _, label = line.rpartition(":")
        try:
            values = np.array(text.replace(":", ",").split(","), dtype=np.float64)
            X[row] = values.reshape(n_channels, n_times)
        except ValueError as error:
            raise DataError(
                f"{path}: trial {row}: expected {n_channels} channels × {n_times} numbers, but "
                f"got something else ({error})."
            ) from error
        y.append(label.strip())
    return X, np.array(y)


def _sampling_rate(manifest: Manifest) -> float:
    if manifest.recording.sfreq is None:
        raise ConfigurationError(f"{manifest.name}: recording.sfreq: missing; .ts files need it.")
    return manifest.recording.sfreq

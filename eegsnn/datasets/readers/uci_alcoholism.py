"""UCI EEG database (SMNI_CMI_TRAIN): gathered trials, and the original one-file-per-trial text.

Original text: Ingber, Phys. Rev. E 55, 4578 (1997); UCI machine learning repository, number 121.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import re
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, NamedTuple

import numpy as np

from eegsnn._validation import check_choice
from eegsnn.datasets.manifest import Manifest
from eegsnn.datasets.readers._common import read_bytes
from eegsnn.errors import DataError, FetchError
from eegsnn.recordings import EEGDataset, Preprocessing, preprocess_trials
from eegsnn.recordings.units import in_volts

# The eyes (X horizontal, Y vertical) and the nose are recorded beside 61 electrodes of the scalp.
_NOT_SCALP = {"X", "Y", "nd"}
_PAIRS = ["S2 match", "S2 nomatch"]
#: Subjects whose trials the gathered file holds.
_SUBJECTS = [
    *(f"co2a0000{number}" for number in (364, 365, 368, 369, 370, 377, 378)),
    *(f"co2c0000{number}" for number in (337, 338, 340, 341, 342, 346, 347)),
]
_TRIAL_FILE = re.compile(r"(co[23][ac]\d{7})\.rd\.\d{3}(\.gz)?$")


class Trial(NamedTuple):
    """One trial of the original text format; X in nanovolts, int32, shape (channels, times)."""

    X: np.ndarray
    ch_names: list[str]
    subject: str
    label: str
    condition: str
    number: int


def read(
    manifest: Manifest,
    files: dict[str, Path],
    preprocessing: Preprocessing | None,
    *,
    channels: str = "scalp",
    label: str = "diagnosis",
) -> EEGDataset:
    """Read all trials.

    Parameters
    ----------
    manifest, files, preprocessing
        As for every reader.
    channels : "scalp" or "all", default "scalp"
        The 61 electrodes of the scalp, or also the two of the eyes (X, Y) and the nose (nd).
    label : "diagnosis" or "match", default "diagnosis"
        What is to be told: alcoholic or control, of whole subjects; or whether the second picture
        of a trial was the first again ("S2 match", "S2 nomatch"), with the trials of two pictures.
    """
    check_choice("label", label, ["diagnosis", "match"])
    check_choice("channels", channels, ["scalp", "all"])
    (path,) = files.values()
    content = _load(path)
    names = [str(name) for name in content["ch_names"]]
    kept = [i for i, name in enumerate(names) if channels == "all" or name not in _NOT_SCALP]
    X = content["X_nanovolt"][:, kept] * in_volts("nV")
    names, sfreq = [names[i] for i in kept], float(content["sfreq"])
    X, sfreq, names = preprocess_trials(
        X, sfreq, names, preprocessing or Preprocessing(), name=manifest.name
    )
    condition = content["condition"]
    dataset = EEGDataset(
        X=X,
        y=content["label"] if label == "diagnosis" else condition,
        groups={"subject": content["subject"], "condition": condition},
        sfreq=sfreq,
        ch_names=names,
        classes=list(manifest.events.values())
        if label == "diagnosis"
        else [*_PAIRS, *sorted(set(condition.tolist()) - set(_PAIRS))],
    )
    return dataset if label == "diagnosis" else dataset.select_classes(_PAIRS)


def read_trial(path: str | Path) -> Trial:
    """Read one file of the original text format, such as ``co2a0000364.rd.000`` (or ``.gz``).

    Raises
    ------
    DataError
        If the file is not of this format, or channels differ in length.
    """
    return _parse_trial(read_bytes(Path(path)).decode("latin-1"), str(path))


def content_sha256(path: Path) -> str:
    """SHA-256 over the trials' numbers, subjects and conditions, whatever the packing."""
    try:
        content = _load(path)
    except DataError:
        return "unreadable"
    digest = hashlib.sha256(np.ascontiguousarray(content["X_nanovolt"], dtype="<i4").tobytes())
    for key in ("subject", "condition", "trial", "ch_names"):
        digest.update("\n".join(map(str, content[key].tolist())).encode())
    return digest.hexdigest()


def build(download: Path, target: Path) -> None:
    """Gather the trials of UCI's archive, which nests archives, into one ``.npz``.

    Raises
    ------
    FetchError
        If the archive cannot be read, or a subject's trials are missing.
    """
    trials: dict[tuple[str, str], Trial] = {}
    try:
        with download.open("rb") as stream:
            for name, content in _walk(stream, inside=""):
                found = _TRIAL_FILE.search(name)
                if found and found[1] in _SUBJECTS and "SMNI_CMI_TEST" not in name:
                    text = content if content[:2] != b"\x1f\x8b" else gzip.decompress(content)
                    key = (found[1], Path(name).name.removesuffix(".gz"))
                    trials[key] = _parse_trial(text.decode("latin-1"), name)
    except (DataError, OSError, EOFError, tarfile.TarError, zipfile.BadZipFile) as error:
        raise FetchError(f"{download.name}: cannot be unpacked ({error}).") from error
    ordered = [trials[key] for key in sorted(trials)]
    missing = [name for name in _SUBJECTS if name not in {trial.subject for trial in ordered}]
    if missing:
        raise FetchError(f"{download.name}: no trials of {', '.join(missing)} in it.")
    with target.open("wb") as stream:
        np.savez_compressed(
            stream,
            X_nanovolt=np.stack([trial.X for trial in ordered]),
            subject=np.array([trial.subject for trial in ordered]),
            label=np.array([trial.label for trial in ordered]),
            condition=np.array([trial.condition for trial in ordered]),
            trial=np.array([trial.number for trial in ordered]),
            ch_names=np.array(ordered[0].ch_names),
            sfreq=np.array(256.0),
        )


def _walk(stream: IO[bytes], inside: str) -> Iterator[tuple[str, bytes]]:
    """Yield (path through nested archives, content) of every file in an archive."""
    if zipfile.is_zipfile(stream):
        with zipfile.ZipFile(stream) as bundle:
            for name in bundle.namelist():
                yield from _walk_member(f"{inside}/{name}", bundle.read(name))
        return
    stream.seek(0)
    with tarfile.open(fileobj=stream) as bundle:
        for member in bundle:
            source = bundle.extractfile(member) if member.isfile() else None
            if source is not None:
                yield from _walk_member(f"{inside}/{member.name}", source.read())


def _walk_member(name: str, content: bytes) -> Iterator[tuple[str, bytes]]:
    nested = name.endswith((".tar.gz", ".tar", ".zip", ".tgz"))
    # Only what can hold training trials: the whole database, 700 MB, may lie beside them.
    if nested and ("SMNI_CMI_TRAIN" in name or "co2" in Path(name).name):
        yield from _walk(io.BytesIO(content), name)
    elif not nested:
        yield name, content


def _parse_trial(text: str, label: str) -> Trial:
    head = re.search(r"^# (\S+)\.rd", text)
    # Some headers add "err" to the condition, when the subject answered wrongly.
    about = re.search(r"^# (S1 obj|S2 match|S2 nomatch)[^,\n]*, trial (\d+)", text, re.M)
    if head is None or about is None:
        raise DataError(f"{label}: not a trial of the UCI EEG database: its header is another.")
    rows = [line.split() for line in text.splitlines() if line and not line.startswith("#")]
    names = list(dict.fromkeys(row[1] for row in rows))
    try:
        values = np.array([row[3] for row in rows], dtype=np.float64)
        X = np.rint(values.reshape(len(names), -1) * 1000).astype(np.int32)
    except (ValueError, IndexError) as error:
        raise DataError(f"{label}: truncated or damaged trial ({error}).") from error
    subject = head[1]
    return Trial(
        X=X,
        ch_names=names,
        subject=subject,
        label={"a": "alcoholic", "c": "control"}.get(subject[3], "unknown"),
        condition=about[1],
        number=int(about[2]),
    )


def _load(path: Path) -> dict[str, np.ndarray]:
    keys = ("X_nanovolt", "subject", "label", "condition", "trial", "ch_names", "sfreq")
    try:
        with np.load(path, allow_pickle=False) as bundle:
            return {key: bundle[key] for key in keys}
    except (OSError, KeyError, ValueError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        raise DataError(f"{path}: not a file of gathered trials ({error}).") from error

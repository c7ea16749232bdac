"""From a data set's name to its trials."""

from __future__ import annotations

import inspect
import warnings
from pathlib import Path
from typing import Any

from eegsnn._validation import check_choice
from eegsnn.datasets.fetching import fetch
from eegsnn.datasets.local_copies import known_sha256
from eegsnn.datasets.manifest import Manifest, read_manifest
from eegsnn.datasets.readers import reader_for
from eegsnn.errors import ConfigurationError, DataTrapWarning
from eegsnn.recordings import EEGDataset, Preprocessing, TabularDataset


def load_dataset(
    name: str | Path | Manifest,
    *,
    preprocessing: Preprocessing | None = None,
    progress: bool = True,
    **options: Any,
) -> EEGDataset | TabularDataset:
    """Fetch a data set if need be, read it, and say what to beware of.

    Parameters
    ----------
    name : str, path or Manifest
        Data set; see `read_manifest`.
    preprocessing : Preprocessing, optional
        Applied to each continuous recording before it is cut. Data sets that come cut into trials
        take names, reference and resampling only: a notch or a band limit is refused.
    progress : bool, default True
        Show a bar while downloading.
    **options
        Options of the data set's reader (`dataset_options` lists them), such as
        ``task="left_right"`` for EEGMMIDB.

    Returns
    -------
    EEGDataset or TabularDataset
        Its `warnings` are the manifest's traps; its `provenance` holds the SHA-256 of each file,
        options, preprocessing and repairs.

    Raises
    ------
    ConfigurationError
        Unknown data set or option (those known are listed), or preprocessing that these data
        cannot have.
    FetchError
        The files cannot be obtained.
    RecordingError, DataError
        A file is not what it should be.

    Warns
    -----
    DataTrapWarning
        If a declared repair was made.
    """
    manifest = name if isinstance(name, Manifest) else read_manifest(name)
    if preprocessing is not None and not isinstance(preprocessing, Preprocessing):
        raise ConfigurationError(
            f"preprocessing: expected a Preprocessing or None, but got {preprocessing!r}."
        )
    allowed = dataset_options(manifest)
    for key in options:
        check_choice(f"{manifest.name}: option", key, allowed)
    reader = reader_for(manifest)
    settings = {**manifest.options, **options}
    names = reader.wanted(manifest, **settings) if reader.wanted else None
    files = fetch(manifest, progress=progress, files=names)
    dataset = reader.read(manifest, files, preprocessing, **settings)
    dataset.name = manifest.name
    dataset.warnings = [*manifest.traps, *dataset.warnings]
    dataset.provenance = {
        "dataset": manifest.name,
        "reader": manifest.reader,
        "options": {**allowed, **settings},
        "preprocessing": None if preprocessing is None else preprocessing.to_dict(),
        "sha256": {key: _sha256(manifest, key, path) for key, path in files.items()},
        **dataset.provenance,
    }
    for repair in dataset.provenance.get("repairs", []):
        warnings.warn(
            f"{manifest.name}: {repair}. Scores on the shipped rows are not comparable; "
            f"repair=False keeps those.",
            DataTrapWarning,
            stacklevel=2,
        )
    return dataset


def _sha256(manifest: Manifest, name: str, path: Path) -> str:
    """Return the manifest's hash for all forms of a file, so that reports of two machines agree."""
    own = known_sha256(path)
    if manifest.folder is not None:
        return own
    entry = manifest.file(name)
    return entry.sha256 if own in entry.accepted else own


def dataset_options(name: str | Path | Manifest) -> dict[str, Any]:
    """Return the options that `load_dataset` takes for a data set, with their defaults.

    Examples
    --------
    >>> dataset_options("ssvep")
    {'tmin': 2.0, 'tmax': 5.0, 'subjects': None}
    """
    manifest = name if isinstance(name, Manifest) else read_manifest(name)
    parameters = inspect.signature(reader_for(manifest).read).parameters.values()
    own = {p.name: p.default for p in parameters if p.kind is inspect.Parameter.KEYWORD_ONLY}
    for key in manifest.options:
        check_choice(f"{manifest.name}: options key", key, own)
    return {**own, **manifest.options}

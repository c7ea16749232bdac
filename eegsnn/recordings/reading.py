"""Read a recording, whole or not at all."""

from __future__ import annotations

import dataclasses
import re
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import mne

from eegsnn._validation import check_choice
from eegsnn._warnings import warn_user
from eegsnn.errors import ConfigurationError, DataTrapWarning, EegsnnError, RecordingError
from eegsnn.recordings._sidecars import apply_sidecars
from eegsnn.recordings.annotations import tidy_annotations
from eegsnn.recordings.bids import bids_root, sidecars
from eegsnn.recordings.channel_types import set_types_by_name
from eegsnn.recordings.channels import apply_montage
from eegsnn.recordings.formats.completeness import check_complete
from eegsnn.recordings.formats.edf_records import close_gaps, samples_per_record
from eegsnn.recordings.formats.tables import TABLE_SUFFIXES
from eegsnn.recordings.formats.xdf import XDF_SUFFIXES, read_xdf_recording
from eegsnn.recordings.missing import mark_missing
from eegsnn.recordings.picking import drop_left_out, resolve_names, without_absent, words_of
from eegsnn.recordings.preprocessing import Preprocessing, preprocess_in_place
from eegsnn.recordings.trial_files import is_trial_file

if TYPE_CHECKING:
    import os

#: Suffix → what the format is called; the last two are read by pyxdf, the others by MNE.
KNOWN_FORMATS: dict[str, str] = {
    ".edf": "European Data Format (EDF, EDF+)",
    ".bdf": "BioSemi Data Format",
    ".gdf": "General Data Format",
    ".vhdr": "BrainVision",
    ".ahdr": "BrainVision",
    ".set": "EEGLAB",
    ".fif": "MNE",
    ".fif.gz": "MNE, compressed",
    ".cnt": "Neuroscan or ANT",
    ".cdt": "Curry",
    ".dap": "Curry",
    ".dat": "Curry",
    ".rs3": "Curry",
    ".data": "Nicolet",
    ".lay": "Persyst",
    ".nedf": "Neuroelectrics",
    ".eeg": "Nihon Kohden (BrainVision recordings are opened by their .vhdr)",
    ".nxe": "Nexstim eXimia",
    ".mff": "EGI (a folder)",
    ".mefd": "MEF3 (a folder)",
    ".ds": "CTF (a folder)",
    ".snirf": "SNIRF",
    ".xdf": "Extensible Data Format of the Lab Streaming Layer (extra xdf)",
    ".xdfz": "Extensible Data Format, compressed",
}
# Parts of a recording that people open instead of the file that describes it.
_COMPANIONS = {".eeg": ".vhdr", ".vmrk": ".vhdr", ".fdt": ".set"}
_FOLDER_FORMATS = {".mff", ".ds", ".mefd"}
_OF_RECORDS = (".edf", ".bdf")
_DUPLICATES = re.compile(r"not unique, found duplicates for: \{?(.*?)\}?\. ", re.DOTALL)
# What MNE only warns of, although samples that the file promised are not there.
_SHORT = re.compile(r"Invalid tag")
# BrainVision promises no length, but its markers tell. Elsewhere a late marker is common: OpenViBE
# writes one after the last sample.
_LATE_MARKER = re.compile(r"(\d+) annotation\(s\) that were outside data range")
_BOUNDARY = re.compile(r"data contains 'boundary' events")
_NOISE = re.compile(r"does not conform to MNE naming conventions|expanding outside the data range")


def read_recording(
    path: str | os.PathLike[str] | Any,
    preprocessing: Preprocessing | None = None,
    *,
    bids: bool | None = None,
    events_column: str | None = None,
    **overrides: Any,
) -> mne.io.BaseRaw:
    """Read a recording in any format that MNE reads, and preprocess it.

    Parameters
    ----------
    path : path-like or mne_bids.BIDSPath
        The recording. The suffix names the format; see `KNOWN_FORMATS`. A file of a BIDS data set
        (its name begins with ``sub-``, and it lies below a folder with
        ``dataset_description.json``) is read with what stands beside it or higher up: the events
        of ``_events.tsv`` in place of the file's own annotations, channel types and bad channels
        of ``_channels.tsv``.
    preprocessing : Preprocessing, optional
        What to do to the continuous recording; ``Preprocessing()`` (pick the EEG channels, spell
        their names as the 10-05 system does) if not given.
    bids : bool, optional
        Whether to read `path` as part of a BIDS data set; found out from the path if not given.
    events_column : str, optional
        Column of ``_events.tsv`` that holds the labels; ``trial_type`` if not given, or ``value``
        where that is missing or empty.
    **overrides
        Fields of `Preprocessing` to set or to replace, such as ``resample=128``.

    Returns
    -------
    mne.io.Raw
        In volts, in memory. Stimulus channels are dropped by the default ``picks="eeg"``; ask for
        ``picks=["eeg", "stim"]`` to keep them. Where a format knows no types (EDF, BDF, GDF, …),
        names tell: "EOG horizontal" is no EEG. Of EDF and BDF, whose channels may have rates of
        their own, the rate is the highest of those that are needed.

    Raises
    ------
    RecordingError
        No such file, a folder, an unknown format (known suffixes are listed), an empty, truncated
        or unreadable file, duplicate channel names, channels of `picks` or `reference` missing,
        or tables of a BIDS data set that are malformed or do not fit the recording.
    ConfigurationError
        A preprocessing value is impossible, for itself or at this sampling rate.

    Warns
    -----
    DataTrapWarning
        Channels are left out because their names say that they are no EEG, no channel holds a
        number in some stretches, or something is odd about what stands beside the recording.

    Notes
    -----
    A file that holds less than its header promises is an error. MNE itself shortens such an EDF
    or BDF recording and only warns.
    """
    steps = _merge(preprocessing, overrides)
    # An mne_bids.BIDSPath knows its file; that package itself is not needed.
    file = Path(getattr(path, "fpath", path))
    _check_file(file)
    if bids and bids_root(file) is None:
        raise RecordingError(
            f"{path}: is in no BIDS data set: its name has to begin with 'sub-', and a folder "
            f"above it has to hold dataset_description.json."
        )
    raw, steps = read_complete(
        file, steps, preload=True, bids=bids is not False, events_column=events_column
    )
    mark_missing(raw, file.name)
    return preprocess_in_place(raw, steps)


def read_complete(
    file: Path,
    steps: Preprocessing,
    *,
    preload: bool,
    bids: bool = True,
    events_column: str | None = None,
) -> tuple[mne.io.BaseRaw, Preprocessing]:
    """Read a file of a known format with the types and events that it does not tell itself.

    Signals of EDF and BDF may have rates of their own, and MNE brings all to the highest: those
    that are faster than what is needed are not read, and the steps returned do without them.
    """

    def read(preload: bool, exclude: Sequence[str] = ()) -> mne.io.BaseRaw:
        raw = _guarded(
            lambda: read_file(file, preload=preload, exclude=exclude), str(file), steps.duplicates
        )
        if raw.n_times == 0 or not raw.ch_names:
            raise RecordingError(
                f"{file}: the recording holds no samples ({len(raw.ch_names)} channels, "
                f"{raw.n_times} samples)."
            )
        _complete_from_beside(raw, file, steps, bids=bids, events_column=events_column)
        return raw

    sizes = samples_per_record(file) if _suffix(file) in _OF_RECORDS else []
    several = len(set(sizes)) > 1
    raw = read(preload and not several)
    if several:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what there is to tell was told
            raw = read(preload, _too_fast(raw, sizes, steps))
        picks = without_absent(steps.picks, raw.ch_names, steps.montage)
        steps = dataclasses.replace(steps, picks=picks)
    return raw, steps


def _too_fast(raw: mne.io.BaseRaw, sizes: Sequence[int], steps: Preprocessing) -> list[str]:
    """Return the channels that are faster than all that `steps` need; `sizes` are their samples."""
    if len(sizes) != len(raw.ch_names):
        return []
    names, spelled = list(raw.ch_names), raw.copy()
    if steps.montage is not None:
        apply_montage(spelled, steps.montage)
    size_of = dict(zip(spelled.ch_names, zip(names, sizes, strict=True), strict=True))
    drop_left_out(spelled, steps.picks, steps.montage)
    needed = set(resolve_names(spelled, steps.picks, "picks", steps.montage))
    if steps.reference == "average" or steps.bads == "interpolate":  # made of all EEG
        kinds = zip(spelled.ch_names, spelled.get_channel_types(), strict=True)
        needed |= {name for name, kind in kinds if kind == "eeg"}
    if isinstance(steps.reference, list):
        needed |= set(resolve_names(spelled, steps.reference, "reference", steps.montage))
    highest = max(size_of[name][1] for name in needed)
    return [name for name, size in size_of.values() if size > highest]


def _complete_from_beside(
    raw: mne.io.BaseRaw,
    file: Path,
    steps: Preprocessing,
    *,
    bids: bool = True,
    events_column: str | None = None,
) -> None:
    """Give a recording, in place, the types and events that its file itself does not tell."""
    if bids:
        apply_sidecars(raw, file, events_column)
    if not (bids and sidecars(file, "channels.tsv")):  # where a table tells, names need not
        set_types_by_name(raw, _suffix(file), words_of(steps.picks))


def _merge(preprocessing: Preprocessing | None, overrides: dict[str, Any]) -> Preprocessing:
    allowed = [field.name for field in dataclasses.fields(Preprocessing)]
    for key in overrides:
        check_choice("read_recording parameter", key, allowed)
    if preprocessing is not None and not isinstance(preprocessing, Preprocessing):
        raise ConfigurationError(
            f"preprocessing: expected a Preprocessing or None, but got {preprocessing!r}."
        )
    return dataclasses.replace(preprocessing or Preprocessing(), **overrides)


def _check_file(path: Path) -> None:
    if not path.exists():
        raise RecordingError(f"{path}: no such file.")
    suffix = _suffix(path)
    if path.is_dir() and suffix not in _FOLDER_FORMATS:
        raise RecordingError(f"{path}: expected a recording, but this is a folder.")
    companion = path.with_suffix(_COMPANIONS.get(suffix, suffix))
    if companion != path and companion.is_file():
        raise RecordingError(f"{path}: this is a part of {companion.name}; read that file.")
    if is_trial_file(path):
        raise RecordingError(
            f"{path}: holds trials that are cut, not a recording. EEGSpikingClassifier takes them "
            f"as mne.Epochs or arrays; `eegsnn run` and `eegsnn predict` take the file."
        )
    if suffix in TABLE_SUFFIXES:
        raise RecordingError(
            f"{path}: is a table, which does not tell units, and may not tell channels or rate. "
            f"Make a recording of it: eegsnn convert {path.name} --out {path.stem}_raw.fif"
        )
    if suffix not in KNOWN_FORMATS:
        raise RecordingError(
            f"{path}: unknown format {suffix or '(no suffix)'}. Known: {', '.join(KNOWN_FORMATS)}."
        )
    if path.is_file() and path.stat().st_size == 0:
        raise RecordingError(f"{path}: the file is empty (0 bytes).")


def _suffix(path: Path) -> str:
    name = path.name.lower()
    return ".fif.gz" if name.endswith(".fif.gz") else Path(name).suffix


def read_file(
    path: Path, *, preload: bool, verbose: str = "warning", exclude: Sequence[str] = ()
) -> mne.io.BaseRaw:
    """Read what a file of a known format holds, by its suffix; of EDF and BDF without `exclude`."""
    suffix = _suffix(path)
    if suffix in XDF_SUFFIXES:
        return read_xdf_recording(path)[0]
    check_complete(path, suffix)
    options = {"exclude": list(exclude), "exclude_after_unique": True} if exclude else {}
    raw = mne.io.read_raw(path, preload=preload, verbose=verbose, **options)
    if suffix in _OF_RECORDS:
        close_gaps(raw, path)
    tidy_annotations(raw, path.name)
    return raw


def files_of(path: Path) -> list[Path]:
    """Return the files that a recording consists of: what lies in it, or is opened with it."""
    if path.is_dir():
        return sorted(part for part in path.rglob("*") if part.is_file())
    parts = [path.with_suffix(part) for part, of in _COMPANIONS.items() if of == _suffix(path)]
    return [path, *(part for part in parts if part.is_file())]


def rate_of(path: Path) -> float:
    """Return the sampling rate of a file as MNE reads it whole, before any preprocessing."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return float(read_file(path, preload=False, verbose="error").info["sfreq"])


def _guarded(read: Any, label: str, duplicates: str) -> mne.io.BaseRaw:
    """Run a reader; errors become RecordingError, and so do two of MNE's warnings."""
    try:
        # MNE also logs its warnings; they are judged here, and told once.
        with mne.utils.catch_logging(), warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            raw = read()
    except EegsnnError:
        raise
    except MemoryError as error:
        raise RecordingError(f"{label}: the recording does not fit into memory.") from error
    except Exception as error:  # MNE's readers raise whatever the parsing of nonsense leads to
        raise RecordingError(
            f"{label}: cannot be read; the file is truncated, damaged or not of the format that "
            f"its suffix says ({type(error).__name__}: {error})."
        ) from error
    for entry in caught:
        text = str(entry.message)
        copies = _DUPLICATES.search(text)
        if copies and duplicates == "error":
            raise RecordingError(
                f"{label}: channel names occur more than once: {copies[1]}. Let them be "
                f"numbered: [preprocessing] duplicates = 'rename' (in Python duplicates='rename', "
                f"for eegsnn encode --duplicates rename)."
            )
        if _SHORT.search(text) or (".vhdr" in label and _LATE_MARKER.search(text)):
            raise RecordingError(
                f"{label}: the file holds less than it promises, so it is probably truncated "
                f"({text})"
            )
    own = any(issubclass(entry.category, DataTrapWarning) for entry in caught)
    for entry in caught:
        text = str(entry.message)
        late = _LATE_MARKER.search(text)
        if late and int(late[1]) > 1 and not own:
            warn_user(
                f"{label}: {late[1]} annotations lie outside the recording and are left out. Is it "
                f"complete?",
                DataTrapWarning,
            )
        if not (late or any(noise.search(text) for noise in (_DUPLICATES, _NOISE, _BOUNDARY))):
            warnings.warn_explicit(entry.message, entry.category, entry.filename, entry.lineno)
    return raw

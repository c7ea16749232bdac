"""Recordings of the user's own: which files a manifest's [folder] means, and what names tell."""

from __future__ import annotations

import re
from collections.abc import Iterable
from glob import escape
from pathlib import Path

from eegsnn.datasets.manifest import Folder, Manifest
from eegsnn.errors import ConfigurationError, DataError, FetchError, RecordingError
from eegsnn.recordings.bids import (
    ASIDE,
    ENTITIES,
    MISSING,
    bids_root,
    groups_of,
    is_beside,
    is_bids_folder,
    is_bids_word,
    trait,
)
from eegsnn.recordings.stimulus import is_stimulus_word

_RAW = re.compile(r"[-_](raw|eeg)$", re.IGNORECASE)
# Where the recordings of a BIDS data set are.
_BIDS_FILES = "**/sub-*_eeg.*"


def own_folder(manifest: Manifest) -> Path:
    """Return the folder of a manifest of recordings: relative paths begin where the manifest is."""
    origin = manifest.origin
    folder = Path(_section(manifest).path).expanduser()
    return (origin.parent if origin else Path()) / folder


def folder_files(manifest: Manifest) -> dict[str, Path]:
    """Find the recordings that [folder] names.

    Returns
    -------
    dict of str to Path
        Path within the folder, with forward slashes → file; sorted. Hidden files are left out, and
        what a BIDS data set keeps aside (derivatives, sourcedata, stimuli, code) or beside its
        recordings (tables, JSON, further parts). Where
        ``folder.label`` names what [events] does not list, recordings are left out as well.

    Raises
    ------
    FetchError
        If the folder is not there, or no file fits: the message says what is there instead.
    ConfigurationError
        If ``folder.files`` is missing, and the folder is no BIDS data set.
    """
    section, folder = _section(manifest), own_folder(manifest)
    if not folder.is_dir():
        raise FetchError(
            f"{manifest.name}: folder.path: expected a folder with recordings, but {folder} is "
            f"none. A relative path begins at the manifest."
        )
    if not section.patterns and not is_bids_folder(folder):
        raise ConfigurationError(
            f"{manifest.name}: folder.files: missing; only of a BIDS data set it need not be "
            f"given, but {folder} holds no dataset_description.json. Give a glob pattern, such as "
            f"'**/*.edf'."
        )
    excluded = {path for pattern in section.exclude for path in folder.glob(pattern)}
    found = {
        path.relative_to(folder).as_posix(): path
        for pattern in section.patterns or [_BIDS_FILES]
        for path in folder.glob(pattern)
        if path not in excluded
        and not path.name.startswith(".")
        and not _aside(path, folder)
        and not is_beside(path)
    }
    if not found:
        there = sorted(path.name for path in folder.iterdir() if not path.name.startswith("."))
        listed = ", ".join(there[:5]) + (", …" if len(there) > 5 else "")
        raise FetchError(
            f"{manifest.name}: folder.files: no file in {folder} fits "
            f"{', '.join(section.patterns or [_BIDS_FILES])}. It holds: {listed or 'nothing'}. "
            f"'**/' before a pattern looks into subfolders."
        )
    return _with_label(manifest, dict(sorted(found.items())))


def _aside(path: Path, folder: Path) -> bool:
    """Whether a file is among what a BIDS data set within `folder` keeps beside its recordings."""
    within = [parent for parent in path.parents if parent.is_relative_to(folder)]
    return any(one.name in ASIDE and is_bids_folder(one.parent) for one in within if one != folder)


def _with_label(manifest: Manifest, files: dict[str, Path]) -> dict[str, Path]:
    """Leave out the recordings whose label [events] does not list."""
    if not _section(manifest).label:
        return files
    labels = {name: groups_in(manifest, name)["label"] for name in files}
    wanted = set(manifest.events) or set(labels.values()) - {MISSING}
    kept = {name: path for name, path in files.items() if labels[name] in wanted}
    if not kept:
        raise DataError(
            f"{manifest.name}: folder.label: no recording has the {_section(manifest).label} "
            f"{', '.join(sorted(wanted)) or 'of anything'}. Present: "
            f"{', '.join(sorted(set(labels.values())))}. Correct [events]."
        )
    return kept


def groups_in(manifest: Manifest, name: str) -> dict[str, str]:
    """Return what is known of where a file comes from: group → value ("label" included).

    That is what `pattern` reads out of the file's path, and of a file of a BIDS data set the
    entities in its name and the `traits` of its participant.

    Raises
    ------
    ConfigurationError
        If the pattern does not fit the path, or `label` is nothing that is known.
    RecordingError
        If ``participants.tsv`` does not hold what is asked of it.
    """
    section, path = _section(manifest), own_folder(manifest) / name
    found = re.search(section.pattern, name)
    if found is None:
        raise ConfigurationError(
            f"{manifest.name}: folder.pattern: {section.pattern!r} does not fit the file {name!r}. "
            f"Correct it, or leave the file out with folder.exclude."
        )
    groups = groups_of(path) if bids_root(path) is not None else {}
    groups |= {column: trait(path, column) for column in section.traits}
    groups |= {key: value for key, value in found.groupdict().items() if value is not None}
    if section.label:
        groups["label"] = _label(manifest, path, groups)
    return groups


def _label(manifest: Manifest, path: Path, groups: dict[str, str]) -> str:
    wanted = _section(manifest).label
    if wanted in groups:
        return groups[wanted]
    try:
        return trait(path, wanted)
    except RecordingError as error:
        raise ConfigurationError(
            f"{manifest.name}: folder.label: expected a group of the file ({', '.join(groups)}) "
            f"or a column of participants.tsv, but got {wanted!r}. {error}"
        ) from error


def groups_of_all(manifest: Manifest, files: Iterable[str]) -> dict[str, dict[str, str]]:
    """Return `groups_in` of each file; files of BIDS data sets have "n/a" for what others have."""
    groups = {name: groups_in(manifest, name) for name in files}
    known = [key for key in ENTITIES.values() if any(key in own for own in groups.values())]
    for name, own in groups.items():
        if bids_root(own_folder(manifest) / name) is not None:
            own |= {key: MISSING for key in known if key not in own}
    return groups


def events_file(manifest: Manifest, path: Path) -> tuple[Path | None, str | None]:
    """Return the events file beside a recording, and the column of its labels if one is named.

    None where the recording itself or its BIDS data set has the events.

    Raises
    ------
    DataError
        If there is no such file, or several fit the pattern.
    """
    wanted = _section(manifest).events
    if wanted == "annotations" or is_bids_word(wanted) or is_stimulus_word(wanted):
        return None, None
    pattern, _, column = wanted.partition(":")
    stem = _RAW.sub("", Path(path.name.removesuffix(".gz")).stem)
    name = path.relative_to(own_folder(manifest)).as_posix()
    for key, value in {**groups_in(manifest, name), "stem": stem}.items():
        pattern = pattern.replace(f"{{{key}}}", escape(value))
    place = path.parent / pattern
    found = sorted(place.parent.glob(place.name))
    if len(found) != 1:
        which = f": {', '.join(one.name for one in found[:5])}" if found else ""
        raise DataError(
            f"{path}: {'several events files' if found else 'no events file'} {pattern} beside it "
            f"(folder.events = {wanted!r}){which}."
        )
    return found[0], column.strip() or None


def _section(manifest: Manifest) -> Folder:
    if manifest.folder is None:
        raise ConfigurationError(f"{manifest.name}: folder: missing; the manifest has no [folder].")
    return manifest.folder

"""Recordings of the user's own: which files a manifest's [folder] means, and what names tell."""

from __future__ import annotations

import re
from pathlib import Path

from eegsnn.datasets.manifest import Folder, Manifest
from eegsnn.errors import ConfigurationError, FetchError

_RAW = re.compile(r"[-_](raw|eeg)$", re.IGNORECASE)


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
        Path within the folder, with forward slashes → file; sorted. Hidden files are left out.

    Raises
    ------
    FetchError
        If the folder is not there, or no file fits: the message says what is there instead.
    """
    section, folder = _section(manifest), own_folder(manifest)
    if not folder.is_dir():
        raise FetchError(
            f"{manifest.name}: folder.path: expected a folder with recordings, but {folder} is "
            f"none. A relative path begins at the manifest."
        )
    excluded = {path for pattern in section.exclude for path in folder.glob(pattern)}
    found = {
        path.relative_to(folder).as_posix(): path
        for pattern in section.patterns
        for path in folder.glob(pattern)
        if path not in excluded and not path.name.startswith(".")
    }
    if not found:
        there = sorted(path.name for path in folder.iterdir() if not path.name.startswith("."))
        listed = ", ".join(there[:5]) + (", …" if len(there) > 5 else "")
        raise FetchError(
            f"{manifest.name}: folder.files: no file in {folder} fits "
            f"{', '.join(section.patterns)}. It holds: {listed or 'nothing'}. '**/' before a "
            f"pattern looks into subfolders."
        )
    return dict(sorted(found.items()))


def groups_in(manifest: Manifest, name: str) -> dict[str, str]:
    """Return what `pattern` reads out of a file's path: group → value ("label" included).

    Raises
    ------
    ConfigurationError
        If the pattern does not fit the path.
    """
    pattern = _section(manifest).pattern
    found = re.search(pattern, name)
    if found is None:
        raise ConfigurationError(
            f"{manifest.name}: folder.pattern: {pattern!r} does not fit the file {name!r}. Correct "
            f"it, or leave the file out with folder.exclude."
        )
    return {key: value for key, value in found.groupdict().items() if value is not None}


def events_file(manifest: Manifest, path: Path) -> Path | None:
    """Return the events file beside a recording; None where its annotations are the events."""
    events = _section(manifest).events
    if events == "annotations":
        return None
    stem = path.name.removesuffix(".gz")
    stem = _RAW.sub("", Path(stem).stem)
    return path.parent / events.replace("{stem}", stem)


def _section(manifest: Manifest) -> Folder:
    if manifest.folder is None:
        raise ConfigurationError(f"{manifest.name}: folder: missing; the manifest has no [folder].")
    return manifest.folder

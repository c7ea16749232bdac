"""Find files by what they hold: local copies need no particular names or folders."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path

from eegsnn._environment import named_folder
from eegsnn._files import sha256_of
from eegsnn.datasets.manifest import FileEntry
from eegsnn.errors import FetchError

#: Environment variable that names a folder of local copies.
VARIABLE = "EEGSNN_DATA"


def local_folder() -> Path | None:
    """Return the folder that EEGSNN_DATA names, or None if it is not set.

    Raises
    ------
    FetchError
        If it names something that is not a folder.
    """
    folder = named_folder(VARIABLE)
    if folder is None:
        return None
    if not folder.is_dir():
        raise FetchError(
            f"{VARIABLE} names {str(folder)!r}, which is not a folder. Correct or unset it."
        )
    return folder.resolve()


def find_copies(folder: Path, entries: Iterable[FileEntry]) -> dict[str, Path]:
    """Find, anywhere below `folder`, files whose hash is one of those of an entry.

    Sizes are compared first, so that only candidates are hashed; what was learnt is kept for the
    process, per file, size and time of change.

    Parameters
    ----------
    folder : Path
        Searched with all its subfolders.
    entries : iterable of FileEntry
        What to find.

    Returns
    -------
    dict of str to Path
        Name of the entry → a file with one of its hashes. Entries that are not there are absent.
    """
    by_size = _sizes(folder)
    found = {}
    for entry in entries:
        for form in entry.forms:
            # A file of the same name is the likeliest of those of one size: hash it first.
            candidates = sorted(
                by_size.get(form.size, ()), key=lambda path: path.name != Path(entry.name).name
            )
            match = next((path for path in candidates if known_sha256(path) == form.sha256), None)
            if match is not None:
                found[entry.name] = match
                break
    return found


def known_sha256(path: Path) -> str:
    """SHA-256 of a file, remembered for the process as long as size and time do not change."""
    status = path.stat()
    return _sha256(path, status.st_size, status.st_mtime_ns)


@lru_cache(maxsize=4096)
def _sha256(path: Path, size: int, changed: int) -> str:
    return sha256_of(path)


def _sizes(folder: Path) -> dict[int, list[Path]]:
    by_size: dict[int, list[Path]] = defaultdict(list)
    for root, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            path = Path(root, name)
            try:
                by_size[path.stat().st_size].append(path)
            except OSError:  # a dangling link is not a copy of anything
                continue
    return by_size

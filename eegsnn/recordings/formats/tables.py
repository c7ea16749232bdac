"""Recordings that come as tables: a row per sample, a column per channel.

Consumer headsets export such files (OpenBCI, Muse, Emotiv, …), and none says all that a recording
needs: what is missing is asked for.
"""

from __future__ import annotations

import codecs
import csv
import math
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import mne
import numpy as np

from eegsnn._validation import check_channel_names, check_choice, check_number
from eegsnn._warnings import warn_user
from eegsnn.errors import DataTrapWarning, RecordingError
from eegsnn.recordings.annotations import plain_label
from eegsnn.recordings.channels import montage_of, standardize_channel_names
from eegsnn.recordings.formats.assembling import (
    GAP,
    assemble,
    bare_name,
    choose_channels,
    none_such,
    tell_gaps,
)
from eegsnn.recordings.units import TO_VOLTS

#: Suffixes of what is probably a table.
TABLE_SUFFIXES = (".csv", ".tsv", ".txt")

_TIME = re.compile(r"^time\b|^timestamps?\b|^t$|^seconds?$", re.IGNORECASE)
_EVENTS = re.compile(
    r"^(marker|event|trigger|stim|label|annotation)s?$|^event[ _]id$", re.IGNORECASE
)
# Numbers, and a word at most, divided by blanks alone: their commas are decimal ones.
_NUMBER = r"-?\d+(,\d+)?(e[+-]?\d+)?"
_DECIMAL_COMMAS = re.compile(rf" *{_NUMBER}( +{_NUMBER})+( +[^\s,]+)? *", re.IGNORECASE)
_COLUMN = "column of the table"
_NOTHING = ("", "0", "nan", "none", "null", "n/a")
# Hertz; a slower "EEG" means that times are no seconds.
_SLOWEST = 10.0
# Hertz; what is faster, and is so for a small share of the time, is how fast a burst was stamped.
_FASTEST = 20_000.0


@dataclass(frozen=True)
class Table:
    """A table of texts."""

    path: Path
    columns: dict[str, list[str]]

    def numbers(self, name: str) -> np.ndarray:
        """Return a column as numbers; what is empty is NaN. RecordingError names row and cell."""
        texts = [cell or "nan" for cell in self.columns[name]]
        try:
            return np.array(texts).astype(np.float64)
        except ValueError:
            row = next(k for k, text in enumerate(texts) if not _is_number(text))
            raise RecordingError(
                f"{self.path}: column {name}: expected numbers, but row {row + 1} "
                f"holds {texts[row]!r}."
            ) from None


def read_table_recording(
    path: Path,
    *,
    sfreq: float | None = None,
    unit: str = "uV",
    channels: Sequence[str] | None = None,
    events: str | None = None,
) -> tuple[mne.io.RawArray, list[str]]:
    """Make a recording of a table.

    Parameters
    ----------
    path : Path
        Text (UTF-8, UTF-16 with its mark, or Windows-1252): columns divided by commas, or by
        blanks, semicolons or tabs (then decimal commas will do); lines that begin with # or % are
        left out. Rows without any sample are events alone.
    sfreq : float, optional
        Sampling rate in hertz; from the column of times if not given.
    unit : {"uV", "V", "mV", "nV"}, default "uV"
        Unit of the samples. Headsets export microvolts.
    channels : sequence of str, optional
        Columns that are channels; ``*`` stands for anything, and ``"EXG Channel 0=C3"`` gives a
        name. If not given, the columns that are called like electrodes of the 10-5 system.
    events : str, optional
        Column of events; one called marker, event, trigger, stim or label if not given. An event
        begins where its value becomes another than 0 or nothing, and lasts while it stays.

    Returns
    -------
    raw : mne.io.RawArray
        In volts, events as annotations; ``BAD_gap`` where times jump.
    left_out : list of str
        Columns that were not taken.

    Raises
    ------
    RecordingError
        The table cannot be read, or does not tell its channels or its sampling rate.
    ConfigurationError
        `unit` or `sfreq` is impossible.

    Warns
    -----
    DataTrapWarning
        Samples are missing by the column of times.
    """
    check_choice("unit", unit, TO_VOLTS)
    table = read_table(path)
    taken = _channels(table, channels)
    check_channel_names(list(taken.values()))
    clock = next((name for name in table.columns if _TIME.search(name) and name not in taken), None)
    if events is not None and events not in table.columns:
        raise none_such(path, "events", events, list(table.columns), _COLUMN)
    marks = events or next((name for name in table.columns if _EVENTS.search(name)), None)
    signals = np.array([table.numbers(name) for name in taken])
    sampled = ~np.isnan(signals).all(axis=0)
    if not sampled.any():
        raise RecordingError(f"{path}: the columns {', '.join(taken)} hold no samples.")
    times = None if clock is None else _times(table, clock, sampled)
    rate, gaps = _rate(path, times, sfreq)
    runs = [] if marks is None else _events(table.columns[marks], sampled)
    notes = [(first / rate, (last - first) / rate, label) for first, last, label in runs]
    volts = signals[:, sampled] * TO_VOLTS[unit]
    raw = assemble(volts, dict.fromkeys(taken.values(), "eeg"), rate, notes, gaps)
    used = {*taken, clock, marks}
    return raw, [name for name in table.columns if name not in used]


def read_table(path: Path) -> Table:
    """Read a text with a line of columns' names and a line per row.

    Raises
    ------
    RecordingError
        No such file, no text, no header, or rows of other lengths: the line is named.
    """
    if not path.is_file():
        raise RecordingError(f"{path}: no such file.")
    lines = _text(path).splitlines()
    kept = [k for k, line in enumerate(lines) if line.strip() and line.lstrip()[0] not in "#%"]
    if len(kept) < 2:
        raise RecordingError(f"{path}: holds no rows of samples.")
    mark = _divider([lines[k] for k in kept])
    rows = list(csv.reader([lines[k] for k in kept], delimiter=mark, skipinitialspace=True))
    cells = [[cell.strip() for cell in row] for row in rows]
    # What most rows have: the last line may be cut off.
    width = Counter(map(len, cells)).most_common(1)[0][0]
    if width > 1 and not any(row[-1] for row in cells if len(row) == width):
        # A mark at the end of every line but the header's.
        cells, width = [row[: width - 1] for row in cells], width - 1
    # Some apps tell of the session in a line or two before the header.
    top = next(k for k, row in enumerate(cells) if len(row) == width)
    header, body = cells[top], cells[top + 1 :]
    if not body or all(map(_is_number, filter(None, header))):
        raise RecordingError(
            f"{path}: no header: expected a line with the names of the {width} columns before the "
            f"samples, but line {kept[top] + 1} is {lines[kept[top]][:60]!r}. Write one."
        )
    odd = next((k for k, row in enumerate(body) if len(row) != width), None)
    if odd is not None:
        raise RecordingError(
            f"{path}: line {kept[top + 1 + odd] + 1}: expected {width} cells, but got "
            f"{len(body[odd])}."
        )
    named = [name or f"column {k}" for k, name in enumerate(header, start=1)]
    if len(set(named)) < width:
        copies = sorted(name for name, n in Counter(named).items() if n > 1)
        raise RecordingError(f"{path}: several columns are called {', '.join(copies)}.")
    columns = {name: [row[k] for row in body] for k, name in enumerate(named)}
    if mark != ",":
        columns = {
            name: [re.sub(r"^(-?\d+),(\d+(?:[eE][+-]?\d+)?)$", r"\1.\2", cell) for cell in column]
            for name, column in columns.items()
        }
    return Table(path, columns)


def _text(path: Path) -> str:
    content = path.read_bytes()
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        encoding = "utf-16"
    elif b"\0" in content:
        raise RecordingError(f"{path}: is no text (it holds zero bytes), so no table.")
    else:
        encoding = "utf-8-sig"
    try:
        return content.decode(encoding)
    except UnicodeDecodeError as error:
        if encoding == "utf-16":
            raise RecordingError(f"{path}: is no text ({error.reason}), so no table.") from error
        # What spreadsheets of western Windows write: µV and ü are one byte each. Where such a byte
        # means nothing, what is wrong is a name, not a number.
        return content.decode("cp1252", errors="replace")


def _divider(lines: list[str]) -> str:
    """Return what divides the columns."""
    most = len(lines) / 2
    # Commas may be those of numbers where something else divides the columns.
    if sum(bool(_DECIMAL_COMMAS.fullmatch(line)) for line in lines) > most:
        return " "
    return next((m for m in "\t;," if sum(m in line for line in lines) > most), " ")


def _channels(table: Table, wanted: Sequence[str] | None) -> dict[str, str]:
    """Return column → name of the channel."""
    if wanted is None:
        bare = {name: bare_name(name) for name in table.columns}
        spelled = standardize_channel_names(list(bare.values()))
        electrodes = set(montage_of("standard_1005").ch_names)
        found = {name: spelled[one] for name, one in bare.items() if spelled[one] in electrodes}
        if not found:
            raise RecordingError(
                f"{table.path}: no column is called like an electrode. Columns: "
                f"{', '.join(table.columns)}. Name the channels: --channels 'EXG*', or with names "
                f"of electrodes --channels 'EXG Channel 0=C3' 'EXG Channel 1=C4'."
            )
        return found
    return choose_channels(table.path, list(table.columns), wanted, _COLUMN)


def _times(table: Table, name: str, sampled: np.ndarray) -> np.ndarray:
    """Return the times of the samples in whatever unit they have; dates as seconds."""
    texts = table.columns[name]
    if _is_number(texts[int(np.argmax(sampled))]):
        return table.numbers(name)[sampled]
    try:
        told = [text.rstrip("Z") for text, keep in zip(texts, sampled, strict=True) if keep]
        stamps = np.array(told).astype("datetime64[us]")
    except ValueError as error:
        raise RecordingError(
            f"{table.path}: column {name}: expected numbers, or dates such as 2024-01-31 "
            f"12:00:00.004, but got {texts[0]!r}."
        ) from error
    return (stamps - stamps[0]).astype(np.float64) / 1e6


def _rate(path: Path, times: np.ndarray | None, sfreq: float | None) -> tuple[float, list[int]]:
    """Return the sampling rate, and the samples before which others are missing."""
    if sfreq is not None:
        sfreq = check_number("sfreq", sfreq, low=0, low_open=True, unit="Hz")
    if times is None or len(times) < 2 or np.isnan(times).any() or np.ptp(times) == 0:
        if sfreq is None:
            raise RecordingError(
                f"{path}: no column of times tells the sampling rate. Give it: --sfreq 250."
            )
        return sfreq, []
    steps = np.diff(times)
    if (steps < 0).any():
        raise RecordingError(
            f"{path}: times go back, first after sample {int(np.argmax(steps < 0)) + 1}: several "
            f"recordings in one table, or times that are none. Divide the file, or rename the "
            f"column and give --sfreq."
        )
    if (steps == 1).all():
        if sfreq is not None:
            return sfreq, []  # numbers of samples
        warn_user(
            f"{path}: times are taken for milliseconds, 1000 Hz. If they count samples, give the "
            f"rate: --sfreq 250.",
            DataTrapWarning,
        )
    steps = _in_seconds(steps)
    clocks = _clocks(steps)
    in_bursts = clocks[0][0] > _FASTEST and _cover_little(steps)
    measured, longest = clocks[-1] if in_bursts else clocks[0]
    if sfreq is not None:
        rate = sfreq
        agreeing = (one for one in clocks if abs(one[0] - rate) <= 0.05 * rate)
        measured, longest = next(agreeing, (measured, longest))
    elif in_bursts:
        raise RecordingError(
            f"{path}: the times come in bursts, so that they do not tell the sampling rate "
            f"({measured:.4g} samples per second in all). Give it: --sfreq 250."
        )
    else:
        whole = float(round(measured))
        rate = whole if abs(measured - whole) < 0.005 * measured else round(measured, 3)
    if not rate or abs(measured - rate) > 0.05 * rate:
        raise RecordingError(
            f"{path}: sfreq: expected what the times say, {measured:.4g} Hz, but got {rate:g} Hz. "
            f"Correct it; or rename the column of times, if it is none."
        )
    return rate, tell_gaps(path, steps, rate, longest)


def _in_seconds(steps: np.ndarray) -> np.ndarray:
    """Convert steps in seconds, milli-, micro- or nanoseconds: the first unit that suits EEG."""
    # Without the longest one in a hundred: pauses say nothing of the unit.
    core = float(np.sort(steps)[: max(1, int(0.99 * len(steps)))].mean()) or float(steps.mean())
    return steps * next((s for s in (1.0, 1e-3, 1e-6, 1e-9) if 1 / (s * core) > _SLOWEST), 1.0)


def _clocks(steps: np.ndarray) -> list[tuple[float, float]]:
    """Return what seconds between samples may mean, the likeliest first.

    Each is a rate, and the longest step between samples that follow one another. All but the first
    are believed only if the user's rate agrees.
    """
    usual = steps[steps <= GAP]
    clocks = [(_per_second(usual), GAP)]
    middle = float(np.median(usual)) if len(usual) else 0.0
    near = usual[np.abs(usual - middle) <= 0.5 * middle]
    if middle > 0 and len(near) > 0.8 * len(steps):
        # Each sample has a time of its own: also short losses are seen, from four samples on.
        own = (_per_second(near), min(GAP, 4.5 * middle))
        # Short steps that cover little time are those within a burst: samples were stamped when
        # they arrived, many at once.
        clocks = [own] if near.sum() > 0.5 * usual.sum() else [*clocks, own]
    if _cover_little(steps):
        # Bursts, or pauses of hours: only the user knows.
        clocks.append((_per_second(steps), 2.5 * float(np.median(steps[steps > GAP]))))
    return clocks


def _cover_little(steps: np.ndarray) -> bool:
    """Whether hardly any of the time lies in steps that are no gaps."""
    return bool(steps[steps <= GAP].sum() < 0.05 * steps.sum())


def _per_second(steps: np.ndarray) -> float:
    seconds = float(steps.sum())
    return len(steps) / seconds if seconds > 0 else math.inf


def _events(texts: list[str], sampled: np.ndarray) -> list[tuple[int, int, str]]:
    """Return (first sample, last sample, label) of the runs of one value that is something.

    Rows without samples belong to the sample that comes next.
    """
    position = np.minimum(np.cumsum(sampled) - sampled, sampled.sum() - 1)
    labels = [plain_label(text) for text in texts]
    starts = [0, *(k for k in range(1, len(labels)) if labels[k] != labels[k - 1]), len(labels)]
    return [
        (int(position[first]), int(position[end - 1]), labels[first])
        for first, end in pairwise(starts)
        if labels[first].lower() not in _NOTHING
    ]


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True

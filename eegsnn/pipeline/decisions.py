"""What a model says about a recording, and the files it can be written to."""

from __future__ import annotations

import csv
import io
import os
import tempfile
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import mne
import numpy as np

from eegsnn._files import write_text
from eegsnn._validation import check_folder
from eegsnn.errors import ConfigurationError


def check_output(path: str | Path) -> str:
    """Return what a file of this name holds, "annotations" or "decisions".

    Raises
    ------
    ConfigurationError
        If the name says neither, or stands for a folder.
    """
    target = Path(path)
    name = target.name.lower()
    check_folder("out", target.parent)
    if target.is_dir():
        raise ConfigurationError(f"out: expected a file, but {target} is a folder.")
    annotations = name.partition(".")[0].endswith(("_annot", "-annot"))
    if annotations and name.endswith((".csv", ".txt", ".fif", ".fif.gz")):
        return "annotations"
    if name.endswith(".csv"):
        return "decisions"
    raise ConfigurationError(
        f"out: expected a name that ends in .csv, or in _annot.csv, _annot.txt or _annot.fif for "
        f"MNE annotations, but got {target.name!r}."
    )


@dataclass(frozen=True)
class Decisions:
    """What a model says about a recording.

    Attributes
    ----------
    start : ndarray, shape (windows,)
        Seconds from the recording's first sample.
    duration : float
        Seconds.
    labels : list of str
    probabilities : ndarray or None, shape (windows, classes)
    classes : list of str
    events : list of str
        Label or code of the event that a window belongs to; empty for running windows.
    skipped : int
        Windows left out because they overlap a BAD annotation or reach beyond the recording.
    estimated : dict of str to int
        Channels that were spoilt, and in how many decisions they were estimated from the others.
    """

    start: np.ndarray
    duration: float
    labels: list[str]
    probabilities: np.ndarray | None
    classes: list[str]
    events: list[str]
    skipped: int = 0
    estimated: dict[str, int] = field(default_factory=dict)

    def to_csv(self) -> str:
        """Return one line per window: start, end, event, label, probability of each class."""
        stream = io.StringIO()
        writer = csv.writer(stream, lineterminator="\n")
        names = [f"p_{label}" for label in self.classes] if self.probabilities is not None else []
        events = ["event"] if self.events else []
        writer.writerow(["start_s", "end_s", *events, "label", *names])
        for k, (start, label) in enumerate(zip(self.start, self.labels, strict=True)):
            row = [_seconds(start), _seconds(start + self.duration)]
            row += [self.events[k]] if self.events else []
            shares = [] if self.probabilities is None else self.probabilities[k]
            writer.writerow([*row, label, *(f"{share:.4f}" for share in shares)])
        return stream.getvalue()

    def to_annotations(self) -> mne.Annotations:
        """Return the decisions as annotations that any MNE tool can lay over the recording."""
        return mne.Annotations(self.start, np.full(len(self.start), self.duration), self.labels)

    def save(self, path: str | Path) -> None:
        """Write to a file, whole or not at all; the format follows the name.

        Names that end in ``_annot`` or ``-annot`` (``.fif``, ``.fif.gz``, ``.txt``, ``.csv``) are
        annotations as MNE writes them, other ``.csv`` a table of decisions. MNE's own CSV holds
        clock times, of which its reader takes the first as the origin: ``.fif`` and ``.txt`` come
        back exactly.

        Raises
        ------
        ConfigurationError
            If the name ends otherwise; or a label is not ASCII, which MNE's text cannot hold.
        """
        target = Path(path)
        name = target.name.lower()
        if check_output(target) == "decisions":
            write_text(target, self.to_csv())
        elif name.endswith(".csv"):
            write_text(target, self._annotations_csv())
        else:
            odd = [label for label in dict.fromkeys(self.labels) if not label.isascii()]
            if name.endswith(".txt") and odd:
                raise ConfigurationError(
                    f"out: {target.name}: MNE's text of annotations holds no {odd[0]!r}, only "
                    f"ASCII. Name a .csv or .fif."
                )
            target.parent.mkdir(parents=True, exist_ok=True)
            # MNE chooses the format by the whole name, so the name stays and the folder changes.
            with tempfile.TemporaryDirectory(dir=target.parent, prefix=".annot-") as folder:
                temporary = Path(folder) / target.name
                self.to_annotations().save(temporary, verbose="error")
                os.replace(temporary, target)  # noqa: PTH105 — says what it does

    def _annotations_csv(self) -> str:
        """Return MNE's CSV of annotations, which MNE itself can write only where pandas is."""
        stream = io.StringIO()
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(["onset", "duration", "description"])
        for start, label in zip(self.start, self.labels, strict=True):
            clock = datetime(1970, 1, 1) + timedelta(seconds=float(start))
            writer.writerow([clock.isoformat(" ", "microseconds"), f"{self.duration:g}", label])
        return stream.getvalue()


def _seconds(value: float) -> str:
    """Return seconds to the microsecond, without zeros that say nothing."""
    return f"{value:.6f}".rstrip("0").rstrip(".")

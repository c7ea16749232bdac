"""Results as a table that any program reads."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from typing import Any


def to_csv(rows: Sequence[Mapping[str, Any]]) -> str:
    """Return rows with equal keys as comma-separated text with a header.

    Examples
    --------
    >>> print(to_csv([{"fold": "run 1", "accuracy": 0.5}]).strip())
    fold,accuracy
    run 1,0.5
    """
    stream = io.StringIO()
    if rows:
        writer = csv.DictWriter(stream, fieldnames=list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    return stream.getvalue()

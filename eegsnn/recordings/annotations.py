"""What annotations say: which are no events, and how labels are spelled."""

from __future__ import annotations

import re


def marks_data(text: str) -> bool:
    """Whether an annotation marks bad or joined data, and tells of no event.

    Examples
    --------
    >>> [marks_data(text) for text in ("BAD_gap", "bad", "EDGE boundary", "left")]
    [True, True, True, False]
    """
    return text.upper().startswith(("BAD", "EDGE"))


def plain_label(text: str) -> str:
    """Return the text of a label, without what spreadsheets make of whole numbers.

    Examples
    --------
    >>> plain_label("1.0"), plain_label("-2."), plain_label("1.5"), plain_label("left 1.0")
    ('1', '-2', '1.5', 'left 1.0')
    """
    return re.sub(r"^(-?\d+)\.0*$", r"\1", text)

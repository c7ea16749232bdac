"""What MNE writes among annotations that is no event."""

from __future__ import annotations


def marks_data(text: str) -> bool:
    """Whether an annotation marks bad or joined data, and tells of no event.

    Examples
    --------
    >>> [marks_data(text) for text in ("BAD_gap", "bad", "EDGE boundary", "left")]
    [True, True, True, False]
    """
    return text.upper().startswith(("BAD", "EDGE"))

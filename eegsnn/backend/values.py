"""Whether arrays have values yet: inside ``mx.compile`` and ``mx.vmap`` they are placeholders."""

from __future__ import annotations

import mlx.core as mx


def has_values(*arrays: mx.array) -> bool:
    """Whether arrays can be evaluated, and therefore looked at."""
    try:
        mx.eval(*arrays)
    except ValueError:
        return False
    return True

"""Keep the memory of large arrays in the process, instead of mapping it anew for every array.

The C library on Linux gives every block above 32 MB back to the system when it is freed, and the
next one of that size is mapped and zeroed page by page: filling 32 MB of a new MLX array takes four
times as long as 30 MB. A whole-sequence gradient makes such arrays at every step of training.
"""

from __future__ import annotations

import ctypes
import math
import sys
from functools import cache

import mlx.core as mx
import numpy as np

from eegsnn._environment import switched_on

VARIABLE = "EEGSNN_KEEP_MEMORY"

# From malloc.h of the GNU C library.
_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3
_LARGEST_KEPT = 1 << 29

# Up to this many numbers a copy takes less time than waiting for MLX's thread to fill an array.
_COPIED_AT_ONCE = 1 << 18


@cache
def keep_large_blocks() -> bool:
    """Let the C library reuse freed blocks of up to 512 MB; returns whether it will.

    Called before the first kernel runs. Only the GNU C library is told; elsewhere, and with
    ``EEGSNN_KEEP_MEMORY=0``, nothing happens.
    """
    if not switched_on(VARIABLE) or not sys.platform.startswith("linux"):
        return False
    try:
        library = ctypes.CDLL(None)
        library.gnu_get_libc_version  # noqa: B018 - another C library has no such symbol
        limits = (_MMAP_THRESHOLD, _TRIM_THRESHOLD)
        return all(library.mallopt(limit, _LARGEST_KEPT) == 1 for limit in limits)
    except (OSError, AttributeError):
        return False


def room_for(shape: tuple[int, ...]) -> mx.array:
    """Make a float32 array of any values, to be written to through its NumPy view.

    A small one is there at once; a large one has to be evaluated first, which reuses a freed buffer
    of MLX's where fresh memory would be mapped page by page.
    """
    if math.prod(shape) <= _COPIED_AT_ONCE:
        return mx.array(np.empty(shape, np.float32))
    return mx.zeros(shape)

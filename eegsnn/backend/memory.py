"""Keep the memory of large arrays in the process, instead of mapping it anew for every array.

The C library on Linux gives every block above 32 MB back to the system when it is freed, and the
next one of that size is mapped and zeroed page by page: filling 32 MB of a new MLX array takes four
times as long as 30 MB. A whole-sequence gradient makes such arrays at every step of training.
"""

from __future__ import annotations

import ctypes
import sys
from functools import cache

from eegsnn._environment import switched_on

VARIABLE = "EEGSNN_KEEP_MEMORY"

# From malloc.h of the GNU C library.
_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3
_LARGEST_KEPT = 1 << 29


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

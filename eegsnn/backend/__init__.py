"""What the numbers run on: the MLX device, the matrix product behind it, compiled kernels, memory.

Importing this room gives MLX its fast matrix product, so that whoever builds with these neurons and
layers has it, with nothing to call.
"""

from eegsnn.backend.blas import BlasState, blas_state, threads_for, use_fast_blas
from eegsnn.backend.compiled import kernels_available, kernels_state
from eegsnn.backend.memory import keep_large_blocks, room_for
from eegsnn.backend.threads import one_blas_thread
from eegsnn.backend.values import has_values
from eegsnn.backend.versions import describe

__all__ = [
    "BlasState",
    "blas_state",
    "describe",
    "has_values",
    "keep_large_blocks",
    "kernels_available",
    "kernels_state",
    "one_blas_thread",
    "room_for",
    "threads_for",
    "use_fast_blas",
]

use_fast_blas()

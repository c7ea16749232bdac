"""What the numbers run on: the MLX device, and the matrix product behind it."""

from eegsnn.backend.blas import BlasState, blas_state, threads_for, use_fast_blas
from eegsnn.backend.versions import describe

__all__ = ["BlasState", "blas_state", "describe", "threads_for", "use_fast_blas"]

"""What the numbers run on: the MLX device, and the matrix product behind it."""

from eegsnn.backend.blas import BlasState, blas_state, use_fast_blas
from eegsnn.backend.versions import describe

__all__ = ["BlasState", "blas_state", "describe", "use_fast_blas"]

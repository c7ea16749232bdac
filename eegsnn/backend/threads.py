"""One thread for linear algebra on many small matrices, which a second thread only slows down."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Iterator

from threadpoolctl import ThreadpoolController


@contextlib.contextmanager
def one_blas_thread() -> Iterator[None]:
    """Let every BLAS of this process, NumPy's and SciPy's, use one thread inside the block.

    Where another process holds a core, products of matrices of a few dozen rows otherwise wait
    for their second thread most of the time. The number belongs to the process: it holds for
    threads that are started inside, and of blocks that overlap in several the first one decides.
    """
    with _libraries().limit(limits=1):
        yield


@functools.cache
def _libraries() -> ThreadpoolController:
    import numpy  # noqa: F401  (what is not loaded is not found)
    import scipy.linalg  # noqa: F401

    return ThreadpoolController().select(user_api="blas")

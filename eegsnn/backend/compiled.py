"""Whether compiled kernels can be used here; Numba itself is imported only when one is needed."""

from __future__ import annotations

from functools import cache
from importlib.util import find_spec

from eegsnn._environment import switched_on

VARIABLE = "EEGSNN_FAST_KERNELS"


@cache
def kernels_state() -> str:
    """Say whether the kernels are used, and if not, why."""
    if not switched_on(VARIABLE):
        return f"off ({VARIABLE}=0)"
    if find_spec("numba") is None:
        return "off (numba is not installed)"
    try:
        import numba
    except Exception as error:  # a Numba that does not fit this NumPy or Python must do no harm
        return f"off (numba cannot be imported: {error})"
    return f"Numba {numba.__version__}"


def kernels_available() -> bool:
    """Whether compiled kernels can be used; never raises."""
    return not kernels_state().startswith("off")

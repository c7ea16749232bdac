"""Versions of everything a result depends on, for reports and the versions command."""

from __future__ import annotations

import platform
from importlib.metadata import PackageNotFoundError, version

import mlx.core as mx

from eegsnn._version import __version__
from eegsnn.backend.blas import blas_state
from eegsnn.backend.compiled import kernels_state

_PACKAGES = ("mlx", "numpy", "scipy", "numba", "scikit-learn", "mne", "nir", "matplotlib")


def describe() -> dict[str, str]:
    """Name the software and hardware in use.

    Returns
    -------
    dict of str
        Versions of eegsnn, Python and the packages it stands on, the platform, MLX's default
        device, and which matrix product MLX uses (see :mod:`eegsnn.backend.blas`), and
        whether neurons run as compiled kernels (:mod:`eegsnn.backend.compiled`).
    """
    found = {
        "eegsnn": __version__,
        "python": platform.python_version(),
        "platform": f"{platform.system()} {platform.machine()}",
    }
    for package in _PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = "not installed"
    found["device"] = str(mx.default_device())
    found["matrix product"] = blas_state().detail
    found["neuron kernels"] = kernels_state()
    return found
